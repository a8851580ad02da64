"""What is sealed is read again, in one place, for whoever may (privacy.md#opening).

Keys are asked of the vault for many people at a time. An erased person has none: their texts read `ERASED`, or stay
sealed where the reader wants an event that can be judged still.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from shared.contract.sealed import contact_id, is_sealed_form, person_id, person_of, sealed_text
from shared.sealing.person import PersonKey

People = Mapping[str, PersonKey]
"""Those whose keys are there, by id."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_steps = re.compile(r"[^.\[\]]+").findall


def people_in_event(body: bytes) -> set[str]:
    """Whose keys open an event, and whose contacts it names."""
    if b'"sealed":{' not in body:
        return set()
    document = _decode(body)
    return set(document["sealed"]["parts"]) | {text for text in _texts(document["data"]) if person_id(text)}


def people_in_texts(texts: Iterable[str]) -> set[str]:
    """Whom contacts and names of an answer are of."""
    return {id_ for text in texts if (id_ := person_of(text)) is not None}


def open_event(body: bytes, people: People, *, erased: str | None = None) -> bytes:
    """The event as it was taken in; what is of erased people stays sealed, or reads `erased`."""
    if b'"sealed":{' not in body:
        return body
    document = _decode(body)
    sealed = document.pop("sealed")
    left = {}
    for id_, part in sealed["parts"].items():
        person = people.get(id_)
        if person is None:
            left[id_] = part
        else:
            for path, text in person.open(document["id"], part).items():
                if not _put(document["data"], path, text, people):
                    left[id_] = part
    if left:
        _close(document["data"], people, erased)
        if erased is None:
            document["sealed"] = sealed | {"parts": left}
    return _encode(document)


def open_text(text: str, people: People, erased: str | None = None) -> str:
    """A contact or a name of an answer, as it was typed; as it stands where there is no key."""
    sealed = sealed_text(text)
    person = people.get(text if sealed is None else sealed[0])
    if sealed is None:
        shown = person.contact if person is not None else None
        known = person_id(text) is None
    else:
        shown, known = (person.read(sealed[1]) if person is not None else None), False
    if shown is not None:
        return shown
    return text if known or erased is None else erased


def open_texts(texts: Iterable[str], people: People, erased: str | None = None) -> list[str]:
    """Several of one customer, each once: a name that was typed under two contacts is one name."""
    return list(dict.fromkeys(open_text(text, people, erased) for text in texts))


def _put(data: Any, path: str, text: str, people: People) -> bool:
    """Put a text where it stood; not the contact of somebody erased, who was named beside one who is there."""
    *steps, last = (int(step) if step.isdigit() else step for step in _steps(path))
    for step in steps:
        data = data[step]
    id_ = contact_id(data[last])
    if id_ is not None and data[last] not in people:
        return False
    data[last] = text
    return True


def _close(node: Any, people: People, erased: str | None) -> None:
    """Of what is left sealed, a contact of somebody who is there is read all the same, as it can be typed."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(value, dict | list):
            _close(value, people, erased)
        elif isinstance(value, str) and is_sealed_form(value):
            if contact_id(value) is not None:
                node[key] = open_text(value, people, erased).removeprefix("wechat:")
            elif erased is not None:
                node[key] = erased


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from _texts(value)
