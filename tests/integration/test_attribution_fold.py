"""Batches of a partition on a real PostgreSQL: exactly once, in order, and only the failing scope stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from click.testing import CliRunner
from eventsourcing.persistence import StoredEvent

from deploy.local.ports import free_port
from services.attribution.cli import quarantine
from services.attribution.fold.scope_fold import Rules
from services.attribution.quarantine.marks import NotFailingError, SetAsideMarks
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.customers import page_of_customers
from services.attribution.queries.history_page import history_of
from services.attribution.queries.marks import flags_page
from services.attribution.relay import restatement
from services.attribution.relay.outbox import OwnershipOutbox
from services.attribution.relay.restatement import restate
from services.attribution.store.batch import StaleScopeError
from services.attribution.store.codec import decode_record
from services.attribution.store.mapper import Recorded, stream_id
from services.attribution.store.recorder import EventMapper, StalePositionError
from services.attribution.store.store import Store
from shared.contract import SetAside
from shared.platform.kafka.topic_state import Extent, TopicState
from shared.rules.domain.evolve import apply
from shared.rules.domain.state import SCOPE, Key, Scope, Slice
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import LI, SOURCE, START, WANG, Deployment, Journal, deployment, ten_days
from tests.support.parts import eventually
from tests.support.rules import failing_on
from tests.support.tokens import admission


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def test_a_visit_gives_a_claim_and_every_message_of_it(live: Deployment) -> None:
    """The decision and the claim go out in the order of the scope, the claim with generation 1."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"))
    decision, claim = live.messages()
    assert (decision["kind"], decision["decision"], decision["clause"]) == (
        "decision",
        "established",
        "shijiazhuang.1",
    )
    assert (claim["kind"], claim["owner"], claim["status"], claim["generation"]) == (
        "claim",
        "li",
        "owned",
        1,
    )
    assert claim["expires_at"] == "2026-03-06T16:00:00Z"
    assert [decision["seq"], claim["seq"]] == [1, 2]


@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_batches_restarts_and_redelivery_change_nothing(live: Deployment, size: int) -> None:
    """However the log is cut, and though each process begins with nothing in memory, the state is judge's."""
    journal = Journal()
    records = ten_days(journal)
    for start in range(0, len(records), size):
        batch = records[start : start + size]
        live.attribution = live.restarted()
        live.fold(*batch)
        with pytest.raises(StalePositionError):
            live.fold(*batch)  # the broker brings it again
    book = load("shijiazhuang")
    judged = result_of(journal.lines["demo"], book, {})
    with live.questions.of("demo") as snapshot:
        page, cursor = page_of_customers(snapshot, _start(), 100)
        flags, _ = flags_page(snapshot, _start(), 100)
        assert plain(snapshot.boards("demo-office")) == judged["boards"]["demo-office"]
    assert cursor is None
    assert plain(page) == judged["customers"]
    assert [{"event": flag.event, "flag": flag.flag} for flag in flags] == judged["flags"]


def test_customers_of_one_record_are_paged_in_the_order_in_which_it_names_them(live: Deployment) -> None:
    """However small the pages, whoever owns them: the order is that of the judgement, none missing or twice."""
    journal = Journal()
    referred = [{"phone": f"1390000{n:04}"} for n in range(6)]
    members = [{"name": f"家人{n}", "phones": [f"1370000{n:04}"]} for n in range(6)]
    link = {"members": members, "relation": "other"}
    visit = {
        "visit": "v-all",
        "customer": {"name": "张伟", "phones": [LI]},
        "received_by": "li",
        "capacity": "on_turn",
        "companions": [{"name": f"同行{n}", "phones": [f"1360000{n:04}"]} for n in range(6)],
        "referred_by": referred,
    }
    live.fold(
        journal.event("visit.registered", visit),
        journal.event("household.linked", link, hours=1),
        journal.visit(WANG, "wang", hours=2),
    )
    judged = result_of(journal.lines["demo"], load("shijiazhuang"), {})["customers"]
    whole = [customer["customer"] for customer in judged]
    for limit in (1, 2, 3, 100):
        found: list[str] = []
        cursor: Any = _start()
        while cursor is not None:
            with live.questions.of("demo") as snapshot:
                page, after = page_of_customers(snapshot, cursor, limit)
            found += [customer.customer for customer in page]
            cursor = None if after is None else type(after).parse(str(after))
        assert found == whole


