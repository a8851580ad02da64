"""Times of the contract: RFC 3339 by pattern, with an offset, in the years 2000 to 2100, held in UTC.

The standard library and the decoders disagree on zones, sub-microseconds, leap seconds and epochs, so the
pattern decides what a time is and the library only computes it (ADR 0010).
"""

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from shared.contract.errors import bad

RFC_3339: Final = (
    r"^(?:20\d\d|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt]"
    r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$"
)
LAST_YEAR: Final = 2100
_instant = re.compile(RFC_3339.removeprefix("^").removesuffix("$"), re.ASCII).fullmatch
_day = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_encode: Final = msgspec.json.Encoder().encode
_UTC_ENDINGS: Final = ("Z", "z", "+00:00")

if TYPE_CHECKING:
    Instant = datetime
else:

    class _InstantType(type):
        def __instancecheck__(cls, value: object) -> bool:
            return type(value) is datetime

    class Instant(metaclass=_InstantType):
        """Marks a field whose text `parse_instant` reads; what is held there is a plain `datetime` in UTC.

        msgspec would read a field annotated `datetime` by its own, laxer notion of RFC 3339.
        """


def parse_instant(text: str, path: str = "") -> datetime:
    """The instant, in UTC, that an RFC 3339 text states; `BadEvent` at `path` if it is none."""
    if _instant(text) is None:
        raise bad(path, "instant")
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return _parse_unusual(text, path)
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _parse_unusual(text: str, path: str) -> datetime:
    """`t` and `z` are RFC 3339 too, yet not to the standard library; 30 February is neither."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except ValueError:
        raise bad(path, "instant") from None


def parse_query_instant(text: str, path: str) -> datetime:
    """As `parse_instant`, of a query, where a bare `+` arrives as a space."""
    if " " in text and _instant(text.replace(" ", "+")) is not None:
        raise bad(path, "plus")
    return parse_instant(text, path)


def parse_utc(text: str, path: str = "") -> datetime:
    """As `parse_instant`, for times that the contract wants in UTC."""
    instant = parse_instant(text, path)
    if not text.endswith(_UTC_ENDINGS):
        raise bad(path, "utc")
    return instant


def format_instant(instant: datetime) -> str:
    """`2026-03-01T02:00:00Z`, with decimals only where there are any."""
    if instant.tzinfo is not UTC:  # what the contract holds is in UTC already, and the detour costs the most
        if instant.tzinfo is None:
            raise ValueError("an instant without a zone cannot be told to others")
        instant = instant.astimezone(UTC)
    text = _encode(instant)[1:-1].decode()  # a sixth of the price of `isoformat`; decimals are six or none
    return text[:-1].rstrip("0") + "Z" if instant.microsecond else text


def parse_day(text: str, path: str = "") -> date:
    """The day that a text `YYYY-MM-DD` states, in the years of the contract; `BadEvent` at `path` if it is none."""
    try:
        day = date.fromisoformat(text) if _day(text) else None
    except ValueError:  # 30 February
        day = None
    if day is None:
        raise bad(path, "date")
    check_date(day, path)
    return day


def check_date(value: date, path: str) -> None:
    """Dates are held to the same years as times."""
    if not 2000 <= value.year <= LAST_YEAR:
        raise bad(path, "date")
