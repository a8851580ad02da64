"""R12, contracts, mortgages, housing funds and receipts (合同统计、按揭办理、公积金未到帐、收款)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.registers.model.deals import DealRow, DealStep
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from services.registers.reports.tally import LineKey, Tally
from shared.i18n import Text, translated
from shared.ids import CustomerId

PAID: Final = frozenset({"deposit_paid", "down_payment_paid", "instalment_paid", "balance_paid"})
RECEIVED: Final = PAID | {"mortgage_released", "fund_released"}
LOANS: Final = {
    "mortgage": frozenset({"mortgage", "mixed"}),
    "fund": frozenset({"fund", "mixed"}),
}
"""Which ways of paying each kind of loan is needed for."""


def contracts(basis: ReportBasis) -> OfficeReport:
    """What stands signed at the last day of the period: its loans, and what was due and received."""
    tables = (loans_table(basis), _open_loans(basis), _receipts(basis))
    return OfficeReport("contracts", translated("Contracts and receipts"), basis.head(), tables)


def standing(basis: ReportBasis) -> list[DealRow]:
    """Deals that are signed and stand at that day."""
    return [one for one in basis.deals() if one.stands(basis.until) and one.signed(basis.until)]


def step_of(basis: ReportBasis, deal: DealRow, what: str) -> DealStep | None:
    """The last record of a step by that day, whether done or held up."""
    found = [one for one in deal.steps if one.what == what and one.at <= basis.until]
    return found[-1] if found else None


def is_done(basis: ReportBasis, deal: DealRow, what: str) -> bool:
    """Whether a step is done by that day."""
    step = step_of(basis, deal, what)
    return step is not None and step.done


def is_late(basis: ReportBasis, deal: DealRow, what: str) -> bool:
    """Whether a step was due before that day and is not done."""
    due = deal.due_on(what, basis.until)
    return due is not None and due < basis.day and not is_done(basis, deal, what)


def loan_titles() -> dict[str, Text]:
    """The kinds of loans in words."""
    return {"mortgage": translated("mortgage"), "fund": translated("housing fund")}


def loans_table(basis: ReportBasis) -> ReportTable:
    """How many loans are needed, submitted and released."""
    tally = Tally([(kind,) for kind in LOANS])
    for kind, payments in LOANS.items():
        tally.words((kind,), loan=loan_titles()[kind])
        for deal in standing(basis):
            if deal.terms.get("payment") in payments:
                _count_loan(tally, basis, kind, deal)
    return tally.table("loans", translated("Loans"), _loan_columns(), total=False)


def _count_loan(tally: Tally, basis: ReportBasis, kind: str, deal: DealRow) -> None:
    submitted = is_done(basis, deal, f"{kind}_submitted")
    tally.add((kind,), "needed", deal.event)
    tally.add((kind,), "submitted" if submitted else "open", deal.event)
    if is_done(basis, deal, f"{kind}_released"):
        tally.add((kind,), "released", deal.event)
    if is_late(basis, deal, f"{kind}_submitted") or is_late(basis, deal, f"{kind}_released"):
        tally.add((kind,), "late", deal.event)


def _loan_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words(
            "loan", translated("loan"), translated("mortgage, or housing fund; mixed counts in both")
        ),
        ReportColumn(
            "needed", translated("to be submitted"), translated("standing signed deals that are paid so")
        ),
        ReportColumn(
            "submitted", translated("submitted"), translated("of these, those whose papers were submitted")
        ),
        ReportColumn("open", translated("not submitted"), translated("to be submitted less submitted")),
        ReportColumn("released", translated("paid out"), translated("of these, those whose money has come")),
        ReportColumn(
            "late", translated("past due"), translated("not submitted or not released by the agreed day")
        ),
    )


def _open_loans(basis: ReportBasis) -> ReportTable:
    tally = Tally()
    for kind, payments in LOANS.items():
        for deal in standing(basis):
            if deal.terms.get("payment") in payments and not is_done(basis, deal, f"{kind}_released"):
                _loan_line(tally, basis, kind, deal)
    return tally.table("open_loans", translated("Loans not yet released"), _open_columns())


def _loan_line(tally: Tally, basis: ReportBasis, kind: str, deal: DealRow) -> None:
    step = step_of(basis, deal, f"{kind}_submitted")
    due = deal.due_on(f"{kind}_released", basis.until)
    assert deal.signed_at is not None, "who has a loan has signed"
    tally.words(
        (kind, deal.deal),
        loan=loan_titles()[kind],
        customer=basis.known.name_of(deal.customer, deal.name),
        signed=basis.time.day(deal.signed_at).isoformat(),
        submitted=basis.time.day(step.at).isoformat() if step is not None and step.done else numbers.NONE,
        due=due.isoformat() if due is not None else numbers.NONE,
        reason=(step.reason or "") if step is not None else "",
        missing=(step.missing or "") if step is not None else "",
        area=str(deal.terms.get("area", numbers.NONE)),
        consultants="、".join(map(basis.staff_words, basis.sets(deal))),
    )
    tally.add((kind, deal.deal), "deals", deal.event)
    if deal.amount is not None:
        tally.add((kind, deal.deal), "amount", deal.event, deal.amount)


def _open_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.words(
            "loan", translated("loan"), translated("mortgage, or housing fund; mixed counts in both")
        ),
        columns.customer(),
        columns.words("signed", translated("day of signing"), translated("when it happened")),
        columns.words(
            "submitted", translated("day of submission"), translated("when the papers were submitted")
        ),
        columns.words("due", translated("money due by"), translated("as last agreed")),
        columns.words("reason", translated("held up by"), translated("why it was held up, as last recorded")),
        columns.words("missing", translated("papers missing"), translated("as last recorded")),
        columns.words("area", translated("area"), translated("as last agreed")),
        columns.amount("amount", translated("amount"), translated("as last agreed, else as subscribed")),
        columns.consultants(),
        columns.each(),
    )


def receipts(basis: ReportBasis, deal: DealRow) -> dict[str, Decimal]:
    """What came in of a deal by that day, and what was paid back, by the step."""
    return {
        step.id: -step.amount if step.what == "refunded" else step.amount
        for step in deal.steps
        if step.done and step.amount is not None and step.at <= basis.until
        if step.what in RECEIVED or step.what == "refunded"
    }


def _receipts(basis: ReportBasis) -> ReportTable:
    """What was due by the day and what came in, by customer, with the credit that this proposes."""
    tally = Tally()
    for deal in basis.deals():
        key: LineKey = (deal.customer,)
        if not deal.stands(basis.until):
            continue
        known = basis.known.customers[deal.customer]
        tally.words(key, number=str(known.number), customer=basis.known.name_of(deal.customer, deal.name))
        tally.add(key, "deals", deal.event)
        if deal.amount is not None:
            tally.add(key, "amount", deal.event, deal.amount)
        for amount in _due(basis, deal):
            tally.add(key, "due", deal.event, amount)
            tally.add(key, "arrears", deal.event, amount)
        for step, amount in receipts(basis, deal).items():
            tally.add(key, "received", step, amount)
            tally.add(key, "arrears", step, -amount)
    for line in tally.lines():
        late = any(_was_late(basis, deal) for deal in basis.known.deals_of[CustomerId(line.key[0])])
        tally.words(line.key, credit="C" if line.amount("arrears") > 0 else "B" if late else "A")
    return tally.table("receipts", translated("Receipts by customer"), _receipt_columns())


def _due(basis: ReportBasis, deal: DealRow) -> list[Decimal]:
    """The amounts that were due by the day; of one step, as last agreed."""
    last = {one.what: one.set_by for one in deal.due if one.set_at <= basis.until}
    return [
        one.amount
        for one in deal.due
        if one.amount is not None and one.set_by == last.get(one.what) and one.on <= basis.day
    ]


def _was_late(basis: ReportBasis, deal: DealRow) -> bool:
    """Whether a payment came after its day."""
    for step in deal.steps:
        due = deal.due_on(step.what, basis.until)
        if step.done and step.what in RECEIVED and due is not None and basis.time.day(step.at) > due:
            return True
    return False


def _receipt_columns() -> tuple[ReportColumn, ...]:
    return (
        columns.number(),
        columns.customer(),
        columns.each(),
        columns.amount("amount", translated("amount"), translated("of the deals that stand")),
        columns.amount(
            "due", translated("receivable"), translated("what was due by the day, as last agreed")
        ),
        columns.amount("received", translated("received"), translated("paid less refunded, by the day")),
        columns.amount("arrears", translated("outstanding"), translated("receivable less received")),
        columns.words(
            "credit", translated("credit proposed"), translated("A never late, B late but paid, C in arrears")
        ),
    )
