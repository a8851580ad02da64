"""Entries of the registers of somebody: copied whole, kept no longer than the customer, and erased with them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.sealing.keys import KeyFile
from shared.sealing.opening import open_event
from shared.sealing.vault import Vault
from tests.e2e.test_erased import STAFF, WANG, ZHANG, erase, event, privacy, retention, visit
from tests.support.keys import key_file
from tests.support.searching import found_in
from tests.support.system import System, running

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OWN = {"phones": ZHANG["phones"]}


@pytest.fixture
def system(directory: Path, database: str, kafka: str) -> Iterator[System]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang", "PANKE_KEYS": key_file(directory)}
    with running(directory, database, kafka, BEGIN, settings=settings) as found:
        yield found


VISIT = visit("v1", ZHANG, notes="想要三居")
DEAL = event("deal.subscribed", {
    "deal": "d1", "customer": OWN, "closed_by": "li", "project": "花园", "unit": "1-101",
})  # fmt: skip
COMPLAINT = event("feedback.received", {
    "feedback": "fb1", "kind": "complaint", "via": "电话", "customer": OWN, "content": "样板间太小",
})  # fmt: skip
NAMED = (
    event("profile.recorded", {"customer": OWN, "by": "li", "set": {"occupation": "教师"}}),
    event("plan.made", {
        "plan": "p1", "by": "li", "kind": "follow_up", "on": "2026-03-09", "purpose": "带看大三居", "customer": OWN,
    }),
    COMPLAINT,
    event("reservation.made", {
        "reservation": "rs1", "customer": OWN, "by": "li", "project": "花园", "kind": "queue", "wants": "要高楼层",
    }),
)  # fmt: skip
LINKED = (
    event("feedback.answered", {
        "feedback": "fb1", "by": "gao", "outcome": "resolved", "action": "已换看大样板间", "satisfied": True,
    }),
    event("deal.progressed", {
        "deal": "d1", "by": "bo", "what": "mortgage_submitted", "done": False, "missing": "收入证明未交",
    }),
    event("feedback.received", {"feedback": "fb3", "kind": "suggestion", "visit": "v1", "content": "样板间灯太暗"}),
    event("request.submitted", {
        "request": "rq1", "kind": "special_price", "by": "li", "reason": "一次付清要优惠", "deal": "d1",
    }),
    event("document.attached", {
        "kind": "contract", "title": "认购书扫描件", "sha256": "0" * 64, "bytes": 10, "media_type": "application/pdf",
        "deal": "d1",
    }),
)  # fmt: skip
OTHERS = (
    event("worklog.submitted", {
        "by": "li", "kind": "daily", "from": "2026-03-02", "to": "2026-03-02", "done": "电话邀约二十组",
    }),
    event("feedback.received", {"feedback": "fb2", "kind": "suggestion", "content": "停车不便"}),
    event("feedback.answered", {"feedback": "fb2", "by": "gao", "outcome": "resolved", "action": "已加停车位"}),
)  # fmt: skip
WORDS = (
    "想要三居",
    "教师",
    "带看大三居",
    "样板间太小",
    "样板间灯太暗",
    "要高楼层",
    "已换看大样板间",
    "收入证明未交",
    "一次付清要优惠",
    "认购书扫描件",
)
LEFT = ("电话邀约二十组", "停车不便", "已加停车位")


def bodies(system: System) -> bytes:
    """Every fact of the journal, read by every key that is left."""
    vault = Vault(KeyFile(Path(system.settings["PANKE_KEYS"])))
    with psycopg.connect(system.database_url) as connection:
        ids = [str(id_) for (id_,) in connection.execute("SELECT id FROM vault.people")]
        connection.execute("SET search_path = vault")
        everybody = vault.people(connection, ids)
        facts = [bytes(body) for (body,) in connection.execute("SELECT body FROM intake.facts ORDER BY seq")]
    return b"\n".join(open_event(body, everybody) for body in facts)


@pytest.mark.timeout(900)
def test_entries_of_the_registers_are_the_customers_too(system: System) -> None:
    """All that names the customer or goes with its deal and its complaint is in the copy; nothing else is. An erasure
    takes all of it along, and what is nobody's is erased when its time is over."""
    last = 0
    for each in (*STAFF, VISIT, DEAL, *NAMED, *LINKED, *OTHERS, visit("v2", WANG)):
        last = system.record(each)
    system.judgement("demo", as_of="2026-03-03T00:00:00Z", min_seq=last)
    page = system.directory / "copy.html"
    done = privacy(system, "export", "138 1234 0001", "--scope", "demo", "--page", str(page))
    copy = json.loads(done.stdout)
    assert [one["id"] for one in copy["entries"]] == [one["id"] for one in (*NAMED, *LINKED)]
    assert [one["id"] for one in copy["records"]] == [VISIT["id"], DEAL["id"]]
    assert copy["mentions"] == []
    for text in (done.stdout.decode(), page.read_text()):
        assert [word for word in WORDS if word not in text] == []
        assert [word for word in LEFT if word in text] == []
    assert found_in(bodies(system), WORDS) == list(WORDS)

    erase(system, "13812340001", "--despite-by", "gao")
    assert found_in(bodies(system), WORDS) == []
    assert found_in(bodies(system), LEFT) == list(LEFT)

    _kept_no_longer(system)


def _kept_no_longer(system: System) -> None:
    system.clock.hold(datetime(2027, 3, 3, tzinfo=UTC))
    alone: Any = {line.split("\t")[1] for line in retention(system) if line.startswith("-")}
    assert alone == {one["id"] for one in OTHERS}
    retention(system, "--erase", "--by", "gao")
    assert found_in(bodies(system), LEFT) == []
