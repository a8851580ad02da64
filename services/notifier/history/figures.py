"""The figures of the alerts as a person reads them; the same as those of `/metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from services.notifier.history.listing import AlertBacklog
from shared.i18n import Text, translated

# From when on an alert that is due and not settled counts as late.
# Cells of a terminal; a Chinese character takes two.
_COLUMN: Final = 21
LATE: Final = timedelta(minutes=1)


def lines(backlog: AlertBacklog, waiting: Mapping[str, int]) -> Iterator[str]:
    """One figure a line; what alerts wait for, the most frequent first."""
    yield _figure(translated("due"), backlog.due)
    yield _figure(translated("late"), backlog.late)
    yield _figure(translated("under way"), backlog.under_way)
    yield _figure(translated("retrying"), backlog.retrying)
    for why, count in sorted(waiting.items(), key=lambda entry: (-entry[1], entry[0])):
        yield f"  {translated('for').beside} {why:<12} {count}"
    yield _figure(translated("dead"), backlog.dead)


def _figure(name: Text, count: int) -> str:
    """The English in a column of its own, so that the figures stand below each other."""
    return f"{name.zh} {name.en:<{_COLUMN - 2 * len(name.zh)}}{count}"
