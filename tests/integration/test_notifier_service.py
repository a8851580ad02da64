"""The notifier as a process: settings from the environment, a real broker and database, a real receiver."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from click.testing import CliRunner

from deploy.local.ports import free_port
from services.notifier.cli import alerts as alerts_command
from services.notifier.messages.words import case_number
from shared.contract.topics import Topics
from shared.platform.clock import ClockDriver
from tests.support.notifier import END, Stream, Told, local
from tests.support.parts import eventually
from tests.support.receiver import Receiver, notified_by, receiving
from tests.support.tokens import admission

SECRET = "whsec_" + base64.b64encode(b"a secret that never shows in a log").decode()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Deployment:
    """One notifier's surroundings; the process in it can be killed and started again."""

    def __init__(self, database: str, kafka: str, prefix: str, receiver: Receiver, folder: Path) -> None:
        self.kafka, self.database, self.receiver = kafka, database, receiver
        self.topic = Topics(prefix).ownership
        self.clock = ClockDriver(folder / "clock.json")
        self.clock.hold(local(1, 10))
        self.log = folder / "log.jsonl"
        self.stream = Stream()
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "PANKE_DATABASE_URL": database,
            "PANKE_KAFKA": kafka,
            "PANKE_TOPIC_PREFIX": prefix,
            "PANKE_PARTITIONS": "1",
            "PANKE_DEMONSTRATION": "true",
            "PANKE_CLOCK": f"file:{folder / 'clock.json'}",
            "PANKE_NOTIFIER_PORT": str(self.port),
            **notified_by(receiver),
            **admission().environment(),
            "PANKE_NOTIFIER_ATTEMPTS": "1",
        }

    @contextmanager
    def process(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "services.notifier.main"]
        with self.log.open("ab") as log:
            process = subprocess.Popen(command, env=self.environ, stderr=log, stdout=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def get(self, path: str, **query: str) -> httpx.Response:
        return httpx.get(
            f"http://127.0.0.1:{self.port}{path}", params=query, timeout=60, auth=admission().bearer()
        )

    def answers(self, path: str, status: int) -> bool:
        try:
            return self.get(path).status_code == status
        except httpx.TransportError:
            return False

    def make_topic(self) -> None:
        asyncio.run(self._make_topic())

    async def _make_topic(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
        await admin.start()
        await admin.create_topics([NewTopic(self.topic, 1, 1)])
        await admin.close()

    def send(self, *told: Told) -> None:
        asyncio.run(self._send(told))

    async def _send(self, told: Sequence[Told]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await producer.start()
        for value, headers in told:
            key = b"watermark" if value is None else None
            await producer.send_and_wait(self.topic, value, key=key, headers=headers)
        await producer.stop()

    def at(self, at: datetime) -> None:
        self.clock.hold(at)
        self.send(self.stream.watermark(at))

    def lines(self) -> list[Mapping[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
def deployment(database: str, kafka: str, topic_prefix: str, tmp_path: Path) -> Iterator[Deployment]:
    with receiving(SECRET) as receiver:
        yield Deployment(database, kafka, topic_prefix, receiver, tmp_path)


def told(deployment: Deployment, wanted: Callable[[], bool], what: str) -> None:
    """Poll, and show the service's log when it never comes."""
    try:
        eventually(wanted, what)
    except AssertionError:
        print(deployment.log.read_text()[-4000:])
        raise


def test_a_claim_that_runs_out_reaches_the_receiver(deployment: Deployment) -> None:
    """From the claim on the topic to the signed call, its place in the API, the command and the metrics; then
    SIGTERM."""
    stream = deployment.stream
    with deployment.process() as process:
        told(deployment, lambda: deployment.answers("/healthz", 200), "it lives without a topic")
        told(deployment, lambda: "there is no topic" in deployment.get("/readyz").text, "it says why")
        deployment.make_topic()
        told(deployment, lambda: deployment.answers("/readyz", 200), "it is ready")
        deployment.send(
            stream.watermark(local(1, 10)),
            stream.staff("li", "consultant"),
            stream.staff("sun", "supervisor"),
            stream.claim("c1", "li", traceparent=f"00-{TRACE}-00f067aa0ba902b7-01"),
            stream.claim("c2", "wang"),
            stream.claim("c2", "wang", None, status="closed"),
        )
        deployment.at(local(4, 9))
        told(deployment, lambda: bool(deployment.receiver.ids), "the reminder")
        deployment.at(local(5, 17))
        told(
            deployment,
            lambda: len(deployment.receiver.ids) == 3,
            "the latest to the owner, and the last call",
        )
        steps = sorted((one["data"]["step"], one["data"]["to"]) for one in deployment.receiver.taken)
        assert steps == [("day_before", "li"), ("last_afternoon", "li"), ("last_call", "sun")]
        deployment.at(END)
        deployment.send(stream.lapsed("c1"))
        deployment.at(local(6, 9))
        told(deployment, lambda: len(deployment.receiver.ids) == 5, "the lapse, to both")
        told(deployment, lambda: len(_sent(deployment)) == 5, "every answer is stored")
        _check_views(deployment)
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    log = deployment.log.read_text()
    assert "secret" not in log and SECRET not in log and "Traceback" not in log
    settled = [line for line in deployment.lines() if line["event"] == "settled"]
    assert settled[0]["trace_id"] == TRACE


def lacking(deployment: Deployment) -> set[str]:
    """What its readiness says that fails."""
    return set(deployment.get("/readyz").json().get("failing", {}))


def _sent(deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = deployment.get("/v1/alerts", state="sent").json()["alerts"]
    return found


def _check_views(deployment: Deployment) -> None:
    sent = _sent(deployment)
    assert {alert["case"] for alert in sent} == {case_number("c1")}
    assert sorted(alert["id"] for alert in sent) == sorted(deployment.receiver.ids)
    assert sent[-1]["due_at"] == "2026-03-04T01:00:00Z"
    assert sent[-1]["attempts"][0]["answer"] == "200 taken"
    one = deployment.get(f"/v1/alerts/{sent[0]['id']}")
    assert one.json() == sent[0]
    figures = {
        'panke_notifier_attempts_total{channel="webhook",result="sent"} 5.0',
        "panke_notifier_alerts_due 0.0",
        'panke_notifier_watermark_age_seconds{partition="0"} 0.0',
    }
    # Figures follow the rows, which are seen first.
    told(deployment, lambda: figures <= set(deployment.get("/metrics").text.splitlines()), "the figures")
    arguments = ["list", "--state", "sent", "--json", "--database-url", deployment.database]
    shown = CliRunner().invoke(alerts_command, arguments)
    assert [json.loads(line)["id"] for line in shown.stdout.splitlines()] == [alert["id"] for alert in sent]


def test_a_notifier_without_a_broker_lives_and_stops(deployment: Deployment) -> None:
    """While the broker is away the notifier lives, says in readiness what is missing, and stops when told."""
    deployment.environ["PANKE_KAFKA"] = f"127.0.0.1:{free_port()}"
    with deployment.process() as process:
        told(deployment, lambda: deployment.answers("/healthz", 200), "it lives")
        told(deployment, lambda: lacking(deployment) == {"broker", "consumer"}, "it says what it lacks")
        assert deployment.get("/v1/alerts").json() == {"alerts": [], "next": None}
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
    assert "Traceback" not in deployment.log.read_text()


def test_what_is_asked_wrongly_is_refused_with_the_field(deployment: Deployment) -> None:
    """Bad queries are 422 with the field, an unknown alert is 404, one that was sent cannot be retried."""
    with deployment.process():
        deployment.make_topic()
        told(deployment, lambda: deployment.answers("/readyz", 200), "it is ready")
        deployment.send(deployment.stream.watermark(local(1, 10)), deployment.stream.claim("c1", "li"))
        for field, value in [
            ("state", "lost"),
            ("scope", "A B"),
            ("customer", "a\0b"),
            ("cursor", "%%%"),
            ("cursor", "YWJj"),
            ("limit", "0"),
            ("limit", "many"),
        ]:
            refused = deployment.get("/v1/alerts", **{field: value})
            assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
            assert refused.json()["errors"][0]["path"] == f"query.{field}"
        assert deployment.get("/v1/alerts/none").status_code == 422
        assert deployment.get(f"/v1/alerts/{uuid.uuid4()}").status_code == 404
        deployment.at(local(4, 9))
        told(deployment, lambda: len(_sent(deployment)) == 1, "the reminder")
        retry = f"http://127.0.0.1:{deployment.port}/v1/alerts/{_sent(deployment)[0]['id']}/retry"
        refused = httpx.post(retry, timeout=60, auth=admission().bearer())
        assert (refused.status_code, refused.json()["detail"]) == (409, "the alert was sent")
        pages, cursor = [], {}
        while True:
            page = deployment.get("/v1/alerts", limit="3", **cursor).json()
            pages += [alert["id"] for alert in page["alerts"]]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert len(pages) == len(set(pages)) == 4


def test_a_dead_alert_is_retried_over_http_and_by_command(deployment: Deployment) -> None:
    """A refused alert is listed dead; a retry over HTTP, and one by the command, have it called again."""
    deployment.receiver.statuses = [422, 422]
    with deployment.process():
        deployment.make_topic()
        told(deployment, lambda: deployment.answers("/readyz", 200), "it is ready")
        deployment.send(deployment.stream.watermark(local(1, 10)), deployment.stream.claim("c1", "li"))
        deployment.at(local(4, 9))
        told(deployment, lambda: _count(deployment, "dead") == 1, "it is dead")
        (alert,) = deployment.get("/v1/alerts", state="dead").json()["alerts"]
        again = httpx.post(
            f"http://127.0.0.1:{deployment.port}/v1/alerts/{alert['id']}/retry",
            timeout=60,
            auth=admission().bearer(),
        )
        assert again.status_code == 200
        told(deployment, lambda: len(deployment.receiver.ids) == 2, "it was called again")
        told(deployment, lambda: _count(deployment, "dead") == 1, "it is dead again")
        arguments = ["retry", "--all-dead", "--database-url", deployment.database]
        result = CliRunner().invoke(alerts_command, arguments)
        assert (result.exit_code, result.stdout) == (0, f"{alert['id']} will be tried again\n")
        told(deployment, lambda: _count(deployment, "sent") == 1, "it was sent")


def _count(deployment: Deployment, state: str) -> int:
    return len(deployment.get("/v1/alerts", state=state).json()["alerts"])


def test_killed_between_call_and_answer_the_next_process_sends_again(deployment: Deployment) -> None:
    """kill -9 while the receiver holds the call: the next process finds it unknown and repeats the same
    id."""
    deployment.receiver.hold = threading.Event()
    with deployment.process() as process:
        deployment.make_topic()
        told(deployment, lambda: deployment.answers("/readyz", 200), "it is ready")
        deployment.send(deployment.stream.watermark(local(1, 10)), deployment.stream.claim("c1", "li"))
        deployment.at(local(4, 9))
        told(deployment, lambda: len(deployment.receiver.ids) == 1, "the call")
        process.kill()
        process.wait()
    deployment.receiver.hold.set()
    with deployment.process():
        told(deployment, lambda: len(deployment.receiver.ids) == 2, "the same call again")
        told(deployment, lambda: deployment.answers("/readyz", 200) and len(_sent(deployment)) == 1, "sent")
        (alert,) = _sent(deployment)
    assert [attempt["outcome"] for attempt in alert["attempts"]] == ["unknown", "sent"]
    assert deployment.receiver.ids == [alert["id"]] * 2
