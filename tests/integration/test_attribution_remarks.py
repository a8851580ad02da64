"""Corrections and approvals stand in the history of the customer whose record they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from services.attribution.queries.cursor import Cursor
from services.attribution.queries.history_page import history_of
from services.attribution.store.recorder import SCHEMA
from shared.platform.postgres.database import migrations
from tests.support.answers import plain
from tests.support.attribution import Deployment, Journal, Raw, deployment

LI, WANG = "13800000001", "13800000002"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def id_of(raw: Raw) -> str:
    assert raw.value is not None
    found: str = json.loads(raw.value)["id"]
    return found


def correction(journal: Journal, record: str, hours: float, approved: tuple[str, ...], **party: Any) -> Raw:
    data = {
        "record": record, "customer": party, "reason": f"录错，应为 {WANG}", "requested_by": "li",
        "approved_by": list(approved),
    }  # fmt: skip
    return journal.event("record.corrected", data, hours=hours)


def approval(journal: Journal, record: str, hours: float, stage: str = "reviewed") -> Raw:
    return journal.event("record.approved", {"record": record, "stage": stage, "by": "boss"}, hours=hours)


def history(live: Deployment, contact: str, limit: int = 500) -> dict[str, Any]:
    with live.questions.of("demo") as snapshot:
        name = snapshot.customer_of(contact)
        assert name is not None
        return plain(history_of(snapshot, name, Cursor(), limit))


def corrected(live: Deployment) -> list[Raw]:
    """A visit that is approved, corrected without and with approval, and a correction that is filed."""
    journal = Journal(rulebook="handbook")
    roles = {
        "li": ("李娜", "consultant"),
        "boss": ("赵敏", "general_manager"),
        "chief": ("钱江", "admin_manager"),
    }
    facts = [
        journal.event("staff.enrolled", {"staff": staff, "name": name, "role": role})
        for staff, (name, role) in roles.items()
    ]
    visit = journal.visit(LI, "li", hours=1)
    record = id_of(visit)
    facts += [
        visit,
        approval(journal, record, 2),
        correction(journal, record, 3, (), phones=[WANG]),
        correction(journal, record, 4, ("boss", "chief"), phones=[LI, WANG], name="张炜"),
        correction(journal, record, 5, ("boss", "chief"), phones=[WANG], wechat="wx_abc"),
    ]
    facts += [
        approval(journal, id_of(facts[-1]), 6, "filed"),
        approval(journal, id_of(facts[0])[:-1] + "0", 7),
    ]
    live.fold(*facts)
    return facts


def test_a_history_tells_who_asked_for_a_correction_who_approved_and_what_changed(live: Deployment) -> None:
    """Contacts masked, since what was corrected may be another's; one without approvals says so."""
    corrected(live)
    found = history(live, f"+86{WANG}")["events"]
    assert [event["type"].split(".")[1] for event in found] == [
        "registered", "approved", "corrected", "corrected", "corrected", "approved",
    ]  # fmt: skip
    _, reviewed, refused, first, second, filed = found
    assert reviewed["explanation"]["zh"] == "赵敏审核了该记录"
    assert filed["explanation"]["en"] == "赵敏 filed the record"
    assert (refused["taken"], first["taken"], second["taken"]) == (False, True, True)
    assert refused["changed"] == {"phones": {"before": ["138****0001"], "after": ["138****0002"]}}
    assert "未生效" in refused["explanation"]["zh"]
    assert first["changed"] == {
        "phones": {"before": ["138****0001"], "after": ["138****0001", "138****0002"]},
        "name": {"before": "张伟", "after": "张炜"},
    }
    assert second["changed"] == {
        "phones": {"before": ["138****0001", "138****0002"], "after": ["138****0002"]},
        "wechat": {"before": None, "after": "wechat:wx****"},
    }
    words = second["explanation"]["zh"]
    assert "李娜申请更正" in words
    assert "赵敏、钱江批准" in words
    assert (second["data"]["requested_by"], second["data"]["approved_by"]) == ("li", ["boss", "chief"])
    for event in (refused, first, second):
        assert LI not in json.dumps(event)
        assert WANG not in json.dumps(event)


def test_a_correction_stands_on_its_page_like_every_other_event(live: Deployment) -> None:
    """In the order of the journal, once, however small the pages are."""
    corrected(live)
    whole = history(live, f"+86{WANG}")["events"]
    found, cursor = [], Cursor()
    with live.questions.of("demo") as snapshot:
        name = snapshot.customer_of(f"+86{WANG}")
        assert name is not None
        while True:
            page = plain(history_of(snapshot, name, cursor, 2))
            found += page["events"]
            if "cursor" not in page:
                break
            cursor = Cursor.parse(page["cursor"])
    assert found == whole


def test_corrections_that_were_folded_before_stand_in_the_history_too(live: Deployment) -> None:
    """A deployment that is brought up to date finds them among the facts and flags that it has kept."""
    corrected(live)
    before = history(live, f"+86{WANG}")
    (migration,) = [one for one in migrations("services.attribution") if "remarks" in one.name]
    with psycopg.connect(live.database.dsn, options=f"-c search_path={SCHEMA}") as connection:
        connection.execute("DROP TABLE remarks")
        connection.execute(migration.text.encode())
    assert history(live, f"+86{WANG}") == before