def test_the_sweep_decides_a_lapse_at_the_watermark_and_not_before(live: Deployment) -> None:
    """Nothing lapses while the watermark stands before midnight of the last day."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"), journal.watermark(hours=110))
    assert live.rows("SELECT status FROM claims") == [{"status": "owned"}]
    live.fold(journal.watermark(hours=111))
    assert live.rows("SELECT status, generation FROM claims") == [{"status": "lapsed", "generation": 2}]
    assert [message.get("decision") for message in live.messages()] == ["established", None, "lapsed", None]
    assert live.rows("SELECT watermark FROM watermarks")[0]["watermark"].hour == 16


def test_the_sweep_passes_over_a_customer_that_was_joined_in_its_own_batch(live: Deployment) -> None:
    """The stored row of the claim is still there then; the joined customer lapses once, under its new name."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"), journal.visit(WANG, "wang", hours=1))
    both = {"name": "张伟", "phones": [LI, WANG]}
    visit = {"visit": "joins", "customer": both, "received_by": "li", "capacity": "on_turn"}
    live.fold(journal.event("visit.registered", visit, hours=2), journal.watermark(hours=200))
    assert live.rows("SELECT status FROM claims") == [{"status": "lapsed"}]
    lapses = [message for message in live.messages() if message.get("decision") == "lapsed"]
    assert len(lapses) == 1


def test_a_sweep_that_fails_parks_its_scope_and_no_other(live: Deployment) -> None:
    """The other scopes lapse, and a retry without the defect lets the scope go on."""

    def sweep(slice_: Any, *rest: Any) -> Any:
        if slice_.scope.name == "demo":
            raise ZeroDivisionError("a defect")
        return live.rules.sweep(slice_, *rest)

    live.attribution = live.restarted(replace(live.rules, sweep=sweep))
    journal = Journal()
    live.fold(journal.visit(LI, "li"), journal.visit(LI, "li", scope="other"), journal.watermark(hours=200))
    assert [parked.scope for parked in live.quarantine.parked()] == ["demo"]
    assert live.rows("SELECT scope FROM claims WHERE status = 'lapsed'") == [{"scope": "other"}]
    with pytest.raises(NotFailingError):
        SetAsideMarks(live.database).put("demo", "chen")
    assert live.quarantine.retry("demo").left == 0
    live.attribution = live.restarted()
    live.fold(journal.watermark(hours=201))
    assert live.rows("SELECT count(*) FROM claims WHERE status = 'lapsed'") == [{"count": 2}]


def test_quarantine_is_worked_by_command(live: Deployment) -> None:
    """list, show with phones masked, set-aside that needs a reason and the journal, retry that says what is left."""
    live.attribution = live.restarted(failing_on(live.rules, 1))
    journal = Journal()
    live.fold(journal.visit(LI, "li"), journal.visit(LI, "wang", hours=1), journal.record(b"x", b"x", []))
    run = CliRunner()
    at = ["--database-url", live.dsn]
    listed = run.invoke(quarantine, ["list", *at]).output
    assert "demo\tseq 1" in listed
    assert "no header seq" in listed
    shown = run.invoke(quarantine, ["show", "demo", *at]).output
    assert "visit.registered" in shown
    assert LI not in shown
    assert LI in run.invoke(quarantine, ["show", "demo", "--plain", *at]).output
    assert run.invoke(quarantine, ["set-aside", "demo", "--reason", " ", "--by", "chen", *at]).exit_code == 2
    nowhere = ["--intake", f"http://127.0.0.1:{free_port()}"]
    chen = ["--by", "chen", "--machine", str(admission().file_of("operator"))]
    told = run.invoke(quarantine, ["set-aside", "demo", "--reason", "a test", *chen, *nowhere, *at])
    assert (told.exit_code, "intake does not answer" in told.output) == (1, True)
    assert [parked.seq for parked in live.quarantine.parked()] == [1]
    assert run.invoke(quarantine, ["retry", "demo", *at]).output == "2 facts folded, 0 wait\n"
    assert "does not wait in quarantine" in run.invoke(quarantine, ["retry", "demo", *at]).output


