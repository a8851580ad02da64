"""The frame of the console: words by language, texts escaped, menus by the table, forms as they were typed, streams."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from starlette.requests import Request

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServiceClients
from services.console.door.entering import Entrance, entrance_routes
from services.console.frame.assets import ASSETS, send_asset
from services.console.frame.forms import Form
from services.console.frame.navigation import ROOMS, OfficePlace, first_room, may_open, rooms
from services.console.frame.page import PageRequest
from services.console.frame.refused import problem_words
from services.console.frame.templates import ENVIRONMENTS, rendered
from services.console.frame.words import LANGUAGES, line_in
from services.console.live.stream import LiveScopes
from services.console.pages.routes import page_routes
from shared.access.caller import Caller, GrantableRole, GrantedRole, StaffRole
from shared.access.table import permission_table
from shared.contract.answers.scopes import ScopeAnswer
from shared.contract.events import Role
from shared.i18n import Text, bilingual
from shared.platform.http.problem import ProblemError
from tests.support.patience import PATIENCE

HERE = OfficePlace("east", "east-1")
THERE = OfficePlace("east", "east-2")
ABROAD = OfficePlace("west", "west-1")
ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "services/console/templates"
ROUTES = list(permission_table().routes("console"))
PARTS = ("/at/{scope}/{office}/mine/{customer}/follow-up/preview",)
"""Shown within a page alone."""


def staff(role: Role) -> Caller:
    return Caller("x", "person", "li", "s", 0.0, (StaffRole("east", "east-1", role, "li"),))


def granted(role: GrantableRole, *scopes: str) -> Caller:
    return Caller("x", "person", "li", "s", 0.0, (), (GrantedRole(role, scopes),))


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        ("没有这个客户 (there is no such customer)", "没有这个客户", "there is no such customer"),
        ("data.phone: 号码（手机）不完整 (the number (mobile) is short)", "data.phone: 号码（手机）不完整",
         "data.phone: the number (mobile) is short"),
        ("Not Found", "Not Found", "Not Found"),
        ("f(x)", "f(x)", "f(x)"),
        ("(x)", "(x)", "(x)"),
        ("a) b (c", "a) b (c", "a) b (c"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_line_of_both_languages_is_shown_in_one(line: str, zh: str, en: str) -> None:
    assert (line_in("zh", line), line_in("en", line)) == (zh, en)


def test_what_services_say_is_told_apart_as_it_was_put_together() -> None:
    line = bilingual("there is no such address")
    assert "(" not in line_in("zh", line)
    assert line_in("en", line) == "there is no such address"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_of_others_are_escaped(language: str) -> None:
    """Whatever stands in a name or a refusal is text."""
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    document = {"detail": hostile, "errors": [{"path": hostile, "message": f"错 {hostile} ({hostile})"}]}
    page = rendered(language, "problem.html", {
        "status": 422, "told": problem_words(document),
        "asset": lambda name: name, "sign_in": "/sign-in",
    })  # type: ignore[arg-type]  # fmt: skip
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;" in page


def test_no_template_has_a_script_a_style_or_a_handler_within() -> None:
    """The policy of the pages would have a browser pass them over; a text of anybody's could be one."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for tag in re.findall(r"<[a-zA-Z][^>]*>", text):
            assert not re.search(r"\s(on\w+|style|hx-on[\w:-]*)\s*=", tag), (path.name, tag)
            assert not tag.startswith(("<style", "<iframe", "<object")), (path.name, tag)
            assert not tag.startswith("<script") or "src=" in tag, (path.name, tag)
        assert "|safe" not in text.replace(" ", ""), path.name
        assert "autoescape" not in text, path.name


def test_every_template_can_be_read_in_both_languages() -> None:
    for environment in ENVIRONMENTS.values():
        for name in environment.list_templates(extensions=["html"]):
            environment.get_template(name)


def test_a_template_speaks_no_chinese_by_itself() -> None:
    """Words come from the catalogue, so that both languages are whole; the switch names the other one."""
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8").replace("'中文'", "")
        assert not re.search(r"[一-鿿]", text), path.name


@pytest.mark.parametrize("role", list(permission_table().staff_roles))
def test_everybody_has_a_first_room_at_their_office(role: Role) -> None:
    caller = staff(role)
    first = first_room(caller, HERE)
    assert first is not None
    assert first in rooms(caller, HERE)
    assert first_room(caller, ABROAD) is None


def test_a_menu_has_what_the_table_allows_and_nothing_else() -> None:
    table = permission_table()
    for role in table.staff_roles:
        offered = {room.key for room in rooms(staff(role), HERE)}  # type: ignore[arg-type]
        assert offered == {room.key for room in ROOMS if role in table.actions[room.action].may}
    assert {room.key for room in rooms(granted("operator", "*"), HERE)} == set()


