"""The vault: whom each contact stands for, and the key of each person, in PostgreSQL (privacy.md#vault).

Found by a keyed hash of the contact, and by the id; every question and every answer is of many people at a time. A
contact that is seen for the first time in a scope gets a person: a random id and a random key.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import psycopg
from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.postgres.database import queries
from shared.sealing.keys import DeploymentKeys, KeyFile, KeysError
from shared.sealing.person import KEY_BYTES, PersonKey, new_id

SCHEMA: Final = "vault"
PACKAGE: Final = "shared.sealing"
SQL = queries(PACKAGE)
ERASURE_LOCK: Final = 0x70616E6B65_03
CONTACT: Final = "contact"
WRITTEN_ANEW: Final = 64 * 1024 * 1024
"""Bytes up to which the table is written anew within a second or so; some 150,000 people."""

Connection = psycopg.Connection[Any]
ScopedContact = tuple[str, str]


class _Row(Struct, frozen=True):
    """A person as the vault keeps one."""

    id: str
    scope: str
    version: str
    index: bytes
    wrapping: str
    wrapped: bytes
    contact: str


class Retired(Struct, frozen=True):
    """Which former keys went from the file, and how many people stand under each that stays."""

    gone: tuple[str, ...]
    kept: Mapping[str, int]


class Vault:
    """Whom contacts stand for, by the keys of this deployment; holds no connection of its own."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file

    @property
    def keys(self) -> DeploymentKeys:
        """The keys as they are now."""
        return self._file.keys

    def demand_own_keys(self, connection: Connection) -> None:
        """Note by which keys this vault is kept, where this role may; raise `KeysError` where it is kept by others."""
        known = dict(connection.execute(SQL["fingerprints"]).fetchall())
        ours = self.keys.fingerprints
        other = [name for name, print_ in known.items() if ours.get(name) != print_]
        if other and (missed := sorted(set(other) & self._used(connection).keys())):
            raise KeysError(
                bilingual(
                    "the vault is kept by keys that the file of keys does not hold: {names}",
                    names=", ".join(missed),
                )
            )
        (may_note,) = _one(connection, "may_note")
        if not may_note or known.items() >= ours.items():
            return  # who only reads leaves it to who writes
        for name in other:
            connection.execute(SQL["drop_fingerprint"], {"name": name})
        connection.execute(
            SQL["put_fingerprints"], {"names": list(ours), "fingerprints": list(ours.values())}
        )

    def people_of(
        self, connection: Connection, wanted: Collection[ScopedContact]
    ) -> dict[ScopedContact, PersonKey]:
        """A person for each contact; one who is new is durable when this returns."""
        found = self.known(connection, wanted)
        missing = [one for one in wanted if one not in found]
        if not missing:
            return found
        made = [PersonKey(new_id(contact), os.urandom(KEY_BYTES), contact) for _, contact in missing]
        rows = [self._row(person, *one) for person, one in zip(made, missing, strict=True)]
        put = {id_ for (id_,) in connection.execute(SQL["put_people"], _columns(rows))}
        found |= {one: person for one, person in zip(missing, made, strict=True) if person.id in put}
        late = [one for one in missing if one not in found]  # another process was first
        return found | self.known(connection, late) if late else found

    def known(
        self, connection: Connection, wanted: Iterable[ScopedContact]
    ) -> dict[ScopedContact, PersonKey]:
        """Those of the contacts that were ever seen, and not erased."""
        asked = [(one, version) for one in wanted for version in self.keys.index_versions]
        if not asked:
            return {}
        columns = {
            "scopes": [scope for (scope, _), _ in asked],
            "versions": [version for _, version in asked],
            "indexes": [self.keys.index(version, *one) for one, version in asked],
        }
        found = {}
        for n, id_, wrapping, wrapped in connection.execute(SQL["find_people"], columns):
            one = asked[n - 1][0]
            found[one] = PersonKey(
                id_, self.keys.unwrap(wrapping, bytes(wrapped), _place(id_, one[0])), one[1]
            )
        return found

    def people(self, connection: Connection, ids: Collection[str]) -> dict[str, PersonKey]:
        """Those of the people who were not erased, each with the contact."""
        found = {}
        for id_, scope, wrapping, wrapped, contact in connection.execute(SQL["people"], {"ids": list(ids)}):
            person = PersonKey(id_, self.keys.unwrap(wrapping, bytes(wrapped), _place(id_, scope)))
            person.contact = person.open(CONTACT, contact)[CONTACT]
            found[id_] = person
        return found

    def erasures(self, connection: Connection) -> int:
        """How often people were erased."""
        (number,) = _one(connection, "erasures")
        return int(number)

    def rotate(self, connection: Connection, limit: int = 1000) -> int:
        """Bring everybody under the present keys, so many in a transaction; answers how many that were."""
        after, moved = "", 0
        while True:
            asked = {
                "after": after,
                "limit": limit,
                "wrapping": self.keys.current,
                "index_version": self.keys.index_current,
            }
            with connection.transaction():
                rows = connection.execute(SQL["some_of_other_keys"], asked).fetchall()
                if rows:
                    connection.execute(SQL["put_rotated"], _columns([self._rotated(*row) for row in rows]))
            if not rows:
                return moved
            moved, after = moved + len(rows), rows[-1][0]

    def retire(self, connection: Connection) -> Retired:
        """Take former keys out of the file under which nobody stands; while it looks, nobody new is written."""
        with connection.transaction():
            connection.execute(SQL["hold_people"])
            used = self._used(connection)
            present = {f"wrapping/{self.keys.current}", f"index/{self.keys.index_current}"}
            former = sorted(self.keys.fingerprints.keys() - present)
            kept = {name: used[name] for name in former if used[name]}
            gone = tuple(name for name in former if name not in kept)
            for name in gone:
                connection.execute(SQL["drop_fingerprint"], {"name": name})
            if gone:
                self._file.retire(gone)
        return Retired(gone, kept)

    def _used(self, connection: Connection) -> Counter[str]:
        """How many people stand under each key."""
        used: Counter[str] = Counter()
        for wrapping, index, count in connection.execute(SQL["count_by_keys"]).fetchall():
            used[f"wrapping/{wrapping}"] += count
            used[f"index/{index}"] += count
        return used

    def _rotated(self, id_: str, scope: str, wrapping: str, wrapped: bytes, contact: str) -> _Row:
        person = PersonKey(id_, self.keys.unwrap(wrapping, bytes(wrapped), _place(id_, scope)))
        return self._row(person, scope, person.open(CONTACT, contact)[CONTACT])

    def _row(self, person: PersonKey, scope: str, contact: str) -> _Row:
        keys = self.keys
        return _Row(
            id=person.id,
            scope=scope,
            version=keys.index_current,
            index=keys.index(keys.index_current, scope, contact),
            wrapping=keys.current,
            wrapped=keys.wrap(person.key, _place(person.id, scope)),
            contact=person.seal(CONTACT, {CONTACT: contact}),
        )


