"""People whose keys a vault has lost: it came back older, as the journal did that stands in one database with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import psycopg
from msgspec import Struct

from services.intake.journal.journal import Connection
from services.intake.privacy.people import erased_in, recorded_erasures, there
from shared.contract.sealed import Sealed


class _SealedFact(Struct):
    type: str
    sealed: Sealed | None = None


_read: Final = msgspec.json.Decoder(_SealedFact).decode


class KeysNeeded:
    """Under whose keys facts stand, and who of them was erased, as far as these facts tell."""

    def __init__(self) -> None:
        self._people: set[str] = set()
        self._erased: set[str] = set()

    def take(self, bodies: Iterable[bytes]) -> None:
        """Look at facts, each an envelope as it is kept."""
        for body in bodies:
            fact = _read(body)
            if fact.sealed is not None:
                self._people |= fact.sealed.parts.keys()
            if fact.type == "person.erased":
                self._erased |= set(erased_in(body))

    def __bool__(self) -> bool:
        return bool(self._people)

    def lost(self, journal: Connection, vault: Connection) -> set[str]:
        """Whom the vault does not have though nobody erased them."""
        erased = {id_ for one in recorded_erasures(journal, None) for id_ in one.people}
        left = self._people - self._erased - erased
        try:
            return left - there(vault, left)
        except psycopg.errors.UndefinedTable:
            return left
