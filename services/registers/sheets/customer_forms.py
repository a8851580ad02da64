"""The forms of customers: file, card and profile, those of documents I, J, L, M, O, S and T."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.registers.reports.due import due_contact
from services.registers.sheets.contact_forms import held, name, number, phones, wechat
from services.registers.sheets.form import FormColumn, FormReader, FormRow, RegisterForm, Said
from shared.contract.event_words import KINDS
from shared.contract.profile.catalogue import catalogue
from shared.i18n import Text, translated

_CARD: Final = frozenset(
    {
        "visit.registered", "call.registered", "followup.recorded", "deal.subscribed", "survey.recorded",
        "feedback.received", "opportunity.lost", "plan.made",
    }
)  # fmt: skip


def _customers(reader: FormReader) -> Iterable[FormRow]:
    for customer in reader.basis.customers(reader.basis.until):
        yield FormRow(reader, customer)


def _owner(row: FormRow) -> Said:
    assert row.customer is not None
    return row.staff(row.basis.known.owner_at(row.customer, row.basis.until))


def _state(row: FormRow) -> Said:
    """How it stands with the customer: bought, lost, owned, or nobody's."""
    assert row.customer is not None
    basis, at = row.basis, row.basis.until
    if basis.known.standing_deals(row.customer, at):
        return translated("won")
    if basis.lost(row.customer, at) is not None:
        return translated("lost")
    return translated("followed up") if basis.known.owner_at(row.customer, at) else translated("nobody's")


def _level(row: FormRow) -> Said:
    assert row.customer is not None
    return row.basis.level_at(row.customer, row.basis.until)[0]


def _channel(row: FormRow) -> Said:
    return row.basis.channel_of(row.customer) or None


def _first(row: FormRow) -> Said:
    assert row.customer is not None
    found = row.basis.known.by_customer.get(row.customer)
    return row.basis.time.day(found[0].occurred_at) if found else None


def _last(row: FormRow) -> Said:
    assert row.customer is not None
    found = [one for one in row.basis.known.conversations(row.customer) if one.occurred_at <= row.basis.until]
    return row.basis.time.day(found[-1].occurred_at) if found else None


def _next(row: FormRow) -> Said:
    assert row.customer is not None
    owner = row.basis.known.owner_at(row.customer, row.basis.until)
    return due_contact(row.basis, row.customer, owner, row.basis.until).by_plan if owner is not None else None


def _kind(row: FormRow) -> Said:
    assert row.customer is not None
    kept = row.basis.known.standing_deals(row.customer, row.basis.until)
    return translated("customer kept") if kept else translated("potential customer")


def _cards(reader: FormReader) -> Iterable[FormRow]:
    """Each customer's records, those before a standing deal (the back of the card) and those from it on (its front)."""
    for customer in reader.basis.customers(reader.basis.until):
        deals = reader.basis.known.standing_deals(customer, reader.basis.until)
        turned = min((deal.subscribed_at for deal in deals), default=None)
        for record in reader.basis.known.by_customer.get(customer, ()):
            if record.occurred_at <= reader.basis.until and record.data.TYPE in _CARD:
                front = turned is not None and record.occurred_at >= turned
                yield FormRow(reader, customer, record, part=front)


def _side(row: FormRow) -> Said:
    return translated("front, after the sale") if row.part else translated("back, before the sale")


def _day(row: FormRow) -> Said:
    return row.record.occurred_at if row.record is not None else None


def _event(row: FormRow) -> Said:
    return KINDS.get(row.data.TYPE)


def _doer(row: FormRow) -> Said:
    data = row.data
    names = ("received_by", "answered_by", "by", "closed_by", "consultant")
    return row.staff(next((one for at in names if (one := getattr(data, at, None))), None))


def _course(row: FormRow) -> Said:
    names = ("notes", "content", "purpose", "suggestion", "detail", "unit")
    return row.words(next((one for at in names if (one := getattr(row.data, at, None))), None))


def _called(heading: Text) -> FormColumn:
    return name(heading)


CUSTOMERS: Final = RegisterForm(
    translated("Customer file"), "M K S T I O",
    (
        number(), _called(translated("name of the client")), held(translated("firm"), "company"),
        phones(translated("phone number")), wechat(), held(translated("position"), "title"),
        held(translated("address of the firm"), "company_address"), held(translated("industry"), "industry"),
        held(translated("kind of ownership"), "ownership_kind"),
        FormColumn(translated("potential or kept"), "R6 kept", _kind),
        held(translated("importance of the customer"), "importance"),
        held(translated("kind of client"), "party_kind"),
        held(translated("credit of the customer"), "credit"),
        FormColumn(translated("level of interest"), "R7 level", _level),
        FormColumn(translated("state of business"), "R7 level", _state),
        FormColumn(translated("salesperson"), "R8 consultant", _owner),
        FormColumn(translated("channel of the visit"), "R3 channel", _channel),
        FormColumn(translated("first recorded"), "R9 customers", _first),
        FormColumn(translated("last contact"), "R8 last", _last),
        FormColumn(translated("next contact"), "R8 by_plan", _next), held(translated("secrecy"), "secrecy"),
        held(translated("times at which not to call"), "avoid_times"),
    ),
    _customers,
)  # fmt: skip

PROFILES: Final = RegisterForm(
    translated("Customer particulars"), "J O R S T P D",
    (
        number(), _called(translated("name of the client")), phones(translated("phone number")),
        *(held(entry.label, key) for key, entry in catalogue().items() if not entry.by_scheme),
        FormColumn(translated("salesperson"), "R8 consultant", _owner),
    ),
    _customers,
)  # fmt: skip

CARDS: Final = RegisterForm(
    translated("Customer card"), "L Q",
    (
        number(), _called(translated("name of the shopper")), phones(translated("phone")),
        FormColumn(translated("side of the card"), "R6 kept", _side),
        FormColumn(translated("day"), "visit.registered: occurred_at", _day),
        FormColumn(translated("event"), "R6 purpose", _event),
        FormColumn(translated("level"), "R6 after", lambda row: getattr(row.data, "level", None)),
        FormColumn(translated("course"), "R6 notes", _course),
        FormColumn(translated("sales adviser"), "R6 consultant", _doer),
        FormColumn(translated("next contact"), "R7 next", lambda row: getattr(row.data, "next_on", None)),
    ),
    _cards,
)  # fmt: skip
