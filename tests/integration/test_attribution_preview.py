"""What would this decide? The answer is what the fold would make of the event now, and nothing of it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg import sql

from services.attribution.queries.customers import customer_of
from services.attribution.queries.decisions_page import DECISIONS
from services.attribution.queries.preview import Previewer, RepeatedError, WouldParkError
from shared.contract import BadEvent, format_instant
from tests.support.answers import plain
from tests.support.attribution import START, Deployment, Journal, deployment
from tests.support.rules import failing_on

LI, WANG = "13800000001", "13800000002"
LATER = START + timedelta(hours=5)


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    """Li owns a customer; the boards are open with Wang next."""
    with deployment(database) as made:
        journal = Journal()
        made.fold(
            journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}),
            journal.event("shift.opened", {"order": ["li", "wang"]}),
            journal.visit(LI, "li", hours=1),
        )
        yield made


def envelope(type_: str = "visit.registered", data: dict[str, Any] | None = None, **changes: Any) -> bytes:
    visit = {
        "visit": "preview",
        "customer": {"name": "张伟", "phones": [LI]},
        "received_by": "wang",
        "capacity": "on_turn",
    }
    told = {
        "id": str(uuid4()),
        "type": type_,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(LATER),
        "data": data or visit,
    }
    return json.dumps({**told, **changes}, ensure_ascii=False).encode()


def preview(live: Deployment, raw: bytes, scope: str = "demo") -> dict[str, Any]:
    _, found = Previewer(live.questions, live.rules, "base").preview(scope, raw, LATER)
    shown: dict[str, Any] = plain(found)
    return shown


def everything(live: Deployment) -> dict[str, list[str]]:
    """All rows of all tables of the service."""
    tables = live.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'attribution' ORDER BY 1")
    query = "SELECT md5(t::text) AS row FROM {} AS t ORDER BY 1"
    return {
        table["tablename"]: [
            found["row"]
            for found in live.rows(sql.SQL(query).format(sql.Identifier(table["tablename"])).as_string())
        ]
        for table in tables
    }


def test_a_preview_is_what_the_fold_would_decide_and_leaves_every_row_as_it_was(live: Deployment) -> None:
    """Decisions, flags, penalties, turns and the customer are those that the fold makes of the same event."""
    before = everything(live)
    raw = envelope()
    found = preview(live, raw)
    assert everything(live) == before
    assert (found["as_of_seq"], found["recorded_at"]) == (3, format_instant(LATER))
    (decision,) = found["decisions"]
    assert (decision["decision"], decision["owner"], decision["clause"]) == ("kept", "li", "shijiazhuang.1")
    assert "李娜" in decision["explanation"]["zh"]
    assert found["explanation"] == decision["explanation"]
    assert found["customer"]["owner"] == "li"
    assert [d["decision"] for d in found["customer"]["decisions"]] == ["established", "kept"]
    assert found["turns"]["before"] == found["turns"]["after"]

    journal = Journal(offset=3, seqs={"demo": 3})
    envelope_ = json.loads(raw) | {"recorded_at": found["recorded_at"]}
    live.fold(journal.record(b"demo", json.dumps(envelope_).encode(), [("seq", b"4")]))
    with live.questions.of("demo") as snapshot:
        assert plain(customer_of(snapshot, found["customer"]["customer"])) == found["customer"]
        assert plain(snapshot.boards("demo-office")) == found["turns"]["after"]


def test_a_turn_that_would_be_taken_is_shown(live: Deployment) -> None:
    """A new customer takes the turn of who receives."""
    data = json.loads(envelope())["data"] | {"customer": {"name": "王芳", "phones": [WANG]}}
    turns = preview(live, envelope(data=data))["turns"]
    assert (turns["before"]["visit"]["next"], turns["after"]["visit"]["next"]) == ("wang", "li")


def test_late_out_of_turn_and_incomplete_are_flagged_before_they_are_sent(live: Deployment) -> None:
    """The desk sees flags before anything is recorded."""
    late = envelope(occurred_at=format_instant(START - timedelta(days=3)))
    assert {"late_entry"} <= {flag["flag"] for flag in preview(live, late)["flags"]}
    nameless = json.loads(envelope())["data"] | {"customer": {"name": "张伟"}}
    told = preview(live, envelope(data=nameless))
    assert "incomplete" in {flag["flag"] for flag in told["flags"]}
    assert (told["decisions"], told["customer"]) == ([], None)
    assert told["explanation"]["en"] == "This record decides nothing about a customer."


def test_a_deal_and_a_join_are_told_whole(live: Deployment) -> None:
    """Shares of a deal come with their words; a customer of two parts has the decisions of both."""
    journal = Journal(offset=3, seqs={"demo": 3})
    live.fold(journal.visit(WANG, "wang", hours=2))
    both = json.loads(envelope())["data"] | {"customer": {"name": "张伟", "phones": [LI, WANG]}}
    joined = preview(live, envelope(data=both))
    assert joined["customer"]["contacts"] == ["+8613800000001", "+8613800000002"]
    ats = [decision["at"] for decision in joined["customer"]["decisions"]]
    assert len(ats) > 2
    assert ats == sorted(ats)
    party = {"name": "张伟", "phones": [LI]}
    sale = {"deal": "d1", "customer": party, "closed_by": "li", "project": "p", "unit": "1-1"}
    (deal,) = preview(live, envelope("deal.subscribed", sale))["deals"]
    assert (deal["deal"], deal["shares"]) == ("d1", {"li": 10000})
    assert deal["explanation"]["zh"]


def test_a_preview_of_a_large_customer_holds_one_page_of_what_was_decided(live: Deployment) -> None:
    """What would be decided is told whole; of what was decided before, the first page, and where the next begins."""
    journal = Journal(offset=3, seqs={"demo": 3})
    live.fold(*(journal.visit(LI, "li", hours=2 + n / 1000) for n in range(DECISIONS + 20)))
    found = preview(live, envelope())
    shown = found["customer"]
    assert len(shown["decisions"]) == DECISIONS
    assert [one["decision"] for one in found["decisions"]] == ["kept"]
    with live.questions.of("demo") as snapshot:
        assert shown["cursor"] == plain(customer_of(snapshot, shown["customer"]))["cursor"]


def test_a_scope_that_nobody_wrote_in_begins_under_the_default_rulebook(live: Deployment) -> None:
    """The first record of a scope is judged as it would be."""
    found = preview(live, envelope(scope="new", office="new-office"), "new")
    assert [decision["clause"] for decision in found["decisions"]] == ["base.registration"]
    assert found["as_of_seq"] == 0


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"recorded_at": format_instant(LATER)}, "recorded_at"),
        ({"occurred_at": format_instant(LATER + timedelta(minutes=6))}, "occurred_at"),
        ({"scope": "other"}, "scope"),
        ({"office": "Office"}, "office"),
        ({"id": "1"}, "id"),
        ({"type": "visit.imagined"}, "type"),
    ],
)
def test_what_intake_would_refuse_is_refused(live: Deployment, changes: dict[str, Any], path: str) -> None:
    """The same paths as over there."""
    with pytest.raises(BadEvent) as refused:
        preview(live, envelope(**changes))
    assert refused.value.path == path


def test_what_only_the_stored_facts_show_is_refused_too(live: Deployment) -> None:
    """An office of another scope, an unknown rulebook, an id that is taken, the receiver as the rightful one."""
    adoption = {"rulebook": "ghost", "version": 1, "effective_from": format_instant(LATER)}
    with pytest.raises(BadEvent, match=r"data\.rulebook"):
        preview(live, envelope("rulebook.adopted", adoption))
    with pytest.raises(BadEvent, match="office"):
        preview(live, envelope(scope="other"), "other")
    (taken,) = live.rows("SELECT id, body FROM facts WHERE seq = 3")
    received = json.loads(bytes(taken["body"]))["data"]
    found = {"visit": received["visit"], "decided_by": "gao", "rightful": "li", "reason": "隐瞒"}
    with pytest.raises(BadEvent, match=r"data\.rightful"):
        preview(live, envelope("concealment.found", found))
    assert preview(live, envelope("concealment.found", found | {"rightful": "wang"}))["flags"]
    with pytest.raises(RepeatedError):
        preview(live, envelope(id=taken["id"]))


def test_a_scope_that_waits_says_so_and_a_poison_is_told_before_it_is_sent(live: Deployment) -> None:
    """The preview goes by the state before the quarantine; an event on which the fold fails is refused."""
    broken = Previewer(live.questions, failing_on(live.rules, 4), "base")
    with pytest.raises(WouldParkError):
        broken.preview("demo", envelope(), LATER)
    live.attribution = live.restarted(failing_on(live.rules, 4))
    journal = Journal(offset=3, seqs={"demo": 3})
    live.fold(journal.visit(WANG, "wang", hours=2))
    found = preview(live, envelope())
    assert found["behind_since"] == format_instant(START + timedelta(hours=2))
    assert "quarantine" in found["explanation"]["en"]
