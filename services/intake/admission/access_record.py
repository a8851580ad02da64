"""What the record of access is told of events: who entered what others signed or erased a person, and whose events were
refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID, uuid5

from services.intake.admission.authority import CallerRights, NotedEvent
from services.intake.admission.service import LineOutcome
from services.intake.model.submission import Accepted, Duplicate
from shared.access.guard import Refusal
from shared.access.report import AccessReport
from shared.access.reporting import Reporting

_EVENTS: Final = UUID("2b0a6d8e-6f0b-5d53-9f0e-5f3f4b1c9a70")
_TAKEN: Final = (Accepted, Duplicate)


async def put_on_record(
    reporting: Reporting, used: CallerRights, outcomes: Sequence[LineOutcome], address: str | None
) -> None:
    """Keep what of a request is privileged, before it is answered; note what of it was refused.

    An event that was recorded by a request that was never answered comes again as a repetition, and is told then: the
    report of the same events has the same id. Raises `ProblemError` where it cannot be kept.
    """
    for one in used.refused:
        await reporting.refused(_refusal(one, used, address))
    if used.privileged:
        recorded = {outcome.place.id for outcome in outcomes if isinstance(outcome, _TAKEN)}
        done = [one for one in used.privileged if one.id in recorded]
        await reporting.keep(*_reports(reporting, used, done, address))


def _reports(
    reporting: Reporting, used: CallerRights, done: Sequence[NotedEvent], address: str | None
) -> Iterator[AccessReport]:
    """One for all events of a scope and an action: their number, and the first of them."""
    alike: defaultdict[tuple[str, str, str | None], list[str]] = defaultdict(list)
    for one in done:
        alike[one.scope, one.action, one.role].append(one.id)
    for (scope, action, role), ids in alike.items():
        id = str(uuid5(_EVENTS, " ".join([used.caller.subject, *ids])))
        yield reporting.report(
            "privileged", used.caller, id=id, scope=scope, action=action, role=role, address=address,
            count=len(ids), detail=f"event {ids[0]}",
        )  # fmt: skip


def _refusal(one: NotedEvent, used: CallerRights, address: str | None) -> Refusal:
    status = one.status or 0
    detail = f"{one.path} of event {one.id}"
    return Refusal(status, "", "POST", one.action, one.scope, used.caller, address, detail)
