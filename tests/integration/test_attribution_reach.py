"""Who may read a customer, a deal or a dispute, as that changes: it lapses, is transferred, is joined to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.attribution.queries import customers, deals
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.history_page import history_of
from services.attribution.queries.snapshot import Snapshot, UnknownNameError
from shared.access.extent import ScopeExtent, Sight
from shared.ids import ScopeId
from tests.support.attribution import Deployment, Journal, Raw, deployment

LI, WANG = "13800000001", "13800000002"
DEMO = ScopeId("demo")


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def own(*staff: str) -> Sight:
    return Sight(*[ScopeExtent(staff=staff)] * 3)


def office(*names: str) -> Sight:
    return Sight(*[ScopeExtent(offices=names)] * 3)


def enrolled(journal: Journal, staff: str, at: str, hours: float = 0) -> Raw:
    data = {"staff": staff, "name": staff, "role": "consultant"}
    return journal.event("staff.enrolled", data, office=at, hours=hours)


def visit(journal: Journal, by: str, *phones: str, at: str = "demo-1", hours: float = 0) -> Raw:
    customer = {"name": "张伟", "phones": list(phones)}
    said = {"visit": f"v{hours}", "customer": customer, "received_by": by, "capacity": "on_turn"}
    return journal.event("visit.registered", said, office=at, hours=hours)


def listed(live: Deployment, sight: Sight) -> list[tuple[str | None, str, tuple[str, ...]]]:
    """Owner, status and contacts of the customers that somebody lists, a page for each."""
    found: list[tuple[str | None, str, tuple[str, ...]]] = []
    at: Cursor | None = Cursor()
    with live.questions.of(DEMO, sight=sight) as snapshot:
        while at is not None:
            page, at = customers.page_of_customers(snapshot.faces(), at, 1)
            found += [(one.owner, one.status, tuple(one.contacts)) for one in page]
    return found


def read(live: Deployment, sight: Sight, phone: str) -> tuple[str, ...] | None:
    """The contacts of a customer as somebody reads it; None where it is not theirs to read."""
    with live.questions.of(DEMO, sight=sight) as snapshot:
        name = str(snapshot.customer_of(f"+86{phone}"))  # type: ignore[arg-type]
        try:
            assert history_of(snapshot, name, Cursor(), 9).customer == name
            return customers.customer_of(snapshot, name).contacts
        except UnknownNameError:
            return None


def test_a_claim_that_lapsed_stays_with_who_had_it_until_another_owns_the_customer(live: Deployment) -> None:
    """In the list and in clear; after that it is read, since the loss can be disputed, with contacts masked."""
    journal = Journal()
    live.fold(enrolled(journal, "li", "demo-1"), visit(journal, "li", LI), journal.watermark(200))
    for sight in (own("li"), office("demo-1")):
        assert listed(live, sight) == [(None, "lapsed", (f"+86{LI}",))]
    assert listed(live, own("wang")) == []
    assert (read(live, own("li"), LI), read(live, own("wang"), LI)) == ((f"+86{LI}",), None)
    live.fold(enrolled(journal, "wang", "demo-2", 201), visit(journal, "wang", LI, hours=202))
    for sight in (own("li"), office("demo-1")):
        assert listed(live, sight) == []
        assert read(live, sight, LI) == ("138****0001",)
    for sight in (own("wang"), office("demo-2")):
        assert listed(live, sight) == [("wang", "owned", (f"+86{LI}",))]
        assert read(live, sight, LI) == (f"+86{LI}",)


def test_a_list_of_one_office_has_its_customers_as_far_as_the_reader_reaches(live: Deployment) -> None:
    """Of whoever reaches the scope, or offices of it, those of that office; of whoever reaches no more, one's own."""
    journal = Journal()
    live.fold(
        enrolled(journal, "li", "demo-1"), enrolled(journal, "wang", "demo-2"),
        visit(journal, "li", LI), visit(journal, "wang", WANG, at="demo-2", hours=1),
    )  # fmt: skip
    whole, both = Sight(*[ScopeExtent(whole=True)] * 3), office("demo-1", "demo-2")
    for sight in (whole, both):
        assert [owner for owner, *_ in listed(live, sight)] == ["li", "wang"]
        assert [owner for owner, *_ in listed(live, sight.at("demo-2"))] == ["wang"]
        assert listed(live, sight.at("demo-3")) == []
    assert listed(live, office("demo-1").at("demo-2")) == []
    assert [owner for owner, *_ in listed(live, own("li").at("demo-1"))] == ["li"]


