"""Large customers in the database: the leaves of their lists, of which a fact writes those that it changes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from services.attribution.queries.customers import customer_of
from services.attribution.store.codec import encode_record
from services.attribution.store.leaves import is_in_leaves, read_row
from services.attribution.store.mapper import Recorded, stream_id
from services.attribution.store.recorder import EventMapper
from services.attribution.store.store import ScopeState, Store
from shared.rules.domain import lists, long_list
from shared.rules.domain.evolve import apply
from shared.rules.domain.state import SCOPE, Customer, Key, Scope, Slice
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import Deployment, Journal, Raw, deployment

SHARED, BOOK = "13800000000", "shijiazhuang"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a list of more than two were long, and a leaf of three full."""
    monkeypatch.setattr(long_list, "SHORT", 2)
    monkeypatch.setattr(long_list, "LEAF", 3)
    monkeypatch.setattr(lists, "LEAF", 3)


def staff(journal: Journal) -> list[Raw]:
    people = (("li", "consultant"), ("wang", "consultant"), ("bo", "manager"))
    return [journal.event("staff.enrolled", {"staff": s, "name": s, "role": role}) for s, role in people]


def corrected(journal: Journal, record: Raw, says: dict[str, Any], hours: float = 30) -> Raw:
    assert record.value is not None
    names = {"record": json.loads(record.value)["id"], "customer": says}
    who = {"requested_by": "li", "approved_by": ["bo"], "reason": "typed for everybody"}
    return journal.event("record.corrected", names | who, hours=hours)


def loaded(live: Deployment) -> dict[Key, Any]:
    """Every record of the scope as a new process reads it."""
    with live.database.connection() as connection:
        work = Store(live.database).by(connection).known(["demo"])["demo"]
        keys = {Key(row["kind"], row["id"]) for row in live.rows("SELECT kind, id FROM records")}
        Store(live.database).load({"demo": work}, {"demo": keys})
    return dict(work.slice)


def assert_stored(live: Deployment, journal: Journal) -> None:
    """What is read is what the events make and what the judge says; no leaf is missing, and none left over."""
    made = Slice({SCOPE: Scope("demo", (BOOK, 1), "Asia/Shanghai")})
    for stored in live.recorder.select_events(stream_id("demo")):
        recorded: Any = EventMapper().to_domain_event(stored)
        assert isinstance(recorded, Recorded)
        apply(made, recorded.event)
    assert loaded(live) == made
    judged = result_of(journal.lines["demo"], load(BOOK), {})
    with live.questions.of("demo") as snapshot:
        names = [one["customer"] for one in judged["customers"]]
        assert [plain(customer_of(snapshot, name, limit=500)) for name in names] == judged["customers"]
    assert in_rows(live) == in_leaves_table(live)


def in_rows(live: Deployment) -> set[tuple[str, str, int]]:
    """The leaves that the rows of customers name."""
    found = set()
    for row in live.rows("SELECT state FROM records WHERE kind = 'customer'"):
        if is_in_leaves(row["state"]):
            customer, runs = read_row(row["state"])
            for name, numbers in runs.items():
                found |= {
                    (customer.home, name, n) for first, count in numbers for n in range(first, first + count)
                }
    return found


def in_leaves_table(live: Deployment) -> set[tuple[str, str, int]]:
    rows = live.rows("SELECT customer, list, leaf FROM leaves")
    return {(row["customer"], row["list"], row["leaf"]) for row in rows}


def written(live: Deployment) -> dict[str, int]:
    """How many leaves of each list the last batch wrote."""
    rows = live.rows(
        "SELECT list, count(*) FROM leaves"
        " WHERE xmin::text = (SELECT xmin::text FROM scopes WHERE scope = 'demo') GROUP BY list"
    )
    return {row["list"]: row["count"] for row in rows}


def test_a_visit_of_a_large_customer_writes_the_last_leaf_of_each_list(live: Deployment) -> None:
    """However many there are; a small customer has no leaf."""
    journal = Journal(BOOK)
    live.fold(*staff(journal), *(journal.visit(SHARED, "li", hours=1) for _ in range(300)))
    live.fold(*(journal.visit("13900000000", "li", hours=1) for _ in range(3)))
    assert written(live) == {}
    live.fold(journal.visit(SHARED, "li", hours=2))
    assert written(live) == {"records": 1, "receptions": 1}
    live.attribution = live.restarted()
    live.fold(journal.visit(SHARED, "li", hours=2))
    assert written(live) == {"records": 1, "receptions": 1}
    assert_stored(live, journal)