def test_a_fact_that_was_sent_twice_is_folded_once(live: Deployment) -> None:
    """A seq below the scope's own is dropped, and the position moves on."""
    journal = Journal()
    first = journal.visit(LI, "li")
    live.fold(first)
    journal.offset += 1
    outcome = live.fold(replace(first, offset=1))
    assert (outcome.repeated, outcome.next_offset) == (1, 2)
    assert live.rows("SELECT count(*) FROM facts") == [{"count": 1}]


def test_a_gap_stops_the_partition_and_keeps_what_came_before(live: Deployment) -> None:
    """A seq above the next one is not folded; the fact before it is."""
    journal = Journal()
    first = journal.visit(LI, "li", scope="a")
    journal.seqs["demo"] = 1
    second, third = journal.visit(LI, "li"), journal.visit(WANG, "li", scope="a")
    outcome = live.fold(first, second, third)
    assert outcome.gap is not None
    assert (outcome.gap.scope, outcome.gap.expected, outcome.gap.found) == ("demo", 1, 2)
    assert outcome.next_offset == second.offset
    assert live.rows("SELECT scope FROM facts") == [{"scope": "a"}]


def test_what_was_sent_again_behind_a_gap_is_folded_in_order(live: Deployment) -> None:
    """Records of the scope before the one that was sent again are passed over; they come again after it."""
    journal = Journal()
    one, two = journal.visit(LI, "li"), journal.visit(WANG, "li", hours=1)
    log = [replace(two, offset=0), replace(one, offset=1), replace(two, offset=2)]
    outcome = live.fold(*log)
    assert outcome.gap is not None
    live.attribution.expect_missing_fact(SOURCE, "demo", 1)
    assert live.fold(*log).gap is None
    assert [row["seq"] for row in live.rows("SELECT seq FROM facts ORDER BY seq")] == [1, 2]


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"demo", b"\xff not json", [("seq", b"1")]),
        (b"demo", b"{}", [("seq", b"1")]),
        (b"demo", b"{}", []),
        (b"demo", b"{}", [("seq", b"\xff")]),
        (None, b"{}", [("seq", b"1")]),
        (b"Demo Office", b"{}", [("seq", b"1")]),
        (None, None, []),
        (None, None, [("watermark", b"yesterday")]),
    ],
)
def test_what_is_not_of_the_journal_is_dead_and_stops_nobody(
    live: Deployment, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
) -> None:
    """It is kept with its reason, the position moves on, and the true first fact is folded."""
    journal = Journal()
    dead, fact = journal.record(key, value, headers), journal.visit(LI, "li")
    outcome = live.fold(dead, fact)
    assert [found.offset for found in outcome.dead] == [0]
    (row,) = live.rows("SELECT record, value, reason, sent FROM dead_records")
    assert (row["record"], row["value"], row["sent"]) == (0, value, False)
    assert row["reason"]
    assert live.rows("SELECT count(*) FROM facts") == [{"count": 1}]


def test_a_fact_that_fails_parks_its_scope_and_no_other(live: Deployment) -> None:
    """It leaves no trace in the state, what follows waits in order, and the error holds no phone."""
    live.attribution = live.restarted(failing_on(live.rules, 2))
    journal = Journal()
    outcome = live.fold(
        journal.visit(LI, "li"),
        journal.visit(LI, "wang", hours=1),
        journal.visit(LI, "li", scope="other"),
        journal.visit(WANG, "li", hours=2),
    )
    live.fold(journal.visit(LI, "wang", hours=3), journal.visit(WANG, "li", scope="other", hours=3))
    assert (outcome.next_offset, outcome.waiting) == (4, 2)
    (parked,) = live.quarantine.parked()
    assert (parked.scope, parked.seq, parked.waiting) == ("demo", 2, 3)
    assert "ZeroDivisionError" in parked.error
    assert LI not in parked.error
    folded = live.rows("SELECT scope, seq FROM facts ORDER BY scope, seq")
    assert [(row["scope"], row["seq"]) for row in folded] == [("demo", 1), ("other", 1), ("other", 2)]
    with live.questions.of("demo") as snapshot:
        assert snapshot.head.answer_head() == {"as_of_seq": 1, "behind_since": "2026-03-02T02:00:00Z"}
        assert len(page_of_customers(snapshot, _start(), 9)[0]) == 1


