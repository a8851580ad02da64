"""Where a message stands: editions of attribution, and what may have been heard before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.notifier.inbox.decoding import ScopeMessage
from services.notifier.inbox.derive import Again, ClaimChange, ClaimMessageState
from services.notifier.inbox.positions import HeardUpTo, PartitionLog

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def message(seq: int, edition: int) -> ScopeMessage:
    return ScopeMessage(
        "demo", seq, ClaimChange(ClaimMessageState("demo", "c1", seq, "li", "owned", NOW)), edition
    )


@pytest.mark.parametrize(
    ("seq", "edition", "taken"),
    [(8, 5, True), (7, 5, False), (1, 6, True), (9, 4, False), (8, 0, False)],
    ids=[
        "the next one",
        "a repetition",
        "a later edition",
        "an earlier edition",
        "of before there were editions",
    ],
)
def test_what_is_taken_goes_by_edition_and_then_by_seq(seq: int, edition: int, taken: bool) -> None:
    """A later edition begins anew, an earlier one was heard."""
    assert HeardUpTo(7, 5).takes(message(seq, edition)) is taken


def test_numbers_rise_over_editions() -> None:
    """The first message of a later edition has a higher number than the last one of the edition before."""
    before = HeardUpTo(7, 5)
    after = before.after(message(1, 6), NOW)
    assert (before.last, after.last, after.began) == (7, 8, NOW)
    body = after.numbered(message(2, 6)).body
    assert isinstance(body, ClaimChange)
    assert body.claim.claim_seq == 9


def test_an_upgrade_begins_no_edition() -> None:
    """Messages of before there were editions, and those behind them, are one count."""
    assert HeardUpTo(7).after(message(8, 5), NOW) == HeardUpTo(8, 5)


def test_what_may_have_been_heard_before_is_known_by_its_place_or_its_edition() -> None:
    """A log that is read again, up to where it ended then, and whatever comes in a later edition."""
    log = PartitionLog(None, again_until=10, begun_at=NOW)
    assert log.again(9, HeardUpTo(1)) == Again(None, NOW)
    assert log.again(10, HeardUpTo(1)) is None
    assert log.again(10, HeardUpTo(1, 6, 7, NOW)) == Again(NOW, None)
