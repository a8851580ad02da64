"""`panke alerts list | log` and the page of alerts: found by person, day, channel and case, in the office's time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner

from services.notifier.cli import alerts
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Listing
from services.notifier.history.proof import Proof
from services.notifier.http import add_routes
from services.notifier.model.metrics import Metrics
from services.notifier.schedule.ladder import SHANGHAI
from services.notifier.schedule.plan import Plans
from shared.contract.case_numbers import case_number
from shared.platform.http.app import create_app
from tests.support.notifier import END, Keeping, Office, local
from tests.support.tokens import admission, guarded

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant"),
        office.stream.staff("wang", "consultant", name="王\x1b[2J五"),
        office.stream.staff("sun", "supervisor"),
        office.stream.claim("c1", "li", END, timezone="Asia/Shanghai"),
        office.stream.claim("c2\x1b]0;owned\x07", "wang"),
    )
    office.at(local(4, 9))
    kept = Keeping()
    clocks = (office.clock, office.machine)

    async def send() -> None:
        sender = Dispatcher(office.queue, [kept], clocks, Plans(), QUICK, Metrics())
        await sender.tick()
        await sender.drain(90)

    asyncio.run(send())
    yield office
    office.close()


def told(database: str, *arguments: str) -> list[str]:
    done = CliRunner().invoke(alerts, [*arguments, "--database-url", database])
    assert done.exit_code == 0, done.output
    return [line for line in done.output.splitlines() if line != "no alerts"]


def test_alerts_are_found_by_person_day_channel_and_case(office: Office, database: str) -> None:
    """Each filter by itself and all together; a line tells the office's time and the customer behind the case."""
    number = case_number("c1")
    assert len(told(database, "list", "--case", number)) == 4
    assert told(database, "list", "--case", number.lower().replace("-", "")) == told(
        database, "list", "--case", number
    )
    assert told(database, "list", "--case", case_number("nobody")) == []
    assert len(told(database, "list", "--staff", "li")) == 3
    assert len(told(database, "list", "--day", "2026-03-04")) == 2
    assert len(told(database, "list", "--channel", "keeping")) == 2
    (line,) = told(
        database, "list", "--case", number, "--staff", "li", "--day", "2026-03-04", "--channel", "keeping"
    )
    assert "2026-03-04 09:00+08:00" in line and number in line and "demo/c1" in line


def test_the_log_tells_what_is_still_to_come_as_that(office: Office, database: str) -> None:
    """A reminder of tomorrow is not one that missed its deadline; it says when it goes out."""
    heads = [line for line in told(database, "log", "--customer", "c1") if not line.startswith(" ")]
    assert heads[0].endswith("day_before to li: told before the deadline")
    assert heads[1].endswith("last_morning to li: goes out at 2026-03-05 09:00:00+08:00")
    assert not [line for line in heads if "not before" in line]


def test_the_log_is_found_by_a_case_number(office: Office, database: str) -> None:
    """As the list is; one that nobody has finds nothing, and what is no number, or two ways at once, is refused."""
    number = case_number("c1")
    by_customer = told(database, "log", "--customer", "c1")
    assert by_customer == told(database, "log", "--case", number.lower().replace("-", ""))
    assert by_customer == told(database, "log", "--case", number, "--scope", "demo")
    assert told(database, "log", "--case", number, "--scope", "other") == []
    assert told(database, "log", "--case", case_number("nobody")) == []
    for wrong in (("--case", "K7QF"), ("--case", number, "--customer", "c1"), ()):
        done = CliRunner().invoke(alerts, ["log", *wrong, "--database-url", database])
        assert (done.exit_code, done.stdout) == (2, ""), wrong


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"customer": "c1"}, 200),
        ({"case": case_number("c1")}, 200),
        ({"case": case_number("c1"), "customer": "c1"}, 422),
        ({}, 422),
        ({"case": "K7QF"}, 422),
    ],
)
async def test_the_log_over_http_is_of_a_customer_or_of_a_case_number(
    office: Office, query: dict[str, str], status: int
) -> None:
    """Either finds the same alerts; both, neither, or what is no case number is 422 with the parameter."""
    app = guarded(create_app("Panke notifier", "0", live={}, ready={}, metrics=bytes), "notifier")
    add_routes(app, Listing(office.database), Proof(office.database), office.machine, SHANGHAI)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", auth=admission().bearer()
    ) as client:
        answer = await client.get("/v1/alerts/log", params=query)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert {one["customer"] for one in answer.json()["alerts"]} == {"c1"}
    else:
        assert answer.json()["errors"][0]["path"] in ("query.customer", "query.case")


def test_lists_steer_no_terminal(office: Office, database: str) -> None:
    """An id with an escape sequence is shown as what it is, in lines and in JSON."""
    for arguments in (["list"], ["list", "--json"], ["log", "--customer", "c2\x1b]0;owned\x07"]):
        lines = told(database, *arguments)
        assert lines and not [line for line in lines if "\x1b" in line or "\x07" in line]


def test_a_zone_that_this_machine_does_not_know_costs_no_list(office: Office, database: str) -> None:
    """A rulebook may name a zone that is newer than the time zones here: lists go by that of the settings."""
    office.hear(office.stream.claim("c3", "li", END, timezone="Asia/Qostanay-2031"))
    number = case_number("c3")
    for arguments in (["list", "--case", number], ["log", "--customer", "c3"]):
        assert "+08:00" in told(database, *arguments)[0 if arguments[0] == "list" else 1]
    assert told(database, "list", "--case", number, "--day", "2026-03-05")


def test_a_day_is_that_of_the_office_also_where_only_the_settings_tell_its_zone(
    office: Office, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is shown under a day is found under that day."""
    monkeypatch.setenv("PANKE_NOTIFIER_TIMEZONE", "America/Los_Angeles")
    office.hear(office.stream.claim("far", "li", END, scope="west"))
    for line in told(database, "list", "--scope", "west"):
        day = line.split()[1]
        assert line in told(database, "list", "--scope", "west", "--day", day)
    for day in ("0001-01-01", "9999-12-31"):
        assert told(database, "list", "--day", day) == []


@pytest.mark.parametrize("name", ["staff", "channel", "scope", "customer", "case", "cursor"])
async def test_a_filter_that_no_database_can_hold_is_refused_by_name(office: Office, name: str) -> None:
    """A NUL in a query is 422 that names the parameter, never a defect."""
    app = guarded(create_app("Panke notifier", "0", live={}, ready={}, metrics=bytes), "notifier")
    add_routes(app, Listing(office.database), Proof(office.database), office.machine, SHANGHAI)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", auth=admission().bearer()
    ) as client:
        answer = await client.get("/v1/alerts", params={name: "a\0b"})
    assert (answer.status_code, name in answer.text) == (422, True), answer.text