def test_a_retry_gives_what_would_have_been_without_the_defect(live: Deployment) -> None:
    """The waiting facts are folded in their order, and the scope goes on with the next batch."""
    sound, journal = live.attribution, Journal()
    live.attribution = live.restarted(failing_on(live.rules, 3))
    live.fold(*ten_days(journal)[:5])
    retried = live.quarantine.retry("demo")
    assert (retried.folded, retried.left, retried.error) == (3, 0, None)
    live.attribution = sound
    live.fold(journal.visit("13800000003", "li", hours=80))
    judged = result_of(journal.lines["demo"][:5] + journal.lines["demo"][7:], load("shijiazhuang"), {})
    assert live.quarantine.parked() == []
    with live.questions.of("demo") as snapshot:
        page, _ = page_of_customers(snapshot, _start(), 100)
    assert [c.owner for c in page[:2]] == [c["owner"] for c in judged["customers"][:2]]


def test_a_retry_that_fails_again_keeps_what_it_could_fold(live: Deployment) -> None:
    """The scope stays parked on the later fact."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(journal.visit(LI, "li"), journal.visit(WANG, "li", hours=1))
    retried = deployment_quarantine(live, failing_on(live.rules, 2)).retry("demo")
    assert (retried.folded, retried.left, retried.failed_seq) == (1, 1, 2)
    assert [(p.seq, p.waiting) for p in live.quarantine.parked()] == [(2, 1)]


def test_a_fact_that_was_set_aside_is_left_out_with_its_reason(live: Deployment) -> None:
    """The facts behind it are folded as if it had never been; who decided so stands in the record."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(journal.visit(LI, "li"), journal.visit(LI, "wang", hours=1))
    failing = SetAsideMarks(live.database).put("demo", "chen").id
    other = SetAside(str(uuid4()), "another one", "chen", START)
    with pytest.raises(NotFailingError):
        live.quarantine.set_aside("demo", other)
    record = SetAside(failing, "entered by a test of the line", "chen", START)
    retried = live.quarantine.set_aside("demo", record)
    assert (retried.folded, retried.left) == (1, 0)
    (row,) = live.rows("SELECT seq, reason, by FROM set_aside")
    assert row == {"seq": 1, "reason": "entered by a test of the line", "by": "chen"}
    assert live.rows("SELECT owner FROM claims") == [{"owner": "wang"}]


