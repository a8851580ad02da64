"""Who is there, who answers for whom, and in which zone: what the journal tells of an office's people and days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.model.alert import Person
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.contract import StaffContacts
from shared.platform.officefile.document import parse
from tests.support.notifier import END, Keeping, Office, local

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
STANDING_IN = "defaults: {stand_in: {away: [supervisor]}}"


def plans(text: str) -> Plans:
    return plans_of(parse(f"version: 1\n{text}".encode(), "policy.yaml"), OfficeHours(), ("keeping",))


class Mailing(Keeping):
    """One that reaches those with a mail address."""

    def destination(self, person: Person) -> str | None:
        return person.contact("email")


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant", office="east"),
        office.stream.staff("wang", "consultant", office="west"),
        office.stream.staff("sun", "supervisor", office="east"),
        office.stream.staff("zhou", "supervisor", office="west"),
        office.stream.staff("boss", "manager", office="west"),
    )
    yield office
    office.close()


async def round_of(office: Office, by: Plans) -> tuple[list[str], list[ListedAlert]]:
    """Who was told in this round, and all alerts."""
    kept = Keeping()
    sender = Dispatcher(office.queue, [kept], (office.clock, office.machine), by, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    return sorted(one.to.staff for one in kept.sent), Listing(office.database).page(Filter(), None, 200)


async def test_an_absence_on_record_has_a_stand_in_until_the_return(office: Office) -> None:
    """Between staff.away and staff.back the supervisors are told in the place of the consultant, and read why."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "li", END + timedelta(days=2)))
    office.hear(office.stream.staff("li", "consultant", office="east", away=True))
    office.at(local(4, 9))
    assert (await round_of(office, plans(STANDING_IN)))[0] == ["sun"]
    office.hear(
        office.stream.staff("li", "consultant")
    )  # enrolled anew, such as with another number: still away
    office.at(local(5, 9))
    assert (await round_of(office, plans(STANDING_IN)))[0] == ["sun"]
    office.hear(office.stream.staff("li", "consultant", away=False))
    office.at(local(5, 16))
    assert (await round_of(office, plans(STANDING_IN)))[0] == ["li"]


async def test_a_stand_in_is_of_the_own_team_or_office_first(office: Office) -> None:
    """Not whoever comes first in the alphabet: the team's people by the policy, those of the office, then others."""
    office.hear(
        office.stream.staff("ann", "supervisor", office="north"),
        office.stream.claim("c1", "wang"),
        office.stream.staff("wang", "consultant", office="west", away=True),
    )
    office.at(local(4, 9))
    assert (await round_of(office, plans(STANDING_IN)))[0] == ["zhou"]
    office.at(local(5, 9))
    by = plans(f"{STANDING_IN}\npeople: {{wang: {{supervisors: [boss]}}}}")
    assert (await round_of(office, by))[0] == ["boss"]
    office.hear(office.stream.staff("zhou", "supervisor", office="west", departed=True))
    office.at(local(5, 16))
    assert (await round_of(office, plans(STANDING_IN)))[0] == ["ann"]


async def test_of_two_supervisors_the_one_who_is_there_is_told_once(office: Office) -> None:
    """The other is away, by the journal or by the file: nobody reads one alert twice, once in another's place."""
    office.hear(
        office.stream.staff("tang", "supervisor", office="east"),
        office.stream.staff("sun", "supervisor", office="east", away=True),
        office.stream.claim("c1", "li"),
        office.stream.claim("c2", "li", END + timedelta(days=1)),
    )
    office.at(local(5, 17))
    told, _ = await round_of(office, plans(STANDING_IN))
    assert [one for one in told if one != "li"] == ["tang"]
    office.hear(office.stream.staff("sun", "supervisor", office="east", away=False))
    office.at(local(6, 17))
    told, _ = await round_of(office, plans(f"{STANDING_IN}\npeople: {{sun: {{away: [2026-03-06]}}}}"))
    assert [one for one in told if one != "li"] == ["tang"]


