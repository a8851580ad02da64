"""Which watermark a reader may go by at its position, and which of them are worth keeping."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from shared.contract.topics import BadMessageError, WatermarkMessage, decode_watermark, encode_watermark
from shared.platform.kafka.watermarks import Mark, Marks, Watermarks

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


def mark(minute: float, offset: int) -> Mark:
    return Mark(NOON + timedelta(minutes=minute), offset)


def test_a_watermark_is_not_gone_by_before_its_offset_is_reached() -> None:
    """One record short of the offset is too early; at the offset it holds."""
    marks = Marks()
    marks.hear(mark(1, 10))
    assert marks.reached(9) is None
    assert marks.reached(10) == mark(1, 10)


def test_a_watermark_that_was_gone_by_is_not_gone_by_again() -> None:
    """An idle partition repeats what was said; the same time behind a later record is something new."""
    marks = Marks()
    marks.hear(mark(1, 10))
    marks.settle(mark(1, 10))
    for known in (mark(1, 10), mark(0, 10), mark(0, 99)):
        marks.hear(known)
    assert marks.reached(99) is None
    marks.hear(mark(1, 11))
    assert (marks.reached(10), marks.reached(11)) == (None, mark(1, 11))


def test_a_reader_that_stays_behind_goes_by_what_it_has_reached() -> None:
    """Watermarks that come faster than the reader reads never put off the one that it reaches next."""
    marks, passed = Marks(), []
    for second in range(100):
        marks.hear(mark(second / 60, second * 10))
        position = max(0, second - 5) * 10
        reached = marks.reached(position)
        if reached is not None:
            assert reached.offset <= position
            marks.settle(reached)
            passed.append(reached)
        assert len(marks.waiting) <= 2
    assert len(passed) >= 10
    assert passed == sorted(passed)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_gone_by_always_holds(seed: int) -> None:
    """Whatever the order in which true watermarks come, only one whose offset was reached is answered."""
    choose = random.Random(seed)
    told = [mark(minute, offset) for minute, offset in enumerate(sorted(choose.choices(range(50), k=30)))]
    choose.shuffle(told)
    marks, position = Marks(), 0
    for one in told:
        marks.hear(one)
        position += choose.randrange(4)
        reached = marks.reached(position)
        if reached is not None:
            assert reached in told
            assert reached.offset <= position
            marks.settle(reached)
    marks.hear(max(told))
    last = marks.reached(50) or marks.done
    assert last == max(told)


def test_watermarks_of_another_log_say_nothing_of_this_one() -> None:
    """A topic that was made anew counts its offsets from 0 again."""
    watermarks = Watermarks()
    watermarks.hear("cluster/topic@old:0", mark(1, 0))
    assert watermarks.reached("cluster/topic@new:0", 99) is None
    assert watermarks.reached("cluster/topic@old:0", 0) == mark(1, 0)


def test_of_each_partition_the_last_watermark_is_kept() -> None:
    """The key is the partition; value and key come back as they were told."""
    told = WatermarkMessage(source="c/t@i:7", offset=3, watermark=NOON)
    key, value = encode_watermark(told)
    assert (key, decode_watermark(value)) == (b"7", told)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{}",
        b"\xff",
        b'{"source":"c/t@i:0","offset":-1,"watermark":"2026-03-01T04:00:00Z"}',
        b'{"source":"c/t@i:0","offset":1,"watermark":"yesterday"}',
        b'{"source":"c/t@i:0","offset":1,"watermark":"2026-03-01T04:00:00Z","more":1}',
    ],
)
def test_what_is_no_watermark_is_told_from_one(value: bytes | None) -> None:
    """A time or an offset that cannot be read is never guessed."""
    with pytest.raises(BadMessageError):
        decode_watermark(value)