def destroy(connection: Connection, ids: Collection[str]) -> list[str]:
    """Delete people for good; answers who was there. Waits for groups that are being journalled."""
    with connection.transaction():
        connection.execute(SQL["lock_erasures"], {"key": ERASURE_LOCK})
        return [str(id_) for (id_,) in connection.execute(SQL["erase_people"], {"ids": list(ids)})]


def scrub(connection: Connection) -> None:
    """Take what was deleted out of the file of the table as well, where it stands until the room is needed.

    A small table is written anew; of a large one, for which intake would wait too long, some bytes may stay.
    """
    (size,) = _one(connection, "bytes_of_people")
    try:
        connection.execute(SQL["scrub_at_once" if size <= WRITTEN_ANEW else "scrub"])
    except psycopg.errors.LockNotAvailable:
        connection.execute(SQL["scrub"])


def _place(id_: str, scope: str) -> bytes:
    """What a wrapped key is bound to."""
    return f"{scope}|{id_}".encode()


def _one(connection: Connection, name: str) -> Any:
    row = connection.execute(SQL[name]).fetchone()
    assert row is not None, "every vault has one"
    return row


def _columns(rows: Sequence[_Row]) -> dict[str, list[Any]]:
    return {
        "ids": [row.id for row in rows],
        "scopes": [row.scope for row in rows],
        "versions": [row.version for row in rows],
        "indexes": [row.index for row in rows],
        "wrappings": [row.wrapping for row in rows],
        "wrapped": [row.wrapped for row in rows],
        "contacts": [row.contact for row in rows],
    }
