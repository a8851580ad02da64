"""A follow-up around the second in which a reminder falls due, on real parts, with Kafka down in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from shared.contract import format_instant
from shared.local.kafka import EmbeddedKafka
from tests.support.parts import eventually
from tests.support.receiver import Receiver, receiving
from tests.support.system import PATIENCE, System, running

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECRET = "whsec_cGFua2UtdGVzdC1zZWNyZXQtb2YtMzItYnl0ZXM="
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI).astimezone(UTC)
# Seen on 2 March, valid through 6 March: the first reminder is due at the opening of 5 March.
REMINDER = datetime(2026, 3, 5, 9, tzinfo=SHANGHAI).astimezone(UTC)
SECOND = timedelta(seconds=1)
RENEWED, FORGOTTEN = "13800138001", "13800138002"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(SECRET) as found:
        yield found


@pytest.fixture
def system(directory: Path, database: str, own_kafka: EmbeddedKafka, receiver: Receiver) -> Iterator[System]:
    settings = {
        "PANKE_NOTIFIER_CHANNELS": "webhook",
        "PANKE_NOTIFIER_WEBHOOK_URL": receiver.url,
        "PANKE_NOTIFIER_WEBHOOK_SECRET": SECRET,
        "PANKE_NOTIFIER_WEBHOOK_HOSTS": "localhost",
        "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
        # The broker is away for as long as this machine needs; how the wait ends is another test's.
        "PANKE_NOTIFIER_WATERMARK_PATIENCE": "600",
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
    }
    with running(directory, database, own_kafka.address, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(400)
def test_a_second_decides_and_the_log_shows_both(
    system: System, receiver: Receiver, own_kafka: EmbeddedKafka
) -> None:
    """Recorded a second before, while Kafka is down, a follow-up cancels the reminder; a second after, it does not
    un-send it, and the log has the call and, behind it, the change of the claim."""
    system.record(event("staff.enrolled", {"staff": "li", "name": "li", "role": "consultant"}, BEGIN))
    for visit, phone in (("v1", RENEWED), ("v2", FORGOTTEN)):
        seq = system.record(event("visit.registered", visit_of(visit, phone), BEGIN))
    listed = system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]
    ids = {one["contacts"][0][-4:]: one["customer"] for one in listed}
    renewed, forgotten = ids[RENEWED[-4:]], ids[FORGOTTEN[-4:]]
    eventually(lambda: len(alerts(system, renewed)) > 1, "the notifier knows of the claim", PATIENCE)

    system.clock.hold(REMINDER - SECOND)
    own_kafka.kill()
    system.record(event("followup.recorded", followup(RENEWED), REMINDER - SECOND))
    system.clock.hold(REMINDER + SECOND)
    own_kafka.start()
    eventually(lambda: len(receiver.taken) == 1, "the reminder of the other customer", PATIENCE)
    eventually(lambda: "superseded" in states(system, renewed), "the renewal", PATIENCE)
    assert [one["data"]["customer"] for one in receiver.taken] == [forgotten]
    assert calls(system, renewed) == []

    eventually(lambda: "sent" in states(system, forgotten), "the answer is stored", PATIENCE)
    system.record(event("followup.recorded", followup(FORGOTTEN), REMINDER + SECOND))
    eventually(lambda: "superseded" in states(system, forgotten), "the renewal a second later", PATIENCE)
    (told,) = [one for one in alerts(system, forgotten) if one["state"] == "sent"]
    assert told["told_before_deadline"]
    whats = [(one["what"], one.get("reason")) for one in told["history"]]
    assert whats[-3:] == [("answer sent", None), ("sent", "by webhook"), ("sent", "claim changed")]
    assert len(receiver.taken) == 1


def alerts(system: System, customer: str) -> list[dict[str, Any]]:
    """The log of a customer, as an auditor asks for it."""
    address = f"{system.address('notifier')}/v1/alerts/log"
    found: list[dict[str, Any]] = system.http.get(address, params={"customer": customer}).json()["alerts"]
    return found


def states(system: System, customer: str) -> set[str]:
    return {one["state"] for one in alerts(system, customer)}


def calls(system: System, customer: str) -> list[dict[str, Any]]:
    return [entry for one in alerts(system, customer) for entry in one["history"] if entry["what"] == "call"]


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
