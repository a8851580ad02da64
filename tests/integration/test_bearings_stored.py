"""The index of what facts name, in the rows: noted by the fold, and afterwards for what was there before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.attribution.historic.facts import ScopeMoment, bearing_on
from services.attribution.historic.refold import refold
from services.attribution.historic.source import StoredFacts
from services.attribution.store.recorder import SCHEMA
from services.attribution.store.unborne import note_unborne
from shared.contract import parse_instant
from shared.ids import ScopeId
from shared.platform.postgres.database import connection_info
from shared.rules.domain.state import Customer, Key
from shared.rules.judge.encoding import encode
from shared.rules.judge.judge import judge
from shared.rules.judge.result import customer_judged
from shared.rules.rulebooks.registry import Registry
from tests.support import parts
from tests.support.attribution import Deployment, Journal, deployment

BOOKS = Registry().books
BOOK = ("shijiazhuang", 1)
FAR = parse_instant("2026-03-20T00:00:00Z")
PHONES = [f"1380000{number:04}" for number in range(40)]


@pytest.fixture(scope="module")
def live(postgres_dsn: str) -> Iterator[tuple[Deployment, Journal]]:
    journal = Journal()
    with parts.fresh_database(postgres_dsn) as dsn, deployment(dsn) as made:
        enrolled = [
            journal.event("staff.enrolled", {"staff": name, "name": name, "role": "consultant"})
            for name in ("li", "wang")
        ]
        visits = [journal.visit(phone, "li", hours=number) for number, phone in enumerate(PHONES * 2, 1)]
        made.fold(*enrolled, *visits)
        yield made, journal


def moment(live: tuple[Deployment, Journal]) -> ScopeMoment:
    return ScopeMoment(ScopeId("demo"), BOOK, live[1].seqs["demo"], FAR)


def test_a_question_on_one_customer_reads_its_records_and_the_header(
    live: tuple[Deployment, Journal],
) -> None:
    """Of eighty visits two, and who was enrolled; what comes of them is what comes of all, byte for byte."""
    source = StoredFacts(connection_info(live[0].dsn, schema=SCHEMA))
    judged = judge(live[1].lines["demo"], BOOKS[BOOK], BOOKS, as_of=FAR)
    for one in judged.customers[::8]:
        found = bearing_on(source, moment(live), (Key("customer", one.customer),))
        assert [known.event.type for known in found] == ["staff.enrolled"] * 2 + ["visit.registered"] * 2
        then = refold(moment(live), found, BOOKS)
        customer = then.customer(one.customer)
        assert isinstance(customer, Customer)
        assert encode(customer_judged(then.slice, then.history, customer)) == encode(one)
    source.close()


def test_what_was_folded_before_is_noted_afterwards(live: tuple[Deployment, Journal]) -> None:
    """As by the migration, which finds facts without an index, or beside a fold of an earlier version."""
    deployed, journal = live
    whole = deployed.rows("SELECT name, seq FROM bearings ORDER BY name, seq")
    begun = deployed.rows("SELECT count(DISTINCT name) AS names FROM bearings")
    with deployed.database.connection() as connection:
        connection.execute("DELETE FROM bearings")
        connection.execute("UPDATE scopes SET borne_seq = 0")
    # An earlier version of the fold goes on meanwhile: it moves `folded_seq` alone.
    deployed.fold(journal.visit(PHONES[0], "li", hours=200))
    (scope,) = deployed.rows("SELECT borne_seq, folded_seq FROM scopes")
    assert scope["borne_seq"] < scope["folded_seq"]
    assert note_unborne(deployed.database) == journal.seqs["demo"]
    assert note_unborne(deployed.database) == 0
    (scope,) = deployed.rows("SELECT borne_seq, folded_seq FROM scopes")
    assert scope["borne_seq"] == scope["folded_seq"]
    noted = {(row["name"], row["seq"]) for row in deployed.rows("SELECT name, seq FROM bearings")}
    missing = {(row["name"], row["seq"]) for row in whole} - noted
    # By which fact a customer began is not noted afterwards: who is known today is found by the first record.
    assert len(missing) == len(PHONES)
    assert begun[0]["names"] > len(PHONES)
    deployed.fold(journal.visit(PHONES[1], "li", hours=201))
    (scope,) = deployed.rows("SELECT borne_seq, folded_seq FROM scopes")
    assert scope["borne_seq"] == scope["folded_seq"] == journal.seqs["demo"]
