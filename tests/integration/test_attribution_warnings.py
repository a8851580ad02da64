"""Whom and what nobody enrolled is told before a record is sent and listed after, and changes no owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.attribution.queries import office_lists as lists
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.customers import page_of_customers
from services.attribution.queries.preview import Previewer
from services.attribution.store.recorder import SCHEMA
from shared.contract import format_instant
from shared.platform.postgres.database import migrations
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import START, Deployment, Journal, Raw, deployment

LI, WANG = "13800000001", "13800000002"
LATER = START + timedelta(hours=12)


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def enrolled(journal: Journal, staff: str, **more: Any) -> Raw:
    return journal.event("staff.enrolled", {"staff": staff, "name": staff, "role": "consultant"}, **more)


def began(journal: Journal) -> list[Raw]:
    """Li is there and Chen has left; a visit, a call and a deal name others."""
    customer = {"name": "张伟", "phones": [WANG]}
    sale = {"deal": "d1", "customer": customer, "closed_by": "lii", "project": "云山府", "unit": "1-1"}
    return [
        enrolled(journal, "li"),
        enrolled(journal, "chen"),
        journal.visit(LI, "li", hours=1),
        journal.event("staff.departed", {"staff": "chen"}, hours=2),
        journal.visit(WANG, "lii", hours=3),
        journal.event("call.registered", {"customer": customer, "answered_by": "zhao"}, hours=4),
        journal.event("deal.subscribed", sale, hours=5),
        journal.visit("13800000003", "chen", hours=6),
    ]


def listed(live: Deployment, limit: int = 500, scope: str = "demo") -> list[dict[str, Any]]:
    with live.questions.of(scope) as snapshot:
        found, cursor = lists.warnings_page(snapshot, Cursor(), limit)
        while cursor is not None:
            more, cursor = lists.warnings_page(snapshot, Cursor.parse(str(cursor)), limit)
            found += more
    return [plain(one) for one in found]


def preview(live: Deployment, scope: str = "demo", office: str = "demo-office", **data: Any) -> Any:
    visit = {
        "visit": "p1", "customer": {"name": "王芳", "phones": ["13800000009"]}, "received_by": "li",
        "capacity": "on_turn",
    }  # fmt: skip
    event = {
        "id": "018f3c5e-0000-7000-8000-000000000001", "type": "visit.registered", "scope": scope,
        "office": office, "actor": "desk", "occurred_at": format_instant(LATER), "data": visit | data,
    }  # fmt: skip
    _, told = Previewer(live.questions, live.rules, "base").preview(scope, json.dumps(event).encode(), LATER)
    return plain(told)


def test_a_preview_tells_a_receiver_a_scope_or_an_office_that_nobody_enrolled(live: Deployment) -> None:
    """By path and rule, in both languages; who is enrolled where the office is known is told nothing."""
    live.fold(*began(Journal()))
    assert preview(live)["warnings"] == []
    (unknown,) = preview(live, received_by="lii")["warnings"]
    assert (unknown["path"], unknown["rule"], unknown["value"]) == (
        "data.received_by",
        "unknown_staff",
        "lii",
    )
    assert "没有登记" in unknown["message"]
    (left,) = preview(live, designated="chen")["warnings"]
    assert (left["path"], left["rule"]) == ("data.designated", "departed_staff")
    (office,) = preview(live, office="dmeo-office")["warnings"]
    assert (office["path"], office["rule"]) == ("office", "unknown_office")
    told = preview(live, scope="dmeo", office="dmeo-office")
    assert [one["rule"] for one in told["warnings"]] == ["unknown_scope", "unknown_staff"]


def test_who_was_named_though_nobody_enrolled_them_is_listed_once(live: Deployment) -> None:
    """With the first and the last record and how many there are; one who had left when it happened alike."""
    live.fold(*began(Journal()))
    found = listed(live)
    assert [(one["rule"], one["value"], one["path"], one["records"]) for one in found] == [
        ("unknown_staff", "lii", "data.received_by", 2),
        ("unknown_staff", "zhao", "data.answered_by", 1),
        ("departed_staff", "chen", "data.received_by", 1),
    ]
    assert (found[0]["first"]["type"], found[0]["last"]["type"]) == ("visit.registered", "deal.subscribed")
    assert listed(live, 1) == found


def test_a_warning_changes_no_owner_and_is_settled_by_an_enrolment(live: Deployment) -> None:
    """The customer is whose the rules say; the list says that somebody was enrolled since."""
    journal = Journal()
    live.fold(*began(journal), enrolled(journal, "zhao", hours=7))
    assert [one["settled"] for one in listed(live)] == [False, True, False]
    with live.questions.of("demo") as snapshot:
        customers, _ = page_of_customers(snapshot, Cursor(), 9)
    assert plain(customers) == result_of(journal.lines["demo"], load("shijiazhuang"), {})["customers"]
    assert customers[1].owner == "lii"


def test_a_scope_in_which_nobody_is_enrolled_is_told_until_somebody_is(live: Deployment) -> None:
    """However many records it has, that is one row."""
    journal = Journal()
    live.fold(journal.visit(LI, "li", scope="dmeo"), journal.visit(WANG, "li", scope="dmeo", hours=1))
    scope, staff = listed(live, scope="dmeo")
    assert (scope["rule"], scope["value"], scope["records"], scope["settled"]) == (
        "unknown_scope", "dmeo", 2, False,
    )  # fmt: skip
    assert (staff["rule"], staff["records"]) == ("unknown_staff", 2)
    live.fold(enrolled(journal, "li", scope="dmeo", hours=2))
    assert [one["settled"] for one in listed(live, scope="dmeo")] == [True, True]


def test_who_was_named_before_the_list_was_there_is_listed_too(live: Deployment) -> None:
    """A deployment that is brought up to date finds whom its facts name by a field of their own."""
    live.fold(*began(Journal()))
    before = [one for one in listed(live) if one["rule"] == "unknown_staff"]
    (migration,) = [one for one in migrations("services.attribution") if "warnings" in one.name]
    with psycopg.connect(live.database.dsn, options=f"-c search_path={SCHEMA}") as connection:
        connection.execute("DROP TABLE warnings")
        connection.execute(migration.text.encode())
    assert listed(live) == before
