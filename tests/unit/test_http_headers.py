"""What every answer tells a browser besides, and whom a service takes for the caller."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from msgspec import Struct

from shared.platform.http.app import create_app, listen, server
from tests.support.serving import until

FIXED = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class At(Struct, frozen=True):
    """An ephemeral port on loopback."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    tls_proxy: bool = False


def desk() -> FastAPI:
    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"", body_limit=2000)

    @app.get("/asked")
    async def asked(request: Request) -> str:
        return request.client.host if request.client else ""

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("hidden")

    return app


async def told(method: str, path: str, **more: Any) -> httpx.Response:
    transport = httpx.ASGITransport(app=desk(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path, **more)


@pytest.mark.parametrize(
    ("method", "path", "status", "more"),
    [
        ("GET", "/asked", 200, {}),
        ("GET", "/metrics", 200, {}),
        ("GET", "/openapi.json", 200, {}),
        ("GET", "/nowhere", 404, {}),
        ("TRACE", "/asked", 405, {}),
        ("GET", "/broken", 500, {}),
        ("GET", "/asked", 421, {"headers": {"host": "evil.example"}}),
        ("GET", "/asked", 403, {"headers": {"origin": "http://evil.example"}}),
        ("POST", "/asked", 415, {"content": b"a=b"}),
        ("POST", "/asked", 413, {"json": "x" * 3000}),
    ],
)
async def test_every_answer_is_kept_by_nobody_and_is_what_it_says(
    method: str, path: str, status: int, more: dict[str, Any]
) -> None:
    """Refusals and defects too: no cache has it, no page shows it as something else or in a frame."""
    answer = await told(method, path, **more)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in FIXED} == FIXED
    policy = answer.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy and "base-uri 'none'" in policy and "frame-ancestors 'none'" in policy
    )
    assert "sandbox" in policy and "unsafe" not in policy


async def test_what_an_answer_says_itself_stands() -> None:
    """The page of the API runs its own script and its assets may be kept; nothing is said twice."""
    page, asset = await told("GET", "/docs"), await told("GET", "/docs/swagger-ui.css")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert len(page.headers.get_list("content-security-policy")) == 1
    assert asset.headers.get_list("cache-control") == ["max-age=86400"]
    for answer in (page, asset):
        assert answer.headers["x-content-type-options"] == "nosniff"


async def over_a_line(sent: bytes, **served: Any) -> httpx.Response:
    """What a served application says to these bytes."""
    bound = listen(At())
    one = server(desk(), **served)
    running = asyncio.create_task(one.serve(sockets=[bound]))
    try:
        await until(lambda: one.started)
        reader, writer = await asyncio.open_connection(*bound.getsockname()[:2])
        writer.write(sent)
        raw = await reader.read()
        writer.close()
    finally:
        one.should_exit = True
        await running
    head, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return httpx.Response(int(status.split()[1]), headers=fields, content=body)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /asked HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /asked HTTP/9.1 and more\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
    ],
)
async def test_a_refusal_before_any_application_says_as_much(sent: bytes, status: int) -> None:
    """A header without an end, what is no HTTP, and a request of two lengths: a problem document, fit for no cache."""
    answer = await over_a_line(sent, secure=True)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {name: answer.headers.get(name) for name in FIXED} == FIXED
    assert answer.json()["status"] == status
    assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000; includeSubDomains"]


ASKED = b"GET /asked HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"


@pytest.mark.parametrize("secure", [True, False])
async def test_a_browser_comes_back_over_tls_where_it_is_spoken(secure: bool) -> None:
    """By the service or a proxy: for a year, and to every name below; where nobody speaks it, nothing is promised."""
    answer = await over_a_line(ASKED + b"\r\n", secure=secure)
    wanted = ["max-age=31536000; includeSubDomains"] if secure else []
    assert answer.headers.get_list("strict-transport-security") == wanted


FORWARDED = b"X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\r\n"


@pytest.mark.parametrize(
    ("proxies", "caller"),
    [((), "127.0.0.1"), (("192.0.2.1",), "127.0.0.1"), (("127.0.0.0/8",), "198.51.100.7")],
)
async def test_whom_a_caller_says_that_it_forwards_is_believed_of_proxies_alone(
    proxies: tuple[str, ...], caller: str
) -> None:
    """The address by which sign-ins are counted is the connection's, or the last one that a known proxy added."""
    answer = await over_a_line(ASKED + FORWARDED, proxies=proxies)
    assert answer.json() == caller
