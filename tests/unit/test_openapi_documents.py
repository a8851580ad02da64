"""What a generator of clients reads: names that stay apart, summaries that people read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from services.access.main import create_service as access
from services.access.settings import AccessSettings
from services.attribution.main import create_service as attribution
from services.attribution.settings import AttributionSettings
from services.intake.main import create_service as intake
from services.intake.settings import IntakeSettings
from services.notifier.main import create_service as notifier
from services.notifier.settings import NotifierSettings
from services.registers.main import create_service as registers
from services.registers.settings import RegistersSettings
from shared.contract import decode_event
from shared.contract.times import RFC_3339
from shared.platform.http.openapi import CollidingNamesError, DescribedApp, body
from shared.platform.http.openapi import answer as told
from tests.support.times import odd_times

NOWHERE: dict[str, Any] = {
    "database_url": "postgresql://panke@127.0.0.1:1/panke", "kafka": "127.0.0.1:1", "tokens_from": "/nowhere",
}  # fmt: skip
TOLD_BY_OTHERS = frozenset({"/v1/access/openid/{provider}/callback"})
APPS = {
    "intake": lambda: intake(IntakeSettings(intake_journal_in_clear=True, **NOWHERE)).app,
    "attribution": lambda: attribution(AttributionSettings(**NOWHERE)).app,
    "notifier": lambda: notifier(NotifierSettings(**NOWHERE)).app,
    "registers": lambda: registers(RegistersSettings(**NOWHERE)).app,
    "access": lambda: access(AccessSettings(**NOWHERE, access_keys="/nowhere")).app,
}


@pytest.fixture(scope="module", params=APPS)
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The OpenAPI document of a service that is not started."""
    app: FastAPI = APPS[request.param]()
    return app.openapi()


@pytest.mark.parametrize("name", APPS)
async def test_every_address_refuses_a_query_parameter_that_it_does_not_know(name: str) -> None:
    """Also those of probes, figures and of the description itself: 422 that names it, before anything is asked.

    What a provider tells is by its own protocol, which has the unknown ignored.
    """
    app: FastAPI = APPS[name]()
    calls = [(route.path, method) for route in app.routes for method in sorted(getattr(route, "methods", ()))]
    assert {"/openapi.json", "/docs", "/healthz", "/readyz", "/metrics"} < {path for path, _ in calls}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path, method in calls:
            where = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", path)
            answer = await client.request(method, where, params={"unheard_of": "1"})
            if answer.status_code == 401:  # nobody is told what an address knows that is closed to them
                assert app.closed(method, path)  # type: ignore[attr-defined]
                continue
            if path in TOLD_BY_OTHERS:
                assert "unheard_of" not in answer.text
                continue
            assert answer.status_code == 422, f"{method} {path}: {answer.text}"
            assert "query.unheard_of" in answer.text, f"{method} {path}: {answer.text}"


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_no_two_schemas_have_one_name(document: dict[str, Any]) -> None:
    """Also where a generator drops dots and capitals, and takes the title for the name; each one is used."""
    schemas = document["components"]["schemas"]
    names = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in schemas]
    assert len(set(names)) == len(names)
    titles = [re.sub(r"[^a-z0-9]", "", schema.get("title", name).lower()) for name, schema in schemas.items()]
    assert titles == names
    text = str(document)
    assert [name for name in schemas if f"'#/components/schemas/{name}'" not in text] == []


def test_a_model_that_is_called_as_one_of_the_contract_is_refused() -> None:
    """Neither takes the other's place in silence."""
    app = DescribedApp(title="desk", version="1")
    event = {"$ref": "#/components/schemas/Event"}
    app.add_api_route(
        "/x", lambda: None, openapi_extra=body(event, "an event"), responses={200: told("", {})}
    )
    app.openapi()
    app.openapi_schema = None
    app.add_api_route("/y", party)
    with pytest.raises(CollidingNamesError, match="Party"):
        app.openapi()


class Party(BaseModel):
    name: str


def party(party: Party) -> None:
    """A route with a model of a taken name."""


