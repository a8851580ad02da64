"""A follow-up around the second in which a reminder falls due, on real parts, with Kafka down in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from deploy.local.kafka import EmbeddedKafka
from shared.contract import format_instant
from tests.support.parts import embedded_kafka, eventually
from tests.support.receiver import Receiver, notified_by
from tests.support.system import PATIENCE, System, running

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI).astimezone(UTC)
# Seen on 2 March, valid through 6 March: the first reminder is due at the opening of 5 March.
REMINDER = datetime(2026, 3, 5, 9, tzinfo=SHANGHAI).astimezone(UTC)
SECOND = timedelta(seconds=1)
RENEWED, FORGOTTEN = "13800138001", "13800138002"


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker for this module, to be taken away; each test has topics of its own on it."""
    with embedded_kafka() as broker:
        yield broker


@pytest.fixture
def system(directory: Path, database: str, own_kafka: EmbeddedKafka, receiver: Receiver) -> Iterator[System]:
    settings = {
        **notified_by(receiver),
        # The broker is away for as long as this machine needs; how the wait ends is another test's.
        "PANKE_NOTIFIER_WATERMARK_PATIENCE": "600",
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
    }
    with running(directory, database, own_kafka.address, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "outage",
    [
        pytest.param(False, marks=pytest.mark.soak, id="kafka stands"),
        pytest.param(True, id="kafka is down in between"),
    ],
)
def test_a_second_decides_and_the_log_shows_both(
    system: System, receiver: Receiver, own_kafka: EmbeddedKafka, outage: bool
) -> None:
    """Recorded a second before, also while Kafka is down, a follow-up cancels the reminder; a second after, it does not
    un-send it, and the log has the call and, behind it, the change of the claim."""
    renewed, forgotten = two_claims(system)
    system.clock.hold(REMINDER - SECOND)
    if outage:
        own_kafka.kill()
    system.record(event("followup.recorded", followup(RENEWED), REMINDER - SECOND))
    system.clock.hold(REMINDER + SECOND)
    if outage:
        own_kafka.start()
    eventually(lambda: len(receiver.taken) == 1, "the reminder of the other customer", PATIENCE)
    eventually(lambda: "superseded" in states(system, renewed), "the renewal", PATIENCE)
    assert [one["data"]["customer"] for one in receiver.taken] == [forgotten]

    eventually(lambda: "sent" in states(system, forgotten), "the answer is stored", PATIENCE)
    system.record(event("followup.recorded", followup(FORGOTTEN), REMINDER + SECOND))
    eventually(lambda: "superseded" in states(system, forgotten), "the renewal a second later", PATIENCE)
    assert len(receiver.taken) == 1
    cancelled, told = first_reminder(system, renewed), first_reminder(system, forgotten)
    assert whats(cancelled) == [("made", None), ("superseded", "claim changed")]
    assert not cancelled["told_before_deadline"]
    assert whats(told) == [
        ("made", None), ("call", None), ("answer sent", None), ("sent", "by webhook"), ("sent", "claim changed"),
    ]  # fmt: skip
    assert (told["state"], told["told_before_deadline"]) == ("sent", True)
    assert told["history"][1]["business_at"] == format_instant(REMINDER + SECOND)


def two_claims(system: System) -> tuple[str, str]:
    """Two customers of one consultant whose first reminder is due at the same moment; the notifier knows of both."""
    system.record(event("staff.enrolled", {"staff": "li", "name": "li", "role": "consultant"}, BEGIN))
    for visit, phone in (("v1", RENEWED), ("v2", FORGOTTEN)):
        seq = system.record(event("visit.registered", visit_of(visit, phone), BEGIN))
    listed = system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]
    ids = {one["contacts"][0][-4:]: one["customer"] for one in listed}
    renewed, forgotten = ids[RENEWED[-4:]], ids[FORGOTTEN[-4:]]
    for customer in (renewed, forgotten):
        eventually(
            lambda customer=customer: alerts(system, customer) != [],
            "the notifier knows of the claim",
            PATIENCE,
        )
    return renewed, forgotten


def first_reminder(system: System, customer: str) -> dict[str, Any]:
    """The one alert that was due at the moment in question."""
    (found,) = [one for one in alerts(system, customer) if one["due_at"] == format_instant(REMINDER)]
    return found


def whats(alert: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["what"], one.get("reason")) for one in alert["history"]]


def alerts(system: System, customer: str) -> list[dict[str, Any]]:
    """The log of a customer, as an auditor asks for it."""
    address = f"{system.address('notifier')}/v1/alerts/log"
    found: list[dict[str, Any]] = system.http.get(address, params={"customer": customer}).json()["alerts"]
    return found


def states(system: System, customer: str) -> set[str]:
    return {one["state"] for one in alerts(system, customer)}


def visit_of(visit: str, phone: str) -> dict[str, Any]:
    party = {"name": "演示客户", "phones": [phone]}
    return {"visit": visit, "customer": party, "received_by": "li", "capacity": "on_turn"}


def followup(phone: str) -> dict[str, Any]:
    party = {"name": "演示客户", "phones": [phone]}
    told = {"method": "phone", "subject": "回访", "content": "客户计划周末再来看样板间。"}
    return {"customer": party, "by": "li", **told}


def event(kind: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(at),
        "data": data,
    }