def test_what_was_set_aside_stands_in_the_history_of_whom_it_was_about(live: Deployment) -> None:
    """Which record, who took it out, when and why, in words; a phone in the reason is masked, and no other is told."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(
        journal.visit(LI, "li"), journal.visit(LI, "wang", hours=1), journal.visit(WANG, "wang", hours=2)
    )
    failing = SetAsideMarks(live.database).put("demo", "chen").id
    live.quarantine.set_aside("demo", SetAside(failing, f"belongs to {WANG}", "chen", START))
    with live.questions.of("demo") as snapshot:
        own, other = (
            plain(history_of(snapshot, str(snapshot.customer_of(phone)), Cursor(), 100))["set_aside"]
            for phone in (f"+86{LI}", f"+86{WANG}")
        )
    (row,) = own
    assert other == []
    assert (row["seq"], row["event"], row["type"], row["by"]) == (1, failing, "visit.registered", "chen")
    assert WANG not in str(own) and "移出判定" in row["explanation"]["zh"]


def test_decisions_are_told_anew_in_their_order_and_as_they_were_made(live: Deployment) -> None:
    """Of customers and of deals: the same times, clauses and event ids, under new numbers, marked as told anew."""
    journal = Journal()
    live.fold(*ten_days(journal))
    deal = {
        "deal": "d1", "customer": {"phones": [LI]}, "closed_by": "li", "project": "p", "unit": "1-1-101",
    }  # fmt: skip
    live.fold(journal.event("deal.subscribed", deal, hours=200))
    told = [message for message in live.messages() if message["kind"] == "decision"]
    assert {message["deal"] for message in told} == {None, "d1"}
    last = max(message["seq"] for message in live.messages())
    with live.database.connection() as connection:
        connection.execute("DELETE FROM outbox")
        restate(connection, "demo")
    anew = live.messages()
    assert [message["seq"] for message in anew] == list(range(last + 1, last + 1 + len(anew)))
    assert all(live.waits_restated())
    decisions = [message for message in anew if message["kind"] == "decision"]
    assert [message | {"seq": 0} for message in decisions] == [message | {"seq": 0} for message in told]
    assert [message["kind"] for message in anew[len(decisions) :]].count("decision") == 0


def test_decisions_of_joined_customers_are_told_anew_under_the_one_that_stands(live: Deployment) -> None:
    """Also where the rows stayed under the id of the larger part."""
    journal = Journal()
    live.fold(journal.visit(WANG, "wang"))
    live.fold(*(journal.visit(LI, "li", hours=hour) for hour in range(1, 6)))
    call = {"customer": {"phones": [WANG, LI]}, "answered_by": "wang"}
    live.fold(journal.event("call.registered", call, hours=9))
    (standing,) = live.rows("SELECT customer FROM claims")
    with live.database.connection() as connection:
        connection.execute("DELETE FROM outbox")
        restate(connection, "demo")
    assert {message["customer"] for message in live.messages()} == {standing["customer"]}


def decided(messages: list[dict[str, Any]]) -> list[str]:
    """The decisions, but for their numbers."""
    return [str(one | {"seq": 0}) for one in messages if one["kind"] == "decision"]


class KilledError(Exception):
    """What ends a process in the middle."""


def test_a_restatement_is_cut_and_goes_on_where_it_was_killed(
    live: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large a scope is, no transaction is longer; what was told before the kill is told once, and the fold goes
    on in between."""
    monkeypatch.setattr(restatement, "AT_ONCE", 3)
    journal = Journal()
    live.fold(*ten_days(journal))
    told = decided(live.messages())
    sent = max(message["seq"] for message in live.messages())
    with live.database.connection() as connection:
        connection.execute("DELETE FROM outbox")
    between = journal.visit("13800009999", "li", hours=300)
    steps: list[str] = []

    def step() -> None:
        steps.append("")
        if len(steps) == 1:
            live.attribution = live.restarted()
            live.fold(between)
        if len(steps) == 2:
            raise KilledError

    outbox = OwnershipOutbox(live.database.dsn, step)
    assert outbox.try_lead()
    topic = TopicState("cluster", "other", "id", 1)
    with pytest.raises(KilledError):
        outbox.keep_topic(topic, Extent([0], [0]))
    before = len(live.messages())
    refill = outbox.keep_topic(topic, Extent([0], [0]))
    outbox.close()
    anew = live.messages()
    assert refill is not None and 0 < before < len(anew)
    assert [message["seq"] for message in anew] == list(range(sent + 1, sent + 1 + len(anew)))
    restated = [one for one, again in zip(anew, live.waits_restated(), strict=True) if again]
    assert refill.records == len(restated)
    decisions = decided(restated)
    assert (decisions[: len(told)], len(set(decisions))) == (told, len(decisions))
    claims = {message["customer"]: message["generation"] for message in anew if message["kind"] == "claim"}
    rows = live.rows("SELECT customer, generation FROM claims")
    assert claims == {row["customer"]: row["generation"] for row in rows}
    assert live.rows("SELECT * FROM restatements") == []


def test_staff_that_are_told_anew_come_with_office_and_absence(live: Deployment) -> None:
    """Who hears of them for the first time knows where they are and who is away."""
    journal = Journal()
    enrolled = {"name": "李", "role": "consultant"}
    live.fold(
        journal.event("staff.enrolled", {"staff": "li", **enrolled}),
        journal.event("staff.enrolled", {"staff": "wang", **enrolled}, hours=1),
        journal.event("staff.away", {"staff": "li", "reason": "business"}, hours=2),
    )
    with live.database.connection() as connection:
        connection.execute("DELETE FROM outbox")
        restate(connection, "demo")
    told = {message["staff"]: message for message in live.messages()}
    assert [(told[name]["office"], told[name]["away"]) for name in ("li", "wang")] == [
        ("demo-office", True),
        ("demo-office", False),
    ]