def test_a_record_that_leaves_a_large_customer_takes_few_leaves_along(live: Deployment) -> None:
    """One of each list that it stood in; a corrected name one leaf."""
    journal = Journal(BOOK)
    visits = [journal.visit(SHARED, "li", hours=1) for _ in range(300)]
    live.fold(*visits, *staff(journal))
    live.fold(corrected(journal, visits[150], {"phones": ["13700000000"]}))
    live.fold(corrected(journal, visits[70], {"phones": ["13700000001"]}))
    assert max(written(live).values()) <= 2
    assert_stored(live, journal)


def test_a_large_customer_keeps_its_leaves_when_it_is_joined_to_a_small_one(live: Deployment) -> None:
    """They stand under the id that its contacts go on pointing to."""
    journal = Journal(BOOK)
    live.fold(journal.visit("13900000000", "li", hours=1))
    live.fold(*(journal.visit(SHARED, "li", hours=2) for _ in range(300)))
    call = {"customer": {"phones": ["13900000000", SHARED]}, "answered_by": "wang"}
    live.fold(journal.event("call.registered", call, hours=3))
    assert max(written(live).values()) <= 3
    assert_stored(live, journal)


@pytest.mark.parametrize("seed", range(6))
def test_customers_in_leaves_are_read_as_they_were(live: Deployment, tiny: None, seed: int) -> None:
    """Grown, corrected, emptied, joined and parted, in batches of any size, by one process after another."""
    chance, journal = random.Random(seed), Journal(BOOK)
    records = staff(journal)
    visits: list[Raw] = []
    waiting = list(records)
    for hours in range(1, 90):
        kind = chance.choice(("visit", "visit", "visit", "leave", "rename", "join", "deal"))
        phone = str(13_800_000_000 + chance.choice((0, 0, 0, 1, 1, 2, 3)))
        if kind in ("leave", "rename") and visits:
            says = {"phones": [f"137{hours:08d}" if chance.random() < 0.7 else phone]}
            made = corrected(
                journal, chance.choice(visits), says if kind == "leave" else {"name": f"n{hours}"}, hours
            )
        elif kind == "join":
            other = str(13_800_000_000 + chance.randrange(4))
            call = {"customer": {"phones": [phone, other]}, "answered_by": chance.choice(("li", "wang"))}
            made = journal.event("call.registered", call, hours=hours)
            visits.append(made)
        elif kind == "deal":
            sold = {
                "deal": f"d{hours}",
                "customer": {"phones": [phone]},
                "closed_by": "li",
                "project": "p",
                "unit": "u",
            }
            made = journal.event("deal.subscribed", sold, hours=hours)
        else:
            made = journal.visit(phone, chance.choice(("li", "wang")), hours=hours)
            visits.append(made)
        waiting.append(made)
        if chance.random() < 0.4:
            live.fold(*waiting)
            waiting = []
            if chance.random() < 0.3:
                live.attribution = live.restarted()
    live.fold(*waiting, journal.watermark(0))
    assert live.rows("SELECT error FROM parked_scopes") == []
    assert len(in_leaves_table(live)) > 12
    assert_stored(live, journal)


def test_a_row_from_before_there_were_leaves_is_read_and_put_into_them(live: Deployment) -> None:
    """A customer whose lists an earlier version wrote into the row has leaves when they change next."""
    journal = Journal(BOOK)
    live.fold(*(journal.visit(SHARED, "li", hours=1) for _ in range(100)))
    (row,) = live.rows("SELECT id FROM records WHERE kind = 'customer'")
    customer = loaded(live)[Key("customer", row["id"])]
    assert isinstance(customer, Customer)
    with live.database.connection() as connection:
        connection.execute("DELETE FROM leaves")
        connection.execute("UPDATE records SET state = %s WHERE kind = 'customer'", [encode_record(customer)])
    live.attribution = live.restarted()
    assert loaded(live)[Key("customer", customer.id)] == customer
    live.fold(journal.visit(SHARED, "li", hours=2))
    assert in_leaves_table(live)
    assert_stored(live, journal)


def test_the_face_of_a_large_customer_has_their_contacts_names_and_deals(live: Deployment) -> None:
    """And of the lists of their records none is read."""
    journal = Journal(BOOK)
    named = [journal.visit(SHARED, "li", hours=1) for _ in range(100)]
    live.fold(*named, *staff(journal))
    for number, visit in enumerate(named[:50]):
        live.fold(corrected(journal, visit, {"name": f"n{number}", "phones": [SHARED, f"136{number:08d}"]}))
    (row,) = live.rows("SELECT id FROM records WHERE kind = 'customer'")
    whole, work = loaded(live)[Key("customer", row["id"])], ScopeState("demo", 0, (BOOK, 1))
    Store(live.database, faces=True).load({"demo": work}, {"demo": {Key("customer", row["id"])}})
    face = work.slice.customer(row["id"])
    assert (face.contacts, face.names, face.claim) == (whole.contacts, whole.names, whole.claim)
    assert len(face.names) == 51
    assert (face.records, face.receptions) == ((), ())
