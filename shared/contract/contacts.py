"""Who a record names: phones in E.164 and WeChat ids, the only things that identify a customer (rules, 2).

`phonenumbers` decides what a phone number is, with default region CN. It takes some 40 µs for one; the
usual ways of writing a Chinese mobile number are read by a pattern first, and a property test holds both to
be equal.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import phonenumbers

if TYPE_CHECKING:
    from shared.contract.events import Party

REGION: Final = "CN"
WECHAT: Final = "wechat:"

_plain_mobile = re.compile(r"1[3-9][0-9]{9}").fullmatch
_written_mobile = re.compile(r"(?:\+86[ -]?|0086[ -]?)?(1[3-9][0-9])[ -]?([0-9]{4})[ -]?([0-9]{4})").fullmatch
_extension = re.compile(r"(?:ext\.?|x|转|分机|#)\s*\d{1,7}\s*$", re.IGNORECASE)
_phone_like = re.compile(
    r"""(?P<kept>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b    # an id
        |\b(?=\d*[a-f])[0-9a-f]{16,}\b                                                # a digest
        |(?<!\d)20\d\d-[01]\d-[0-3]\d(?:[T ][\d:.,]+(?:Z|[+-]\d\d:\d\d)?)?(?!\d)       # a time
        |(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?(?![\d.])                       # an address
       )
       |(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)                                            # a mobile, in anything
       |(?<![0-9A-Za-z])(?:\+\s?)?\(?\d(?:[ \-().]{0,2}\d){6,17}(?![0-9A-Za-z])       # as people write others
    """,
    re.VERBOSE,
)


def is_masked(phone: str) -> bool:
    """A phone with stars is kept as written, never matches, and is no contact."""
    return "*" in phone or "＊" in phone


def normalise_phone(phone: str) -> str | None:
    """The E.164 form of a phone as people write it; None for one that cannot be a phone number."""
    if _plain_mobile(phone):
        return "+86" + phone
    written = _written_mobile(phone)
    if written:
        return "+86" + "".join(written.groups())
    return _normalise_unusual(phone)


@lru_cache(maxsize=65_536)
def _normalise_unusual(phone: str) -> str | None:
    bare = _extension.sub("", phone.strip().removeprefix("tel:"))
    if any(c.isalpha() for c in bare):
        return None  # phonenumbers would dial letters (1-800-FLOWERS) and skip words before the digits
    try:
        number = phonenumbers.parse(bare, REGION)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def may_be_phone(phone: str) -> bool:
    """Whether this is a possible phone number, or a masked one."""
    return _plain_mobile(phone) is not None or is_masked(phone) or normalise_phone(phone) is not None


def wechat_contact(wechat: str) -> str:
    """A WeChat id as a contact: trimmed, lower-cased, and told apart from phones."""
    return WECHAT + wechat.strip().lower()


def contact_of(text: str) -> str | None:
    """The contact that someone at the desk typed: a phone, or `wechat:<id>`; None when it is neither."""
    stripped = text.strip()
    if stripped.lower().startswith(WECHAT):
        wechat = wechat_contact(stripped[len(WECHAT) :])
        return wechat if wechat != WECHAT else None
    return None if is_masked(stripped) else normalise_phone(stripped)


def contacts_of(party: "Party", stored: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The contacts by which a party is known, phones first, as ordered, without masked ones or doubles.

    `stored` holds what phones were read as when the event was recorded; it goes before what is read now, so
    that a newer release of the library cannot make another customer of an old record.
    """
    if stored is None and party.wechat is None and len(party.phones) == 1:
        only = None if is_masked(party.phones[0]) else normalise_phone(party.phones[0])
        return () if only is None else (only,)
    known = stored or {}
    found: list[str] = []
    for phone in party.phones:
        contact = None if is_masked(phone) else known.get(phone) or normalise_phone(phone)
        if contact is not None and contact not in found:
            found.append(contact)
    if party.wechat is not None and party.wechat.strip():
        found.append(wechat_contact(party.wechat))
    return tuple(found)


def _masked(digits: str) -> str:
    """138****0001 of a mobile number; of any other the last digits, as many as still hide it."""
    national = digits.removeprefix("+86").removeprefix("0086")
    head, tail = (3, 4) if len(national) >= 11 else (2, 2)
    return national[:head] + "****" + national[-tail:]


def mask_contact(contact: str) -> str:
    """A contact as it may be shown to someone who need not know it: `138****0001`, `wechat:zh****`."""
    if contact.startswith(WECHAT):
        return WECHAT + contact[len(WECHAT) :][:2] + "****"
    return _masked(contact)


def mask(text: str) -> str:
    """The text with everything that looks like a phone number masked: for logs and pages."""
    return _phone_like.sub(_mask_found, text)


def _mask_found(found: re.Match[str]) -> str:
    return found["kept"] or _masked(re.sub(r"[^\d+]", "", found.group()))
