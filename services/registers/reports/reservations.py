"""R17, reservations (认筹): made, turned into deals, refunded, lapsed, open."""

from __future__ import annotations

from services.registers.model.records import PostedRecord
from services.registers.reports import columns
from services.registers.reports.basis import ReportBasis
from services.registers.reports.levels import obstacle_of
from services.registers.reports.report import OfficeReport, ReportColumn
from services.registers.reports.tally import Tally
from shared.contract import FollowUpRecorded, ReservationClosed, ReservationMade
from shared.i18n import Text, translated

FOLLOW_UPS = 3
"""So many follow-ups stand in the form; the rest are counted."""


def reservations(basis: ReportBasis) -> OfficeReport:
    """The reservations of the period as they stand."""
    tally = Tally()
    for reservation in basis.entries(ReservationMade):
        _line(tally, basis, reservation)
    table = tally.table("reservations", translated("Reservations"), _columns())
    return OfficeReport("reservations", translated("Reservations"), basis.head(), (table,))


def state_of(basis: ReportBasis, name: str) -> str:
    """What became of a reservation: a deal that names it, or how it was closed."""
    if any(deal.reservation == name for deal in basis.known.deals):
        return "sold"
    closed = [one.data.outcome for one in basis.known.of(ReservationClosed) if one.data.reservation == name]
    return closed[-1] if closed else "open"


def _line(tally: Tally, basis: ReportBasis, reservation: PostedRecord[ReservationMade]) -> None:
    data, key, customer = reservation.data, (reservation.id,), reservation.customer
    state = state_of(basis, data.reservation)
    records = basis.known.by_customer.get(customer, []) if customer is not None else []
    made = [
        one for one in records if isinstance(one.data, FollowUpRecorded) and one.place > reservation.place
    ]
    texts = {f"follow_up_{n + 1}": one.data.content for n, one in enumerate(made[:FOLLOW_UPS])}
    obstacle = obstacle_of(basis, customer, basis.known.as_of) if customer is not None else None
    tally.words(
        key,
        number=data.number or "",
        customer=basis.known.name_of(customer, reservation.name),
        consultant=basis.staff_words(data.by),
        project=data.project,
        wants=data.wants or "",
        state=_words(state),
        obstacle=obstacle or "",
        **texts,
    )
    tally.add(key, "made", reservation.id)
    tally.add(key, state, reservation.id)
    if state != "open":
        tally.add(key, "closed", reservation.id)
    for one in made:
        tally.add(key, "follow_ups", one.id)


def _words(state: str) -> Text:
    return {
        "sold": translated("subscribed"),
        "refunded": translated("refunded"),
        "lapsed": translated("run out"),
        "open": translated("unsettled"),
    }[state]


def _columns() -> tuple[ReportColumn, ...]:
    said = translated("what the follow-up says")
    return (
        columns.words("number", translated("card number"), translated("of the place in the queue")),
        columns.customer(),
        columns.consultant(),
        columns.project(),
        columns.words("wants", translated("wanted"), translated("position and area, as recorded")),
        columns.words("obstacle", translated("main obstacle"), translated("the last that a follow-up named")),
        columns.words("follow_up_1", translated("first follow-up"), said),
        columns.words("follow_up_2", translated("second follow-up"), said),
        columns.words("follow_up_3", translated("third follow-up"), said),
        columns.words("state", translated("state"), translated("what became of it")),
        ReportColumn("made", translated("made"), translated("reservations of the period")),
        ReportColumn("sold", translated("subscribed"), translated("with a deal that names it")),
        ReportColumn("refunded", translated("refunded"), translated("closed without a sale, money back")),
        ReportColumn("lapsed", translated("run out"), translated("closed without a sale, run out")),
        ReportColumn("open", translated("unsettled"), translated("neither sold nor closed")),
        ReportColumn("closed", translated("settled"), translated("sold or closed")),
        columns.rate("rate", translated("share subscribed"), translated("subscribed / made"), "sold", "made"),
        columns.rate(
            "settled_rate",
            translated("share of the settled"),
            translated("subscribed / settled"),
            "sold",
            "closed",
        ),
        ReportColumn("follow_ups", translated("follow-ups"), translated("follow-ups since it was made")),
    )
