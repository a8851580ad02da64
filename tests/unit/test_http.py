"""What every service does alike over HTTP."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import Depends, FastAPI, Request
from msgspec import Struct

from services.intake.settings import IntakeSettings
from shared.contract import decode_event
from shared.platform.http.app import create_app, listen
from shared.platform.http.problem import PROBLEM_TYPE, unavailable
from shared.platform.http.query_names import ignore_unknown
from shared.platform.settings import SettingsError
from shared.platform.telemetry.telemetry import configure_logging
from tests.support.contract import JSON_BODY, encode, envelope

PARENT = f"00-{'a' * 32}-{'b' * 16}-01"


class At(Struct, frozen=True):
    """Where to listen."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    tls_proxy: bool = False


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    configure_logging("desk", "debug", stream)
    yield stream
    root.handlers[:], root.level = before[0], before[1]
    structlog.reset_defaults()


async def never() -> str | None:
    await asyncio.Event().wait()
    return None


def broken() -> str | None:
    raise ConnectionError("postgresql://panke:hidden@db")


def desk() -> FastAPI:
    app = create_app(
        "desk",
        "0.1.0",
        live={"relay": lambda: None},
        ready={"database": broken, "broker": lambda: "no answer"},
        metrics=lambda: b"panke_up 1\n",
        body_limit=2000,
    )

    @app.post("/events")
    async def events(request: Request) -> dict[str, str]:
        return {"id": decode_event(await request.body(), recorded=True).id}

    @app.post("/numbers")
    async def numbers(body: dict[str, int]) -> dict[str, int]:
        return body

    @app.get("/page")
    async def page(limit: int = 10, cursor: str = "") -> dict[str, Any]:
        return {"limit": limit, "cursor": cursor}

    @app.get("/told", dependencies=[Depends(ignore_unknown)])
    async def told(code: str = "") -> dict[str, str]:
        return {"code": code}

    @app.get("/full")
    async def full() -> None:
        raise unavailable("backlog", 7)

    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError("13812345678")

    return app


async def ask(method: str, path: str, **given: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=desk())
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=JSON_BODY
    ) as client:
        return await client.request(method, path, **given)


def request(method: str, path: str, **given: Any) -> httpx.Response:
    return asyncio.run(ask(method, path, **given))


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM_TYPE
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    return document


def test_a_bad_event_is_a_problem_that_names_the_field() -> None:
    """422 with the path and the rule of what is wrong."""
    answer = request("POST", "/events", content=encode(envelope(data={"customer": {"phones": ["12"]}})))
    errors = problem(answer, 422)["errors"]
    assert [(error["path"], error["rule"]) for error in errors] == [("data.customer.phones[0]", "phone")]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/none", 404), ("PUT", "/events", 405), ("GET", "/defect", 500)]
)
def test_every_refusal_is_a_problem_document(method: str, path: str, status: int) -> None:
    """A path that is not, a method that is not, and a defect of ours are told in one form."""
    assert "13812345678" not in json.dumps(problem(request(method, path), status))


def test_the_framework_s_own_findings_are_problems_without_the_value() -> None:
    """What FastAPI finds is told by path, and never repeats what was sent."""
    answer = request("POST", "/numbers", json={"a": "13812345678?"})
    assert problem(answer, 422)["errors"][0]["path"] == "body.a"
    assert "13812345678" not in answer.text
    assert problem(request("POST", "/numbers", content=b"{"), 422)["errors"]


@pytest.mark.parametrize(
    ("method", "path", "rules"),
    [
        ("GET", "/page?as_of=2026-03-02T00:00:00Z", {"query.as_of": "unknown_parameter"}),
        ("GET", "/page?Limit=5&limit=5", {"query.Limit": "unknown_parameter"}),
        ("GET", "/page?limit=5&limit=6", {"query.limit": "once"}),
        ("GET", "/page?limit=many&by=li", {"query.by": "unknown_parameter"}),
        ("POST", "/events?dry_run=1", {"query.dry_run": "unknown_parameter"}),
        ("GET", "/healthz?verbose=1", {"query.verbose": "unknown_parameter"}),
        ("GET", "/readyz?verbose=1", {"query.verbose": "unknown_parameter"}),
        ("GET", "/metrics?name[]=up", {"query.name[]": "unknown_parameter"}),
        ("GET", "/docs?x=1", {"query.x": "unknown_parameter"}),
        ("GET", "/docs/swagger-ui.css?x=1", {"query.x": "unknown_parameter"}),
        ("GET", "/openapi.json?x=1", {"query.x": "unknown_parameter"}),
        ("GET", "/page?13812345678", {"query.138****5678": "unknown_parameter"}),
    ],
)
def test_no_query_parameter_is_ignored_in_silence(method: str, path: str, rules: dict[str, str]) -> None:
    """One that an endpoint does not know is 422 on every endpoint, with those that it knows, as is one given twice."""
    document = problem(request(method, path), 422)
    assert {error["path"]: error["rule"] for error in document["errors"]} == rules
    if path.startswith("/page") and "unknown_parameter" in rules.values():
        assert "cursor, limit" in document["detail"]
        assert "可用的有：cursor、limit" in document["detail"]


