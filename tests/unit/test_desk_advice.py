"""What the desk is told to do follows the rules to the row, whoever's claim it is (contract.md#look-up)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from services.attribution.explanations import desk_words as say
from services.attribution.queries.desk import _ask_new, _do, _do_new, _Door
from shared.ids import EventId, StaffId
from shared.rules.domain.state import Claim, ClaimOrigin
from shared.rules.rulebooks.loading import load

AT = datetime(2026, 3, 2, 2, tzinfo=UTC)
BOOK = load("shijiazhuang")
ORIGIN = ClaimOrigin(EventId("v1"), AT, "visit")
CLAIM = Claim(StaffId("li"), "visit", AT, ("shijiazhuang", 1), ORIGIN, AT, AT, EventId("v1"), None)


def told(status: str, claim: Claim, owner: str = "李") -> list[tuple[Any, str]]:
    return [(text, clause) for text, clause in _do(_Door(BOOK, AT, "Asia/Shanghai", owner), status, claim)]


@pytest.mark.parametrize(
    ("late", "followed_up", "may_lose"),
    [(False, None, True), (False, AT, False), (True, AT, True)],
    ids=["never followed up", "followed up", "a late entry that was followed up"],
)
def test_an_owner_who_may_lose_by_standing_by_looks_first(
    late: bool, followed_up: datetime | None, may_lose: bool
) -> None:
    """Both limbs of row 5: no follow-up, or a registration that was a late entry (procedure.md#visits-row-5)."""
    claim = replace(CLAIM, registration=replace(ORIGIN, late=late), followed_up=followed_up)
    clauses = [clause for _, clause in told("owned", claim)]
    assert clauses == ["shijiazhuang.1"] + ["shijiazhuang.5"] * may_lose


def test_nothing_is_kept_for_a_lapsed_owner_who_has_left() -> None:
    """Whoever comes for one who left is in the pool (rules-notes.md#note-lapsed-departed-named)."""
    lapsed = replace(CLAIM, lapsed=True)
    assert [text for text, _ in told("lapsed", lapsed)] == [say.DO_LAPSED]
    assert next(text for text, _ in told("lapsed", lapsed, owner="")) == say.DO_UNOWNED


def test_a_subscribed_customer_is_the_owners_as_long_as_the_claim_stands() -> None:
    """A deal of another after the lapse leaves the customer without an owner who could be called."""
    assert told("closed", CLAIM) == [(say.DO_CLOSED, "base.deal")]
    assert told("closed", replace(CLAIM, lapsed=True)) == [(say.DO_CLOSED_UNOWNED, "base.deal")]


@pytest.mark.parametrize(("book", "counts"), [("shijiazhuang", True), ("confirmation", False)])
def test_the_desk_is_told_whether_a_name_given_when_asked_counts(book: str, counts: bool) -> None:
    """Where `named` is honoured the one who is named owns a new customer (procedure.md#step-1-named)."""
    advice = dict(_do_new(load(book)))
    assert (say.DO_NAMED in advice) == counts
    assert not counts or advice[say.DO_NAMED] == "shijiazhuang.2"
    assert next(about for *_, about in _ask_new(load(book))) == "visited_before"
