"""What is not there, or not open to whoever looks, is told by a sentence, with the way home."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.console.frame.missing import missing_words
from services.console.frame.problem_pages import ProblemPages
from shared.i18n import bilingual
from shared.platform.http.problem import PROBLEM_TYPE, problem

SCOPE = bilingual("there is no such scope")


@pytest.mark.parametrize(
    ("path", "detail", "zh"),
    [
        (
            "/in/demo/customers/zzz",
            "nothing of that name is known in demo",
            "没有这位客户，或该客户未向您开放",
        ),
        ("/c/demo/K7QF-2M9D", "x", "没有这位客户"),
        ("/at/demo/office/mine/c1/follow-up", "x", "没有这位客户"),
        ("/in/demo/customers", SCOPE, "没有这个判客范围，或未向您开放"),
        ("/in/demo/customers/zzz", SCOPE, "没有这个判客范围，或未向您开放"),
        ("/at/demo/office/floor", bilingual("there is no such office"), "没有这个案场，或未向您开放"),
        ("/at/demo/office/reports/R77", "x", "没有这份报表"),
        ("/at/demo/office/people/li", "x", "这里没有此人"),
        ("/in/demo/disputes/q1", "x", "没有这个争议"),
        ("/nothing", "x", "没有这个页面"),
    ],
)
def test_what_is_missing_is_named(path: str, detail: str, zh: str) -> None:
    words = missing_words(path, detail)
    assert words.zh.startswith(zh)
    assert words.en.isascii()


async def test_a_page_that_is_not_there_says_what_and_leads_home() -> None:
    app = FastAPI()

    async def gone() -> Any:
        return problem(404, "nothing of that name is known in demo")

    app.add_api_route("/in/demo/customers/zzz", gone, methods=["GET"], response_model=None)
    app.add_middleware(ProblemPages)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
        answer = await client.get("/in/demo/customers/zzz", headers={"accept": "text/html"})
        plain = await client.get("/in/demo/customers/zzz", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert "没有这位客户" in answer.text and "nothing of that name" not in answer.text
    assert 'href="/"' in answer.text and 'href="/places"' in answer.text
    assert plain.headers["content-type"].startswith(PROBLEM_TYPE)
