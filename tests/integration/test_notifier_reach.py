"""Who reads alerts reaches as far as the table of permissions says; what is out of reach is not there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.notifier.history.listing import Filter, Listing
from services.notifier.history.proof import Proof
from services.notifier.http import add_routes
from services.notifier.schedule.ladder import SHANGHAI
from shared.access.caller import GrantedRole, StaffRole
from shared.access.guard import Refusal
from shared.access.report import Passage
from shared.access.table import permission_table
from shared.contract.case_numbers import case_number
from shared.platform.http.app import create_app
from tests.support import parts
from tests.support.notifier import Office, local
from tests.support.tokens import admission, every_role, guarded

pytestmark = pytest.mark.anyio

TABLE = permission_table()
ROLES = every_role("demo", "demo-1")
OWN = "staff-consultant"
REACHED = {
    "own": {"mine", "joined", "told"},
    "office": {"mine", "joined", "next-desk"},
    "scope": {"mine", "joined", "next-desk", "told", "other-office"},
    "granted": {"mine", "joined", "next-desk", "told", "other-office"},
    None: set(),
}
EVERY = REACHED["scope"] | {"west"}


@pytest.fixture(scope="module")
def office(postgres_dsn: str) -> Iterator[Office]:
    """`joined` went into a customer of the consultant, `told` went to them in another's place."""
    with parts.fresh_database(postgres_dsn) as database:
        made = Office(database, local(1, 10))
        stream = made.stream
        made.hear(
            stream.watermark(local(1, 10)),
            stream.staff(OWN, "consultant", office="demo-1"),
            stream.staff("wang", "consultant", office="demo-1"),
            stream.staff("zhao", "consultant", office="demo-2"),
            stream.staff("sun", "consultant", office="demo-1", scope="west"),
            stream.claim("joined", "wang"),
            stream.claim("mine", OWN, replaces=["joined"]),
            stream.claim("next-desk", "wang"),
            stream.claim("told", "zhao"),
            stream.claim("other-office", "zhao"),
            stream.claim("west", "sun", scope="west"),
        )
        with made.database.connection() as connection:
            connection.execute(
                "INSERT INTO attempts (alert, number, channel, destination, recipient, message, started_at,"
                " business_at, behind) SELECT id, 1, 'log', '-', %s, '-', now(), now(), false FROM alerts"
                " WHERE customer = 'told' LIMIT 1",
                [OWN],
            )
        yield made
        made.close()


@dataclass
class Asked:
    """The notifier behind its door, and what the door told the record."""

    client: httpx.AsyncClient
    passed: list[Passage]
    refused: list[Refusal]

    async def get(self, path: str, role: StaffRole | GrantedRole, **query: Any) -> httpx.Response:
        headers = {"Authorization": admission().bearer(role).header}
        return await self.client.get(f"/v1/alerts{path}", params=query, headers=headers)

    async def retry(self, alert: str, role: StaffRole | GrantedRole) -> httpx.Response:
        headers = {"Authorization": admission().bearer(role).header}
        return await self.client.post(f"/v1/alerts/{alert}/retry", headers=headers)


@pytest.fixture
async def asked(office: Office) -> AsyncIterator[Asked]:
    passed: list[Passage] = []
    refused: list[Refusal] = []

    async def passing(passage: Passage) -> None:
        passed.append(passage)

    async def refusing(refusal: Refusal) -> None:
        refused.append(refusal)

    app = create_app("Panke notifier", "0", live={}, ready={}, metrics=bytes)
    guarded(app, "notifier", passed=passing, refused=refusing)
    add_routes(app, Listing(office.database), Proof(office.database), office.machine, SHANGHAI)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
        yield Asked(client, passed, refused)


def alerts_of(office: Office) -> dict[str, str]:
    """An alert of each customer; of `told` the one that went to the consultant."""
    found = Listing(office.database).page(Filter(), None, 1000)
    return {one.customer: str(one.id) for one in sorted(found, key=lambda one: len(one.attempts))}


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reads_the_alerts_that_it_reaches(asked: Asked, office: Office, role: str) -> None:
    """The page, one alert, the log by customer and by case number: the same ones each time."""
    held, reach = ROLES[role], TABLE.actions["alert.read"].may.get(role)
    page = await asked.get("", held, limit=200)
    if reach is None:
        calls = [page, await asked.get("/log", held, customer="mine")]
        calls += [await asked.get(f"/{one}", held) for one in alerts_of(office).values()]
        assert {call.status_code for call in calls} == {403}
        return
    assert {one["customer"] for one in page.json()["alerts"]} == REACHED[reach]
    assert (await asked.get("", held, scope="west")).json() == {"alerts": [], "next": None}
    for customer, alert in alerts_of(office).items():
        there = customer in REACHED[reach]
        one = await asked.get(f"/{alert}", held)
        assert one.status_code == (200 if there else 404), (customer, one.text)
        for by in ({"customer": customer}, {"case": case_number(customer)}):
            assert bool((await asked.get("/log", held, **by)).json()["alerts"]) is there, (customer, by)


async def test_a_page_goes_on_behind_what_is_out_of_reach(asked: Asked) -> None:
    """Pages of one: each alert of the consultant once, none of others in between."""
    whole = (await asked.get("", ROLES["consultant"], limit=200)).json()["alerts"]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 1}
    while True:
        page = (await asked.get("", ROLES["consultant"], **query)).json()
        seen += [one["id"] for one in page["alerts"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert seen == [one["id"] for one in whole]


async def test_an_alert_out_of_reach_reads_like_one_that_is_not_there(asked: Asked, office: Office) -> None:
    """Status, words and members are the same but for the id."""
    hidden = alerts_of(office)["west"]
    nowhere = "018f3c5e-0000-7000-8000-000000000001"
    answers = [await asked.get(f"/{one}", ROLES["manager"]) for one in (hidden, nowhere)]
    told = [answer.text.replace(one, "-") for answer, one in zip(answers, (hidden, nowhere), strict=True)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert told[0] == told[1]


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_has_tried_again_what_it_reaches(asked: Asked, office: Office, role: str) -> None:
    """409 for what is there and not to be tried, 404 for what is out of reach, 403 for who may not at all; what was
    refused is told with who asked."""
    reach = TABLE.actions["alert.retry"].may.get(role)
    alerts = alerts_of(office)
    inside, outside = (
        await asked.retry(alerts["mine"], ROLES[role]),
        await asked.retry(alerts["west"], ROLES[role]),
    )
    expected = (403, 403) if reach is None else (409, 404)
    assert (inside.status_code, outside.status_code) == expected, (inside.text, outside.text)
    assert {one.status for one in asked.refused} == {403 if reach is None else 404}
    assert all(one.caller is not None and one.action == "alert.retry" for one in asked.refused)


async def test_having_an_alert_tried_again_is_privileged(asked: Asked, office: Office) -> None:
    """It goes on the record with the alert, its scope and its customer, and the role by which it was allowed."""
    alert = alerts_of(office)["other-office"]
    with office.database.connection() as connection:
        connection.execute("UPDATE alerts SET state = 'dead' WHERE id = %s", [alert])
    answer = await asked.retry(alert, ROLES["back_office"])
    assert answer.status_code == 200, answer.text
    (passage,) = asked.passed
    assert (passage.act, passage.role, passage.shown.scope) == ("privileged", "back_office", "demo")
    assert (passage.shown.customer, passage.shown.detail) == ("other-office", f"alert {alert}")
