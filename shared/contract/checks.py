"""What the types cannot say: checks over the fields of one event, each naming the field by its path."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from shared.contract.contacts import wechat_fault
from shared.contract.days import check_days
from shared.contract.entry_checks import check_entry
from shared.contract.errors import bad
from shared.contract.events import (
    CallRegistered,
    CheckRecorded,
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
    RegisterEntry,
    Registration,
    ShiftOpened,
    StaffEnrolled,
    SurveyRecorded,
    VisitRegistered,
)
from shared.contract.fields import MAX_ADDRESS, MAX_NAME, MAX_PHONE
from shared.contract.phones import phone_fault
from shared.contract.plain import says_nothing
from shared.contract.sealed import is_sealed_form
from shared.contract.times import check_date

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
WHOLE: Final = 10_000


def check_clock(event: Event, recorded_at: datetime) -> None:
    """Refuses what is said to have happened more than five minutes after it was recorded."""
    if event.occurred_at - recorded_at > CLOCK_TOLERANCE:
        raise bad("occurred_at", "future")


def check_data(data: Data, *, sealed: bool = False) -> None:
    """Every check of the event's own type; what stands for a personal text is none unless the event is `sealed`."""
    check = _CHECKS[sealed].get(type(data))
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
    elif isinstance(data, CheckRecorded):
        for index, item in enumerate(data.items):
            if item.customer is not None:
                yield f"data.items[{index}].customer", item.customer


class _Checks:
    """The checks of each type, of events that are sealed or of those that are not."""

    def __init__(self, *, sealed: bool) -> None:
        self._sealed = sealed

    def by_type(self) -> dict[type, Callable[[Any], None]]:
        of_customer = (OutreachRegistered, ComplaintUpheld, ClaimTransferred, DisputeOpened)
        checks: dict[type, Callable[[Any], None]] = dict.fromkeys(of_customer, self._customer)
        checks |= dict.fromkeys(RegisterEntry.__args__, self._entry)
        return checks | {
            DealSubscribed: self._deal,
            RecordCorrected: self._customer,
            SurveyRecorded: self._customer,
            StaffEnrolled: self._staff,
            ShiftOpened: _check_shift,
            VisitRegistered: self._visit,
            CallRegistered: self._next_on,
            FollowUpRecorded: self._follow_up,
            HouseholdLinked: self._household,
            DisputeRuled: _check_ruling,
        }

    def _party(self, party: Party | CorrectedParty, path: str) -> None:
        if party.name is not None:
            self._name(party.name, f"{path}.name")
        for index, phone in enumerate(party.phones or ()):
            self._phone(phone, f"{path}.phones[{index}]")
        if party.wechat is not None:
            fault = wechat_fault(party.wechat)
            if fault is not None and not self._stands_for(party.wechat):
                raise bad(f"{path}.wechat", fault)

    def _name(self, name: str, path: str) -> None:
        if len(name) > MAX_NAME and not self._stands_for(name):
            raise bad(path, "length", limit=f"<= {MAX_NAME}")

    def _phone(self, phone: str, path: str) -> None:
        fault = phone_fault(phone)
        if fault is not None and not self._stands_for(phone):
            raise bad(path, fault)

    def _stands_for(self, text: str) -> bool:
        """Whether the text is what a sealed event has in the place of a personal one."""
        return self._sealed and is_sealed_form(text)

    def _customer(self, data: Any) -> None:
        self._party(data.customer, "data.customer")

    def _visit(self, data: VisitRegistered) -> None:
        self._customer(data)
        for index, companion in enumerate(data.companions):
            self._party(companion, f"data.companions[{index}]")
        for index, referrer in enumerate(data.referred_by):
            if referrer.phone is not None:
                self._phone(referrer.phone, f"data.referred_by[{index}].phone")
        if data.on_behalf_of is not None and data.capacity != "assist":
            raise bad("data.on_behalf_of", "with_assist")
        if data.next_on is not None:
            check_date(data.next_on, "data.next_on")

    def _next_on(self, data: CallRegistered | FollowUpRecorded) -> None:
        self._customer(data)
        if data.next_on is not None:
            check_date(data.next_on, "data.next_on")

    def _deal(self, data: DealSubscribed) -> None:
        self._customer(data)
        if data.terms is not None:
            check_days(data.terms, "data.terms")

    def _follow_up(self, data: FollowUpRecorded) -> None:
        self._next_on(data)
        for index, name in enumerate(data.met):
            self._name(name, f"data.met[{index}]")

    def _entry(self, data: RegisterEntry) -> None:
        for path, party in parties(data):
            self._party(party, path)
        check_days(data, "data")
        check_entry(data)

    def _household(self, data: HouseholdLinked) -> None:
        """A masked phone passes: the record is kept, and flagged as naming nobody (procedure.md#identity-nobody)."""
        for index, member in enumerate(data.members):
            if all(says_nothing(contact) for contact in (*member.phones, member.wechat or "")):
                raise bad(f"data.members[{index}]", "contact")
            self._party(member, f"data.members[{index}]")

    def _staff(self, data: StaffEnrolled) -> None:
        contacts = data.contacts
        if contacts is None:
            return
        for name in contacts.__struct_fields__:
            text: str | None = getattr(contacts, name)
            if text is None or self._stands_for(text):
                continue
            limit = MAX_PHONE if name == "sms" else MAX_ADDRESS
            if len(text) > limit:
                raise bad(f"data.contacts.{name}", "length", limit=f"<= {limit}")
            if name == "sms":
                self._phone(text, "data.contacts.sms")


def _check_ruling(data: DisputeRuled) -> None:
    if data.shares is not None and sum(data.shares.values()) != WHOLE:
        raise bad("data.shares", "shares")


def _check_shift(data: ShiftOpened) -> None:
    if len(set(data.order)) != len(data.order):
        raise bad("data.order", "repeated")


_CHECKS: Final = {sealed: _Checks(sealed=sealed).by_type() for sealed in (False, True)}
