"""Phones as people write them, read as E.164 with their extension (procedure.md#identity-phones).

Taken is a valid number of its region, or a mainland mobile by its form, which the library need not know yet.
`phonenumbers` is lenient: it drops a second number behind a comma, takes letters for digits and a hotline for a
local number, so what may stand in the field is decided by pattern first and the library only judges digits. It
takes some 40 µs for one; the usual ways of writing a mobile are read by a pattern alone.
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from shared.contract.plain import NOTHING_SAID, is_hidden, plain
from shared.ids import Contact

REGION: Final = "CN"
SHORTEST_NATIONAL: Final = 10
"""Area code and number, in the mainland. The library takes an area's hotline (0530-12320) for valid too, which
seven or eight digits without an area code look like."""
LONGEST: Final = 15
"""Digits of a number at most, by E.164."""

_plain_mobile = re.compile(r"1[3-9][0-9]{9}").fullmatch
_written_mobile = re.compile(r"(?:\+86[ -]?|0086[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})").fullmatch
_dashes: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_signs = re.compile(r"(?=.*\d)\(?\+?[\d ().-]*\d").fullmatch
_fraction = re.compile(r"\.\d$").search
_mobile = re.compile(r"(?:\+86|0086|86)?0?(1[3-9]\d{9})", re.ASCII).fullmatch
_like_mobile = re.compile(r"(?:\+86|0086|86)?0?1[3-9]\d{7,11}", re.ASCII).fullmatch
_extension = re.compile(
    r"(?P<number>.*\d\)?)\s*(?:;\s*ext=|转分机|转|分机|ext(?:ensio)?n?\.?|x)\s*:?\s*(?P<digits>\d{1,6})",
    re.ASCII,
).fullmatch
_last_group = re.compile(r"(?P<number>.*\d\)?)\s*-\s*(?P<digits>\d{1,6})", re.ASCII).fullmatch
_groups = re.compile(r"[\d ().+-]*\d[\d ().+-]*").findall
_mask_signs = re.compile(r"[*•●×x]+|\.{3,}").split
_LANDLINES: Final = (PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def normalise_phone(phone: str) -> Contact | None:
    """The E.164 form of a phone as people write it, with `;ext=` where it has an extension.

    None for what is no number: one that is masked, that says nothing, or that is bad input.
    """
    if _plain_mobile(phone):
        return Contact("+86" + phone)
    written = _written_mobile(phone)
    if written:
        return Contact("+86" + "".join(written.groups()))
    return _read(phone)[0]


def phone_fault(phone: str) -> str | None:
    """The rule that a phone breaks; None for a number, a masked one, and words that say nothing."""
    return None if _plain_mobile(phone) else _read(phone)[1]


def is_masked(phone: str) -> bool:
    """Whether a phone has something left out: kept as written, it never matches and is no contact."""
    if _plain_mobile(phone):
        return False
    return _hides(plain(phone))


def mobile_of(typed: str) -> Contact | None:
    """The E.164 form of what is a mainland mobile by its form, of text that `plain` gave."""
    text = typed.translate(_dashes)
    found = _mobile(re.sub(r"[ ().-]", "", text)) if _signs(text) else None
    return None if found is None else Contact("+86" + found[1])


@lru_cache(maxsize=65_536)
def _read(phone: str) -> tuple[Contact | None, str | None]:
    """The contact, or the rule that was broken, or neither where nothing is said or something is hidden."""
    typed = plain(phone)
    if typed in NOTHING_SAID:
        return None, None
    if _hides(typed):
        return None, None
    text = typed.removeprefix("tel:").strip().translate(_dashes)
    found = _extended(text) or _whole(text) or _hyphened(text)
    return (Contact(found), None) if found is not None else (None, _fault(text))


def _hides(typed: str) -> bool:
    """Whether something is left out: not where the sign only stands behind a whole number, before another or before
    what is dialled there. A second number that was written down must not vanish as if it were hidden."""
    return is_hidden(typed) and not _extends_a_number(typed) and not _separates_numbers(typed)


def _separates_numbers(typed: str) -> bool:
    parts = _mask_signs(typed.translate(_dashes))
    return len(parts) > 1 and sum(_whole(part.strip()) is not None for part in parts) > 1


def _extends_a_number(typed: str) -> bool:
    """Whether the `x` between digits stands between a whole number and what is dialled after it."""
    head, mark, tail = typed.translate(_dashes).partition("x")
    return bool(mark) and re.fullmatch(r"\s*\d+", tail) is not None and _whole(head.strip()) is not None


def _extended(text: str) -> str | None:
    parts = _extension(text)
    number = _whole(parts["number"]) if parts is not None else None
    return None if parts is None or number is None else f"{number};ext={parts['digits']}"


def _hyphened(text: str) -> str | None:
    """A landline whose last group, behind a hyphen, is what is dialled there: 010-88886666-8001."""
    parts = _last_group(text)
    number = _valid(parts["number"]) if parts is not None and _signs(parts["number"]) else None
    if parts is None or number is None or phonenumbers.number_type(number) not in _LANDLINES:
        return None
    return f"{_e164(number)};ext={parts['digits']}"


def _whole(text: str) -> str | None:
    """A number without an extension."""
    if not _signs(text) or _fraction(text):
        return None
    mobile = mobile_of(text)
    if mobile is not None:
        return mobile
    number = _valid(text)
    return None if number is None else _e164(number)


def _valid(text: str) -> phonenumbers.PhoneNumber | None:
    digits = re.sub(r"\D", "", text)
    if len(set(digits)) == 1 or "+" in text.lstrip("(+"):
        return None
    try:
        number = phonenumbers.parse("+" + digits if "+" in text else digits, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    local = number.country_code == 86 and len(str(number.national_number)) < SHORTEST_NATIONAL
    return None if local else number


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _fault(text: str) -> str:
    """Which rule a text breaks that is no number, so that the desk knows what to mend."""
    digits = re.sub(r"\D", "", text)
    if len(digits) > LONGEST or _long_groups(text) > 1:
        return "phone_several"
    if not digits:
        return "phone"
    if not _signs(text) or _fraction(text):
        return "phone_beside"
    bare = re.sub(r"[ ().-]", "", text)
    if _like_mobile(bare):
        return "phone_length"
    return "phone_area" if len(digits) in (7, 8) and "+" not in text else "phone"


def _long_groups(text: str) -> int:
    """How many runs of digits and their separators are long enough for a number of their own."""
    return sum(len(re.sub(r"\D", "", group)) >= 7 for group in _groups(text))
