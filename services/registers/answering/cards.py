"""The customer's card, and the keys of a profile that are told by an address of their own."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from services.registers.answering.answers import (
    CardSide,
    CustomerCard,
    ProfileEntry,
    RegisterRow,
    SensitiveProfile,
)
from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.presenting import SENSITIVE, both
from services.registers.answering.question import ScopeQuestion, encoded, not_there
from services.registers.lists.card import HeldKey, bought_at, profile_of, sides
from services.registers.lists.rows import ListRow, RegisterRows
from services.registers.model.registers import AnyRecord
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.basis import ReportBasis
from shared.contract import DealProgressed, DealTermsSet, FeedbackAnswered, format_instant
from shared.contract.case_numbers import case_digest, case_number
from shared.i18n import bilingual
from shared.ids import CustomerId


def customer_card(scope: KnownScope, sight: CallerSight, customer: str) -> EncodedAnswer:
    """Both sides of the card: the records before a standing deal, and those after it."""
    question = ScopeQuestion(scope, sight)
    found, basis = _found(question, customer)
    rows = RegisterRows(basis)
    both_sides = ([rows.record(one, None) for one in side] for side in sides(basis, found))
    before, after = ([one for one in side if question.shows(one)] for side in both_sides)
    deals = [rows.deal(one) for one in basis.known.deals_of.get(found, ())]
    shown = question.presenting(basis, [*before, *after, *deals, found])
    turned, whom = bought_at(basis, found), shown.customer(found)
    assert whom is not None, "the customer was found"
    told = {row.id: shown.row(row) for row in (*before, *after)}
    body = CustomerCard(
        customer=whom,
        names=shown.names(found),
        office=basis.known.office_of(found, basis.until),
        standing=shown.values_of(rows.standing(found), found),
        profile=[
            replace(entry, value=shown.said(entry.value, found) if entry.value else entry.value)
            for one in profile_of(basis, found)
            if (entry := _entry(one, withheld=one.key in SENSITIVE))
        ],
        deals=[shown.row(one, "deals") for one in deals],
        before=_side(before, told, before[0].at if before else None),
        after=_side(after, told, turned),
        as_of=format_instant(scope.known.as_of),
        **question.head(),
    )
    return encoded(body, customer=found, count=1)


def sensitive_profile(scope: KnownScope, sight: CallerSight, customer: str) -> EncodedAnswer:
    """What a scheme has turned on with a purpose and consent; which keys were read goes on the record of access."""
    found, basis = _found(ScopeQuestion(scope, sight), customer)
    held = [one for one in profile_of(basis, found) if one.entry.kind == "sensitive"]
    body = SensitiveProfile(found, [_entry(one, withheld=False) for one in held], scope.seq)
    keys = ", ".join(one.key for one in held)
    return encoded(body, customer=found, count=len(held), detail=f"profile {keys}"[:200])


def _side(rows: list[ListRow], told: dict[str, RegisterRow], since: datetime | None) -> CardSide:
    return CardSide(format_instant(since) if since is not None else None, [told[row.id] for row in rows])


def _found(question: ScopeQuestion, typed: str) -> tuple[CustomerId, ReportBasis]:
    """The customer within reach, with the words of their records; one that is not is one that does not exist."""
    basis = question.basis()
    found = _named(basis, typed)
    if (
        found is None
        or basis.known.office_of(found, basis.until) != question.sight.office
        or not question.reach(basis).customer(found)
    ):
        raise not_there(bilingual("no customer {customer} is known in this office", customer=typed))
    records = basis.known.by_customer.get(found, [])
    mine = {deal.deal for deal in basis.known.deals_of.get(found, ())}
    said = {getattr(one.data, "feedback", None) for one in records} - {None}
    papers: list[AnyRecord] = [*basis.known.of(DealTermsSet), *basis.known.of(DealProgressed)]
    answers = (one for one in basis.known.of(FeedbackAnswered) if one.data.feedback in said)
    shown = [*records, *(one for one in papers if one.data.deal in mine), *answers]
    return found, question.basis(known=question.with_words_of(shown))


def _named(basis: ReportBasis, typed: str) -> CustomerId | None:
    """By id or by case number."""
    if CustomerId(typed) in basis.known.customers:
        return CustomerId(typed)
    digest = case_digest(typed)
    if digest is None:
        return None
    return next((one for one in basis.known.customers if case_digest(case_number(one)) == digest), None)


def _entry(one: HeldKey, *, withheld: bool) -> ProfileEntry:
    value = None if withheld else one.value
    return ProfileEntry(one.key, both(one.entry.label), one.entry.kind, value, withheld, one.on.isoformat())
