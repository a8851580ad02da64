"""What becomes of a group of submissions, decided without a database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from services.intake.journal.numbering import (
    RANGE,
    KnownEvent,
    Numberer,
    Numbering,
    ScopeHead,
    SeqRange,
    ranges,
)
from services.intake.model.submission import (
    Accepted,
    Conflict,
    Duplicate,
    JournalPlace,
    Outcome,
    RefusedEvent,
    Submission,
)
from shared.contract import digest_of
from tests.support.intake import NOON, adoption, raw, submission, visit


def plan(*submissions: Submission, **known: object) -> Numbering:
    given: dict[str, object] = {
        "heads": {},
        "known": [],
        "offices": {},
        "not_before": NOON,
        "knows_rulebook": lambda name, version: (name, version) == ("base", 1),
        **known,
    }
    return Numberer(**given).plan(submissions)  # type: ignore[arg-type]


def seqs(outcomes: list[Outcome]) -> list[int]:
    return [outcome.place.seq for outcome in outcomes if isinstance(outcome, Accepted | Duplicate)]


def test_a_new_scope_is_numbered_from_one() -> None:
    """The first facts of a scope get 1, 2, 3; each scope counts for itself."""
    planned = plan(submission("a"), submission("a"), submission("b"), submission("a"))
    assert seqs(planned.outcomes) == [1, 2, 1, 3]
    assert planned.new_scopes == {"a", "b"}
    assert planned.heads == {"a": ScopeHead(3, NOON), "b": ScopeHead(1, NOON)}


def test_numbering_goes_on_from_the_head() -> None:
    """A scope that has facts is numbered from its last seq."""
    planned = plan(submission("a"), heads={"a": ScopeHead(41, NOON)})
    assert seqs(planned.outcomes) == [42]
    assert planned.new_scopes == set()


def test_recorded_at_never_runs_backwards() -> None:
    """A clock behind the last fact of a scope does not count there, and counts elsewhere."""
    later = NOON + timedelta(hours=1)
    planned = plan(submission("a"), submission("b"), heads={"a": ScopeHead(1, later)})
    assert [fact.place.recorded_at for fact in planned.facts] == [later, NOON]


def test_a_duplicate_takes_no_number() -> None:
    """The second of two equal events gets the answer of the first, and the next event the next number."""
    twice = submission("a")
    planned = plan(twice, twice, submission("a"))
    assert [type(outcome) for outcome in planned.outcomes] == [Accepted, Duplicate, Accepted]
    assert seqs(planned.outcomes) == [1, 1, 2]
    assert len(planned.facts) == 2


def test_other_content_under_a_known_id_is_a_conflict() -> None:
    """The id stands for what was recorded first."""
    first = visit("a")
    second = {**first, "actor": "another"}
    planned = plan(*(submission(**event) for event in (first, second)))
    assert [type(outcome) for outcome in planned.outcomes] == [Accepted, Conflict]


def test_what_the_journal_knows_is_a_duplicate_before_anything_else_is_asked() -> None:
    """A repetition gets its first answer even where the event would be refused today."""
    old = submission(**adoption("gone"))
    place = JournalPlace(old.id, "demo", 7, NOON)
    planned = plan(old, known=[KnownEvent(place, old.digest)], offices={"demo-office": "other"})
    assert planned.outcomes == [Duplicate(place)]


def test_what_an_older_journal_was_told_by_is_still_a_duplicate() -> None:
    """A row whose digest is of the bytes that were written answers the same bytes as before."""
    old = submission()
    place = JournalPlace(old.id, "demo", 7, NOON)
    assert plan(old, known=[KnownEvent(place, digest_of(old.body))]).outcomes == [Duplicate(place)]


def test_an_office_belongs_to_one_scope() -> None:
    """Within one group too, the second scope that names an office is refused."""
    planned = plan(submission("a", office="x"), submission("b", office="x"), submission("b", office="y"))
    assert [type(outcome) for outcome in planned.outcomes] == [Accepted, RefusedEvent, Accepted]
    assert planned.new_offices == {"x": "a", "y": "b"}


def test_a_refused_event_claims_no_office() -> None:
    """What was refused leaves no trace: neither its office nor its id is taken."""
    future = visit("a", office="x", occurred_at="2026-03-01T12:05:00.000001+08:00")
    again = {**future, "occurred_at": "2026-03-01T12:05:00+08:00"}
    planned = plan(submission(**future), submission(**again), submission("b", office="x"))
    assert [type(outcome) for outcome in planned.outcomes] == [RefusedEvent, Accepted, RefusedEvent]


def test_five_minutes_ahead_are_measured_from_the_time_of_recording() -> None:
    """Exactly five minutes pass, a microsecond more does not."""
    outcomes = plan(
        submission(occurred_at="2026-03-01T04:05:00.000001Z"), submission(id=str(uuid4()))
    ).outcomes
    assert isinstance(outcomes[0], RefusedEvent)
    assert (outcomes[0].path, outcomes[0].rule) == ("occurred_at", "future")


def test_an_unknown_rulebook_cannot_be_adopted() -> None:
    """Name and version must both be known."""
    known, wrong_version, wrong_name = (adoption("base"), adoption("base", 2), adoption("hearsay"))
    outcomes = plan(*(submission(**event) for event in (known, wrong_version, wrong_name))).outcomes
    assert [type(outcome) for outcome in outcomes] == [Accepted, RefusedEvent, RefusedEvent]


def test_raw_spelling_does_not_change_content() -> None:
    """White space and the order of keys make no other content."""
    event = visit()
    turned = dict(reversed(event.items()))
    assert raw(event) != raw(turned)
    assert submission(**event).digest == submission(**turned).digest


def test_what_is_new_of_a_scope_is_queued_as_ranges() -> None:
    """From the first new seq to the last, whatever lies between them in the group; a duplicate adds nothing."""
    first = submission("a")
    group = (first, submission("b"), submission("a"), first)
    planned = plan(*group, heads={"a": ScopeHead(7, NOON)})
    assert list(planned.ranges()) == [SeqRange("a", 8, 9), SeqRange("b", 1, 1)]


def test_a_long_range_is_cut() -> None:
    """Without a gap and without an overlap, so that what is sent anew after a failure has a limit."""
    cut = list(ranges("a", 3, 2 * RANGE + 3))
    assert [(one.first, one.last) for one in cut] == [
        (3, RANGE + 2),
        (RANGE + 3, 2 * RANGE + 2),
        (2 * RANGE + 3, 2 * RANGE + 3),
    ]


def finding(visit_id: str, rightful: str) -> dict[str, Any]:
    data = {"visit": visit_id, "decided_by": "gao", "rightful": rightful, "reason": "隐瞒"}
    return {"type": "concealment.found", "data": data}


def test_the_receiver_is_not_the_rightful_one() -> None:
    """Whoever received the visit, by the journal or by an earlier line of the group; of another scope says nothing."""
    received = {("demo", "v1"): "li", ("other", "v2"): "wang"}
    group = [submission(**finding(name, who)) for name, who in (("v1", "li"), ("v1", "wang"), ("v2", "wang"))]
    outcomes = plan(*group, received=received).outcomes
    assert [type(outcome) for outcome in outcomes] == [RefusedEvent, Accepted, Accepted]
    assert isinstance(outcomes[0], RefusedEvent) and outcomes[0].path == "data.rightful"
    first = visit()
    there = str(first["data"]["visit"])
    copy = {**first, "id": str(uuid4()), "data": {**first["data"], "received_by": "wang"}}
    told = plan(
        submission(**finding(there, "li")),  # nobody has received it yet
        submission(**first),
        submission(**copy),
        submission(**finding(there, "li")),
        submission(**finding(there, "wang")),
    )
    assert [type(outcome) for outcome in told.outcomes] == [
        Accepted,
        Accepted,
        Accepted,
        RefusedEvent,
        Accepted,
    ]