def test_every_call_has_examples_that_its_schemas_allow(document: dict[str, Any]) -> None:
    """Each body and each success shows one (`examples.json` of the service), and it is as the document describes it."""
    for name, operation in operations(document):
        told = {f"{name} request": operation.get("requestBody", {})}
        told |= {
            f"{name} {status}": one for status, one in operation["responses"].items() if status[0] == "2"
        }
        for where, one in told.items():
            for kind, media in one.get("content", {}).items():
                assert "example" in media, f"{where} {kind}: add one to examples.json"
                schema = {**media.get("schema", {}), "components": document["components"]}
                jsonschema.Draft202012Validator(schema).validate(media["example"])


def test_events_in_examples_can_be_recorded(document: dict[str, Any]) -> None:
    """What an example posts as an event is one that the decoder takes."""
    for name, operation in operations(document):
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            if name.endswith(("/events", "/events:batch", "/preview")):
                text = media["example"] if kind.endswith("ndjson") else json.dumps(media["example"])
                assert [decode_event(line.encode(), recorded=False) for line in text.splitlines()]


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """A summary is words for people, not the name of a function; no two are alike, nor two ids."""
    found = dict(operations(document))
    summaries = [operation["summary"] for operation in found.values()]
    assert [
        text for text in summaries if re.fullmatch(r"([A-Z][a-z]+ ?)+", text) and len(text.split()) <= 2
    ] == []
    assert len(set(summaries)) == len(summaries)
    assert len({operation["operationId"] for operation in found.values()}) == len(found)


def test_every_answer_has_a_shape(document: dict[str, Any]) -> None:
    """A client that is generated has a type for each answer: no member of one is of just any shape, times are times."""
    for name, operation in operations(document):
        for status, one in operation["responses"].items():
            for kind, media in one.get("content", {}).items():
                where = f"{name} {status} {kind}"
                assert media.get("schema"), f"{where}: an answer of no shape"
                if kind == "application/json":
                    assert list(timeless(media["schema"], document, where)) == []


def timeless(
    schema: dict[str, Any], document: dict[str, Any], where: str, above: tuple[str, ...] = ()
) -> Iterator[str]:
    """Members that are called as times are and have not their shape."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in above:
        return
    found = document["components"]["schemas"][name] if name else schema
    for member, one in found.get("properties", {}).items():
        shapes = [one, *one.get("anyOf", ())]
        if re.search(r"(^|_)at$", member) and not any(shape.get("format") == "date-time" for shape in shapes):
            yield f"{where}.{member}"
        yield from timeless(one, document, f"{where}.{member}", (*above, name) if name else above)
    if isinstance(found.get("items"), dict):
        yield from timeless(found["items"], document, f"{where}[]", (*above, name) if name else above)


def test_times_that_are_asked_for_show_how_they_are_written(document: dict[str, Any]) -> None:
    """The pattern by which one is refused stands where a client is written from: in queries and in bodies."""
    for name, operation in operations(document):
        asked = {
            one["name"]: one["schema"] for one in operation.get("parameters", ()) if one["in"] == "query"
        }
        for media in operation.get("requestBody", {}).get("content", {}).values():
            shape = media["schema"].get("$ref", "").rpartition("/")[2]
            asked |= document["components"]["schemas"].get(shape, {}).get("properties", {})
        for field, schema in asked.items():
            if re.search(r"(_at|_before|^as_of|^since|^until|^issued)$", field) and "$ref" not in schema:
                shapes = [schema, *schema.get("anyOf", ())]
                assert any(shape.get("pattern") == RFC_3339 for shape in shapes), f"{name} {field}"


def test_times_in_examples_are_told_in_one_form(document: dict[str, Any]) -> None:
    """UTC with `Z`; only what somebody recorded stands as they wrote it."""
    for name, operation in operations(document):
        for status, one in operation["responses"].items():
            for media in one.get("content", {}).values():
                assert list(odd_times(media.get("example"))) == [], f"{name} {status}"
