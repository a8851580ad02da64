"""Contacts that are mended: whoever could not be told is told, as long as there is time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from deploy.backup.dump import _after as after_restore
from services.notifier.channels import RefusedError
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.provider_verdict import Reason
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
ASKED = b"version: 1\ndefaults: {stand_in: {no_contact: [manager]}}\n"


class Mail(Keeping):
    """Keeps what goes to an address, and reaches whom the mail channel reaches."""

    def __init__(self) -> None:
        super().__init__("email")
        self._reaching = MailChannel(MailServer("127.0.0.1", 25, "panke@example.com"), 1.0)

    def destination(self, person: Person) -> str | None:
        return self._reaching.destination(person)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li"))
    yield office
    office.close()


def alerts_of(office: Office) -> list[ListedAlert]:
    return [one for one in Listing(office.database).page(Filter(), None, 100) if one.state != "due"]


async def round_of(office: Office, mail: Keeping, by: Plans | None = None) -> list[ListedAlert]:
    clocks = (office.clock, office.machine)
    sender = Dispatcher(office.queue, [mail], clocks, by or Plans(), QUICK, Metrics())
    await sender.tick()
    await sender.drain(90)
    return alerts_of(office)


async def test_who_gets_a_contact_is_told_what_could_not_be_told_before(office: Office) -> None:
    """Enrolled without an address, the consultant is listed; enrolled with one, the same alert goes out at once."""
    office.hear(office.stream.staff("li", "consultant"))
    mail = Mail()
    office.at(local(4, 9))
    (alert,) = await round_of(office, mail)
    assert (alert.state, alert.reason) == ("dead", "no channel reaches the person")
    office.hear(office.stream.staff("li", "consultant"))  # nothing has changed
    assert [one.state for one in await round_of(office, mail)] == ["dead"]
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    assert Listing(office.database).page(Filter(state="unreachable"), None, 10) == []
    assert [(one.id, one.state) for one in await round_of(office, mail)] == [(alert.id, "sent")]


async def test_a_number_that_was_refused_is_tried_again_when_it_is_another(office: Office) -> None:
    """What a provider will never take for one contact may be taken for the next."""
    office.hear(office.stream.staff("li", "consultant", email="lii@example.com"))
    mail = Mail()
    mail.answers = [RefusedError("550 no such user", Reason.NUMBER)]
    office.at(local(4, 9))
    assert [one.state for one in await round_of(office, mail)] == ["dead"]
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    assert [one.state for one in await round_of(office, mail)] == ["sent"]


async def test_a_supervisor_who_is_enrolled_later_is_told(office: Office) -> None:
    """An alert for which nobody answered goes to who answers for the scope by then."""
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    mail = Mail()
    office.at(local(5, 17))
    await round_of(office, mail)
    assert [one.staff for one in alerts_of(office) if one.state == "dead"] == [None]
    office.hear(office.stream.staff("sun", "supervisor", email="sun@example.com"))
    await round_of(office, mail)
    assert [one.to.staff for one in mail.sent if one.rung == "last_call"] == ["sun"]


async def test_a_stand_in_who_is_enrolled_later_is_told(office: Office) -> None:
    """Asked for by the plan and not there: told as soon as somebody with that role can be reached."""
    by = plans_of(parse(ASKED, "policy.yaml"), OfficeHours(), ("email",))
    office.hear(office.stream.staff("li", "consultant"))
    mail = Mail()
    office.at(local(4, 9))
    assert [one.state for one in await round_of(office, mail, by)] == ["dead"]
    office.hear(office.stream.staff("boss", "manager", email="boss@example.com"))
    assert [one.state for one in await round_of(office, mail, by)] == ["sent"]
    assert [one.to.staff for one in mail.sent] == ["boss"]


async def test_a_start_tries_who_could_not_be_reached(office: Office) -> None:
    """A channel or a stand-in that an operator has added counts for what was given up, too."""
    office.hear(office.stream.staff("li", "consultant"))
    mail = Mail()
    office.at(local(4, 9))
    assert [one.state for one in await round_of(office, mail)] == ["dead"]
    office.queue.history.start_afresh([], office.machine.now(), office.clock.now())
    assert [one.state for one in await round_of(office, Keeping())] == ["sent"]


async def test_what_is_over_or_left_to_a_person_is_not_told_by_itself(office: Office) -> None:
    """A reminder behind its deadline, and what may have been sent before a restore, stay as they are."""
    office.hear(office.stream.staff("li", "consultant"))
    mail = Mail()
    office.at(local(4, 9))
    await round_of(office, mail)
    office.hear(office.stream.claim("c2", "li", END + timedelta(days=9)))
    with office.database.connection() as connection:
        connection.execute(
            "UPDATE alerts SET state = 'dead', reason = 'restored from a backup' WHERE customer = 'c2'"
        )
    office.at(END + timedelta(hours=1))
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    await round_of(office, mail)
    assert mail.sent == []
    assert {one.state for one in alerts_of(office) if one.customer == "c2"} == {"dead"}


async def test_what_was_given_up_before_a_backup_is_left_to_a_person(office: Office) -> None:
    """It may have been told since, so neither a contact that is heard again nor a start tells it by itself."""
    office.hear(office.stream.staff("li", "consultant"))
    mail = Mail()
    office.at(local(4, 9))
    (alert,) = await round_of(office, mail)
    with psycopg.connect(office.database.dsn, autocommit=True) as connection:
        after_restore(connection, "notifier", office.clock.now())
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    office.queue.history.start_afresh([], office.machine.now(), office.clock.now())
    assert [one.state for one in await round_of(office, mail)] == ["dead"]
    Listing(office.database).retry(alert.id, office.machine.now())
    assert [one.state for one in await round_of(office, mail)] == ["sent"]


async def test_what_was_due_before_a_restore_is_left_to_the_next_reminder(office: Office) -> None:
    """Only what nothing else will tell is given up, to be decided by a person; what is older than a day is void."""
    office.hear(office.stream.staff("li", "consultant", email="li@example.com"))
    office.at(local(4, 12))
    assert restored(office) == {"superseded": {"day_before"}}
    office.at(local(5, 23, 30))
    assert restored(office)["dead"] == {"last_afternoon", "last_call"}
    office.at(local(8, 12))
    assert set(restored(office)) == {"superseded"}
    assert (await round_of(office, mail := Mail()), mail.sent)[1] == []


def restored(office: Office) -> dict[str, set[str]]:
    """What a restore at this time lists: the steps by state, of those that were due."""
    with psycopg.connect(office.database.dsn, autocommit=True) as connection:
        connection.execute(
            "UPDATE notifier.alerts SET state = 'due', superseded_at = NULL, done_at = NULL, reason = NULL"
        )
        after_restore(connection, "notifier", office.clock.now())
    found: dict[str, set[str]] = {}
    for one in alerts_of(office):
        found.setdefault(one.state, set()).add(one.step)
    return found


@pytest.mark.parametrize("address", ["li***@example.com", "无", "li.example.com", "li@", "a@b\r\nBcc: c@d"])
async def test_what_is_no_address_reaches_nobody(office: Office, address: str) -> None:
    """A masked or mistyped address is no contact: the stand-in is told, and nobody takes the consultant for told."""
    by = plans_of(parse(ASKED, "policy.yaml"), OfficeHours(), ("email",))
    contacts = StaffContacts(email=address)
    office.hear(
        office.stream.staff("li", "consultant", reached=contacts),
        office.stream.staff("boss", "manager", email="boss@example.com"),
    )
    mail = Mail()
    office.at(local(4, 9))
    assert [one.state for one in await round_of(office, mail, by)] == ["sent"], json.dumps(address)
    assert [one.to.staff for one in mail.sent] == ["boss"]
