"""What the notifier knows of the time: a watermark counts once all that it covers was taken in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared.contract import format_instant
from shared.contract.topics import Headers, encode_headers
from shared.platform.kafka.sender import look_at
from shared.platform.kafka.watermarks import Mark, Watermarks
from tests.integration.test_notifier_consumer import Feed, consuming, customers, feed, office, until
from tests.support.notifier import END, Office, Told, local

__all__ = ["feed", "office"]

# The first reminder of a claim that ends with 5 March.
EVE = local(4, 9)


@pytest.fixture
def quiet(database: str) -> Iterator[Office]:
    found = Office(database, local(1, 10))
    yield found
    found.close()


def dated(told: Told, known_at: datetime) -> Told:
    value, headers = told
    return value, [*headers, *encode_headers(Headers(known_at=known_at))]


def claimed(office: Office) -> list[tuple[str, bool]]:
    found = office.queue.claim(10, office.clock.now(), office.machine.now())
    return [(alert.customer, alert.behind) for alert in found]


def test_a_watermark_ahead_of_the_position_covers_no_alert(quiet: Office) -> None:
    """The renewal that it covers is still to be taken in: the reminder waits, and then is void."""
    office = quiet
    office.hear(dated(office.stream.claim("c1", "li"), local(1, 10)))
    office.at(EVE, watermark=False)
    office.inbox.learn({0: ("", Mark(EVE + timedelta(seconds=1), 2))})
    assert claimed(office) == []
    later = END + timedelta(days=5)
    office.hear(dated(office.stream.claim("c1", "li", later), EVE - timedelta(seconds=1)))
    office.inbox.learn({0: ("", Mark(EVE + timedelta(seconds=1), 2))})
    assert claimed(office) == []
    assert {state for *_, state in office.states()} == {"superseded", "due"}


def test_a_watermark_at_the_position_covers_what_is_due_by_it(quiet: Office) -> None:
    """Without a message since, the reminder goes out, and not as known at an earlier time."""
    office = quiet
    office.hear(dated(office.stream.claim("c1", "li"), local(1, 10)))
    office.at(EVE, watermark=False)
    office.inbox.learn({0: ("", Mark(EVE - timedelta(seconds=1), 1))})
    assert claimed(office) == []
    office.inbox.learn({0: ("", Mark(EVE, 1))})
    assert claimed(office) == [("c1", False)]


def test_a_watermark_of_another_log_covers_nothing(quiet: Office) -> None:
    """Offsets of a topic that was made anew have nothing to do with those of the one before."""
    office = quiet
    office.hear(dated(office.stream.claim("c1", "li"), local(1, 10)))
    office.at(EVE, watermark=False)
    office.inbox.learn({0: ("cluster/topic@other:0", Mark(EVE, 0))})
    assert claimed(office) == []


def test_what_is_told_is_dated_by_its_message_and_not_by_when_it_is_read(quiet: Office) -> None:
    """Read four days late, a claim has the reminders that it had when it was decided."""
    office = quiet
    office.at(local(5, 20), watermark=False)
    office.hear(dated(office.stream.claim("c1", "li"), local(1, 10)))
    late = office.states()
    office.hear(dated(office.stream.claim("c2", "li"), local(5, 20)))
    assert len(late) == 4
    assert len(office.states()) < 2 * len(late)


async def test_watermarks_are_noted_as_soon_as_they_hold(feed: Feed, office: Office) -> None:
    """One ahead waits for the message below its offset; after a restart the one that was told before still counts."""
    state = await look_at(feed.bootstrap, feed.topic, None, 10.0)
    assert state is not None
    watermarks, ahead = Watermarks(), Mark(EVE, 2)
    watermarks.hear(state.source(0), ahead)
    await feed.send([office.stream.claim("c1", "li")])
    async with consuming(feed, office, watermarks) as (consumer, _):
        await until(lambda: customers(office) == {"c1"}, "the claim")
        assert known(office, feed)[0] is None
        watermarks.hear(state.source(1), Mark(EVE, 0))
        consumer.settle()
        await until(lambda: known(office, feed)[1] == format_instant(EVE), "an empty partition")
    await feed.send([office.stream.claim("c2", "li")])
    async with consuming(feed, office, watermarks) as _:
        await until(lambda: known(office, feed)[0] == format_instant(EVE), "what lay ahead")
        assert known(office, feed)[2] is None


def known(office: Office, feed: Feed) -> dict[int, str | None]:
    """Up to when each partition is known."""
    with office.database.connection() as connection:
        rows = connection.execute(
            "SELECT partition, watermark FROM positions WHERE topic = %s", [feed.topic]
        ).fetchall()
    found = dict.fromkeys(range(3))
    return found | {row[0]: row[1] and format_instant(row[1]) for row in rows}  # type: ignore[arg-type, misc, return-value]
