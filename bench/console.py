"""Pages of the console with many customers in the scope, to a page that is nothing but its frame.

Everything runs as it does for people: the services as processes, the console in front of them, one browser's session.
Customers are new visits of many days at ten offices of one developer, handed in as a desk's machine does, each day at
its own time, and shared out among the consultants; most claims have lapsed at the end, as in offices of some years.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any, Final

import httpx
import msgspec
import psycopg

from bench.lived_office import lived_office
from bench.measure import Figures, Result, at_most, in_turns, rounded
from deploy.demo.deployment import CONSOLE, Deployment, StalledError
from deploy.demo.scenario.office import CONSULTANTS, OFFICE, SCOPE
from shared.platform.clock import ClockDriver

CUSTOMERS: Final = 100_000
DAYS: Final = 200
"""Days over which they came: fifty a day at each office, more than most have."""
OFFICES: Final = (OFFICE, *(f"bench-{number}" for number in range(2, 11)))
ROUNDS: Final = 5
ASKED: Final = 40
"""Requests of a page in a round."""
FRAME: Final = "frame"
PARTS: Final = frozenset(("lately",))
"""What comes behind its page."""
PART: Final = {"hx-request": "true"}
GOAL_MS: Final = 100.0
PATIENCE: Final = 600.0
STORM: Final = 1200.0
"""Seconds within which the messages of all days are out of the way."""
PACE: Final = 20.0
SET_ASIDE: Final = """
    UPDATE alerts SET state = 'dead', reason = 'of a day that took a second', retry_at = NULL, changed_at = now()
    WHERE id IN (
        SELECT id FROM alerts WHERE state IN ('due', 'failed') AND lease IS NULL AND due_at <= %s
        ORDER BY due_at LIMIT 10000 FOR UPDATE SKIP LOCKED
    )
