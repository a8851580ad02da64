"""What is asked of a customer costs its page, however long the customer's history is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from services.attribution.queries import customers
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.decisions_page import BEGIN, from_micros, page_of_explained
from services.attribution.queries.desk import look_up
from services.attribution.queries.history_page import history_of
from services.attribution.queries.snapshot import Snapshot
from shared.contract import mask_contact
from shared.contract.answers import OwnershipDecision
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import START, Deployment, Journal, Raw, deployment

PHONE = "13800000001"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def followed_up(journal: Journal, times: int) -> list[Raw]:
    """So many follow-ups, two at each time, each of which renews the claim."""
    contact = {"by": "li", "method": "phone", "subject": "回访", "content": "周末来"}
    followups = [
        journal.event("followup.recorded", contact | {"customer": {"phones": [PHONE]}}, hours=1 + number // 2)
        for number in range(times)
    ]
    return followups


def long_history(live: Deployment, times: int) -> tuple[str, dict[str, Any]]:
    """A customer with a long history, and what the judgement tells of it."""
    journal = Journal()
    live.fold(journal.visit(PHONE, "li"), *followed_up(journal, times))
    (judged,) = result_of(journal.lines["demo"], load("shijiazhuang"), {})["customers"]
    assert len(judged["decisions"]) > times // 2
    return judged["customer"], judged


def pages(ask: Any) -> list[dict[str, Any]]:
    """All pages, each asked for with the cursor of the one before."""
    found = [plain(ask(Cursor()))]
    while "cursor" in found[-1]:
        found.append(plain(ask(Cursor.parse(found[-1]["cursor"]))))
    return found


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
def test_the_pages_of_a_customer_are_its_decisions_in_their_order(live: Deployment, limit: int) -> None:
    """None is missing or twice, those of one instant stay together, and each page tells how the customer stands."""
    name, judged = long_history(live, 20)
    with live.questions.of("demo") as snapshot:
        told = pages(lambda cursor: customers.customer_of(snapshot, name, cursor, limit))
        (listed,), _ = customers.page_of_customers(snapshot, Cursor(), 10)
    assert [decision for page in told for decision in page["decisions"]] == judged["decisions"]
    assert {page["clause"] for page in told} == {judged["clause"]}
    assert (len(told) > 1) == (limit < len(judged["decisions"]))
    assert plain(listed) == judged
    if limit == 500:
        assert told == [judged]


def test_decisions_that_are_at_hand_have_the_same_pages(live: Deployment) -> None:
    """As of a time, a customer is told in pages like that of now."""
    name, judged = long_history(live, 20)
    decisions = msgspec.convert(judged["decisions"], list[OwnershipDecision])
    after: datetime | None = BEGIN
    with live.questions.of("demo") as snapshot:
        for page in pages(lambda cursor: customers.customer_of(snapshot, name, cursor, 3)):
            assert after is not None
            found, after = page_of_explained(decisions, after, 3)
            assert plain(found) == page["decisions"]
    assert after is None


@pytest.mark.parametrize("limit", [1, 4, 500])
def test_the_pages_of_a_history_hold_each_event_and_decision_once(live: Deployment, limit: int) -> None:
    """Events by their seq, decisions by their time, each decision with when its fact was recorded."""
    name, judged = long_history(live, 20)
    with live.questions.of("demo") as snapshot:
        told = pages(lambda cursor: history_of(snapshot, name, cursor, limit))
        (whole,) = pages(lambda cursor: history_of(snapshot, name, cursor, 500))
    assert [event["seq"] for page in told for event in page["events"]] == list(range(1, 22))
    assert [event for page in told for event in page["events"]] == whole["events"]
    assert [decision for page in told for decision in page["decisions"]] == whole["decisions"]
    assert len(whole["decisions"]) == len(judged["decisions"])
    assert all(decision["recorded_at"] for decision in whole["decisions"])
    assert all(len(page["events"]) <= limit for page in told)
    assert ("cursor" in told[0]) == (limit < 500)


def test_a_look_up_reads_as_much_of_a_long_history_as_of_a_short_one(
    live: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question at the door costs the same, however often the customer was here."""
    read: list[int] = []
    rows = Snapshot.ask

    def counting(self: Snapshot, name: str, parameters: Any) -> Any:
        found = rows(self, name, parameters)
        read.append(len(found))
        return found

    monkeypatch.setattr(Snapshot, "ask", counting)
    journal, counted = Journal(), list[tuple[int, int]]()
    live.fold(journal.visit(PHONE, "li"))
    for _ in range(2):
        with live.questions.of("demo") as snapshot:
            read.clear()
            assert look_up(snapshot, f"+86{PHONE}", START).known
            counted.append((len(read), sum(read)))
        live.fold(*followed_up(journal, 41)[1:])
    assert counted[0] == counted[1]


def test_a_cursor_of_no_page_is_none() -> None:
    """A time that no clock shows is not looked for."""
    with pytest.raises(ValueError, match="cursor"):
        from_micros(10**18)


def test_a_contact_that_stands_for_too_many_people_is_listed_for_the_office(live: Deployment) -> None:
    """Its customer is told with how many people the records name; whoever has few names is not listed."""
    journal = Journal()

    def named(number: int) -> Raw:
        customer = {"name": f"客户{number:02}", "phones": ["13700000000", f"1380000{number:04}"]}
        visit = {"visit": f"w{number}", "customer": customer, "received_by": "li", "capacity": "on_turn"}
        return journal.event("visit.registered", visit, hours=number)

    live.fold(*(named(number) for number in range(30)), journal.visit("13900000001", "li", hours=40))
    with live.questions.of("demo") as snapshot:
        (listed,), following = customers.page_of_shared(snapshot, Cursor(), 10, 29)
        assert customers.page_of_shared(snapshot, Cursor(), 10, 30) == ([], None)
        many, one = (look_up(snapshot, f"+86{phone}", START) for phone in ("13700000000", "13900000001"))
    assert following is None
    assert (listed.people, listed.owner, listed.contacts_in_all) == (30, "li", 31)
    assert listed.contacts[0] == "+8613700000000"
    assert (len(listed.names), len(listed.contacts)) == (20, 20)
    assert (many.names, many.names_in_all, many.contacts_in_all) == (listed.names, 30, 31)
    assert many.contacts == [mask_contact(contact) for contact in listed.contacts]
    assert (one.names_in_all, one.contacts_in_all) == (UNSET, UNSET)
    assert live.rows("SELECT people FROM claims ORDER BY born") == [{"people": 30}, {"people": 1}]
