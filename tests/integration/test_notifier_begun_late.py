"""A notifier that begins beside a topic that holds much already: for the first time, or with its rows gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from services.notifier.inbox.decoding import OwnershipRecord
from tests.support.notifier import Office, Told, local

SOURCE = "cluster/topic@1:1"


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    yield office
    office.close()


@pytest.mark.parametrize(
    ("begun", "states"),
    [
        (local(5, 12), ["superseded", "superseded", "due", "due"]),
        (local(5, 16, 30), ["superseded", "superseded", "dead", "due"]),
        (local(5, 18), ["superseded", "superseded", "dead", "dead"]),
        (local(6, 10), ["superseded", "superseded", "superseded", "superseded"]),
    ],
    ids=["a step is to come", "the owner's last one is over", "all are over", "the claim has ended"],
)
def test_reminders_whose_hour_was_over_are_left_to_the_next_one(
    office: Office, begun: datetime, states: list[str]
) -> None:
    """Only what nothing else will tell while there is time is given up, for a person to decide; none is sent late."""
    first_heard(office, begun, office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li"))
    assert [state for *_, state in office.states()] == states


def test_the_notice_of_a_lapse_that_nothing_else_will_tell_is_listed(office: Office) -> None:
    """No older than a day it is given up, for a person to decide; of older ones nobody waits to hear."""
    told = (office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li"))
    first_heard(office, local(6, 18), *told, office.stream.watermark(local(6, 0)), office.stream.lapsed("c1"))
    notices = [state for _, rung, _, state in office.states() if rung == "lapsed"]
    assert notices == ["dead", "dead"]


def test_what_falls_due_later_goes_out_as_always(office: Office) -> None:
    """Of a claim that was made before the notifier began and ends long after."""
    first_heard(office, local(3, 12), office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li"))
    assert {state for *_, state in office.states()} == {"due"}


def first_heard(office: Office, begun: datetime, *told: Told) -> None:
    """The partition holds all this already when the notifier meets it."""
    office.clock.at = begun
    office.inbox.open(1, SOURCE, 0, len(told))
    records = [OwnershipRecord(n, value, headers) for n, (value, headers) in enumerate(told)]
    office.inbox.take(1, 0, records, SOURCE)
