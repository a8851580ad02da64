"""What an office looks for in its lists: who works there, what was sold when, and who did what is flagged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.attribution.queries import deals, marks
from services.attribution.queries import office_lists as lists
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.desk import look_up
from services.attribution.store.recorder import SCHEMA
from shared.contract import contact_of, format_instant
from shared.platform.postgres.database import migrations
from shared.rules.rulebooks.loading import load
from tests.support.answers import plain, result_of
from tests.support.attribution import START, Deployment, Journal, Raw, deployment

LI, WANG = "13800000001", "13800000002"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def enrolled(journal: Journal, staff: str, name: str, role: str = "consultant", hours: float = 0) -> Raw:
    return journal.event("staff.enrolled", {"staff": staff, "name": name, "role": role}, hours=hours)


def at(hours: float) -> str:
    return format_instant(START + timedelta(hours=hours))


def all_of(page: Any, limit: int = 2) -> list[dict[str, Any]]:
    """Every item of a list, asked for a page at a time."""
    found, cursor = page(Cursor(), limit)
    while cursor is not None:
        more, cursor = page(Cursor.parse(str(cursor)), limit)
        assert more
        found += more
    items: list[dict[str, Any]] = plain(found)
    return items


def staffed(journal: Journal) -> list[Raw]:
    """Five people: there, away, back, gone, and gone and enrolled again."""
    return [
        *(enrolled(journal, staff, f"员工{staff}") for staff in ("li", "wang", "zhao", "chen", "sun")),
        journal.event("shift.opened", {"order": ["li", "wang", "zhao"]}, hours=1),
        journal.event("staff.away", {"staff": "wang", "reason": "business"}, hours=2),
        journal.event("staff.away", {"staff": "zhao", "reason": "personal"}, hours=2),
        journal.event("staff.back", {"staff": "zhao"}, hours=3),
        journal.event("staff.away", {"staff": "chen", "reason": "personal"}, hours=3),
        journal.event("staff.departed", {"staff": "chen"}, hours=4),
        journal.event("staff.departed", {"staff": "sun"}, hours=4),
        enrolled(journal, "sun", "孙丽", "supervisor", hours=5),
    ]


def staff_of(live: Deployment) -> dict[str, dict[str, Any]]:
    with live.questions.of("demo") as snapshot:
        return {one["staff"]: one for one in all_of(lambda cursor, n: lists.staff_page(snapshot, cursor, n))}


def test_the_list_of_staff_says_who_works_where_and_who_is_away_or_has_left(live: Deployment) -> None:
    """Each once, by id, with the role and the name of the last enrolment, over as many pages as it takes."""
    live.fold(*staffed(Journal()))
    found = staff_of(live)
    assert list(found) == ["chen", "li", "sun", "wang", "zhao"]
    assert found["li"] == {
        "scope": "demo", "staff": "li", "name": "员工li", "role": "consultant", "office": "demo-office",
        "status": "enrolled", "enrolled_at": at(0), "departed_at": None, "away": None, "away_since": None,
    }  # fmt: skip
    assert (found["wang"]["away"], found["wang"]["away_since"]) == ("business", at(2))
    assert (found["zhao"]["away"], found["zhao"]["away_since"]) == (None, None)
    assert (found["chen"]["status"], found["chen"]["departed_at"]) == ("departed", at(4))
    assert found["chen"]["away"] is None
    sun = found["sun"]
    assert (sun["status"], sun["role"], sun["name"]) == ("enrolled", "supervisor", "孙丽")
    assert (sun["enrolled_at"], sun["departed_at"]) == (at(5), None)


def test_scopes_and_offices_are_listed_with_the_record_by_which_each_began(live: Deployment) -> None:
    """A misspelt scope or office shows, with who entered it."""
    journal = Journal()
    records = [
        enrolled(journal, "li", "李娜"),
        journal.visit(LI, "li", scope="dmeo"),
        journal.visit(WANG, "li"),
    ]
    adoption = {"rulebook": "reception", "version": 1, "effective_from": at(2)}
    live.fold(*records, journal.event("rulebook.adopted", adoption, hours=2))
    found = all_of(lambda cursor, n: lists.scopes_page(live.questions.ask, cursor, n, START), 1)
    assert [(one["scope"], one["offices"], one["as_of_seq"]) for one in found] == [
        ("demo", ["demo-office"], 3),
        ("dmeo", ["dmeo-office"], 1),
    ]
    assert found[0]["rulebook"]["name"] == "shijiazhuang"
    assert found[0]["timezone"] == "Asia/Shanghai"
    later = START + timedelta(hours=3)
    (now, _), _ = lists.scopes_page(live.questions.ask, Cursor(), 9, later)
    assert plain(now.rulebook) == {"name": "reception", "version": 1}
    assert plain(now.adoptions) == [{"seq": 3, **adoption}], "told before it is in force, and after"
    assert found[0]["adoptions"] == plain(now.adoptions)
    with live.questions.of("demo") as snapshot:
        assert lists.scope_of(snapshot, later) == now
        (office,) = all_of(lambda cursor, n: lists.offices_page(snapshot, cursor, n))
    assert (office["office"], office["first"]["type"], office["first"]["actor"]) == (
        "demo-office", "staff.enrolled", "desk",
    )  # fmt: skip


def sold(journal: Journal, deal: str, phone: str, hours: float, amount: str | None = None) -> Raw:
    customer = {"name": "张伟", "phones": [phone]}
    sale = {"deal": deal, "customer": customer, "closed_by": "li", "project": "云山府", "unit": f"1-{deal}"}
    return journal.event("deal.subscribed", sale | ({"amount": amount} if amount else {}), hours=hours)


def three_deals(journal: Journal) -> list[Raw]:
    """One that was signed, one that was signed and cancelled, one that was cancelled; what came after each is void."""
    end = "deal.cancelled"
    why = {"reason": "贷款未批"}
    return [
        journal.visit(LI, "li"),
        sold(journal, "d1", LI, 1, "1280000.50"),
        sold(journal, "d2", LI, 2),
        sold(journal, "d3", LI, 3),
        journal.event("deal.signed", {"deal": "d1"}, hours=4),
        journal.event("deal.signed", {"deal": "d2"}, hours=5),
        journal.event("deal.signed", {"deal": "d1"}, hours=6),
        journal.event(end, {"deal": "d2"} | why, hours=7),
        journal.event(end, {"deal": "d3"} | why, hours=8),
        journal.event("deal.signed", {"deal": "d3"}, hours=9),
        journal.event(end, {"deal": "d2"} | why, hours=10),
        journal.event("deal.signed", {"deal": "unknown"}, hours=11),
    ]


DATES = ("subscribed_at", "signed_at", "cancelled_at")


def deals_of(live: Deployment) -> list[dict[str, Any]]:
    with live.questions.of("demo") as snapshot:
        found = all_of(lambda cursor, n: deals.deals_page(snapshot, cursor, n))
        assert [plain(deals.deal_of(snapshot, deal["deal"])) for deal in found] == found
    return found


def test_a_deal_is_listed_with_what_was_sold_for_how_much_and_when(live: Deployment) -> None:
    """Besides what the judgement holds of it, which stays as it is."""
    journal = Journal()
    live.fold(*three_deals(journal))
    found = deals_of(live)
    first = found[0]
    assert (first["project"], first["unit"], first["amount"]) == ("云山府", "1-d1", "1280000.50")
    assert found[1]["amount"] is None
    assert [[deal[date] for date in DATES] for deal in found] == [
        [at(1), at(4), None],
        [at(2), at(5), at(7)],
        [at(3), None, at(8)],
    ]
    judged = result_of(journal.lines["demo"], load("shijiazhuang"), {})["deals"]
    beside = {"project", "unit", "amount", *DATES}
    assert [{key: deal[key] for key in deal.keys() - beside} for deal in found] == judged


def test_a_flag_is_listed_with_its_event_its_times_and_its_people(live: Deployment) -> None:
    """Who entered the record and whom it is about, by id and by name; penalties alike."""
    journal = Journal(rulebook="reception")
    live.fold(
        enrolled(journal, "li", "李娜"),
        enrolled(journal, "wang", "王芳"),
        enrolled(journal, "desk", "前台", "reception"),
        journal.event("shift.opened", {"order": ["li", "wang"]}),
        journal.visit(LI, "wang", hours=1),
        journal.event("deal.signed", {"deal": "unknown"}, hours=2),
    )
    with live.questions.of("demo") as snapshot:
        turn, unknown = all_of(lambda cursor, n: marks.flags_page(snapshot, cursor, n), 1)
        (penalty,) = all_of(lambda cursor, n: marks.penalties_page(snapshot, cursor, n))
    assert turn["flag"] == "out_of_turn"
    told = {
        "type": "visit.registered", "office": "demo-office", "occurred_at": at(1), "recorded_at": at(1),
        "actor": "desk", "actor_name": "前台", "consultant": "wang", "consultant_name": "王芳",
    }  # fmt: skip
    assert turn == {"event": turn["event"], "flag": "out_of_turn"} | told
    assert {key: penalty[key] for key in told} == told
    assert (unknown["flag"], unknown["type"], unknown["consultant"]) == ("unknown_deal", "deal.signed", None)


@pytest.mark.parametrize("at_once", [True, False])
def test_a_flag_concerns_whom_its_record_names_also_when_a_correction_brings_it(
    live: Deployment, at_once: bool
) -> None:
    """A call that a correction completes when the claim had lapsed: who took the call, where it was taken."""
    journal, days = Journal(rulebook="shijiazhuang"), 24
    staff = [enrolled(journal, one, one, role) for one, role in (("li", "consultant"), ("bo", "manager"))]
    visit = journal.visit(LI, "li", hours=1)
    nameless = {"customer": {"name": "丁"}, "answered_by": "li"}
    call = journal.event("call.registered", nameless, hours=6 * days)
    data = {
        "record": json.loads(call.value or b"")["id"], "customer": {"phones": [LI]}, "reason": "补电话",
        "requested_by": "bo", "approved_by": ["bo"],
    }  # fmt: skip
    correction = journal.event("record.corrected", data, hours=6 * days + 1, office="demo-annex")
    for facts in ((*staff, visit, call, correction),) if at_once else ((*staff, visit, call), (correction,)):
        live.fold(*facts)
    with live.database.connection() as connection:
        rows: Any = connection.execute(
            "SELECT kind, name FROM flags JOIN concerned"
            " ON concerned.scope = flags.scope AND born = version AND list = 'flags'"
            " WHERE convert_from(body, 'UTF8')::jsonb ->> 'flag' = 'after_lapse' ORDER BY kind"
        ).fetchall()
    assert rows == [("office", "demo-office"), ("staff", "li")]


def test_lists_of_what_was_folded_before_say_the_same(live: Deployment) -> None:
    """A deployment that is brought up to date tells of its people, offices and deals from the facts it has kept."""
    journal = Journal()
    live.fold(*staffed(journal), *three_deals(journal))
    people, sold_before = staff_of(live), deals_of(live)
    with live.questions.of("demo") as snapshot:
        offices = lists.offices_page(snapshot, Cursor(), 9)
    (migration,) = [one for one in migrations("services.attribution") if "office_lists" in one.name]
    with psycopg.connect(live.database.dsn, options=f"-c search_path={SCHEMA}") as connection:
        for index in re.findall(r"CREATE INDEX (\w+)", migration.text):
            connection.execute(f"DROP INDEX {index}".encode())
        for table, column in re.findall(r"ALTER TABLE (\w+) ADD COLUMN (\w+)", migration.text):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}".encode())
        connection.execute(migration.text.encode())
    assert staff_of(live) == people
    assert deals_of(live) == sold_before
    with live.questions.of("demo") as snapshot:
        assert lists.offices_page(snapshot, Cursor(), 9) == offices


@pytest.mark.parametrize("typed", ["wx_abc", "微信：WX_abc", "wechat:wx_abc", " ＷＸ_abc "])
def test_a_look_up_by_a_wechat_id_finds_its_customer_however_it_is_typed(
    live: Deployment, typed: str
) -> None:
    """With a word before the id or without."""
    visit = {
        "visit": "v1",
        "customer": {"name": "张伟", "wechat": "wx_abc"},
        "received_by": "li",
        "capacity": "on_turn",
    }
    live.fold(Journal().event("visit.registered", visit))
    with live.questions.of("demo") as snapshot:
        told = look_up(snapshot, contact_of(typed), START)
    assert (told.known, told.owner, told.contact) == (True, "li", "wechat:wx****")