def test_a_consumer_that_read_before_a_retry_must_read_again(
    live: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counters of the scope changed under it, so its batch is refused whole."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(journal.visit(LI, "li"))
    take = Store.known

    def known(store: Store, scopes: Any) -> Any:
        monkeypatch.setattr(Store, "known", take)
        found = take(store, scopes)
        live.quarantine.retry("demo")
        return found

    monkeypatch.setattr(Store, "known", known)
    late = journal.visit(WANG, "li", hours=1)
    with pytest.raises(StaleScopeError):
        live.fold(late)
    live.attribution = live.restarted()
    live.fold(late)
    assert [row["seq"] for row in live.rows("SELECT seq FROM facts ORDER BY seq")] == [1, 2]


def test_the_state_built_from_the_event_store_equals_the_rows(live: Deployment) -> None:
    """contract.md#g4: each record of the state is what the scope's stored events make of it, and versions have
    no gap."""
    journal = Journal()
    live.fold(*ten_days(journal))
    stored = live.recorder.select_events(stream_id("demo"))
    assert [event.originator_version for event in stored] == list(range(1, len(stored) + 1))
    slice_ = Slice({SCOPE: Scope("demo", ("shijiazhuang", 1), "Asia/Shanghai")})
    for event in stored:
        apply(slice_, recorded(event).event)
    rows = live.rows("SELECT kind, id, state FROM records")
    assert {Key(row["kind"], row["id"]): decode_record(row["kind"], row["state"]) for row in rows} == slice_


def test_each_stored_event_tells_its_cause_engine_and_rulebook(live: Deployment) -> None:
    """The seq of the fact, the version of the program, and the digest of the text in force."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"))
    for event in live.recorder.select_events(stream_id("demo")):
        told = recorded(event)
        assert (told.seq, told.rulebook) == (1, load("shijiazhuang").sha256)
        assert told.engine


def test_the_seq_of_messages_has_no_gap(live: Deployment) -> None:
    """Over decisions, claims and staff alike, counted per scope."""
    journal = Journal()
    live.fold(*ten_days(journal))
    seqs = [message["seq"] for message in live.messages()]
    assert seqs[0] == 1
    assert all(later == earlier + 1 for earlier, later in pairwise(seqs))
    assert {message["kind"] for message in live.messages()} == {"decision", "claim", "staff"}


def test_an_adopted_rulebook_is_kept_by_its_content(live: Deployment) -> None:
    """Its text is stored once under its digest, and so is that of the book that the scope began under."""
    journal = Journal("base")
    adopted = {"rulebook": "getian", "version": 1, "effective_from": "2026-03-01T00:00:00Z"}
    live.fold(journal.event("rulebook.adopted", adopted))
    rows = live.rows("SELECT sha256, name, version FROM rulebooks ORDER BY name")
    assert rows == [{"sha256": load(name).sha256, "name": name, "version": 1} for name in ("base", "getian")]


def _start() -> Any:
    from services.attribution.queries.cursor import Cursor

    return Cursor()


def recorded(event: StoredEvent) -> Recorded:
    told = EventMapper().to_domain_event(event)
    assert isinstance(told, Recorded)
    return told


def deployment_quarantine(live: Deployment, rules: Rules) -> Any:
    from services.attribution.quarantine.quarantine import Quarantine

    return Quarantine(live.database, live.recorder, rules)


def test_bodies_of_decisions_are_json_of_the_contract(live: Deployment) -> None:
    """What is stored of a decision is what the contract shows of it."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"))
    (row,) = live.rows("SELECT body FROM decisions")
    assert set(msgspec.json.decode(row["body"])) == {
        "at",
        "decision",
        "owner",
        "previous",
        "clause",
        "because",
    }
    assert json.loads(row["body"])["because"] == [json.loads(journal.lines["demo"][0])["id"]]


def test_who_leads_the_relay_is_known_to_every_process(live: Deployment) -> None:
    """Readiness may say that nobody passes decisions on, and not that another process does."""
    one, other = OwnershipOutbox(live.database.dsn), OwnershipOutbox(live.database.dsn)
    assert not other.led_by_any()
    assert one.try_lead()
    assert not other.try_lead()
    assert other.led_by_any()
    one.close()
    eventually(lambda: not other.led_by_any(), "the lead is given up")
    other.close()


def test_a_scope_that_begins_while_a_topic_is_noted_is_not_told_anew(live: Deployment) -> None:
    """Its outbox has all from the first message on, so a topic that is new lacks nothing of it."""
    outbox, journal = OwnershipOutbox(live.database.dsn), Journal()
    assert outbox.try_lead()

    def begin() -> None:
        for number in range(100):
            live.fold(journal.visit(LI, "li", scope=f"s{number}"))

    told = []
    with ThreadPoolExecutor(1) as beginning:
        begun = beginning.submit(begin)
        while not begun.done():
            topic = TopicState("cluster", f"topic-{len(told)}", "id", 1)
            told.append(outbox.keep_topic(topic, Extent([0], [0])))
        begun.result()
    outbox.close()
    assert len(told) > 100
    assert set(told) == {None}
