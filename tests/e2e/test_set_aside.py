"""A poison fact on real parts: its scope waits, a person takes it out, and live judgement is that of the export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from shared.contract import format_instant
from tests.support.panke import exported, judged, panke
from tests.support.parts import eventually
from tests.support.system import PATIENCE, System, running
from tests.support.tokens import admission

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.fixture
def system(directory: Path, database: str, kafka: str) -> Iterator[System]:
    """Intake knows a rulebook that attribution does not have: whoever adopts it poisons the scope."""
    settings = {"PANKE_RULEBOOKS": "base@1,shijiazhuang@1,ghost@1", "PANKE_DEFAULT_RULEBOOK": "shijiazhuang"}
    with running(directory, database, kafka, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
def test_what_is_set_aside_is_left_out_live_and_offline(system: System) -> None:
    """The scope waits at the poison and says so; set aside, it goes on, and judge over the export agrees.

    Set aside at intake's address by hand, it is marked all the same, and the command ends it.
    """
    first = system.record(event(1, "visit.registered", visit("li", "13800000001")))
    adoption = {"rulebook": "ghost", "version": 1, "effective_from": format_instant(BEGIN)}
    poison = event(2, "rulebook.adopted", adoption)
    system.services["attribution"].stop()  # asked, it would say that it lacks the book
    system.record(poison)
    system.services["attribution"].launch()
    system.services["attribution"].wait_ready(PATIENCE)
    last = system.record(event(3, "visit.registered", visit("wang", "13800000002")))
    behind = partial(system.ask, "/v1/scopes/demo/customers", min_seq=first)
    eventually(lambda: "behind_since" in behind(), "the scope waits", PATIENCE)

    asked = {"id": poison["id"], "reason": "a rulebook that nobody has", "by": "everybody"}
    address = f"{system.address('intake')}/v1/journal/demo/set-asides"
    assert system.http.post(address, json=asked).status_code == 201
    retried = panke("quarantine", "retry", "demo", "--database-url", system.database_url)
    assert (retried.returncode, b"being set aside by everybody" in retried.stderr) == (1, True)

    given = (
        "--reason",
        "a rulebook that nobody has",
        "--by",
        "operator",
        "--database-url",
        system.database_url,
    )
    done = panke(
        "quarantine",
        "set-aside",
        "demo",
        "--machine",
        admission().file_of("operator"),
        "--intake",
        system.address("intake"),
        *given,
    )
    assert (done.returncode, done.stdout) == (0, b"1 facts folded, 0 wait\n"), done.stderr.decode()

    told = system.ask("/v1/scopes/demo/customers", min_seq=last)
    assert [customer["owner"] for customer in told["customers"]] == ["li", "wang"]
    rulebook, lines = exported(system.database_url, "demo")
    assert len(lines) == 4
    assert poison["id"].encode() in lines[-1]
    as_of = format_instant(BEGIN + timedelta(days=2))
    assert system.judgement("demo", as_of=as_of) == judged(lines, rulebook, as_of)


def visit(receiver: str, phone: str) -> dict[str, Any]:
    party = {"name": "张伟", "phones": [phone]}
    return {"visit": f"visit-{receiver}", "customer": party, "received_by": receiver, "capacity": "on_turn"}


def event(number: int, kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"set-aside/{number}")),
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(BEGIN),
        "data": data,
    }
