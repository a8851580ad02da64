"""Where a contact of staff leads: a number, a user id, or nowhere.

A roster holds what an office has: numbers with stars, employees' numbers, ids of three providers. Only what is a
mobile number of the mainland, or has a `+`, is a number; a mention by another's number, or of a whole group, is worse
than none, since the provider answers it with a yes.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from email.headerregistry import Address, HeaderRegistry
from typing import Any

import idna

from shared.contract import is_masked, normalise_phone
from shared.contract.plain import says_nothing
from shared.platform.text.plain import one_line

_BETWEEN = re.compile(r"[\s().-]")
_MOBILE = re.compile(r"(?:\+?86|0086)?0?(1[3-9][0-9]{9})")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# As the three providers make them.
_USER = re.compile(r"[\w.@-]{1,64}")
# What addresses everybody who is there, at one provider or another.
_EVERYBODY = frozenset({"all", "everyone", "here", "channel", "所有人", "全体成员"})


def number_of(contact: str) -> str | None:
    """The number in E.164 that a contact is; None for whatever else it may be."""
    if is_masked(contact):
        return None
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", one_line(contact)))
    if mobile := _MOBILE.fullmatch(plain):
        return f"+86{mobile[1]}"
    if not plain.startswith("+") or _E164.fullmatch(plain) is None:
        return None
    found = normalise_phone(plain)
    return found if found is not None and _E164.fullmatch(found) else None


def national_mobile(contact: str) -> str | None:
    """A Chinese mobile number as the providers mention by it; others in E.164; None for what is no number."""
    number = number_of(contact)
    return None if number is None else number.removeprefix("+86")


def mentionable(contact: str | None) -> str | None:
    """What a chat robot can mention one person by: a number as written, or a user id; never a whole group.

    A word that a roster holds where there is none (无, 同手机号, `-`) is nobody's id: a provider answers a mention of
    nobody with a yes, and the alert would count as told.
    """
    if contact is None or is_masked(contact):
        return None
    # What address books and people put around an id is no part of it.
    text = one_line(contact).lstrip("@＠")
    if says_nothing(text):
        return None
    if number_of(text) is not None:
        return text
    if _USER.fullmatch(text) is None or _means_everybody(text):
        return None
    return text


def mail_address(contact: str | None) -> str | None:
    """The address of a mailbox, its domain as name servers have it; None for what is masked, mistyped or none."""
    text = one_line(contact or "")
    try:
        domain = dns_name(Address(addr_spec=text).domain)
    except Exception:  # on half an address the library's parser breaks off in half a dozen ways
        return None
    return f"{text.rpartition('@')[0]}@{domain}" if domain and not is_masked(text) else None


def sender_address(text: str) -> Address:
    """Whom mail comes from, perhaps with a name before it; ValueError for what is not one address."""
    parsed: Any = None
    with suppress(Exception):  # as above
        parsed = HeaderRegistry()("From", one_line(text))
    if parsed is None or parsed.defects or len(parsed.addresses) != 1 or not parsed.addresses[0].domain:
        raise ValueError("not one mail address")
    (one,) = parsed.addresses
    return Address(one.display_name, one.username, dns_name(one.domain))


def dns_name(domain: str) -> str:
    """A domain in any script by IDNA 2008, as far as it is not ASCII already; ValueError for what no name can be."""
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")


def _means_everybody(text: str) -> bool:
    return unicodedata.normalize("NFKC", text).casefold().strip("@_.-") in _EVERYBODY
