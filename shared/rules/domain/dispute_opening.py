"""How a dispute comes to be, whoever opens it (procedure.md#disputes-open)."""

from __future__ import annotations

from typing import Final

from shared.ids import CustomerId, DealId, DisputeId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.case import Case
from shared.rules.domain.state import Dispute

SYSTEM: Final = StaffId("system")
"""Who opens the disputes that the rules raise."""


def open_by_system(
    case: Case,
    customers: list[CustomerId],
    clause: str,
    *,
    deals: tuple[DealId, ...] = (),
    evidence: tuple[str, ...] = (),
    recogniser: StaffId | None = None,
    other: CustomerId | None = None,
) -> None:
    """Open a dispute that the rules themselves raise, one for an event (procedure.md#disputes-system)."""
    name = DisputeId(f"system:{case.id}")
    if case.slice.dispute(name) is None and case.precedent.opens(case.record, name):
        open_dispute(case, name, SYSTEM, customers, clause, deals, evidence, recogniser, other)


def open_dispute(
    case: Case,
    name: DisputeId,
    opened_by: StaffId,
    customers: list[CustomerId],
    clause: str,
    deals: tuple[DealId, ...] = (),
    evidence: tuple[str, ...] = (),
    recogniser: StaffId | None = None,
    other: CustomerId | None = None,
) -> None:
    """Open a dispute over these customers, the earliest first; each of them is `disputed`."""
    dispute = Dispute(
        dispute=name,
        event=case.id,
        seq=case.seq,
        at=case.effective,
        customers=tuple(customers),
        opened_by=opened_by,
        clause=clause,
        book=case.book_id,
        deals=deals,
        evidence=evidence,
        recogniser=recogniser,
        other=other,
    )
    case.emit(e.DisputeChanged(dispute))
    for customer in customers:
        claim = case.customer(customer).claim
        because = (
            (claim.registration.event, case.id) if claim is not None and not claim.lapsed else (case.id,)
        )
        case.decide(customer, "disputed", claim, clause, because)
