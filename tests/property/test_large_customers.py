"""A correction of a large customer judges what it changes alone: it comes to what judging all again comes to."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.rules.domain import corrections, judging_again, record_index, trail
from shared.rules.domain import facts as f
from shared.rules.domain.decide import decide
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.state import Slice
from tests.property.test_rules_fold import facts, known, opened
from tests.support.rules import fold_fact
from tests.support.streams import BOOKS, Move, moves, stream

thorough = settings(
    derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
BEGIN = datetime(2026, 3, 1, 1, tzinfo=UTC)
HUB = "+8613800000000"
STAFF = ("li", "wang", "zhao")
ENROLLED = (*((name, "consultant") for name in STAFF), ("bo", "manager"), ("su", "supervisor"))
APPROVERS = ("bo", "am", "gm")

CALM = (
    "visit",
    "visit",
    "visit",
    "follow_up",
    "call",
    "deal",
    "correct",
    "correct",
    "correct",
    "depart",
    "enrol",
)
USUAL = (
    *("visit",) * 7, *("correct",) * 6, "call", "outreach", "follow_up", "follow_up", "survey",
    "deal", "dispute", "depart", "enrol", "transfer", "complain",
)  # fmt: skip
SETTLED = (
    *("visit",) * 7, *("correct",) * 6, "follow_up", "deal", "deal", "sign", "cancel", "dispute", "dispute",
    "rule", "rule", "evidence", "conceal", "recognise", "recognise", "transfer", "depart", "enrol",
)  # fmt: skip
RARE = ("cancel", "sign", "rule", "transfer", "complain", "conceal", "recognise", "household", "adopt")


@st.composite
def desk_moves(draw: st.DrawFn) -> list[tuple[str, dict[str, Any]]]:
    """What a desk does that types one number for everybody, and parts what it joined."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    kinds = chance.choice((CALM, CALM, USUAL, SETTLED, SETTLED, (*USUAL, *USUAL, *RARE)))
    late = chance.choice(((0,), (0, 0, 0, 0, 1, 3, 9)))
    return [_move(chance, chance.choice(kinds), late) for _ in range(chance.randint(15, 60))]


