"""SMS of events and digests: by the templates that were approved, and by another channel where none was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from services.notifier.channels import Channel
from services.notifier.channels.aliyun import AliyunSms
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.sms import Account, SmsChannel
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import UNREACHABLE, Filter, ListedAlert, Listing
from services.notifier.messages.words import case_number
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.provider_senders import templates
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from services.notifier.settings import NotifierSettings
from shared.platform.officefile.document import parse
from tests.support.decisions import deal, decision
from tests.support.notifier import SHANGHAI, Keeping, Office, ShiftedClock, local
from tests.support.providers import KEY_ID, KEY_SECRET, SIGN_NAME, Provider, providing
from tests.support.sms import HERE

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
CASE = case_number("c1")
LISTS = "defaults: {channels: {default: [aliyun-sms, email]}, digest: {threshold: 2}}"


def plans(approved: str, lists: str = LISTS) -> Plans:
    text = f"version: 1\nsms: {{aliyun: {{templates: {{{approved}}}}}}}\n{lists}\n"
    return plans_of(parse(text.encode(), "p"), OfficeHours(), ("aliyun-sms", "email"))


@pytest.fixture
def provider() -> Iterator[Provider]:
    with providing(ShiftedClock()) as server:
        yield server


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    office = Office(database, local(2, 10), plans("", "defaults: {digest: {threshold: 2}}"))
    office.hear(office.stream.watermark(local(2, 10)))
    office.hear(
        *(office.stream.staff(one, "consultant", email=f"{one}@example.com") for one in ("li", "wang"))
    )
    office.hear(office.stream.staff("sun", "supervisor", email="sun@example.com"))
    with office.database.connection() as connection:
        connection.execute('UPDATE staff SET contacts = contacts || \'{"sms": "13800000001"}\'')
    yield office
    office.close()


def sender(provider: Provider, by: Plans) -> SmsChannel:
    account = Account(provider.base, KEY_ID, KEY_SECRET, SIGN_NAME)
    settings = NotifierSettings(
        database_url="postgresql:///none", kafka="none:1", notifier_aliyun_templates=("T1", "T2", "T3")
    )
    approved = templates("aliyun", settings, by.sms["aliyun"])
    return AliyunSms(account, approved, HERE, ProcessLimiter(provider.clock), SHANGHAI, timeout=60.0)


async def round_of(office: Office, by: Plans, *channels: Channel) -> list[ListedAlert]:
    clocks = (office.clock, office.machine)
    dispatcher = Dispatcher(office.queue, channels, clocks, by, QUICK, Metrics())
    await dispatcher.tick()
    await dispatcher.drain(90)
    for channel in channels:
        await channel.close()
    found = Listing(office.database).page(Filter(), None, 100)
    return [one for one in found if one.state != "due"]


def sent(provider: Provider) -> list[tuple[str, dict[str, str]]]:
    """Template and variables of each SMS that was taken."""
    told = (
        (call.query["TemplateCode"], json.loads(call.query["TemplateParam"])) for call in provider.delivered
    )
    return sorted(told, key=str)


SUPERSEDED = "superseded: {id: T5, variables: [case, result]}"


async def test_an_event_goes_by_the_template_that_was_approved_for_it(
    office: Office, provider: Provider
) -> None:
    """Each of both concerned gets the SMS with the case number and what it means for them; no mail goes out."""
    office.hear(decision(office, "superseded", "wang", "li"))
    by, mail = plans(SUPERSEDED), Keeping("email")
    alerts = await round_of(office, by, sender(provider, by), mail)
    assert {one.state for one in alerts} == {"sent"}
    words = [given["result"] for _, given in sent(provider)]
    assert sorted(words) == ["归您", "改归他人"]
    assert {template for template, _ in sent(provider)} == {"T5"}
    assert all(given["case"] == CASE for _, given in sent(provider))
    assert mail.sent == []


async def test_an_event_without_a_template_goes_by_the_next_channel(
    office: Office, provider: Provider
) -> None:
    """SMS is preferred, and is not called: mail has the words."""
    office.hear(decision(office, "transferred", "wang", "li"))
    by, mail = plans(SUPERSEDED), Keeping("email")
    alerts = await round_of(office, by, sender(provider, by), mail)
    assert [one.state for one in alerts] == ["sent", "sent"]
    assert (len(mail.sent), provider.calls) == (2, [])


async def test_with_no_other_channel_it_is_listed(office: Office, provider: Provider) -> None:
    """Nobody is told, and everybody can see that: the alert is dead and stands among the unreachable."""
    office.hear(decision(office, "kept", "li", "li"))
    by = plans(SUPERSEDED, "defaults: {channels: {default: [aliyun-sms]}}")
    (alert,) = await round_of(office, by, sender(provider, by), Keeping("email"))
    assert (alert.state, alert.reason) == ("dead", "no channel reaches the person")
    assert [one.id for one in Listing(office.database).page(Filter(UNREACHABLE), None, 10)] == [alert.id]


async def test_a_template_that_the_provider_refuses_falls_back(office: Office, provider: Provider) -> None:
    """An id that was never approved, or has other variables, is refused, and the next channel is taken."""
    office.hear(decision(office, "kept", "li", "li"))
    for wrong in ("kept: {id: T99, variables: [case, result]}", "kept: {id: T1, variables: [case, result]}"):
        by, mail = plans(wrong), Keeping("email")
        (alert,) = await round_of(office, by, sender(provider, by), mail)
        assert (alert.state, len(mail.sent)) == ("sent", 1)
        assert "template" in (alert.attempts[0].answer or "")
        with office.database.connection() as connection:
            connection.execute("UPDATE alerts SET state = 'due', done_at = NULL")
            connection.execute("DELETE FROM attempts")


async def test_a_share_is_told_in_percent(office: Office, provider: Provider) -> None:
    """Each reads their own part."""
    office.hear(deal(office, {"li": 7000, "wang": 3000}))
    by = plans("shares: {id: T4, variables: [case, share, result]}")
    await round_of(office, by, sender(provider, by), Keeping("email"))
    assert [given["share"] for _, given in sent(provider)] == ["30%", "70%"]


async def test_who_stands_in_is_not_told_by_sms_what_is_anothers(office: Office, provider: Provider) -> None:
    """The words of an event's template are for whom it concerns; who stands in reads the mail that says so."""
    office.hear(decision(office, "kept", "li", "li"))
    away = "people: {li: {away: [2026-03-02], stand_in: [sun]}}"
    by, mail = plans("kept: {id: T5, variables: [case, result]}", f"{LISTS}\n{away}"), Keeping("email")
    await round_of(office, by, sender(provider, by), mail)
    assert provider.calls == []
    assert [notice.to.staff for notice in mail.sent] == ["sun"]


