"""What the types cannot say: checks over the fields of one event, each naming the field by its path."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from shared.contract.contacts import wechat_fault
from shared.contract.errors import bad
from shared.contract.events import (
    CallRegistered,
    ClaimTransferred,
    ComplaintUpheld,
    CorrectedParty,
    Data,
    DealSubscribed,
    DisputeOpened,
    DisputeRuled,
    Event,
    FollowUpRecorded,
    HouseholdLinked,
    OutreachRegistered,
    Party,
    RecordCorrected,
    Registration,
    ShiftOpened,
    StaffEnrolled,
    SurveyRecorded,
    VisitRegistered,
)
from shared.contract.phones import phone_fault
from shared.contract.plain import says_nothing
from shared.contract.times import check_date

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
WHOLE: Final = 10_000


def check_clock(event: Event, recorded_at: datetime) -> None:
    """Refuses what is said to have happened more than five minutes after it was recorded."""
    if event.occurred_at - recorded_at > CLOCK_TOLERANCE:
        raise bad("occurred_at", "future")


def check_data(data: Data) -> None:
    """Every check of the event's own type."""
    check = _CHECKS.get(type(data))
    if check is not None:
        check(data)


def check_carried(event: Event) -> None:
    """Only registrations can have stood in an older register."""
    if event.carried is not None and not isinstance(event.data, Registration):
        raise bad("carried", "carried_type")


def parties(data: Data) -> Iterator[tuple[str, Party | CorrectedParty]]:
    """Every party in the event, with its path; only `customer` and `members` name customers."""
    if isinstance(data, HouseholdLinked):
        for index, member in enumerate(data.members):
            yield f"data.members[{index}]", member
        return
    customer: Party | CorrectedParty | None = getattr(data, "customer", None)
    if customer is not None:
        yield "data.customer", customer
    if isinstance(data, VisitRegistered):
        for index, companion in enumerate(data.companions):
            yield f"data.companions[{index}]", companion


def _check_party(party: Party | CorrectedParty, path: str) -> None:
    for index, phone in enumerate(party.phones or ()):
        _check_phone(phone, f"{path}.phones[{index}]")
    if party.wechat is not None:
        fault = wechat_fault(party.wechat)
        if fault is not None:
            raise bad(f"{path}.wechat", fault)


def _check_phone(phone: str, path: str) -> None:
    fault = phone_fault(phone)
    if fault is not None:
        raise bad(path, fault)


def _check_customer(data: Any) -> None:
    _check_party(data.customer, "data.customer")


def _check_visit(data: VisitRegistered) -> None:
    _check_customer(data)
    for index, companion in enumerate(data.companions):
        _check_party(companion, f"data.companions[{index}]")
    for index, referrer in enumerate(data.referred_by):
        if referrer.phone is not None:
            _check_phone(referrer.phone, f"data.referred_by[{index}].phone")
    if data.on_behalf_of is not None and data.capacity != "assist":
        raise bad("data.on_behalf_of", "with_assist")
    if data.next_on is not None:
        check_date(data.next_on, "data.next_on")


def _check_next_on(data: CallRegistered | FollowUpRecorded) -> None:
    _check_customer(data)
    if data.next_on is not None:
        check_date(data.next_on, "data.next_on")


def _check_household(data: HouseholdLinked) -> None:
    """A masked phone passes: the record is kept and flagged as naming no customer (procedure.md#identity-nobody)."""
    for index, member in enumerate(data.members):
        if all(says_nothing(contact) for contact in (*member.phones, member.wechat or "")):
            raise bad(f"data.members[{index}]", "contact")
        _check_party(member, f"data.members[{index}]")


def _check_ruling(data: DisputeRuled) -> None:
    if data.shares is not None and sum(data.shares.values()) != WHOLE:
        raise bad("data.shares", "shares")


def _check_shift(data: ShiftOpened) -> None:
    if len(set(data.order)) != len(data.order):
        raise bad("data.order", "repeated")


def _check_staff(data: StaffEnrolled) -> None:
    if data.contacts is not None and data.contacts.sms is not None:
        _check_phone(data.contacts.sms, "data.contacts.sms")


_CHECKS: Final[dict[type, Callable[[Any], None]]] = {
    StaffEnrolled: _check_staff,
    ShiftOpened: _check_shift,
    VisitRegistered: _check_visit,
    CallRegistered: _check_next_on,
    OutreachRegistered: _check_customer,
    FollowUpRecorded: _check_next_on,
    HouseholdLinked: _check_household,
    ComplaintUpheld: _check_customer,
    ClaimTransferred: _check_customer,
    DealSubscribed: _check_customer,
    DisputeOpened: _check_customer,
    DisputeRuled: _check_ruling,
    RecordCorrected: _check_customer,
    SurveyRecorded: _check_customer,
}
