"""An event is put under seal: each personal text under the key of whom it is of (privacy.md#sealed).

A party is sealed under the person of its first contact. A text of the event, and a party without a contact, stands
under the person of the customer's first contact, or, where the customer has none, under a person who stands for the
event itself. Two steps: whom an event names (`Draft`), and, when those are known, its sealed form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from shared.contract import DATA_TYPES, can_be_seen, is_masked, normalise_phone, wechat_contact
from shared.contract.personal import personal_texts
from shared.contract.plain import is_blank, says_nothing
from shared.contract.sealed import HIDDEN, WORDS
from shared.sealing.person import OF_EVENT, OF_STAFF, PersonKey, base64


class _Field(NamedTuple):
    """A field in which personal texts stand: of which `kind`, or in which `parts` of it where it is none itself."""

    name: str
    many: bool
    kind: str
    parts: Plan


Plan: TypeAlias = tuple[_Field, ...]
"""Where the personal texts of an event stand."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_event_id = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


def _plan(event_type: str) -> Plan:
    """The personal texts of an event type as a tree."""
    tree: dict[str, Any] = {}
    for path, kind in personal_texts(event_type).items():
        *parts, last = path.split(".")[1:]
        node = tree
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = kind
    return _fields(tree)


def _fields(tree: Mapping[str, Any]) -> Plan:
    return tuple(
        _Field(name.removesuffix("[]"), name.endswith("[]"), how, ())
        if isinstance(how, str)
        else _Field(name.removesuffix("[]"), name.endswith("[]"), "", _fields(how))
        for name, how in tree.items()
    )


class _Text(Struct, gc=False):
    """A personal text where it stands: `contact` is the contact that it is, `owner` the one under whom it goes."""

    holder: Any
    key: Any
    path: str
    kind: str
    owner: str
    value: str
    contact: str | None


class Draft:
    """An event whose personal texts are found, and whom they are of."""

    __slots__ = ("_contacts", "_document", "_texts", "main")

    def __init__(self, body: bytes, event_type: str) -> None:
        self._texts: list[_Text] = []
        self._contacts: tuple[str, ...] = ()
        if not _PLANS[event_type]:
            return
        self._document = _decode(body)
        data = self._document["data"]
        if event_type == "staff.enrolled":
            self.main = OF_STAFF + data["staff"]
        else:
            self.main = _first_contact(data.get("customer")) or OF_EVENT + self._document["id"]
        _find(data, _PLANS[event_type], "", self.main, self._texts)
        if self._texts:
            named = [text.owner for text in self._texts]
            named.append(self.main)
            named += [text.contact for text in self._texts if text.contact is not None]
            self._contacts = tuple(dict.fromkeys(named))

    @property
    def is_personal(self) -> bool:
        """Whether there is anything to seal."""
        return bool(self._texts)

    def contacts(self) -> tuple[str, ...]:
        """Every contact that must have a person, and what stands for one; each once."""
        return self._contacts

    def sealed(self, content: bytes, people: Mapping[str, PersonKey]) -> tuple[bytes, bytes]:
        """The canonical bytes of the sealed event, and the proof of its content."""
        id_, parts = self._document["id"], dict[PersonKey, dict[str, str]]()
        for text in self._texts:
            person = people[text.owner]
            text.holder[text.key] = _REPLACED[text.kind](text, person, people)
            parts.setdefault(person, {})[text.path] = text.value
        by = people[self.main]
        proof = by.proof(content)
        self._document["sealed"] = {
            "by": by.id,
            "digest": base64(proof),
            "parts": {person.id: person.seal(id_, texts) for person, texts in parts.items()},
        }
        return _encode(self._document), proof


@lru_cache(maxsize=32_768)
def contact_in(kind: str, text: str) -> str | None:
    """The contact that a text is; None for one that is none, is masked or says nothing.

    Remembered: a record asks for each contact several times, and customers come again.
    """
    if kind == "phone":
        return None if is_masked(text) else normalise_phone(text)
    return wechat_contact(text) if kind == "wechat" else None


def _first_contact(part: Any) -> str | None:
    """The first contact of a party or of a referrer."""
    if not isinstance(part, dict):
        return None
    phones = part.get("phones") or ((part["phone"],) if "phone" in part else ())
    for phone in phones:
        found = contact_in("phone", phone)
        if found is not None:
            return found
    return contact_in("wechat", part.get("wechat", ""))


def _find(part: dict[str, Any], plan: Plan, path: str, owner: str, found: list[_Text]) -> None:
    """Add what is to be sealed of a part of an event, which goes under `owner`, to what was found."""
    for name, many, kind, parts in plan:
        value = part.get(name)
        if not value:
            continue
        here = path + name
        if kind and many:
            for n, text in enumerate(value):
                _note(text, value, n, f"{here}[{n}]", kind, owner, found)
        elif kind:
            _note(value, part, name, here, kind, owner, found)
        elif many:
            for n, each in enumerate(value):
                _find(each, parts, f"{here}[{n}].", _first_contact(each) or owner, found)
        else:
            _find(value, parts, here + ".", _first_contact(value) or owner, found)


def _note(text: str, holder: Any, key: Any, path: str, kind: str, owner: str, found: list[_Text]) -> None:
    """Add a text that says something; an id of an event and words that say nothing are left as they are."""
    contact = None
    if kind in ("phone", "wechat"):
        contact = contact_in(kind, text)
        if contact is None and says_nothing(text):
            return
    elif (kind == "evidence" and _event_id(text)) or is_blank(text):
        return
    found.append(_Text(holder, key, path, kind, owner, text, contact))


def _name(text: _Text, person: PersonKey, people: Mapping[str, PersonKey]) -> str:
    return person.name(text.value) if can_be_seen(text.value) else ""


def _contact(text: _Text, person: PersonKey, people: Mapping[str, PersonKey]) -> str:
    return HIDDEN if text.contact is None else people[text.contact].id


def _words(text: _Text, person: PersonKey, people: Mapping[str, PersonKey]) -> str:
    return WORDS


_PLANS: Final = {event_type: _plan(event_type) for event_type in DATA_TYPES}
_REPLACED: Final[dict[str, Callable[[_Text, PersonKey, Mapping[str, PersonKey]], str]]] = {
    "name": _name,
    "phone": _contact,
    "wechat": _contact,
    "text": _words,
    "evidence": _words,
    "address": lambda text, person, people: person.name(text.value),
}
