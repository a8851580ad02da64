"""How often a caller may ask: beyond it 429, with the time to come again."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from services.attribution.main import create_service
from services.attribution.settings import AttributionSettings
from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.guard import AccessGuard
from shared.access.limits import DAY, MINUTE, REMEMBERED, Bound, CallerLimit
from shared.access.table import permission_table
from shared.platform.http.app import create_app
from shared.platform.http.problem import ProblemError
from tests.support.tokens import Issuer, admission

LI, WANG = (Caller(name, "person", name, "s", 0.0) for name in ("li", "wang"))


class Clock:
    """Moves as the test says."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limit: CallerLimit, caller: Caller, times: int) -> int:
    """How many of so many questions in a row were let through."""
    done = 0
    for _ in range(times):
        try:
            limit.check(caller)
        except ProblemError as refused:
            assert refused.status == 429
            return done
        done += 1
    return done


def wait_of(limit: CallerLimit, caller: Caller) -> int:
    with pytest.raises(ProblemError) as refused:
        limit.check(caller)
    return int((refused.value.headers or {})["Retry-After"])


def test_as_many_are_let_through_at_once_as_the_bound_says_and_more_as_time_goes_by() -> None:
    """Each caller by themselves; what is refused costs nothing, and the answer says when one more is let through."""
    clock = Clock()
    limit = CallerLimit([Bound(60, MINUTE)], clock)
    assert taken(limit, LI, 70) == 60
    assert taken(limit, WANG, 70) == 60
    assert [wait_of(limit, LI) for _ in range(3)] == [1, 1, 1]
    clock.now += 1
    assert taken(limit, LI, 5) == 1
    clock.now += 10 * MINUTE
    assert taken(limit, LI, 70) == 60


def test_of_two_bounds_the_narrower_holds() -> None:
    """Whoever keeps within the minute is stopped by the day, for as long as that takes to wear off."""
    clock = Clock()
    limit = CallerLimit([Bound(60, MINUTE), Bound(1000, DAY)], clock)
    done = 0
    for _ in range(30):
        done += taken(limit, LI, 60)
        clock.now += MINUTE
    assert 1000 <= done <= 1000 + 30 * MINUTE * 1000 / DAY
    assert wait_of(limit, LI) > 1


def test_the_least_bound_lets_one_through() -> None:
    """One within a minute is one, and the next after the minute."""
    clock = Clock()
    limit = CallerLimit([Bound(1, MINUTE)], clock)
    assert taken(limit, LI, 2) == 1
    assert wait_of(limit, LI) == MINUTE
    clock.now += MINUTE
    assert taken(limit, LI, 2) == 1


def test_only_so_many_callers_are_remembered() -> None:
    """The memory that callers take has an end, whoever asked longest ago is forgotten first."""
    limit = CallerLimit([Bound(1, DAY)], Clock())
    for number in range(REMEMBERED + 5):
        limit.check(Caller(str(number), "person", "", "s", 0.0))
    assert taken(limit, Caller("0", "person", "", "s", 0.0), 1) == 1
    assert taken(limit, Caller(str(REMEMBERED), "person", "", "s", 0.0), 1) == 0


@pytest.mark.anyio
async def test_people_are_let_in_only_so_often_and_machines_as_they_come() -> None:
    """At the door of every service, after it is known who asks; nothing of it is put on record."""
    issuer = Issuer()
    app = _guarded(issuer)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
    ) as client:
        li = issuer.headers(StaffRole("east", "east-1", "manager", "li"), sub="li")
        wang = issuer.headers(StaffRole("east", "east-1", "manager", "wang"), sub="wang")
        desk = issuer.headers(GrantedRole("desk", ("east",)), sub="desk", kind="machine")
        asked = [(await client.get("/v1/scopes", headers=li)).status_code for _ in range(4)]
        assert asked == [200, 200, 200, 429]
        assert (await client.get("/v1/scopes", headers=wang)).status_code == 200
        assert {(await client.get("/v1/scopes", headers=desk)).status_code for _ in range(9)} == {200}
        assert (await client.get("/healthz")).status_code == 200


def _guarded(issuer: Issuer) -> FastAPI:
    app = create_app("guarded", "1", live={}, ready={}, metrics=bytes)
    app.add_api_route("/v1/scopes", _nothing, methods=["GET"])
    app.add_middleware(
        AccessGuard, service="attribution", table=permission_table(), doorkeeper=issuer,
        refused=_never, limit=CallerLimit([Bound(3, MINUTE)], Clock()),
    )  # fmt: skip
    return app


async def _nothing() -> dict[str, str]:
    return {}


async def _never(refusal: object) -> None:
    raise AssertionError(refusal)


@pytest.mark.anyio
@pytest.mark.parametrize("call", ["lookup", "preview"])
async def test_whoever_walks_through_a_list_of_phones_is_stopped(call: str) -> None:
    """Look-ups and previews together, also wrong ones, and also of a machine; another caller goes on."""
    settings = AttributionSettings(
        database_url="host=127.0.0.1 port=1 dbname=none", kafka="127.0.0.1:1", attribution_lookups_minute=3,
        **admission().settings(),
    )  # fmt: skip
    app = create_service(settings).app
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
    ) as client:

        async def ask(who: str) -> httpx.Response:
            auth = admission().bearer(GrantedRole("desk", ("east",)), sub=who, kind="machine")
            return await client.post(f"/v1/scopes/east/{call}", json={"contact": "nobody 1"}, auth=auth)

        assert [(await ask("desk")).status_code for _ in range(3)] == [422] * 3
        stopped = await ask("desk")
        assert (stopped.status_code, stopped.headers["Retry-After"]) == (429, "20")
        assert (await ask("other")).status_code == 422
