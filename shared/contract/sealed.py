"""The sealed form of an event: personal texts stand under the keys of the people whom they are of (privacy.md#sealed).

It is an event like any other. Where a text was personal stands what the rules may know of it: the id of a contact, a
name as only its person's key reads it, a mark for what is masked, or a mark for words. The texts themselves are in
`sealed`, one part for each person. A part whose person's key is gone stays closed for good, and the rest reads on.
"""

import re
from collections.abc import Collection, Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from shared.i18n import bilingual
from shared.ids import Contact

PERSON_PATTERN: Final = "^[pwsn]:[0-9a-v]{26}$"
"""Random, so that it tells nothing; of letters that survive being lowered, and neither a phone nor a WeChat id."""

PersonId = Annotated[str, Meta(pattern=PERSON_PATTERN)]
Base64 = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]+$")]
Proof = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$")]
"""32 bytes in base64, as they are written in one way alone: the bits that are too many are zero."""

PHONE: Final = "p:"
WECHAT_ID: Final = "w:"
STAFF: Final = "s:"
NOBODY: Final = "n:"
"""The first letters of an id: whom a phone, whom a WeChat id, whom a staff id stands for, and whom nothing does."""

WORDS: Final = "[sealed]"
"""Stands for words."""
HIDDEN: Final = "****"
"""Stands for a contact of which something was left out when it was typed."""
ERASED: Final = bilingual("an erased person")
"""Is read where the key is gone."""
NOT_SHOWN: Final = bilingual("under seal, not shown")
"""What answers say in the place of words that cannot be opened."""

_person: Final = re.compile(PERSON_PATTERN.strip("^$")).fullmatch
_token: Final = re.compile(r"([pwsn]:[0-9a-v]{26})\.([A-Za-z0-9_-]+)").fullmatch


class Sealed(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What of an event is under seal: parts by person, and the proof of its content under the key of one of them."""

    by: PersonId
    digest: Proof
    parts: dict[PersonId, Base64]


def contact_id(text: str) -> Contact | None:
    """The text if it is the id of a contact."""
    return Contact(text) if text[1:2] == ":" and text[0] in "pw" and _person(text) is not None else None


def person_id(text: str) -> str | None:
    """The text if it is the id of a person."""
    return text if text[1:2] == ":" and _person(text) is not None else None


def sealed_text(text: str) -> tuple[str, str] | None:
    """The person under whose key a text stands, and what stands there; None for any other text."""
    found = _token(text) if text[1:2] == ":" else None
    return None if found is None else (found[1], found[2])


def person_of(text: str) -> str | None:
    """Whom a contact or a name under seal is of; None for a text in clear."""
    sealed = sealed_text(text)
    return person_id(text) if sealed is None else sealed[0]


def without_erased(texts: Iterable[str], erased: Collection[str]) -> tuple[str, ...]:
    """Contacts or names of one customer as they read when these people were erased, each once."""
    return tuple(dict.fromkeys(ERASED if person_of(text) in erased else text for text in texts))


def is_sealed_form(text: str) -> bool:
    """Whether a text is what a sealed event has in the place of a personal one."""
    return text in (WORDS, HIDDEN) or person_id(text) is not None or sealed_text(text) is not None


class _UnderSeal(Struct, gc=False):
    sealed: Sealed | None = None


_glance: Final = msgspec.json.Decoder(_UnderSeal).decode


def prover_of(body: bytes) -> str | None:
    """Under whose key the content of a recorded event is proved; None of one in clear."""
    sealed = _glance(body).sealed
    return None if sealed is None else sealed.by
