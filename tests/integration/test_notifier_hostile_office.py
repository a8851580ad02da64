"""An office with hostile names and long lists, on a real PostgreSQL: one bad value costs nobody else an alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.robot import Access
from services.notifier.channels.wecom import LONGEST_TEXT, WeComRobot
from services.notifier.delivery.breaker import BreakerTerms, StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.history.listing import Filter, Listing
from services.notifier.messages.words import case_number
from services.notifier.model.alert import RenderedMessage
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.clock import MachineClock
from shared.platform.officefile.document import parse
from tests.support.notifier import Keeping, Office, local
from tests.support.smtp import PASSWORD, USER, Post, posting

QUICK = RetryPolicy(attempts=1, wait_initial=0.001, wait_max=0.002)
ROBOTS = AddressPolicy(frozenset({"robots.example.com"}))


class Kept(WeComRobot):
    """WeCom's robot, but for the call: it keeps the bodies that it would send."""

    def __init__(self) -> None:
        clock = MachineClock()
        access = Access("https://robots.example.com", "tokentoken")
        super().__init__(access, ROBOTS, ProcessLimiter(clock), clock, timeout=30.0, form="text")
        self.bodies: list[str] = []

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        self.bodies.append(json.loads(self.message(notice, destination))["text"]["content"])
        return "0 ok"


class Failing(Keeping):
    """A channel with a defect for one customer."""

    def __init__(self, case: str) -> None:
        super().__init__("keeping")
        self.case = case

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        if notice.case == self.case:
            raise KeyError(self.case)
        return await super().send(notice, destination)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)), office.stream.staff("sun", "supervisor", name="孙\u2028主管")
    )
    yield office
    office.close()


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as server:
        yield server


def dispatcher(
    office: Office, channel: object, plans: Plans | None = None
) -> tuple[Dispatcher, StoredBreaker]:
    breaker = StoredBreaker(office.database, office.machine, BreakerTerms(threshold=1))
    clocks = (office.clock, office.machine)
    made = Dispatcher(office.queue, [channel], clocks, plans or Plans(), QUICK, Metrics(), breaker)  # type: ignore[list-item]
    return made, breaker


async def test_a_line_separator_in_a_name_stops_neither_mail_nor_anybody_elses(
    office: Office, post: Post
) -> None:
    """Supervisors' mails name the consultant: with U+2028 in a name they all arrive, and the breaker stays closed."""
    for n, name in enumerate(("李\u2028雷", "韩\x1b[2J梅", "王\r\nBcc: x@example.com")):
        office.hear(
            office.stream.staff(f"c{n}", "consultant", name=name, email=f"c{n}@example.com"),
            office.stream.claim(f"k{n}", f"c{n}"),
        )
    office.hear(office.stream.staff("sun", "supervisor", name="孙\u2028主管", email="sun@example.com"))
    server = MailServer("127.0.0.1", post.port, "panke@example.com", USER, PASSWORD, "none")
    sender, breaker = dispatcher(office, MailChannel(server, 60.0))
    office.at(local(5, 17))
    await sender.tick()
    await sender.drain(90)
    states = [
        one.state for one in Listing(office.database).page(Filter(), None, 100) if one.step == "last_call"
    ]
    assert states == ["sent", "sent", "sent"]
    assert breaker.open_channels() == []


async def test_a_defect_of_one_message_is_no_failure_of_the_channel(office: Office) -> None:
    """With a breaker that opens at the first failure, the alerts of others go out beside one that cannot be made."""
    office.hear(office.stream.staff("li", "consultant"), office.stream.staff("wang", "consultant"))
    office.hear(
        office.stream.claim("bad", "li"),
        office.stream.claim("good", "wang"),
        office.stream.claim("too", "li"),
    )
    channel = Failing(case_number("bad"))
    sender, breaker = dispatcher(office, channel)
    office.at(local(4, 9))
    for _ in range(3):
        await sender.tick()
        await sender.drain(90)
    assert {one.customer for one in channel.sent} == {"good", "too"}
    assert breaker.open_channels() == []


async def test_of_a_digest_every_alert_is_readable_in_some_message(office: Office) -> None:
    """Thirty claims of a consultant with a long name end today: each message is within WeCom's bytes, none is cut."""
    office.hear(
        office.stream.staff("li", "consultant", name="欧阳" * 15), office.stream.staff("sun", "supervisor")
    )
    office.hear(*(office.stream.claim(f"k{n}", "li") for n in range(30)))
    plans = plans_of(
        parse(b"version: 1\ndefaults: {digest: {at_opening: true, threshold: 2}}", "p"),
        OfficeHours(),
        ("wecom",),
    )
    robot = Kept()
    with office.database.connection() as connection:
        connection.execute('UPDATE staff SET contacts = \'{"wecom": "13800000001"}\'')
    sender, _ = dispatcher(office, robot, replace(plans))
    office.at(local(5, 17))
    await sender.tick()
    await sender.drain(90)
    assert all(len(body.encode()) <= LONGEST_TEXT and "…" not in body for body in robot.bodies)
    told = "\n".join(robot.bodies)
    missing = [n for n in range(30) if told.count(case_number(f"k{n}")) < 2]
    assert missing == []


async def test_a_claim_on_a_customer_whose_id_spells_nul_is_told(office: Office) -> None:
    """The six characters of an escaped NUL in an id are a text: its alerts are made, and nothing is irregular."""
    taken = office.hear(office.stream.staff("li", "consultant"), office.stream.claim("x\\u0000y", "li"))
    assert taken.irregular == [] and taken.applied == 2
    assert ("x\\u0000y", "last_morning", "li", "due") in office.states()
