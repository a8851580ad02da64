"""Attribution that was built anew numbers and tells everything anew: what the notifier made of it before stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.support.notifier import END, Office, Stream, local, of_edition


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    yield office
    office.close()


def test_an_edition_that_tells_older_states_too_loses_and_repeats_no_alert(office: Office) -> None:
    """What was sent is not sent again, what waited waits on, and a message under a seq of before counts."""
    office.hear(office.stream.watermark(local(1, 10)))
    office.hear(*of_edition(5, office.stream.claim("c1", "li"), office.stream.claim("c1", "li", END)))
    sent(office, "day_before")
    office.at(local(5, 9, 30))
    anew = Stream()
    told = [
        anew.claim("c1", "li", END - timedelta(days=2)),
        anew.claim("c1", "wang", END - timedelta(days=1)),
        anew.claim("c1", "li", END),
        anew.claim("c2", "wang", END),
    ]
    taken = office.hear(*of_edition(6, *told))
    assert (taken.applied, taken.repeated, taken.irregular) == (4, 0, [])
    standing = [
        (customer, rung, state) for customer, rung, _, state in office.states() if state != "superseded"
    ]
    assert Counter(one for one in standing if one[0] == "c1") == Counter(
        [("c1", "day_before", "sent"), ("c1", "last_morning", "due"), ("c1", "last_afternoon", "due"),
         ("c1", "last_call", "due")]
    )  # fmt: skip
    assert ("c2", "last_afternoon", "due") in standing


def test_messages_of_an_earlier_edition_are_not_heard_again(office: Office) -> None:
    """A topic that is read again holds them before those of the later one; they change nothing."""
    old = of_edition(5, office.stream.claim("c1", "li"))
    office.hear(*old)
    office.hear(*of_edition(6, Stream().claim("c1", "wang")))
    assert office.hear(*old).repeated == 1
    assert {staff for _, _, staff, state in office.states() if state == "due"} == {"wang", None}


def sent(office: Office, rung: str) -> None:
    with office.database.connection() as connection:
        connection.execute("UPDATE alerts SET state = 'sent' WHERE rung = %s", [rung])
