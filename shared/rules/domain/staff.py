"""Who works in a scope and under which rulebook: enrolments, departures, adoptions (procedure.md#claims)."""

from __future__ import annotations

from shared.ids import CustomerId, EventId
from shared.rules.domain import events as e
from shared.rules.domain import rotation
from shared.rules.domain.case import Case, standing
from shared.rules.domain.facts import Adoption, Departure, Enrolment
from shared.rules.domain.identity import touch
from shared.rules.domain.state import Adopted, RosterEntry


def enrol(case: Case, enrolment: Enrolment) -> None:
    """Somebody is enrolled; the latest role counts."""
    entry = RosterEntry(case.seq, case.id, case.effective, enrolment.staff, enrolment.role)
    case.emit(e.StaffEnrolled(entry, enrolment.name, enrolment.contacts))


def depart(case: Case, departure: Departure) -> None:
    """A consultant leaves: the claims are released, the places in the queues are gone."""
    staff = departure.staff
    owned = [customer.id for customer in case.slice.owned_by(staff)]
    for customer in owned:
        release(case, customer)
    case.emit(e.StaffDeparted(RosterEntry(case.seq, case.id, case.effective, staff, None)))
    rotation.depart(case, staff)


def release(case: Case, customer: CustomerId) -> None:
    """The claim of one who leaves is released; one that lapsed before stays lapsed (procedure.md#claims-departed)."""
    case.settle(customer)
    claim = standing(case.customer(customer).claim)
    if claim is None:
        return
    because: tuple[EventId, ...] = (claim.registration.event, case.id)
    touch(case, customer)
    case.decide(customer, "released", None, case.book.departed, because)


def adopt(case: Case, adoption: Adoption) -> None:
    """From `effective_from` on the scope goes by this rulebook; nothing is judged again."""
    book = (adoption.rulebook, adoption.version)
    case.emit(e.RulebookAdopted(Adopted(case.seq, book, adoption.effective_from)))