def test_a_customer_goes_with_the_owner_to_another_office(live: Deployment) -> None:
    """It is at the office where the owner was enrolled last; an owner whom nobody enrolled is at none."""
    journal = Journal()
    live.fold(
        enrolled(journal, "li", "demo-1"), visit(journal, "li", LI), visit(journal, "ghost", WANG, hours=1)
    )
    assert listed(live, office("demo-1")) == [("li", "owned", (f"+86{LI}",))]
    live.fold(enrolled(journal, "li", "demo-2", 2))
    assert listed(live, office("demo-1")) == []
    assert listed(live, office("demo-2")) == [("li", "owned", (f"+86{LI}",))]
    whole = Sight(*[ScopeExtent(whole=True)] * 3)
    assert [owner for owner, *_ in listed(live, whole)] == ["li", "ghost"]


def test_customers_that_are_joined_are_one_for_whoever_owns_what_became_of_them(live: Deployment) -> None:
    """By the id of either; who owned the one that went in reads on, and sees no contact of the other in clear."""
    journal = Journal(rulebook="base")
    live.fold(
        enrolled(journal, "li", "demo-1"), enrolled(journal, "wang", "demo-2"),
        visit(journal, "li", LI), visit(journal, "wang", WANG, hours=1),
    )  # fmt: skip
    with live.questions.of(DEMO) as snapshot:
        ids = [str(snapshot.customer_of(f"+86{phone}")) for phone in (LI, WANG)]  # type: ignore[arg-type]
    live.fold(visit(journal, "li", LI, WANG, hours=2))
    seen = {name: _contacts(live, own("li"), name) for name in ids}
    assert seen == dict.fromkeys(ids, (f"+86{LI}", f"+86{WANG}"))
    assert {_contacts(live, own("wang"), name) for name in ids} == {("138****0001", "138****0002")}
    assert {_contacts(live, own("zhao"), name) for name in ids} == {None}


def _contacts(live: Deployment, sight: Sight, name: str) -> tuple[str, ...] | None:
    with live.questions.of(DEMO, sight=sight) as snapshot:
        try:
            return customers.customer_of(snapshot, name).contacts
        except UnknownNameError:
            return None


def test_deals_and_disputes_come_to_who_takes_a_customer_over_and_stay_with_who_gave_it(
    live: Deployment,
) -> None:
    """Whoever was concerned once may read what became of it; nobody else may."""
    journal = Journal()
    party = {"name": "张伟", "phones": [LI]}
    sale = {"deal": "d1", "customer": party, "closed_by": "li", "project": "p", "unit": "u"}
    asked = {"dispute": "x1", "customer": party, "opened_by": "zhao", "reason": "有异议"}
    moved = {"customer": party, "to": "wang", "requested_by": "li", "approved_by": ["boss"], "reason": "调动"}
    boss = journal.event("staff.enrolled", {"staff": "boss", "name": "boss", "role": "manager"})
    live.fold(
        boss, enrolled(journal, "li", "demo-1"), enrolled(journal, "wang", "demo-2"),
        visit(journal, "li", LI), journal.event("deal.subscribed", sale, hours=1),
    )  # fmt: skip
    assert _items(live, own("li")) == (["d1"], [])
    live.fold(journal.event("dispute.opened", asked, hours=2))
    assert _items(live, own("li")) == (["d1"], ["x1"])
    assert _items(live, own("zhao")) == ([], ["x1"])
    assert _items(live, own("wang")) == ([], [])
    live.fold(journal.event("claim.transferred", moved, hours=3))
    for sight in (own("wang"), own("li"), office("demo-1"), office("demo-2")):
        assert _items(live, sight) == (["d1"], ["x1"])
    assert _items(live, office("demo-3")) == ([], [])


def _items(live: Deployment, sight: Sight) -> tuple[list[Any], list[Any]]:
    def names(snapshot: Snapshot) -> tuple[list[Any], list[Any]]:
        sold, _ = deals.deals_page(snapshot, Cursor(), 9)
        disputed, _ = deals.disputes_page(snapshot, Cursor(), 9)
        return [one.deal for one in sold], [one.dispute for one in disputed]

    with live.questions.of(DEMO, sight=sight) as snapshot:
        return names(snapshot)
