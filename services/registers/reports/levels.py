"""R7, the level board (潜在顾客等级推进表): open customers by level, and how they moved since the period began."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.registers.model.registers import AnyRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.due import due_contact
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import LineKey, Tally
from shared.i18n import Text, translated
from shared.ids import CustomerId

_INSTANT = timedelta(microseconds=1)
NEW = "new"


def levels(basis: ReportBasis) -> OfficeReport:
    """The board at the last day of the period, and the movements from its first to its last day."""
    return OfficeReport("levels", translated("Level board"), basis.head(), (_board(basis), _movements(basis)))


def on_board(basis: ReportBasis, at: datetime) -> dict[CustomerId, str]:
    """Who stands on the board at a time: owned, at a level of the pipeline, no standing deal, not lost."""
    found = {}
    for customer in basis.customers(at):
        code, _ = basis.level_at(customer, at)
        terms = basis.scheme.level(code)
        if code is None or terms is None or not terms.pipeline:
            continue
        if basis.known.owner_at(customer, at) is not None and _is_open(basis, customer, at):
            found[customer] = code
    return found


def _is_open(basis: ReportBasis, customer: CustomerId, at: datetime) -> bool:
    return not basis.known.standing_deals(customer, at) and basis.lost(customer, at) is None


def _board(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    order = {level.code: place for place, level in enumerate(basis.scheme.levels)}
    for customer, code in on_board(basis, basis.until).items():
        owner = basis.known.owner_at(customer, basis.until)
        assert owner is not None, "who is on the board is owned"
        contact = due_contact(basis, customer, owner, basis.until)
        key: LineKey = (code, customer)
        tally.words(
            key,
            number=str(basis.known.customers[customer].number),
            customer=basis.known.name_of(customer),
            level=code,
            before=_before(basis, customer),
            consultant=basis.staff_words(owner),
            last=contact.last.isoformat() if contact.last is not None else numbers.NONE,
            next=contact.by_plan.isoformat() if contact.by_plan is not None else numbers.NONE,
            obstacle=obstacle_of(basis, customer, basis.until) or "",
        )
        tally.add(key, "customers", customer)
    return tally.table(
        "board", translated("The board"), _board_columns(), lambda key: (order.get(key[0], 99), key[1])
    )


def _before(basis: ReportBasis, customer: CustomerId) -> str:
    """The level before the last one that was another."""
    codes = [code for code, _ in basis.levels_of(customer, basis.until)]
    return next((code for code in reversed(codes) if code != codes[-1]), "")


def obstacle_of(basis: ReportBasis, customer: CustomerId, at: datetime) -> str | None:
    """The last obstacle that a follow-up named."""
    named = [_obstacle(one) for one in basis.known.by_customer.get(customer, ()) if one.occurred_at <= at]
    return next((one for one in reversed(named) if one), None)


def _obstacle(record: AnyRecord) -> str | None:
    said = getattr(record.data, "obstacle", None)
    return said.kind if said is not None else None


def _board_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.number(),
        columns.customer(),
        columns.words("level", translated("level"), translated("the last that was recorded")),
        columns.words("before", translated("level before"), translated("the last other one")),
        columns.consultant(),
        columns.words("last", translated("last contact"), translated("the owner's last contact that counts")),
        columns.words("next", translated("next contact"), translated("the next day that was agreed")),
        columns.words("obstacle", translated("obstacle"), translated("the last that a follow-up named")),
        columns.each("customers"),
    )


def _movements(basis: ReportBasis) -> ReportTable:
    """Level by level; each line sums to those who stood there when the period began, new ones have a line apart."""
    start = basis.time.end_of(basis.period.first - timedelta(days=1))
    then, now = on_board(basis, start), on_board(basis, basis.until)
    codes = [level.code for level in basis.scheme.levels if level.pipeline]
    tally = Tally([(code,) for code in codes])
    for customer, code in then.items():
        tally.add((code,), "start", customer)
        tally.add((code,), _became(basis, customer, now), customer)
    for customer in now:
        if customer not in then:
            tally.add((NEW,), _became(basis, customer, now), customer)
    for key in tally.so_far():
        tally.words(key, level=translated("new on the board") if key == (NEW,) else key[0])
    return tally.table("movements", translated("Movements"), _movement_columns(codes))


def _became(basis: ReportBasis, customer: CustomerId, now: dict[CustomerId, str]) -> str:
    if customer in now:
        return f"level_{now[customer]}"
    if customer not in basis.known.customers or basis.known.standing_deals(customer, basis.until):
        return "won"
    return "lost" if basis.lost(customer, basis.until) is not None else "ended"


def _movement_columns(codes: list[str]) -> tuple[ReportColumn, ...]:
    meaning: Text = translated("customers who stand at this level at the end")
    return (
        columns.words(
            "level", translated("level at the start"), translated("where they stood when the period began")
        ),
        ReportColumn(
            "start", translated("at the start"), translated("customers on the board when the period began")
        ),
        *(ReportColumn(f"level_{code}", translated("level {code}", code=code), meaning) for code in codes),
        ReportColumn("won", translated("won"), translated("customers with a standing deal")),
        ReportColumn("lost", translated("lost"), translated("customers with a loss that stands")),
        ReportColumn(
            "ended", translated("off the board"), translated("no owner any more, or a level off the board")
        ),
    )
