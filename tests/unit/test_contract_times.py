"""What a time is: RFC 3339 by pattern, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.contract import (
    BadEvent,
    check_clock,
    decode_event,
    format_instant,
    parse_instant,
    parse_query_instant,
    parse_utc,
)
from tests.support.contract import encode, envelope


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-03-01T10:00:00+08:00", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-03-01T02:00:00Z", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-03-01t02:00:00z", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-03-01T02:00:00-00:00", datetime(2026, 3, 1, 2, tzinfo=UTC)),
        ("2026-03-01T02:00:00.5Z", datetime(2026, 3, 1, 2, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-03-01T02:00:00.123456Z", datetime(2026, 3, 1, 2, 0, 0, 123_456, tzinfo=UTC)),
        ("2000-01-01T00:00:00+08:00", datetime(1999, 12, 31, 16, tzinfo=UTC)),
        ("2100-12-31T23:59:59-23:59", datetime(2101, 1, 1, 23, 58, 59, tzinfo=UTC)),
    ],
)
def test_rfc_3339_times_are_read(text: str, instant: datetime) -> None:
    """A time with an offset is an instant, held in UTC."""
    assert parse_instant(text) == instant
    assert parse_instant(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-03-01", "2026-03-01T10:00:00", "2026-03-01 10:00:00Z", "2026-03-01T10:00Z",
        "2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00.Z", "2026-03-01T10:00:00,5Z",
        "2026-03-01T23:59:60Z", "2026-03-01T24:00:00Z", "2026-02-30T10:00:00Z", "2026-13-01T10:00:00Z",
        "1999-12-31T10:00:00Z", "2101-01-01T00:00:00Z", "2026-03-01T10:00:00+0800",
        "2026-03-01T10:00:00+24:00", "2026-W10-1T10:00:00Z", "２026-03-01T10:00:00Z",
        "2026-03-01T10:00:00Z\n", "1767225600", "20260301T100000Z",
    ],
)  # fmt: skip
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    """No other spelling, no leap second, no seventh decimal, no year beyond the contract."""
    with pytest.raises(BadEvent) as caught:
        parse_instant(text, "occurred_at")
    assert (caught.value.path, caught.value.rule) == ("occurred_at", "instant")


def test_a_time_of_recording_is_in_utc() -> None:
    """The contract wants `recorded_at` in UTC, under either of its names."""
    assert parse_utc("2026-03-01T02:00:00+00:00") == parse_utc("2026-03-01T02:00:00Z")
    with pytest.raises(BadEvent) as caught:
        parse_utc("2026-03-01T10:00:00+08:00", "recorded_at")
    assert caught.value.rule == "utc"


def test_instants_are_told_in_utc_with_decimals_where_there_are_any() -> None:
    """An instant has one spelling."""
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=8)))
    assert format_instant(noon) == "2026-03-01T04:00:00Z"
    assert format_instant(noon.replace(microsecond=120_000)) == "2026-03-01T04:00:00.12Z"
    with pytest.raises(ValueError, match="without a zone"):
        format_instant(datetime(2026, 3, 1))


def test_five_minutes_ahead_of_the_recording_is_the_limit() -> None:
    """A clock may be five minutes fast, and not a microsecond more."""
    event = decode_event(encode(envelope(recorded_at=None)), recorded=False)
    check_clock(event, event.occurred_at - timedelta(minutes=5))
    with pytest.raises(BadEvent) as caught:
        check_clock(event, event.occurred_at - timedelta(minutes=5, microseconds=1))
    assert (caught.value.path, caught.value.rule) == ("occurred_at", "future")


def test_a_plus_that_an_address_made_a_space_is_told() -> None:
    """`2026-03-01T10:00:00+08:00` in a query arrives with a space; the refusal says how to write it."""
    with pytest.raises(BadEvent, match="%2B") as caught:
        parse_query_instant("2026-03-01T10:00:00 08:00", "as_of")
    assert (caught.value.path, caught.value.rule) == ("as_of", "plus")
    assert parse_query_instant("2026-03-01T10:00:00+08:00", "as_of") == parse_instant("2026-03-01T02:00:00Z")
    with pytest.raises(BadEvent) as other:
        parse_query_instant("2026-03-01 10:00:00", "as_of")
    assert other.value.rule == "instant"