def _move(chance: random.Random, kind: str, late: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    corrected = ("own", "own", "own", "other", "none", "both", "hub")
    return kind, {
        "by": chance.choice(STAFF),
        "other": chance.choice((None, *STAFF)),
        "third": chance.choice((None, *STAFF)),
        "n": chance.randrange(41),
        "of": chance.random(),
        "party": chance.choice(
            corrected if kind == "correct" else ("hub", "hub", "hub", "hub", "both", "other")
        ),
        "late": chance.choice(late),
        "gap": chance.choice((1, 1, 1, 60, 2000, 9000)),
        "odd": chance.randrange(12),
    }


def party_of(kind: str, n: int, seq: int) -> f.Party:
    phones = {
        "hub": (HUB,), "both": (HUB, f"+86139{n:08d}"), "other": (f"+86139{n:08d}",),
        "own": (f"+86137{seq:08d}",), "none": (),
    }[kind]  # fmt: skip
    return f.Party(f"n{n % 7}" if n % 5 else None, phones, phones)


def record_before(share: float, seq: int) -> str:
    """One of the records of customers so far."""
    return f"r{8 + int(share * (seq - 8))}"


def visit_before(share: float, seq: int) -> str:
    """The visit by one of them, if it is one."""
    return f"w{8 + int(share * (seq - 8))}"


def visit_of(a: dict[str, Any], seq: int) -> f.Visit:
    odd = a["odd"]
    return f.Visit(
        visit=f"v{a['n']}" if odd == 0 else f"w{seq}",
        customer=party_of(a["party"], a["n"], seq),
        received_by=a["by"],
        capacity="assist" if odd == 1 else "on_turn",
        on_behalf_of=a["other"] if odd == 1 else None,
        designated=a["third"] if odd == 2 else None,
        asked=f.Asked(
            visited_before="no" if odd == 3 else None, named_consultant=a["other"] if odd == 4 else None
        ),
        referred_by=(f.Referrer(f"+86139{a['n']:08d}"),) if odd == 5 and a["late"] else (),
        brochure_only=odd == 6,
        present=(a["other"],) if a["other"] and odd in (7, 8) else (),
        ended_at=None,
    )


def matter_of(kind: str, a: dict[str, Any], seq: int) -> f.Matter:
    by, n, odd = a["by"], a["n"], a["odd"]
    party = party_of(a["party"], n, seq)
    match kind:
        case "visit":
            return visit_of(a, seq)
        case "call":
            return f.Call(customer=party, answered_by=by, asked=f.Asked())
        case "outreach":
            return f.Outreach(customer=party, by=by)
        case "follow_up":
            return f.FollowUp(customer=party, by=by, method="phone", reached=odd != 9)
        case "survey":
            return f.Survey(party)
        case "correct":
            says = (("phones",), ("phones",), ("phones",), ("name",), ("name", "phones", "wechat"))[odd % 5]
            return f.Correction(record_before(n / 41, seq), party, by, APPROVERS if odd != 9 else (), says)
        case "deal":
            return f.Subscription(f"d{n % 3}", party, by, None)
        case "cancel":
            return f.Cancellation(f"d{n % 3}")
        case "sign":
            return f.Signing(f"d{n % 3}")
        case "dispute":
            return f.DisputeOpening(f"D{n % 2}", party, by, f"d{n % 3}" if odd < 4 else None)
        case "rule":
            over = f"system:{record_before(a['of'], seq)}" if odd < 5 else f"D{n % 2}"
            return f.Ruling(over, "bo", a["other"], {by: 10000} if odd < 6 else None, APPROVERS)
        case "evidence":
            return f.EvidenceAdding(f"D{n % 2}", (f"paper {seq}",))
        case "depart":
            return f.Departure(by)
        case "enrol":
            return f.Enrolment(by, by, "consultant", {})
        case "transfer":
            return f.Transfer(customer=party, to=by, approved_by=APPROVERS)
        case _:
            return other_of(kind, a, party, seq)


def other_of(kind: str, a: dict[str, Any], party: f.Party, seq: int) -> f.Matter:
    by, n = a["by"], a["n"]
    match kind:
        case "household":
            return f.HouseholdLink((party, party_of("other", n, seq)), "spouse")
        case "complain":
            return f.Complaint(customer=party, against=by, decided_by="bo")
        case "conceal":
            return f.Concealment(visit_before(a["of"], seq), "bo", a["other"])
        case "recognise":
            registration = record_before(n / 41, seq) if a["odd"] < 6 else None
            return f.Recognition(visit_before(a["of"], seq), by, registration, ("seen",), "su")
    return f.Adoption(("getian", "shijiazhuang", "base")[n % 3], 1, BEGIN + timedelta(minutes=seq))


def desk_facts(drawn: list[tuple[str, dict[str, Any]]]) -> list[f.Fact]:
    """The moves as facts, on top of a scope with people and a few records of everybody's number."""
    at, made = BEGIN, []
    everybody = [
        (name, role) for name, role in (*ENROLLED, ("am", "admin_manager"), ("gm", "general_manager"))
    ]
    for seq, (name, role) in enumerate(everybody, 1):
        made.append(f.Fact(f"r{seq}", seq, "demo", "hall", at, at, None, f.Enrolment(name, name, role, {})))
    calm = {
        "by": "li",
        "other": None,
        "third": None,
        "n": 1,
        "of": 0.0,
        "party": "hub",
        "late": 0,
        "gap": 1,
        "odd": 10,
    }
    begun = [("visit", {**calm, "by": STAFF[n % 3], "n": n}) for n in range(6)]
    for seq, (kind, a) in enumerate([*begun, *drawn], len(made) + 1):
        at += timedelta(minutes=a["gap"])
        happened = at - timedelta(days=a["late"])
        attested = "bo" if a["late"] and a["odd"] == 11 else None
        made.append(f.Fact(f"r{seq}", seq, "demo", "hall", happened, at, attested, matter_of(kind, a, seq)))
    return made


def whole(
    monkeypatch: pytest.MonkeyPatch, all_facts: list[f.Fact], book: str
) -> tuple[Slice, list[DomainEvent]]:
    """Everything is judged again at each correction."""
    with monkeypatch.context() as plain:
        plain.setattr(corrections, "judge_changed", lambda *_: None)
        slice_, told = opened(book), []
        for fact in all_facts:
            told.append(fold_fact(slice_, fact, known()))
    return slice_, [event for each in told for event in each]


def compare(monkeypatch: pytest.MonkeyPatch, all_facts: list[f.Fact], book: str) -> None:
    slice_, expected = whole(monkeypatch, all_facts, book)
    here, told = opened(book), []
    for fact in all_facts:
        told += fold_fact(here, fact, known())
    assert told == expected
    assert here == slice_


@pytest.fixture
def shortened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """As if every customer were large; counts what was judged in short, and how many steps were remembered."""
    counted: Counter[str] = Counter()
    judge_changed, judged_steps = corrections.judge_changed, judging_again._Run.judge

    def judged(*given: Any) -> Any:
        found = judge_changed(*given)
        counted["short" if found is not None else "whole"] += 1
        return found

    def steps(run: Any) -> bool:
        found = judged_steps(run)
        again = {each.place for each in run.changed if each.now is not None}
        for place in run._trail.places:
            if place not in again:
                counted["before" if not again or place < min(again) else "after"] += 1
        return found

    monkeypatch.setattr(record_index, "LARGE", 0)
    monkeypatch.setattr(record_index, "MANY", 3)
    monkeypatch.setattr(trail, "MANY", 3)
    monkeypatch.setattr(corrections, "judge_changed", judged)
    monkeypatch.setattr(judging_again._Run, "judge", steps)
    return counted


@pytest.mark.parametrize("book", BOOKS)
def test_one_number_for_everybody_is_corrected_as_if_all_were_judged_again(
    shortened: Counter[str], monkeypatch: pytest.MonkeyPatch, book: str
) -> None:
    """Whatever was typed, sold, disputed, transferred, attested or recorded late, and whoever left meanwhile."""

    @thorough
    @given(desk_moves())
    def run(drawn: list[tuple[str, dict[str, Any]]]) -> None:
        compare(monkeypatch, desk_facts(drawn), book)

    run()
    assert min(shortened[each] for each in ("short", "whole", "before", "after")) > 0


@pytest.mark.parametrize("book", BOOKS)
def test_any_stream_is_corrected_as_if_all_were_judged_again(
    shortened: Counter[str], monkeypatch: pytest.MonkeyPatch, book: str
) -> None:
    """Also where customers are small, and the office has its usual days."""

    @settings(thorough, max_examples=10)
    @given(moves())
    def run(drawn: list[Move]) -> None:
        compare(monkeypatch, facts(stream(drawn)), book)

    run()


@pytest.mark.parametrize("book", BOOKS[:2])
def test_a_correction_that_is_not_taken_over_is_not_remembered(
    shortened: Counter[str], monkeypatch: pytest.MonkeyPatch, book: str
) -> None:
    """Whatever was judged of a record and dropped, as by a fact that fails: the next correction knows nothing of it."""

    @settings(thorough, max_examples=12)
    @given(desk_moves(), st.randoms(use_true_random=False))
    def run(drawn: list[tuple[str, dict[str, Any]]], chance: random.Random) -> None:
        all_facts = desk_facts(drawn)
        slice_, expected = whole(monkeypatch, all_facts, book)
        here, told = opened(book), []
        matters = [fact.matter for fact in all_facts if isinstance(fact.matter, f.Correction)]
        for fact in all_facts:
            for matter in chance.sample(matters, min(len(matters), chance.randrange(3))):
                decide(here, replace(fact, matter=matter), known())
            told += fold_fact(here, fact, known())
        assert told == expected
        assert here == slice_

    run()
