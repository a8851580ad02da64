"""Work that would hold everybody up is taken in parts: long batches, midnights, departures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.attribution.fold.application import BatchOutcome, FoldApplication
from services.attribution.fold.bounds import Bounds
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.customers import page_of_customers
from services.attribution.queries.marks import flags_page
from services.attribution.store.codec import decode_record
from services.attribution.store.mapper import Recorded, stream_id
from services.attribution.store.recorder import EventMapper
from services.attribution.store.store import Store
from shared.rules.domain.evolve import apply
from shared.rules.domain.state import SCOPE, Key, Scope, Slice
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import SOURCE, Deployment, Journal, Raw, deployment

PART = 4
MANY = 10


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


class Ticking:
    """A machine clock on which every look takes a second."""

    def __init__(self) -> None:
        self.time = 0.0
        self.steps = 0

    def monotonic(self) -> float:
        self.time += 1.0
        return self.time

    def step(self) -> None:
        self.steps += 1


def bounded(live: Deployment, ticking: Ticking | None = None, seconds: float = 1e9) -> FoldApplication:
    ticking = ticking or Ticking()
    bounds = Bounds(seconds, PART, ticking.monotonic, ticking.step)
    return FoldApplication(Store(live.database), live.recorder, live.rules, "base", bounds)


def fold_on(attribution: FoldApplication, log: list[Raw], at: int = 0) -> Iterator[BatchOutcome]:
    """Fold a log as the consumer does: each batch begins where the last one ended, until nothing is left."""
    while True:
        outcome = attribution.fold_batch(SOURCE, at, [record for record in log if record.offset >= at])
        yield outcome
        at = outcome.next_offset
        if not outcome.left and not outcome.unswept:
            return


def many_claims(journal: Journal, count: int = MANY) -> list[Raw]:
    return [
        journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}),
        *(journal.visit(f"1380000{n:04}", "li", hours=1) for n in range(count)),
    ]


def assert_as_judged(live: Deployment, journal: Journal, scope: str = "demo") -> None:
    """What stands is what `panke judge` says, and what the stored events make of it."""
    with live.questions.of(scope) as snapshot:
        page, _ = page_of_customers(snapshot, Cursor(), 500)
        flags, _ = flags_page(snapshot, Cursor(), 500)
        until = snapshot.watermark()
    judged = result_of(journal.lines[scope], load("shijiazhuang"), {}, as_of=until)
    assert plain(page) == judged["customers"]
    assert [{"event": flag.event, "flag": flag.flag} for flag in flags] == judged["flags"]
    slice_ = Slice({SCOPE: Scope(scope, ("shijiazhuang", 1), "Asia/Shanghai")})
    for stored in live.recorder.select_events(stream_id(scope)):
        recorded: Any = EventMapper().to_domain_event(stored)
        assert isinstance(recorded, Recorded)
        apply(slice_, recorded.event)
    rows = live.rows("SELECT kind, id, state FROM records WHERE scope = %s", [scope])
    assert {Key(row["kind"], row["id"]): decode_record(row["kind"], row["state"]) for row in rows} == slice_


def test_a_batch_that_runs_long_commits_what_it_has_and_goes_on(live: Deployment) -> None:
    """Its parts are folded in order, each fact once, and a new process goes on from the last part."""
    journal = Journal()
    log = many_claims(journal)
    ends = []
    at = 0
    while at < len(log):
        attribution = bounded(live, seconds=3.0)
        outcome = attribution.fold_batch(SOURCE, at, log[at:])
        assert len(outcome.folded) == outcome.next_offset - at
        assert outcome.left == (outcome.next_offset < len(log))
        at = outcome.next_offset
        ends.append(at)
        assert live.rows("SELECT folded_seq FROM scopes") == [{"folded_seq": at}]
    assert len(ends) > 2
    assert_as_judged(live, journal)


def test_a_batch_that_runs_late_with_its_first_fact_folds_that_one(live: Deployment) -> None:
    """However little time there is, each batch brings the partition on."""
    journal = Journal()
    log = many_claims(journal, 3)
    attribution = bounded(live, seconds=0.0)
    assert [len(outcome.folded) for outcome in fold_on(attribution, log)] == [1, 1, 1, 1]


def test_every_fact_and_every_commit_is_a_step_that_the_watchdog_hears(live: Deployment) -> None:
    """Progress counts within a batch: as often as a fact is folded."""
    ticking, log = Ticking(), many_claims(Journal())
    bounded(live, ticking).fold_batch(SOURCE, 0, log)
    assert ticking.steps == len(log) + 1


def test_a_correction_is_heard_to_move_by_every_record_that_it_judges_again(live: Deployment) -> None:
    """However long one correction of a large customer takes: each of its records is a step for the watchdog."""
    journal = Journal()
    log = [
        journal.event("staff.enrolled", {"staff": "bo", "name": "王波", "role": "manager"}),
        *(journal.visit("13800000001", "li", hours=1) for _ in range(MANY)),
    ]
    log.append(corrected(journal, log[-1], "13800000002"))
    attribution, ticking = bounded(live), Ticking()
    attribution.fold_batch(SOURCE, 0, log[:-1])
    outcome = bounded(live, ticking).fold_batch(SOURCE, len(log) - 1, log[-1:])
    assert [error for _, error in outcome.parked] == []
    assert len(outcome.folded) == 1
    rounds = ticking.steps - MANY - 2  # but for the fact itself and the commit
    assert rounds >= 1, "what it asks for is loaded in rounds, which count as well"
    assert live.rows("SELECT count(*) AS n FROM claims") == [{"n": 2}]
    assert_as_judged(live, journal)


def corrected(journal: Journal, visit: Raw, phone: str) -> Raw:
    """A record's phone was another one, as a manager approves."""
    assert visit.value is not None
    told = {"record": json.loads(visit.value)["id"], "customer": {"phones": [phone]}, "reason": "typo"}
    return journal.event("record.corrected", {**told, "requested_by": "li", "approved_by": ["bo"]}, hours=2)


