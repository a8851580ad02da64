"""The forms of deals, money, reservations: those of documents D, O, S and T."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from services.registers.model.deals import DealRow
from services.registers.sheets.contact_forms import field, happened, held, late, name, number, phones, who
from services.registers.sheets.form import FormColumn, FormReader, FormRow, RegisterForm, Said, records
from services.registers.sheets.form_words import in_words, word_of
from shared.contract import DealProgressed, DealTermsSet, OpportunityLost, ReservationMade
from shared.contract.value_words import STEPS
from shared.i18n import Text, translated

S: Final = "deal.subscribed"
T: Final = "deal.terms_set"
P: Final = "deal.progressed"
R: Final = "reservation.made"
L: Final = "opportunity.lost"
_CENT: Final = Decimal("0.01")
_PERCENT: Final = Decimal(10_000)


def _deals(reader: FormReader) -> Iterable[FormRow]:
    for deal in reader.basis.deals():
        if reader.basis.within(deal.subscribed_at):
            yield FormRow(reader, deal.customer, deal=deal)


def _of(said: Callable[[DealRow], Said]) -> Callable[[FormRow], Said]:
    def found(row: FormRow) -> Said:
        deal = row.deal or (
            row.basis.known.registers.deals.now(row.data.deal) if row.record is not None else None
        )
        return said(deal) if deal is not None else None

    return found


def _term(key: str) -> Callable[[FormRow], Said]:
    return _of(lambda deal: deal.terms.get(key))


def _money(key: str) -> Callable[[FormRow], Said]:
    return _of(lambda deal: Decimal(said) if (said := deal.terms.get(key)) is not None else None)


def _price(deal: DealRow) -> Said:
    """For each square metre."""
    area = deal.terms.get("area")
    return (deal.amount / Decimal(area)).quantize(_CENT) if area and deal.amount is not None else None


def _shares(row: FormRow) -> Said:
    assert row.deal is not None
    shares = {staff: points for staff, points in row.deal.shares.items() if points}
    if len(shares) == 1:
        return row.staff(next(iter(shares)))
    return "、".join(f"{row.staff(staff)} {points * 100 / _PERCENT:f}%" for staff, points in shares.items())


def _due(row: FormRow) -> Said:
    assert row.deal is not None
    return row.deal.due_on("signed", row.basis.until)


def unit() -> FormColumn:
    return FormColumn(translated("unit"), f"{S}: unit", _of(lambda deal: deal.unit))


def project() -> FormColumn:
    return FormColumn(translated("name of the project"), f"{S}: project", _of(lambda deal: deal.project))


def _deal(heading: Text, source: str, said: Callable[[DealRow], Said], look: Any = "text") -> FormColumn:
    return FormColumn(heading, source, _of(said), look)


DEALS: Final = RegisterForm(
    translated("Particulars of customers who bought"), "D T",
    (
        number(), name(translated("name of the customer"), S), phones(translated("contact details"), S),
        project(), unit(), FormColumn(translated("kind of unit"), f"{T}: unit_kind", _term("unit_kind")),
        FormColumn(translated("area"), f"{T}: area", _money("area"), "money"),
        _deal(translated("price for each square metre"), f"{T}: amount", _price, "money"),
        _deal(translated("total price"), f"{S}: amount", lambda deal: deal.amount, "money"),
        FormColumn(translated("way of paying"), f"{T}: payment", lambda row: word_of("payment", _term("payment")(row))),
        FormColumn(translated("deposit"), f"{T}: deposit", _money("deposit"), "money"),
        _deal(translated("day of the subscription"), f"{S}: occurred_at", lambda deal: deal.subscribed_at),
        FormColumn(translated("to be signed by"), f"{T}: due", _due),
        _deal(translated("day of the signing"), "deal.signed: occurred_at", lambda deal: deal.signed_at),
        _deal(translated("day of the cancellation"), "deal.cancelled: occurred_at", lambda deal: deal.cancelled_at),
        _deal(translated("reason of the cancellation"), "deal.cancelled: reason", lambda deal: deal.reason),
        FormColumn(translated("consultant"), "R4 subscribed", _shares),
        _deal(translated("awaiting a ruling"), "R4 pending", lambda deal: deal.pending),
        _deal(translated("among these entered late"), "R4 subscribed_late", lambda deal: deal.late),
    ),
    _deals,
)  # fmt: skip

RECEIPTS: Final = RegisterForm(
    translated("Settlements and receipts"), "O D S T",
    (
        number(), name(translated("name of the client"), S), project(), unit(),
        happened(translated("day of the settlement"), P),
        FormColumn(translated("what was done"), f"{P}: what", in_words("what")),
        FormColumn(translated("carried through"), f"{P}: done", lambda row: row.data.done),
        FormColumn(translated("amount paid"), f"{P}: amount", lambda row: _decimal(row.data.amount), "money"),
        field(translated("reason for not being done"), P, "reason"),
        field(translated("papers missing"), P, "missing"), who(translated("settled by"), P, "by"),
    ),
    lambda reader: _with_customer(reader, records(DealProgressed)(reader)),
)  # fmt: skip

TERMS: Final = RegisterForm(
    translated("Terms of deals"), "D T",
    (
        number(), name(translated("name of the client"), S), project(), unit(),
        happened(translated("day"), T),
        FormColumn(translated("total price"), f"{T}: amount", lambda row: _decimal(row.data.amount), "money"),
        FormColumn(translated("list price"), f"{T}: list_price", lambda row: _decimal(row.data.list_price), "money"),
        FormColumn(translated("area"), f"{T}: area", lambda row: _decimal(row.data.area), "money"),
        field(translated("kind of unit"), T, "unit_kind"),
        FormColumn(translated("way of paying"), f"{T}: payment", in_words("payment")),
        FormColumn(translated("deposit"), f"{T}: deposit", lambda row: _decimal(row.data.deposit), "money"),
        FormColumn(translated("plan of payments"), f"{T}: due", lambda row: _plan(row)),
        field(translated("reason"), T, "reason"), who(translated("by"), T, "by"),
    ),
    lambda reader: _with_customer(reader, records(DealTermsSet)(reader)),
)  # fmt: skip

RESERVATION_FORM: Final = RegisterForm(
    translated("Customers with a place in the queue"), "D",
    (
        field(translated("card number"), R, "number"), name(translated("name of the customer"), R),
        phones(translated("contact details"), R), field(translated("name of the project"), R, "project"),
        FormColumn(translated("kind"), f"{R}: kind", in_words("kind")),
        field(translated("wanted position and area"), R, "wants"),
        FormColumn(translated("amount"), f"{R}: amount", lambda row: _decimal(row.data.amount), "money"),
        happened(translated("day of the reservation"), R), field(translated("valid until"), R, "until"),
        who(translated("consultant"), R, "by"),
    ),
    records(ReservationMade),
)  # fmt: skip

LOSSES: Final = RegisterForm(
    translated("Customers who were lost"), "Q O",
    (
        number(), happened(translated("day"), L), name(translated("name of the customer"), L),
        phones(translated("contact details"), L),
        FormColumn(translated("level of interest"), "R7 level", lambda row: _level(row)),
        held(translated("wanted model"), "wanted_unit"), field(translated("cause of the loss"), L, "cause"),
        field(translated("rival"), L, "competitor"), field(translated("annotation"), L, "detail"),
        who(translated("consultant"), L, "by"), late(),
    ),
    records(OpportunityLost),
)  # fmt: skip


def _with_customer(reader: FormReader, rows: Iterable[FormRow]) -> Iterable[FormRow]:
    """Records of a deal, with its customer."""
    for row in rows:
        deal = reader.basis.known.registers.deals.now(row.data.deal)
        if deal is None:
            yield row
        else:
            yield FormRow(reader, deal.customer, row.record, deal)


def _plan(row: FormRow) -> Said:
    said = []
    for one in row.data.due:
        said.append(f"{STEPS[one.what].zh} {one.on}" + (f" {one.amount}" if one.amount else ""))
    return "；".join(said) or None


def _level(row: FormRow) -> Said:
    if row.customer is None or row.record is None:
        return None
    return row.basis.level_at(row.customer, row.record.occurred_at)[0]


def _decimal(amount: str | None) -> Decimal | None:
    return Decimal(amount) if amount is not None else None