async def test_a_supervisor_without_a_contact_has_no_stand_in_who_is_told_anyway(office: Office) -> None:
    """Who has the same alert already does not read it again in the place of a colleague; with nobody else, one has it
    and the other is listed with the reason."""
    office.hear(
        office.stream.staff(
            "tang", "supervisor", office="east", reached=StaffContacts(email="tang@office.example")
        ),
        office.stream.claim("c1", "li"),
    )
    office.at(local(5, 17))
    post = Mailing()
    by = plans("defaults: {stand_in: {no_contact: [supervisor]}}\nscopes: {}\n")
    sender = Dispatcher(office.queue, [post], (office.clock, office.machine), by, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    alerts = [one for one in Listing(office.database).page(Filter(), None, 200) if one.step == "last_call"]
    assert [one.to.staff for one in post.sent if one.rung.value == "last_call"] == ["tang"]
    assert {(one.staff, str(one.state)) for one in alerts} == {("tang", "sent"), ("sun", "superseded")}


async def test_who_is_away_is_told_where_nobody_stands_in(office: Office) -> None:
    """Without a plan an absence loses no alert: the consultant carries a telephone."""
    office.hear(office.stream.claim("c1", "li"), office.stream.staff("li", "consultant", away=True))
    office.at(local(4, 9))
    assert (await round_of(office, Plans()))[0] == ["li"]


async def test_the_supervisors_of_the_consultants_office_are_told(office: Office) -> None:
    """Not those of another office of the scope; where the office has none, all of the scope are."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "wang"))
    office.hear(office.stream.staff("han", "consultant", office="north"), office.stream.claim("c3", "han"))
    office.at(local(5, 17))
    _, alerts = await round_of(office, Plans())
    told = {(one.customer, one.staff) for one in alerts if one.step == "last_call"}
    assert told == {("c1", "sun"), ("c2", "zhou"), ("c3", "sun"), ("c3", "zhou")}


async def test_who_answers_for_a_team_goes_before_the_office(office: Office) -> None:
    """A policy that names the people of a consultant's team has them told; one who has left counts for nobody."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "wang"))
    office.at(local(5, 17))
    by = plans("people: {li: {supervisors: [boss]}, wang: {supervisors: [gone]}}")
    _, alerts = await round_of(office, by)
    told = {(one.customer, one.staff) for one in alerts if one.step == "last_call"}
    assert told == {("c1", "boss"), ("c2", "zhou")}


async def test_a_lapse_is_told_though_another_has_the_customer_before_opening(office: Office) -> None:
    """The claim ends at midnight, another receives the customer at half past eight, and both are told at nine."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(6, 0))
    office.hear(office.stream.lapsed("c1"))
    office.at(local(6, 8, 30))
    office.hear(office.stream.claim("c1", "wang", END + timedelta(days=4)))
    office.at(local(6, 9))
    told, alerts = await round_of(office, Plans())
    assert told == ["li", "sun"]
    assert {one.state for one in alerts if one.step == "lapsed"} == {"sent"}


async def test_a_lapse_is_not_told_to_whom_the_customer_belongs_again(office: Office) -> None:
    """Who has the customer back before opening has lost nothing that a message could tell of."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(6, 0))
    office.hear(office.stream.lapsed("c1"), office.stream.claim("c1", "li", END + timedelta(days=4)))
    office.at(local(6, 9))
    assert (await round_of(office, Plans()))[0] == []


async def test_the_hours_are_those_of_the_rulebooks_zone(office: Office) -> None:
    """A claim that ends at midnight in Urumqi is reminded of at nine there, and its words tell that day."""
    urumqi = ZoneInfo("Asia/Urumqi")
    end = datetime(2026, 3, 6, tzinfo=urumqi).astimezone(UTC)
    office.hear(office.stream.claim("c1", "li", end, timezone="Asia/Urumqi"))
    first = Listing(office.database).page(Filter(), None, 10)[-1]
    assert first.due_at == datetime(2026, 3, 4, 9, tzinfo=urumqi)
    office.at(first.due_at)
    kept, elsewhere = Keeping(), Plans()  # another process, which has heard nothing itself
    sender = Dispatcher(office.queue, [kept], (office.clock, office.machine), elsewhere, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    assert ["3月5日（周四）24:00" in one.words.body_zh for one in kept.sent] == [True]


async def test_full_hours_are_spread_over_some_minutes_and_each_alert_keeps_its_own(database: str) -> None:
    """Of fifty reminders at nine no minute has them all; all are out by nine, and none is before the spread."""
    spread = timedelta(minutes=3)
    by = replace(Plans(), spread=spread)
    found = []
    office = Office(database, local(1, 10), by)
    office.hear(*(office.stream.claim(f"c{n}", f"s{n}") for n in range(50)))
    late = END - timedelta(hours=7) + timedelta(seconds=30)  # half a minute behind the supervisor's hour
    office.hear(office.stream.claim("short", "li", late))
    for one in Listing(office.database).page(Filter(), None, 1000):
        if one.customer == "short":
            assert one.due_at < one.deadline
        elif one.step == "day_before":
            found.append(one.due_at - local(4, 9))
    office.close()
    assert len(found) == 50 and min(found) >= -spread and max(found) <= timedelta(0)
    assert len({int(one.total_seconds()) // 60 for one in found}) > 1