def test_a_midnight_is_taken_in_parts_and_other_facts_go_on_in_between(live: Deployment) -> None:
    """The watermark counts as reached when the last claim has lapsed; until then each part is committed."""
    journal = Journal()
    log = [*many_claims(journal), journal.watermark(hours=200)]
    attribution = bounded(live)
    attribution.fold_batch(SOURCE, 0, log[:-1])
    first = next(fold_on(attribution, log, len(log) - 1))
    assert (first.next_offset, first.unswept, first.watermark) == (len(log), True, None)
    assert lapsed(live) == PART
    assert live.rows("SELECT * FROM watermarks") == []
    log.append(journal.visit("13900000001", "li", scope="other", hours=201))
    (folded,) = attribution.fold_batch(SOURCE, len(log) - 1, log[-1:]).folded
    assert (folded.scope, lapsed(live)) == ("other", 2 * PART)
    assert attribution.unswept(SOURCE, len(log))
    last = attribution.fold_batch(SOURCE, len(log), [])
    assert (last.unswept, last.watermark is not None, lapsed(live)) == (False, True, MANY)
    assert not attribution.unswept(SOURCE, len(log))
    assert live.rows("SELECT count(*) AS n FROM watermarks") == [{"n": 1}]
    assert live.messages("other")
    assert_as_judged(live, journal)


def test_a_midnight_that_was_cut_by_a_kill_ends_with_the_next_watermark(live: Deployment) -> None:
    """What had lapsed is not decided twice, what had not lapses with what is due then."""
    journal = Journal()
    log = [*many_claims(journal), journal.watermark(hours=200)]
    bounded(live).fold_batch(SOURCE, 0, log[:-1])
    next(fold_on(bounded(live), log, len(log) - 1))
    log.append(journal.watermark(hours=201))
    outcomes = list(fold_on(bounded(live), log, len(log) - 1))
    assert len(outcomes) == 2
    assert lapsed(live) == MANY
    decisions = [message.get("decision") for message in live.messages()]
    assert decisions.count("lapsed") == MANY
    assert_as_judged(live, journal)


def test_a_departure_of_many_claims_is_taken_in_parts_and_other_scopes_go_on(live: Deployment) -> None:
    """Each part releases the next customers in their order; what comes after in the scope waits for the last one."""
    journal = Journal()
    log = many_claims(journal)
    attribution = bounded(live)
    attribution.fold_batch(SOURCE, 0, log)
    departure = len(log)
    log += [
        journal.event("staff.departed", {"staff": "li"}, hours=20),
        journal.visit("13900000001", "wang", scope="other", hours=21),
        journal.visit("13800000003", "wang", hours=22),
        journal.watermark(hours=23),
    ]
    parts = fold_on(attribution, log, departure)
    first = next(parts)
    assert (first.left, first.next_offset, first.watermark) == (True, departure, None)
    assert [fact.scope for fact in first.folded] == ["other"]
    assert held(live) == MANY - PART
    attribution = bounded(live)  # killed between two parts
    outcomes = list(fold_on(attribution, log, departure))
    assert [len(outcome.folded) for outcome in outcomes] == [0, 2]
    assert outcomes[-1].watermark is not None
    assert held(live) == 0
    released = [m["customer"] for m in live.messages() if m.get("decision") == "released"]
    born = [
        row["customer"] for row in live.rows("SELECT customer FROM claims WHERE scope='demo' ORDER BY born")
    ]
    assert released == born
    assert_as_judged(live, journal)
    assert_as_judged(live, journal, "other")


def test_a_departure_asks_for_standing_claims_only(live: Deployment) -> None:
    """Claims that lapsed before are not read again, however many there are."""
    journal = Journal()
    log = [*many_claims(journal), journal.watermark(hours=200)]
    assert len(list(fold_on(bounded(live), log))) == 1
    log.append(journal.visit("13900000001", "li", hours=201))
    log.append(journal.event("staff.departed", {"staff": "li"}, hours=202))
    log.append(journal.watermark(hours=203))
    outcome = bounded(live).fold_batch(SOURCE, len(log) - 3, log[-3:])
    assert len(outcome.folded) == 2
    assert not outcome.left
    assert_as_judged(live, journal)


def lapsed(live: Deployment) -> int:
    return int(live.rows("SELECT count(*) AS n FROM claims WHERE status = 'lapsed'")[0]["n"])


def held(live: Deployment) -> int:
    rows = live.rows("SELECT count(*) AS n FROM claims WHERE scope = 'demo' AND owner = 'li'")
    return int(rows[0]["n"])