def test_another_office_is_open_to_who_reaches_the_scope() -> None:
    assert not may_open(staff("reception"), "page.desk", THERE)
    assert may_open(staff("manager"), "page.desk", THERE)
    assert may_open(granted("head_office", "east"), "page.reports", THERE)
    assert not may_open(granted("head_office", "east"), "page.reports", ABROAD)


@pytest.mark.parametrize(
    "path", [path for method, path, _ in ROUTES if method == "POST" and path not in PARTS]
)
def test_an_answer_to_a_form_is_shown_again_by_a_page(path: str) -> None:
    """By the page itself, or the one above it where the address takes a form and shows nothing."""
    app = FastAPI()
    app.state.console = SimpleNamespace(now=lambda: datetime(2026, 3, 12, tzinfo=UTC))
    for routes in (page_routes(), entrance_routes(Entrance(cast(Any, None), cast(Any, None)))):
        app.include_router(routes)
    asked = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [], "app": app}
    again = unquote(PageRequest(Request(asked | {"server": ("x", 80), "scheme": "http"})).again)
    assert path.startswith(again)
    assert ("GET", again) in [(method, where) for method, where, _ in ROUTES]
    assert again == path or ("GET", path) not in [(method, where) for method, where, _ in ROUTES]


def test_a_form_gives_what_was_typed() -> None:
    form = Form.read(b"name=+%E5%BC%A0%E4%BC%9F+&empty=&x=1&x=2&password=+a+")
    assert (form["name"], form["empty"], form["gone"]) == ("张伟", "", "")
    assert (form.given("empty"), form.all("x"), form.raw("password")) == (None, ["1", "2"], " a ")


@pytest.mark.parametrize("body", [b"\xff=1", b"x=%ff", b"&".join(b"x=%d" % n for n in range(600))])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        Form.read(body)
    assert refused.value.status == 422


def test_relative_times_are_told_in_both_languages() -> None:
    now = datetime(2026, 3, 2, 3, tzinfo=UTC)
    filters = {one: ENVIRONMENTS[one].filters for one in LANGUAGES}
    assert filters["en"]["ahead"](now + timedelta(hours=30), now) == "in 1 day 6 hours"
    assert filters["zh"]["ahead"](now - timedelta(minutes=5), now) == "5分钟前"
    assert filters["en"]["ahead"](now, now) == "just now"
    assert filters["zh"]["local"]("2026-03-02T16:00:00Z", ZoneInfo("Asia/Shanghai")) == "2026年3月3日00:00"
    assert filters["zh"]["share"](3333) == "33.33%"


async def test_a_file_is_sent_under_its_digest_alone() -> None:
    """So that it may be kept for a year."""
    found = ASSETS["console.css"]
    answer = await send_asset(found.digest, "console.css")
    assert "immutable" in answer.headers["cache-control"]
    for digest, name in (("0" * 16, "console.css"), (found.digest, "../main.py"), (found.digest, "no.css")):
        with pytest.raises(ProblemError):
            await send_asset(digest, name)


def test_the_first_page_is_small() -> None:
    """Everything that a page brings along, before a proxy makes it smaller still."""
    brought = ("console.css", "console.js", "vendor/htmx.min.js", "vendor/htmx-sse.js", "seal.svg")
    assert sum(len(ASSETS[name].content) for name in brought) < 120_000


class Moving:
    """Attribution, of which a test says how far a scope is folded."""

    def __init__(self) -> None:
        self.seq = 7
        self.asked = 0
        self.away = False
        self.refused = asyncio.Event()

    async def answer(self, _request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.away:
            self.refused.set()
            return httpx.Response(503, json={"detail": "away"})
        told = ScopeAnswer(
            as_of_seq=self.seq, scope="east", offices=[], rulebook={"name": "base", "version": 1},  # type: ignore[arg-type]
            timezone=None,
        )  # fmt: skip
        return httpx.Response(200, content=msgspec.json.encode(told))


def moving() -> tuple[Moving, ServiceClients]:
    told = Moving()
    clients = ServiceClients({"attribution": "http://attribution"}, 5.0)
    clients.client("attribution")._transport = httpx.MockTransport(told.answer)
    return told, clients


async def test_a_stream_says_when_a_scope_moved() -> None:
    """Once for each time that it did, and again after attribution was away."""
    told, clients = moving()
    live = LiveScopes(0.01)
    stream = live.stream("east", clients.asked_by("t", None), 60.0)
    async with asyncio.timeout(PATIENCE):
        assert (await anext(stream)).startswith(b"retry:")
        assert b"data: 7\n" in await anext(stream)
        told.away = True
        told.seq = 9
        await told.refused.wait()
        told.away = False
        assert b"data: 9\n" in await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    await live.close()


async def test_many_who_look_cost_one_look() -> None:
    """Nobody looks any more when the last one has left."""
    told, clients = moving()
    live = LiveScopes(0.01)
    streams = [live.stream("east", clients.asked_by("t", None), 60.0) for _ in range(20)]
    async with asyncio.timeout(PATIENCE):
        for stream in streams:
            await anext(stream)
            assert b"data: 7\n" in await anext(stream)
    assert told.asked < 20
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]
    assert not live.open_scopes


