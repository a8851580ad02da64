"""What else a person must know: decisions on a customer or a deal, from the topic to the words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, ListedAlert, Listing
from services.notifier.messages.words import case_number
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.contract.topics import Decision
from shared.platform.officefile.document import parse
from tests.support.decisions import deal, decision
from tests.support.notifier import Keeping, Office, Told, local

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)


def plans(text: str) -> Plans:
    return plans_of(parse(f"version: 1\n{text}".encode(), "p"), OfficeHours(), ("keeping",))


ALL = plans("defaults: {}")


def opened(database: str, by: Plans) -> Office:
    office = Office(database, local(2, 10), by)
    office.hear(
        office.stream.watermark(local(2, 10)),
        *(office.stream.staff(staff, "consultant") for staff in ("li", "wang")),
    )
    return office


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = opened(database, ALL)
    yield office
    office.close()


async def round_of(office: Office, kept: Keeping) -> list[ListedAlert]:
    clocks = (office.clock, office.machine)
    sender = Dispatcher(office.queue, [kept], clocks, office.plans, QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    return Listing(office.database).page(Filter(), None, 100)


@pytest.mark.parametrize(
    ("what", "owner", "previous", "told"),
    [
        ("kept", "li", "li", {"li": "由他人接待，归属不变，仍归您"}),
        ("superseded", "wang", "li", {"wang": "按规则归您", "li": "按规则改归他人"}),
        ("transferred", "wang", "li", {"wang": "已转接给您", "li": "已转接给他人"}),
        ("disputed", "li", "li", {"li": "归属有争议，待裁定"}),
        ("ruled", None, "li", {"li": "经裁定不归您"}),
        ("established", "li", None, {}),
        ("renewed", "li", "li", {}),
        ("lapsed", None, "li", {}),
    ],
)
async def test_a_decision_is_told_to_whom_it_concerns(
    office: Office, what: Decision, owner: str | None, previous: str | None, told: dict[str, str]
) -> None:
    """Each person reads what became of the customer, with the clause; what nobody must know is told to nobody."""
    office.hear(decision(office, what, owner, previous))
    kept = Keeping()
    await round_of(office, kept)
    assert {notice.to.staff for notice in kept.sent} == set(told)
    for notice in kept.sent:
        assert told[notice.to.staff] in notice.words.body_zh
        assert "shijiazhuang.4" in notice.words.body_en
        assert case_number("c1") in notice.words.subject_zh
        assert re.search(r"\d{11}", notice.words.text) is None


async def test_shares_of_a_deal_are_told_to_each_with_their_own(office: Office) -> None:
    """Of 7000 and 3000 basis points each reads their own part, and not the other's."""
    office.hear(deal(office, {"li": 7000, "wang": 3000}))
    kept = Keeping()
    alerts = await round_of(office, kept)
    words = {notice.to.staff: notice.words.body_zh for notice in kept.sent}
    assert "成交分成70%" in words["li"]
    assert "30%" not in words["li"]
    assert "成交分成30%" in words["wang"]
    assert {alert.step for alert in alerts} == {"shares"}


async def test_a_change_of_the_claim_does_not_undo_what_happened(office: Office) -> None:
    """An event is told although the claim has changed again since."""
    office.hear(decision(office, "transferred", "wang", "li"), office.stream.claim("c1", "wang"))
    office.hear(office.stream.claim("c1", "li"))
    kept = Keeping()
    await round_of(office, kept)
    assert {notice.to.staff for notice in kept.sent if notice.kind == "event"} == {"li", "wang"}


async def test_an_event_at_night_waits_for_the_office(database: str) -> None:
    """What is decided after closing is told at the next opening."""
    office = opened(database, ALL)
    office.at(local(2, 20))
    office.hear(decision(office, "kept", "li", "li"))
    (alert,) = Listing(office.database).page(Filter(), None, 10)
    assert alert.due_at == local(3, 9)
    office.close()


@pytest.mark.parametrize("policy", ["people: {li: {opt_out: [kept]}}", "defaults: {events: [ruled]}"])
async def test_events_can_be_declined(database: str, policy: str) -> None:
    """Who has opted out of an event, or whose office tells none, gets no alert of it."""
    office = opened(database, plans(policy))
    office.hear(decision(office, "kept", "li", "li"))
    assert office.states() == []
    office.close()


async def test_without_a_policy_no_event_is_told(database: str) -> None:
    """An office that has no policy file hears of claims that run out, and of nothing else."""
    office = opened(database, Plans())
    office.hear(decision(office, "kept", "li", "li"))
    assert office.states() == []
    office.close()


async def test_old_news_is_not_told(office: Office) -> None:
    """A notifier that reads decisions of two days ago tells nobody of them."""
    office.clock.at = local(2, 10) + timedelta(days=2)
    office.hear(decision(office, "kept", "li", "li"))
    assert office.states() == []


async def test_a_decision_that_is_told_anew_is_told_to_nobody_twice(office: Office) -> None:
    """Under another number, and under whoever the customer was joined into since."""
    told = decision(office, "transferred", "wang", "li")
    office.hear(told, office.stream.claim("c1", "wang"))
    office.hear(anew(decision(office, "transferred", "wang", "li")))
    events = [staff for _, rung, staff, _ in office.states() if rung == "event"]
    assert sorted(map(str, events)) == ["li", "wang"]
    office.hear(office.stream.claim("c2", "wang", replaces=("c1",)))
    value, headers = anew(decision(office, "transferred", "wang", "li"))
    assert value is not None
    office.hear((value.replace(b'"c1"', b'"c2"'), headers))
    assert len([rung for _, rung, _, _ in office.states() if rung == "event"]) == 2


async def test_a_decision_that_was_lost_with_the_topic_is_told_when_it_is_told_anew(office: Office) -> None:
    """Within a day, and once; an older one is old news by its own time, whenever it is told anew."""
    decision(office, "transferred", "wang", "li")  # lost before it was heard
    office.at(local(2, 15))
    office.hear(anew(decision(office, "transferred", "wang", "li")))
    kept = Keeping()
    await round_of(office, kept)
    assert {notice.to.staff for notice in kept.sent} == {"li", "wang"}
    office.at(local(4, 10))
    office.hear(anew(decision(office, "ruled", "li", "wang")))
    assert len([rung for _, rung, _, _ in office.states() if rung == "event"]) == 2


async def test_a_notifier_that_began_behind_a_decision_is_not_told_it_anew(database: str) -> None:
    """The one whose rows are gone may have told it, wherever in the topic it stands now."""
    office = opened(database, ALL)
    with office.database.connection() as connection:
        connection.execute("UPDATE positions SET begun_at = %s, again_until = 1", [local(2, 12)])
    office.at(local(2, 15))
    office.hear(anew(decision(office, "transferred", "wang", "li")))
    assert office.states() == []
    office.close()


def anew(told: Told) -> Told:
    """The message as it comes to a topic that lost its records."""
    return told[0], [*told[1], ("restated", b"1")]


async def test_an_event_that_comes_twice_is_told_once(office: Office) -> None:
    """The same message again makes no second alert."""
    told = decision(office, "kept", "li", "li")
    office.hear(told)
    office.hear(told)
    assert len(office.states()) == 1
