"""The figures of the alerts as a person reads them; the same as those of `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from services.notifier.history.listing import AlertBacklog

# From when on an alert that is due and not settled counts as late.
LATE: Final = timedelta(minutes=1)


def lines(backlog: AlertBacklog, waiting: Mapping[str, int]) -> Iterator[str]:
    """One figure a line; what alerts wait for, the most frequent first."""
    yield f"已到时 due          {backlog.due}"
    yield f"迟发 late           {backlog.late}"
    yield f"发送中 under way    {backlog.under_way}"
    yield f"待重试 retrying     {backlog.retrying}"
    for why, count in sorted(waiting.items(), key=lambda entry: (-entry[1], entry[0])):
        yield f"  因 for {why:<12} {count}"
    yield f"放弃 dead           {backlog.dead}"