"""


def run() -> Result:
    """Each page in turns with the frame; the goal of milliseconds is one of the machine that is written beside it."""
    with lived_office() as office:
        _fill(office.deployment, office.clock)
        return _measured(office.deployment)


def _fill(deployment: Deployment, clock: ClockDriver) -> None:
    """Hand in so many customers, day by day, until nobody is left to be told of any: a storm is beside no page."""
    each = CUSTOMERS // DAYS
    _handed_in(deployment, _enrolments(clock.now().isoformat()))
    for day in range(DAYS):
        clock.hold(clock.now() + timedelta(days=1))
        visits = _visits(day * each, (day + 1) * each, clock.now().isoformat())
        deployment.folded(_handed_in(deployment, visits))
    _set_aside(deployment, clock.now())


def _set_aside(deployment: Deployment, until: datetime) -> None:
    """Give up what is due to people of all these days, until nothing is: it would be sent for a quarter of an hour."""
    url = deployment.stack.addresses()["PANKE_DATABASE_URL"]
    deadline = time.monotonic() + STORM
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO notifier")
        while True:
            while connection.execute(SET_ASIDE, [until]).rowcount:
                pass
            try:
                return deployment.settled(PACE)
            except StalledError:
                if time.monotonic() > deadline:
                    raise


def _handed_in(deployment: Deployment, events: Iterator[dict[str, Any]]) -> int:
    """The seq of the last of these events."""
    address = f"{deployment.address('intake')}/v1/events:batch"
    lines = b"\n".join(map(msgspec.json.encode, events))
    answer = deployment.http.post(address, content=lines, headers={"content-type": "application/x-ndjson"})
    results = [msgspec.json.decode(line) for line in answer.content.splitlines()]
    refused = [one for one in results if one["status"] != 202]
    if refused:
        raise RuntimeError(f"intake refused {len(refused)}: {refused[0]}")
    return int(results[-1]["seq"])


def _people(office: str) -> list[str]:
    """The consultants of an office: those of the invented one, and as many at each other."""
    return [one.staff if office == OFFICE else f"{office}-{one.staff}" for one in CONSULTANTS]


def _enrolments(at: str) -> Iterator[dict[str, Any]]:
    for office in OFFICES[1:]:
        for staff, one in zip(_people(office), CONSULTANTS, strict=True):
            data = {"staff": staff, "name": one.name, "role": one.role}
            yield _event("staff.enrolled", office, at, data)


def _visits(begin: int, end: int, at: str) -> Iterator[dict[str, Any]]:
    for number in range(begin, end):
        turn, place = divmod(number, len(OFFICES))
        staff = _people(OFFICES[place])
        data = {
            "visit": f"bench-{number}", "received_by": staff[turn % len(staff)], "capacity": "on_turn",
            "customer": {"name": f"客户{number}", "phones": [f"139{number:08d}"]},
            "asked": {"visited_before": "no"},
        }  # fmt: skip
        yield _event("visit.registered", OFFICES[place], at, data)


def _event(kind: str, office: str, at: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()), "type": kind, "scope": SCOPE, "office": office, "actor": "desk",
        "occurred_at": at, "data": data,
    }  # fmt: skip


def _measured(deployment: Deployment) -> Result:
    address = deployment.address(CONSOLE)
    customer = deployment.ask(f"/v1/scopes/{SCOPE}/customers", limit=1).json()["customers"][0]["customer"]
    place, whole = f"/at/{SCOPE}/{OFFICE}", f"/in/{SCOPE}"
    pages = {
        FRAME: ("gao", "/account"),
        "desk": ("desk", f"{place}/desk"),
        "mine": ("li", f"{place}/mine"),
        "customers": ("gao", f"{whole}/customers"),
        "customer": ("gao", f"{whole}/customers/{customer}"),
        "disputes": ("gao", f"{whole}/disputes"),
        "floor": ("gao", f"{place}/floor"),
        "lately": ("gao", f"{place}/floor/lately"),
        "approvals": ("gao", f"{place}/approvals"),
        "visits": ("gao", f"{place}/registers/visits"),
        "traffic": ("gao", f"{place}/reports/traffic"),
        "people": ("gao", f"{place}/people"),
        "reports": ("gao", f"{place}/reports"),
        "rulebook": ("gao", f"{whole}/rulebook"),
        "audit": ("yan", f"{whole}/audit"),
    }
    people = {login: signed_in(address, login, deployment) for login in {one for one, _ in pages.values()}}
    took: dict[str, list[float]] = {name: [] for name in pages}
    sizes: dict[str, int] = {}

    def asked(name: str) -> Callable[[], float]:
        login, path = pages[name]

        def measure() -> float:
            for _ in range(ASKED):
                begun = time.perf_counter()
                answer = people[login].get(path, headers=PART if name in PARTS else None)
                took[name].append(time.perf_counter() - begun)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status_code}")
                sizes[name] = len(answer.content)
            return median(took[name][-ASKED:])

        return measure

    for name in pages:
        asked(name)()  # what is read for the first time is not what people wait for
    for one in took.values():
        one.clear()
    in_turns(ROUNDS, **{name: asked(name) for name in pages})
    for client in people.values():
        client.close()
    return Result("console", _goals(took), _figures(took, sizes))


def _goals(took: dict[str, list[float]]) -> tuple[Any, ...]:
    slowest = max(took, key=lambda name: p95(took[name]))
    told = f"95th percentile of the slowest page ({slowest}), in {GOAL_MS:g} ms, with {CUSTOMERS:,} customers"
    return (at_most(told, p95(took[slowest]) * 1e3 / GOAL_MS, 1.0),)


def _figures(took: dict[str, list[float]], sizes: dict[str, int]) -> Figures:
    return {
        "customers": CUSTOMERS,
        "milliseconds": {
            name: {"median": rounded(median(one) * 1e3), "p95": rounded(p95(one) * 1e3)}
            for name, one in took.items()
        },
        "to_the_frame": {
            name: rounded(median(one) / median(took[FRAME])) for name, one in took.items() if name != FRAME
        },
        "bytes": sizes,
    }


def p95(seconds: list[float]) -> float:
    return quantiles(seconds, n=20)[-1]


def signed_in(address: str, login: str, deployment: Deployment) -> httpx.Client:
    """Somebody's browser, without its window."""
    client = httpx.Client(
        base_url=address, timeout=PATIENCE, trust_env=False, headers={"sec-fetch-site": "same-origin"}
    )
    given = {"login": login, "password": deployment.accounts.password, "then": "/"}
    answer = client.post("/sign-in", data=given)
    if answer.status_code != 303:
        raise RuntimeError(f"{login} was not let in: {answer.status_code}")
    return client