async def test_a_scope_is_looked_at_as_somebody_who_still_looks() -> None:
    """Whoever leaves takes their token along."""
    tokens: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        tokens.append(request.headers["authorization"])
        told.seq += 1
        return await told.answer(request)

    told, clients = moving()
    clients.client("attribution")._transport = httpx.MockTransport(answer)
    live = LiveScopes(0.01)
    first, second = (live.stream("east", clients.asked_by(name, None), 60.0) for name in ("first", "second"))
    async with asyncio.timeout(PATIENCE):
        for stream in (first, second):
            await anext(stream)
            await anext(stream)
        await second.aclose()  # type: ignore[attr-defined]
        tokens.clear()
        await anext(first)
        await anext(first)
    assert tokens[-1] == "Bearer first"
    await first.aclose()  # type: ignore[attr-defined]


async def test_an_answer_of_another_version_is_told_and_not_half_shown() -> None:
    clients = ServiceClients({"attribution": "http://attribution"}, 5.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"scope": "east"}))
    clients.client("attribution")._transport = transport
    with pytest.raises(ServiceRefusedError) as refused:
        await clients.asked_by("t", None).get("attribution", "/v1/scopes/east", ScopeAnswer)
    assert refused.value.status == 502


def test_days_and_months_are_written_as_each_language_does() -> None:
    """A day comes as answers have it, or as a date."""
    chinese, english = ENVIRONMENTS["zh"].filters, ENVIRONMENTS["en"].filters
    at = ZoneInfo("Asia/Shanghai"), datetime(2026, 3, 11, 1, tzinfo=UTC)
    assert (chinese["weekday"]("2026-03-11", *at), english["weekday"]("2026-03-11", *at)) == (
        "3月11日（周三）",
        "Wednesday 11 March",
    )
    assert english["weekday"]("2025-12-31", *at) == "Wednesday 31 December 2025"
    assert chinese["weekday"](None, *at) == ""
    assert chinese["days_to"]("2026-03-01", "2026-03-31") == "2026年3月1日至3月31日"
    assert english["days_to"]("2025-12-30", "2026-01-02") == "30 December 2025 – 2 January 2026"
    assert english["days_to"]("2026-03-01", "2026-03-01") == "1 March 2026"
    first = date(2026, 3, 1)
    assert (chinese["month"](first), english["month"](first)) == ("2026年3月", "March 2026")


def test_a_time_of_today_needs_no_day() -> None:
    chinese, zone = ENVIRONMENTS["zh"].filters["clock"], ZoneInfo("Asia/Shanghai")
    now = datetime(2026, 3, 11, 1, tzinfo=UTC)
    assert chinese("2026-03-10T16:05:00Z", zone, now) == "00:05"
    assert chinese("2026-03-10T15:55:00Z", zone, now) == "3月10日（周二）23:55"


@pytest.mark.parametrize(
    ("given", "chinese", "english"),
    [
        ("+8613800000016", "13800000016", "13800000016"),
        ("+86138****0016", "138****0016", "138****0016"),
        ("+861088886666;ext=8001", "010-88886666转8001", "010-88886666 ext. 8001"),
        ("+8657188886666", "0571-88886666", "0571-88886666"),
        ("+864008001234", "4008001234", "4008001234"),
        ("+85223456789", "+85223456789", "+85223456789"),
        ("wechat:lily_88", "微信lily_88", "WeChat lily_88"),
        ("138 0000 0016", "138 0000 0016", "138 0000 0016"),
    ],
)
def test_a_contact_is_written_as_it_is_dialled_here(given: str, chinese: str, english: str) -> None:
    assert [ENVIRONMENTS[one].filters["contact"](given) for one in ("zh", "en")] == [chinese, english]


def test_one_of_several_and_all_of_several_are_joined_as_a_sentence_does() -> None:
    roles = [Text("主管", "supervisor"), Text("案场经理", "manager"), Text("总监", "director")]
    any_of = [ENVIRONMENTS[one].filters["any_of"](roles) for one in ("zh", "en")]
    assert any_of == ["主管、案场经理或总监", "supervisor, manager or director"]
    all_of = [ENVIRONMENTS[one].filters["all_of"](roles[:2]) for one in ("zh", "en")]
    assert all_of == ["主管和案场经理", "supervisor and manager"]
    assert ENVIRONMENTS["zh"].filters["any_of"](roles[:1]) == "主管"
    assert ENVIRONMENTS["zh"].filters["any_of"]([]) == ""


def test_a_name_stays_on_one_line_unless_it_is_longer_than_one() -> None:
    unbroken = ENVIRONMENTS["zh"].filters["unbroken"]
    assert unbroken("小李（演示）<b>") == '<span class="whole">小李（演示）&lt;b&gt;</span>'
    assert unbroken("很" * 17) == "很" * 17 and unbroken("") == ""
