"""What is stored is held against what the facts and the events give, and what differs is told by row and field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.attribution.drift.audit import Auditor
from services.attribution.drift.difference import Drift
from services.attribution.drift.shadow import snapshot
from shared.contract import format_instant, parse_instant
from shared.platform.kafka.record_processor import SourcePartition
from tests.support.attribution import Deployment, Journal, Raw, deployment, ten_days
from tests.support.parts import fresh_database
from tests.support.streams import Move, moves, stream


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def swept(journal: Journal) -> list[Raw]:
    """Ten days, and a sweep behind the last of them."""
    return [*ten_days(journal), journal.watermark(hours=130)]


FOLDED: list[Deployment] = []
"""That of the module: hypothesis would print what is an argument."""
INSTANT = timedelta(microseconds=1)


def audited(live: Deployment, scope: str = "demo") -> list[Drift]:
    with snapshot(live.dsn, 60) as connection:
        return Auditor(live.rules, lambda: None).audit(connection, scope).differences


def test_rows_that_are_as_they_were_folded_differ_in_nothing(live: Deployment) -> None:
    """Facts, lapses between them, a departure: folded anew they give every row, message and event again."""
    for record in swept(Journal()):
        live.fold(record)
    assert audited(live) == []


OTHER_CLAUSE = """
    UPDATE decisions SET body = convert_to(replace(convert_from(body, 'UTF8'), '"clause":"', '"clause":"x'), 'UTF8')
    WHERE version = (SELECT min(version) FROM decisions)
"""
OTHER_CUSTOMER = "UPDATE decisions SET customer = 'x' WHERE version = (SELECT min(version) FROM decisions)"
OTHER_EVENT = """
    UPDATE stored_events
    SET state = convert_to(replace(convert_from(state, 'UTF8'), '"owner":"li"', '"owner":"mo"'), 'UTF8')
    WHERE topic LIKE 'Decided/%'
"""
OTHER_CONTACT = """
    UPDATE records SET state = (SELECT state FROM records WHERE kind = 'contact' AND id = '+8613800000001')
    WHERE kind = 'contact' AND id = '+8613800000002'
"""
DAMAGE = {
    "a claim's owner": ("UPDATE claims SET owner = 'mo' WHERE owner = 'li'", "claims", "owner"),
    "a claim's end": ("UPDATE claims SET expires_at = expires_at + interval '1 day'", "claims", "expires_at"),
    "a claim lost": ("DELETE FROM claims WHERE owner = 'li'", "claims", ""),
    "a decision's clause": (OTHER_CLAUSE, "decisions", "body.clause"),
    "a decision's customer": (OTHER_CUSTOMER, "decisions", "customer"),
    "a decision lost": ("DELETE FROM decisions WHERE version = (SELECT min(version) FROM decisions)", "decisions", ""),
    "a decision added": ("INSERT INTO decisions SELECT scope, 9999, customer, seq, at, body FROM decisions LIMIT 1",
                         "decisions", ""),
    "an event removed": ("DELETE FROM stored_events WHERE topic LIKE 'Decided/%'", "stored_events", ""),
    "an event altered": (OTHER_EVENT, "stored_events", "owner"),
    "an event added": ("INSERT INTO stored_events SELECT originator_id, 9999, topic, state FROM stored_events LIMIT 1",
                       "stored_events", ""),
    "a contact pointing elsewhere": (OTHER_CONTACT, "records", "state.customer"),
    "a record lost": ("DELETE FROM records WHERE kind = 'board'", "records", ""),
    "a record added": ("INSERT INTO records SELECT scope, kind, 'x', born, state FROM records WHERE kind = 'board'",
                       "records", ""),
    "a record that nobody can read": ("UPDATE records SET state = '1 {' WHERE kind = 'board'", "records", "state"),
    "a flag added": ("INSERT INTO flags VALUES ('demo', 9999, '{\"flag\": \"late\"}')", "flags", ""),
    "somebody's role": ("UPDATE staff SET role = 'manager' WHERE staff = 'li'", "staff", "role"),
    "an office lost": ("DELETE FROM offices", "offices", ""),
    "a fact removed": ("DELETE FROM facts WHERE seq = 3", "claims", ""),
    "a fact altered": (
        "UPDATE facts SET body = convert_to(replace(convert_from(body, 'UTF8'), '\"received_by\": \"li\"', "
        "'\"received_by\": \"mo\"'), 'UTF8') WHERE seq = 3",
        "stored_events", "owner",
    ),
    "how far the scope is folded": ("UPDATE scopes SET folded_seq = folded_seq - 1", "scopes", "version"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folded(postgres_dsn: str) -> Iterator[Deployment]:
    with fresh_database(postgres_dsn) as dsn, deployment(dsn) as made:
        for record in swept(Journal()):
            made.fold(record)
        FOLDED[:] = [made]
        yield made


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_kind_of_damage_is_found_where_it_is(folded: Deployment, damage: str) -> None:
    """Whatever somebody changes in the rows, the audit names the scope, the table and the field."""
    statement, place, field = DAMAGE[damage]
    with snapshot(folded.dsn, 60) as connection:
        changed = connection.execute(statement.encode())
        assert changed.rowcount > 0
        found = Auditor(folded.rules, lambda: None).audit(connection, "demo").differences
    assert (place, field) in {(one.place, one.field) for one in found}, found
    assert {one.scope for one in found} == {"demo"}


@pytest.mark.usefixtures("folded")
@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(drawn=moves(), cuts=st.lists(st.integers(0, 21), max_size=4), shift=st.integers(0, 12))
def test_whatever_was_folded_gives_the_same_rows_again(
    drawn: list[Move], cuts: list[int], shift: int
) -> None:
    """Joins, corrections, deals, disputes and lapses at any watermark: an audit finds nothing in what was folded."""
    scope, folded = f"s{uuid4().hex}", FOLDED[0]
    for batch in batches(stream(drawn, scope), scope, cuts, shift):
        folded.attribution.fold_batch(source(scope), batch[0].offset, batch)
    assert audited(folded, scope) == []


def source(scope: str) -> SourcePartition:
    partition = int(scope[1:8], 16)
    return SourcePartition(f"cluster/{scope}:{partition}", partition)


def batches(events: list[dict[str, Any]], scope: str, cuts: list[int], shift: int) -> Iterator[list[Raw]]:
    """The events as their topic has them, cut into batches, each behind it a watermark of a few days later."""
    journal, bounds = Journal(), sorted({*cuts, len(events)})
    first = 0
    for end in bounds:
        part = events[first:end]
        first = end
        records = []
        for event in part:
            seq = journal.seqs[scope] = journal.seqs.get(scope, 0) + 1
            headers = [("seq", b"%d" % seq), ("default-rulebook", b"shijiazhuang")]
            records.append(journal.record(scope.encode(), msgspec.json.encode(event), headers))
        if part:
            until = parse_instant(part[-1]["recorded_at"])
            if end < len(events):  # nothing that is recorded later may be before it
                until = min(
                    until + timedelta(days=shift), parse_instant(events[end]["recorded_at"]) - INSTANT
                )
            else:
                until += timedelta(days=shift)
            text = format_instant(until).encode()
            yield [*records, journal.record(None, None, [("watermark", text)])]
