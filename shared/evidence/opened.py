"""Whether words in clear are those that were sealed (evidence.md#opened, ADR 0046).

A sealed event carries a proof of its whole content under the key of one person. The pack has the part of that key
which checks proofs and reads nothing. So an event in clear is held against the proof, against whatever of it stands
open in the sealed one, and its contacts against those that the ids stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from shared.contract import BadEvent, Event, content_digest, decode_event
from shared.contract.sealed import contact_id, is_sealed_form
from shared.evidence.form import ShownPerson
from shared.evidence.verdict import Kind
from shared.sealing.opening import people_in_event
from shared.sealing.person import from_base64, proves
from shared.sealing.sealing import contact_in

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class NotSealedWordsError(Exception):
    """Words that are not those under seal; `path` says which, as far as it can be told."""

    def __init__(self, kind: Kind, path: str = "") -> None:
        super().__init__(kind)
        self.kind, self.path = kind, path


def demand_sealed_words(sealed: bytes, clear: bytes, people: Mapping[str, ShownPerson]) -> set[str]:
    """Whom the record proves: whose contacts it names, and by whose key its words are proved.

    Raises `NotSealedWordsError` unless the clear event is what was put under this seal.
    """
    event = _event(clear, "opened.unreadable")
    _event(sealed, "opened.altered")
    document, said = _decode(sealed), _decode(clear)
    seal = document.pop("sealed", None)
    if seal is None:
        if document != said:
            raise NotSealedWordsError("opened.altered")
        return set()
    person = people.get(seal["by"])
    if person is None:
        raise NotSealedWordsError("opened.key", seal["by"])
    named = {id_ for id_ in people_in_event(sealed) if contact_id(id_) is not None}
    _compare(document, said, "", people)
    if not proves(_key(person), content_digest(event), seal["digest"]):
        raise NotSealedWordsError("opened.altered")
    return named | {seal["by"]}


def _event(body: bytes, kind: Kind) -> Event:
    try:
        return decode_event(body, recorded=True)
    except BadEvent as error:
        raise NotSealedWordsError(kind, error.path) from None


def _key(person: ShownPerson) -> bytes:
    try:
        return from_base64(person.proof)
    except ValueError:
        raise NotSealedWordsError("opened.key") from None


def _compare(sealed: Any, clear: Any, path: str, people: Mapping[str, ShownPerson]) -> None:
    """Whatever stands open under seal stands in clear as well, and ids stand for the contacts that are said."""
    if isinstance(sealed, dict) and isinstance(clear, dict) and sealed.keys() == clear.keys():
        for name, value in sealed.items():
            _compare(value, clear[name], f"{path}.{name}" if path else name, people)
    elif isinstance(sealed, list) and isinstance(clear, list) and len(sealed) == len(clear):
        for number, value in enumerate(sealed):
            _compare(value, clear[number], f"{path}[{number}]", people)
    elif isinstance(sealed, str) and isinstance(clear, str) and contact_id(sealed) is not None:
        _demand_contact(sealed, clear, path, people)
    elif sealed != clear and not _stands_for(sealed, clear):
        raise NotSealedWordsError("opened.altered", path)


def _demand_contact(id_: str, clear: str, path: str, people: Mapping[str, ShownPerson]) -> None:
    person = people.get(id_)
    if person is None or person.contact is None:
        raise NotSealedWordsError("opened.key", id_)
    if person.contact not in (contact_in("phone", clear), contact_in("wechat", clear)):
        raise NotSealedWordsError("opened.contact", path)


def _stands_for(sealed: Any, clear: Any) -> bool:
    """A name of which nothing can be seen is sealed as an empty one."""
    return isinstance(clear, str) and isinstance(sealed, str) and (is_sealed_form(sealed) or sealed == "")
