"""One fact's whole way on real parts: from HTTP through journal, topic, fold and timer to an alert that is called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import pytest

from shared.contract import format_instant
from tests.support.parts import eventually
from tests.support.receiver import Receiver, notified_by
from tests.support.system import PATIENCE, System, running

SHANGHAI = ZoneInfo("Asia/Shanghai")
PHONE = "13800138111"
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI).astimezone(UTC)
# Seen on 2 March, valid through 6 March: the first reminder is due at the opening of 5 March.
REMINDER = datetime(2026, 3, 5, 9, tzinfo=SHANGHAI)


@pytest.fixture
def system(directory: Path, database: str, kafka: str, receiver: Receiver) -> Iterator[System]:
    settings = {
        **notified_by(receiver),
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
    }
    with running(directory, database, kafka, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
def test_a_visit_becomes_a_cited_decision_and_an_alert_before_it_runs_out(
    system: System, receiver: Receiver
) -> None:
    """A visit gives its receiver the customer under clause 1, and a reminder that is signed reaches the receiver at
    the opening of the day before the last."""
    for staff, role in (("li", "consultant"), ("chen", "supervisor")):
        system.record(event("staff.enrolled", {"staff": staff, "name": staff, "role": role}))
    visit = event("visit.registered", visit_of("li"))
    seq = system.record(visit)

    (customer,) = system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]
    assert (customer["owner"], customer["status"]) == ("li", "owned")
    told = system.ask(f"/v1/scopes/demo/customers/{customer['customer']}")
    assert told["clause"] == "shijiazhuang.1"
    assert told["decisions"][0]["because"] == [visit["id"]]

    reminder_hour(system)
    eventually(lambda: bool(receiver.taken), "the reminder arrives", PATIENCE)
    alert = receiver.taken[0]
    assert (alert["type"], alert["data"]["to"], alert["data"]["step"]) == (
        "claim.expiring",
        "li",
        "day_before",
    )
    assert alert["data"]["deadline"] == format_instant(BEGIN.replace(day=6, hour=16, minute=0))
    assert not alert["data"]["behind"]


@pytest.mark.timeout(900)
def test_what_one_service_says_of_a_fact_carries_the_same_trace_and_no_phone(
    system: System, receiver: Receiver
) -> None:
    """One trace id follows a fact from the request to the alert, and no log holds its phone in any form."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    body = event("visit.registered", visit_of("li"))
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    taken = system.http.post(f"{system.address('intake')}/v1/events", json=body, headers=headers)
    assert taken.status_code == 202
    system.ask("/v1/scopes/demo/customers", min_seq=taken.json()["seq"])
    looked_up = system.http.post(
        f"{system.address('attribution')}/v1/scopes/demo/lookup", json={"contact": PHONE}
    )
    assert looked_up.json()["owner"] == "li"

    reminder_hour(system)
    eventually(lambda: bool(receiver.headers), "the reminder arrives", PATIENCE)
    sent = {name.lower(): value for name, value in receiver.headers[0].items()}
    assert trace in sent["traceparent"]
    for name, log in system.logs().items():
        assert PHONE not in log, f"a phone in the log of {name}"


def reminder_hour(system: System) -> None:
    """Leap to the reminder, once the notifier knows how far it hears: before, it would take the claim for a new one."""
    eventually(lambda: system.behind() == 0, "the notifier hears", PATIENCE)
    system.clock.hold(REMINDER + timedelta(seconds=1))


def visit_of(receiver: str) -> dict[str, Any]:
    party = {"name": "演示客户", "phones": [PHONE]}
    return {"visit": "v1", "customer": party, "received_by": receiver, "capacity": "on_turn"}


def event(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{kind}/{sorted(data.items())}")),
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(BEGIN),
        "data": data,
    }