def test_query_parameters_that_are_known_are_taken() -> None:
    """By the names that the endpoint's description gives them."""
    assert request("GET", "/page?limit=5&cursor=x").json() == {"limit": 5, "cursor": "x"}


def test_what_a_protocol_has_ignored_is_ignored_where_an_address_says_so() -> None:
    """What is known there is still given once only."""
    assert request("GET", "/told?code=x&trace=1").json() == {"code": "x"}
    assert problem(request("GET", "/told?code=x&code=y&trace=1"), 422)["errors"][0]["rule"] == "once"


def test_a_full_service_says_when_to_come_again() -> None:
    """503 carries Retry-After."""
    answer = request("GET", "/full")
    assert problem(answer, 503)["detail"] == "backlog"
    assert answer.headers["retry-after"] == "7"


async def _stream() -> AsyncIterator[bytes]:
    for _ in range(30):
        yield b"x" * 100


@pytest.mark.parametrize("path", ["/events", "/numbers"])
def test_a_body_past_the_limit_is_413(path: str) -> None:
    """A body is refused by its announced length, and while it is read where none was announced."""
    assert problem(request("POST", path, content=b"x" * 2001), 413)
    assert problem(request("POST", path, content=_stream()), 413)


def test_health_and_readiness_say_what_fails() -> None:
    """200 when every check is well; else 503 that names each failing check, without its secrets."""
    assert request("GET", "/healthz").json() == {"status": "ok"}
    answer = request("GET", "/readyz")
    assert problem(answer, 503)["failing"] == {"database": "ConnectionError", "broker": "no answer"}
    assert "hidden" not in answer.text
    assert answer.headers["panke-process"] == str(
        os.getpid()
    )  # whoever started it knows it from another by that


def test_a_check_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check without an answer in time is not well; the probe does not hang with it."""
    monkeypatch.setattr("shared.platform.http.app.CHECK_TIMEOUT", 0.01)
    app = create_app("desk", "0.1.0", live={"relay": never}, ready={}, metrics=lambda: b"")

    async def probe() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
        ) as client:
            return await client.get("/healthz")

    assert problem(asyncio.run(probe()), 503)["failing"] == {"relay": "no answer in 0.01 s"}


def test_metrics_are_prometheus_text() -> None:
    """`/metrics` gives what the service renders."""
    answer = request("GET", "/metrics")
    assert answer.text == "panke_up 1\n"
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_the_docs_page_refers_to_no_other_host() -> None:
    """Every address of the page and of its styles is one of ours and is answered; the browser may take no others."""
    page = request("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    named = re.findall(r"""(?:src|href)="([^"]*)"|url: '([^']*)'""", page.text)
    addresses = {one or other for one, other in named}
    assert "/openapi.json" in addresses and len(addresses) == 4
    for address in addresses:
        assert re.fullmatch(r"/[a-z./-]+", address) and not address.startswith("//"), address
        assert request("GET", address).status_code == 200, address
    styles = request("GET", "/docs/swagger-ui.css").text
    assert all(found.startswith("data:") for found in re.findall(r"url\(['\"]?([^)'\"]*)", styles))
    assert not re.findall(r"(?:https?:)?//[a-z]", page.text)
    sources = re.findall(r"https?:|\*", page.headers["content-security-policy"])
    assert page.headers["content-security-policy"].startswith("default-src 'none'") and sources == []
    assert '"validatorUrl": null' in page.text


def test_there_is_no_second_page_of_the_framework_s_own() -> None:
    """Redoc's page, which would load scripts and fonts from elsewhere, is not there."""
    assert problem(request("GET", "/redoc"), 404)


def test_the_access_log_has_the_trace_and_no_query(log: io.StringIO) -> None:
    """A request is logged under the trace that it came with; its query string is not."""
    answer = request("GET", "/none?contact=wechat:zhang", headers={"traceparent": PARENT})
    assert answer.headers["traceparent"].split("-")[1] == "a" * 32
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in told if line["event"] == "http.request"]
    assert (line["path"], line["status"], line["trace_id"]) == ("/none", 404, "a" * 32)
    assert "zhang" not in log.getvalue()


def test_a_defect_is_logged_whole_and_masked(log: io.StringIO) -> None:
    """The log of a defect has the traceback under the request's trace, without the phone in it."""
    request("GET", "/defect", headers={"traceparent": PARENT})
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    (line,) = [line for line in told if line["event"] == "http.defect"]
    assert line["trace_id"] == "a" * 32
    assert "RuntimeError: 138****5678" in line["exception"]


def test_listening_elsewhere_than_on_loopback_is_refused() -> None:
    """Without TLS a service does not bind an address that others reach."""
    with pytest.raises(SettingsError, match="PANKE_TLS_CERT"):
        listen(At(host="0.0.0.0"))


def test_a_port_in_use_is_told_by_its_setting() -> None:
    """The message names the address and the variable to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = IntakeSettings(
            intake_journal_in_clear=True, database_url="postgresql:///x", kafka="k:1", intake_port=port
        )
        for settings, name in ((At(port=port), "PANKE_PORT"), (given, "PANKE_INTAKE_PORT")):
            with pytest.raises(SettingsError, match=f"set {name} to a port"):
                listen(settings)
