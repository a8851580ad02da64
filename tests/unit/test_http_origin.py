"""A page of another origin in the user's browser neither writes nor reads, whatever name it lets point here."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.platform.http.app import create_app

HERE = "127.0.0.1:8001"


def desk(hosts: tuple[str, ...] = (), forms: tuple[str, ...] = ()) -> FastAPI:
    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"", hosts=hosts, forms=forms)

    @app.api_route("/said", methods=["GET", "POST", "DELETE"])
    async def said(request: Request) -> Response:
        return Response(await request.body())

    return app


async def status(
    method: str, hosts: tuple[str, ...] = (), content: bytes | None = None, **headers: str
) -> int:
    """The status that a request with these headers meets; `_` in a name stands for `-`."""
    named = {"host": HERE} | {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=desk(hosts))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as client:
        return (await client.request(method, "/said", content=content, headers=named)).status_code


@pytest.mark.parametrize(
    "host", [HERE, "localhost:8001", "LOCALHOST", "[::1]:8001", "127.8.8.8", "10.1.2.3:80"]
)
async def test_addresses_and_localhost_are_names_of_every_service(host: str) -> None:
    """A name that somebody else may point here is none of them."""
    assert await status("GET", host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example:8001",
        "localhost.evil.example",
        "",
        "a@127.0.0.1",
        "127.0.0.1:x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_name_that_was_pointed_here_is_refused(method: str, host: str) -> None:
    """DNS rebinding reads nothing."""
    assert await status(method, host=host) == 421


async def test_a_deployment_allows_names_of_its_own() -> None:
    """As set, in any case, with any port, and no others."""
    allowed = ("intake", "panke.example")
    assert await status("GET", allowed, host="Panke.example:8443") == 200
    assert await status("GET", allowed, host="intake") == 200
    assert await status("GET", allowed, host="x.panke.example") == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:8001", "file://"]
)
async def test_a_page_of_another_origin_is_refused(origin: str) -> None:
    """Another port is another origin."""
    assert await status("POST", content=b"{}", origin=origin, content_type="application/json") == 403
    assert await status("GET", origin=origin) == 403


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "chrome-extension://127.0.0.1:8001", ""])
async def test_what_is_no_origin_of_a_page_of_ours_is_refused(origin: str) -> None:
    """Neither what cannot be read, which is no defect of ours, nor an extension that bears an address as its name."""
    assert await status("GET", origin=origin) == 403


@pytest.mark.parametrize(
    ("name", "second", "expected"), [("host", "evil.example", 400), ("origin", "http://evil.example", 403)]
)
async def test_no_second_host_or_origin_stands_behind_a_good_one(
    name: str, second: str, expected: int
) -> None:
    """Two of them leave open which was meant."""
    good = {"host": HERE, "origin": f"http://{HERE}"}
    transport = httpx.ASGITransport(app=desk())
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as client:
        answer = await client.get("/said", headers=[*good.items(), (name, second)])
    assert answer.status_code == expected


async def test_a_page_of_the_service_itself_may_ask() -> None:
    """Its own pages, such as the one of the API, send their origin too."""
    own = {"origin": f"http://{HERE}", "sec_fetch_site": "same-origin", "content_type": "application/json"}
    assert await status("POST", content=b"{}", **own) == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "made-up"])
async def test_what_the_browser_calls_another_site_is_refused(site: str) -> None:
    """Also where no origin is sent, as with an image or a form."""
    assert await status("GET", sec_fetch_site=site, sec_fetch_mode="no-cors", sec_fetch_dest="image") == 403
    assert (
        await status("POST", sec_fetch_site=site, sec_fetch_mode="navigate", sec_fetch_dest="document") == 403
    )


async def test_a_link_may_be_followed_and_an_address_typed() -> None:
    """Nobody but the user sees what comes of it."""
    followed = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    assert await status("GET", **followed) == 200
    assert await status("GET", sec_fetch_site="none") == 200


@pytest.mark.parametrize(
    "media",
    [
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "",
    ],
)
async def test_a_body_of_another_media_type_is_refused(media: str) -> None:
    """What a form or a plain `fetch` can send is no body of ours."""
    assert await status("POST", content=b"{}", content_type=media) == 415
    assert await status("DELETE", content=b"{}", content_type=media) == 415


async def test_a_body_that_states_no_media_type_is_refused() -> None:
    """It is not taken for JSON; a request without a body needs none."""
    assert await status("POST", content=b"{}") == 415
    assert await status("POST") == 200


@pytest.mark.parametrize(
    "media",
    ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "application/x-ndjson"],
)
async def test_json_and_ndjson_are_taken(media: str) -> None:
    """By their media types, whatever the parameters."""
    assert await status("POST", content=b"{}", content_type=media) == 200


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, identity"])
async def test_a_compressed_body_is_refused_as_such(coding: str) -> None:
    """It is told what it is, and not taken for damaged JSON."""
    given = {"content_type": "application/json", "content_encoding": coding}
    assert await status("POST", content=b"\x1f\x8b", **given) == 415
    assert (
        await status("POST", content=b"{}", content_type="application/json", content_encoding="identity")
        == 200
    )


@pytest.mark.parametrize(("forms", "expected"), [((), 415), (("/said",), 200), (("/elsewhere",), 415)])
async def test_a_form_with_a_file_is_taken_where_files_are(forms: tuple[str, ...], expected: int) -> None:
    """At the addresses that take files, and at no other one."""
    transport = httpx.ASGITransport(app=desk(forms=forms))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as client:
        answer = await client.post("/said", files={"file": ("a.csv", b"x")})
    assert answer.status_code == expected
