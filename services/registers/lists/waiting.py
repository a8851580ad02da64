"""What of the registers waits for whom: the stage that comes next, and who may set it (C 5.4, E3, T)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from services.registers.model.registers import AnyRecord
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.timeliness import ABOVE, registrations
from shared.contract import PlanMade, RequestSubmitted
from shared.ids import StaffId

AwaitedStage: TypeAlias = Literal["reviewed", "approved", "filed"]
_AFTER: Final[dict[str | None, AwaitedStage]] = {
    None: "reviewed",
    "returned": "reviewed",
    "reviewed": "approved",
    "approved": "filed",
}
_ABOVE: Final = tuple(sorted(ABOVE))
_REQUESTS: Final[dict[str, tuple[str, ...]]] = {
    "transfer": ("admin_manager", "general_manager"),
    "data_change": ("back_office",),
}
"""Who decides a request; a superior decides every other."""


class AwaitedRecord(Struct, frozen=True):
    """A record that waits for a stage; `by` may set it besides whoever holds one of these roles."""

    record: AnyRecord
    stage: AwaitedStage
    roles: tuple[str, ...]
    by: StaffId | None = None

    def may(self, roles: Collection[str], staff: Collection[str]) -> bool:
        """Whether somebody with these roles, under these ids, may set it."""
        return self.by in staff or not set(self.roles).isdisjoint(roles)


def awaited(basis: ReportBasis, *, registrations: bool = True) -> Iterator[AwaitedRecord]:
    """Visits and calls of the period on their way from review to filing, where they are asked for; outings and
    requests that nobody decided."""
    visits_and_calls = _registrations(basis) if registrations else ()
    yield from sorted((*visits_and_calls, *_decided(basis)), key=lambda one: one.record.place)


def _registrations(basis: ReportBasis) -> Iterator[AwaitedRecord]:
    for record in registrations(basis):
        stage = _AFTER.get(basis.known.stage_of(record.id))
        if stage == "reviewed":
            yield AwaitedRecord(record, stage, _ABOVE, who(record.data))
        elif stage is not None:
            yield AwaitedRecord(record, stage, _ABOVE if stage == "approved" else ("back_office",))


def _decided(basis: ReportBasis) -> Iterator[AwaitedRecord]:
    for request in basis.entries(RequestSubmitted):
        if basis.known.stage_of(request.id) in (None, "reviewed"):
            yield AwaitedRecord(request, "approved", _REQUESTS.get(request.data.kind, _ABOVE))
    for plan in basis.known.of(PlanMade, basis.office):
        outing = plan.data.kind == "outing" and basis.within(plan.occurred_at)
        if outing and basis.known.stage_of(plan.id) in (None, "reviewed"):
            yield AwaitedRecord(plan, "approved", _ABOVE)
