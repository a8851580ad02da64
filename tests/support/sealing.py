"""Sealing without a database: a vault in memory, and whole files put under seal and read again."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from shared.contract import BadEvent, canonical, content_digest, decode_event
from shared.contract.sealed import ERASED
from shared.contract.wire import stamp_canonical
from shared.sealing.opening import open_texts
from shared.sealing.person import KEY_BYTES, PersonKey, new_id
from shared.sealing.sealing import Draft


class MemoryVault:
    """Whom contacts stand for, as long as a test runs."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], PersonKey] = {}
        self.people: dict[str, PersonKey] = {}

    def person(self, scope: str, contact: str) -> PersonKey:
        known = self.found.get((scope, contact))
        if known is not None:
            return known
        made = PersonKey(new_id(contact), os.urandom(KEY_BYTES), contact)
        self.people[made.id] = made
        self.found[scope, contact] = made
        return made

    def ids(self, *contacts: str) -> set[str]:
        """Who stands for these contacts, in any scope."""
        return {person.id for (_, contact), person in self.found.items() if contact in contacts}

    def erase(self, *contacts: str) -> None:
        for key in [key for key in self.found if key[1] in contacts]:
            del self.people[self.found.pop(key).id]

    def sealed(self, line: bytes) -> bytes:
        """A recorded event under seal; a line that is no event as it is."""
        try:
            event = decode_event(line.rstrip(b"\r\n"), recorded=True)
        except BadEvent:
            return line
        assert event.recorded_at is not None
        draft = Draft(canonical(line), event.type)
        if not draft.is_personal:
            return line
        people = {contact: self.person(event.scope, contact) for contact in draft.contacts()}
        body, _ = draft.sealed(content_digest(event), people)
        return stamp_canonical(body, event.recorded_at)


_last = MemoryVault()


def sealed_lines(lines: Iterable[bytes], vault: MemoryVault | None = None) -> Iterator[bytes]:
    """The events of a file under seal, repetitions the same each time."""
    global _last
    _last = vault or MemoryVault()
    seen: dict[bytes, bytes] = {}
    for line in lines:
        if line not in seen:
            seen[line] = _last.sealed(line)
        yield seen[line]


def opened(result: dict[str, Any], vault: MemoryVault | None = None) -> dict[str, Any]:
    """A result of judging sealed events as it is shown."""
    known = (vault or _last).people
    customers = [
        customer | {key: open_texts(customer[key], known, ERASED) for key in ("contacts", "names")}
        for customer in result["customers"]
    ]
    return result | {"customers": customers}