async def claims(office: Office) -> None:
    """Three claims of one consultant, all to be reminded of at the same opening."""
    office.hear(*(office.stream.claim(f"c{number}", "li") for number in (1, 2, 3)))
    office.at(local(4, 9))


async def test_a_digest_has_a_template_of_its_own(office: Office, provider: Provider) -> None:
    """Three reminders that are due at once are one SMS, which takes one place of the number's limit."""
    await claims(office)
    by, mail = plans("digest: {id: T4, variables: [count, deadline, left]}"), Keeping("email")
    alerts = await round_of(office, by, sender(provider, by), mail)
    assert [one.state for one in alerts] == ["sent"] * 3
    assert sent(provider) == [("T4", {"count": "3", "deadline": "3月5日24:00", "left": "39小时"})]
    assert mail.sent == []


async def test_without_one_each_reminder_goes_by_itself(office: Office, provider: Provider) -> None:
    """Who prefers SMS is told of each claim by the reminder's template."""
    await claims(office)
    by, mail = plans(""), Keeping("email")
    alerts = await round_of(office, by, sender(provider, by), mail)
    assert [one.state for one in alerts] == ["sent"] * 3
    assert [template for template, _ in sent(provider)] == ["T1", "T1", "T1"]
    assert {given["case"] for _, given in sent(provider)} == {
        case_number(f"c{number}") for number in (1, 2, 3)
    }
