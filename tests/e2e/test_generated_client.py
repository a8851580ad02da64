"""The system as an integrator drives it: by clients that were generated from its OpenAPI documents, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.support.clients import GeneratedClient, generate
from tests.support.parts import eventually, fresh_database, open_directory
from tests.support.system import PATIENCE, SERVICES, System, running

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)
PHONE = "13800000001"


@pytest.fixture(scope="module")
def system(postgres_dsn: str, kafka: str) -> Iterator[System]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang"}
    with (
        open_directory() as directory,
        fresh_database(postgres_dsn) as database,
        running(directory, database, kafka, BEGIN, settings=settings) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def clients(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, GeneratedClient]]:
    """A client of each service, made from what the running service says of itself."""
    place = tmp_path_factory.mktemp("clients")
    made = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(str(place))
        for name in SERVICES:
            address = system.address(name)
            package = f"client_of_{name}_{uuid4().hex}"
            done = generate(system.http.get(f"{address}/openapi.json").json(), place, package)
            assert done.returncode == 0, done.stdout + done.stderr
            made[name] = GeneratedClient(package, address)
        yield made


@pytest.mark.timeout(600)
def test_a_generated_client_does_a_desks_day(clients: dict[str, GeneratedClient]) -> None:
    """It registers staff and a visit, looks the customer up, previews, and reads a page, a history and the alerts."""
    intake, attribution, notifier = (clients[name] for name in SERVICES)
    assert enrolled(intake) == [202]
    place = intake.call("events", "post_event_v1_events_post", body=visit(intake, "v1"))
    assert (place.scope, place.seq, place.recorded_at) == ("demo", 2, BEGIN)
    recorded = intake.call("events", "get_event_v1_events_id_get", place.id)
    assert recorded.type_ == "visit.registered" and recorded.data["received_by"] == "li"

    asked = attribution.models.Lookup(contact="138 0000 0001")
    known = attribution.call(
        "default", "lookup_v1_scopes_scope_lookup_post", "demo", body=asked, min_seq=place.seq
    )
    assert (known.known, known.owner, known.owner_name, known.status) == (True, "li", "李娜", "owned")
    assert [(one.zh, one.clause) for one in known.do] and isinstance(known.expires_at, datetime)

    preview = attribution.call(
        "default", "preview_v1_scopes_scope_preview_post", "demo", body=visit(attribution, "v2")
    )
    assert [(one.decision, one.owner) for one in preview.decisions] == [("renewed", "li")]
    assert preview.customer.customer == known.customer and preview.behind_since is attribution.unset

    page = attribution.call("default", "customers_v1_scopes_scope_customers_get", "demo", owner="li")
    assert [customer.customer for customer in page.customers] == [known.customer] and page.cursor is None
    assert [decision.at for decision in page.customers[0].decisions] == [BEGIN]

    history = attribution.call(
        "default", "history_v1_scopes_scope_customers_customer_history_get", "demo", known.customer
    )
    assert [event.id for event in history.events] == [place.id]
    assert [(one.seq, one.recorded_at) for one in history.decisions] == [(2, BEGIN)]
    assert history.decisions[0].explanation.zh and history.set_aside == []

    def alerts() -> Any:
        return notifier.call("alerts", "get_alerts_v1_alerts_get", scope="demo").alerts

    eventually(lambda: bool(alerts()), "the notifier knows of the claim", PATIENCE)
    assert {alert.customer for alert in alerts()} == {known.customer}


@pytest.mark.timeout(600)
def test_a_generated_client_reads_a_refusal(clients: dict[str, GeneratedClient]) -> None:
    """What is refused comes as the model of a problem document, with the field and the rule."""
    attribution = clients["attribution"]
    refused = attribution.call(
        "default",
        "lookup_v1_scopes_scope_lookup_post",
        "demo",
        body=attribution.models.Lookup(contact="138****0001"),
    )
    assert isinstance(refused, attribution.models.Problem)
    assert [(one.path, one.rule) for one in refused.errors] == [("contact", "masked")]


def enrolled(intake: GeneratedClient) -> list[int]:
    """A batch of one enrolment; the status of each line."""
    event = envelope("staff.enrolled") | {"data": {"staff": "li", "name": "李娜", "role": "consultant"}}
    batch = intake.file(json.dumps(event).encode() + b"\n")
    answer = intake.call("events", "post_batch_v1_events_batch_post", body=batch)
    return [json.loads(line)["status"] for line in answer.payload.read().splitlines()]


def visit(client: GeneratedClient, name: str) -> Any:
    """A visit as the client's own model has it."""
    data = {
        "visit": name,
        "customer": {"name": "张伟", "phones": [PHONE]},
        "received_by": "li",
        "capacity": "on_turn",
    }
    return client.models.VisitRegisteredEvent.from_dict(envelope("visit.registered") | {"data": data})


def envelope(kind: str) -> dict[str, Any]:
    return {
        "id": str(uuid4()), "type": kind, "scope": "demo", "office": "demo-office", "actor": "li",
        "occurred_at": "2026-03-02T02:00:00Z",
    }  # fmt: skip
