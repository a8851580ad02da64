"""Under whose keys the records of a customer stand, and who was erased, as the journal and the vault have it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from services.intake.journal.journal import SQL, Connection
from shared.contract.sealed import NOBODY, Sealed, contact_id
from shared.sealing.person import PersonKey
from shared.sealing.vault import SQL as VAULT_SQL
from shared.sealing.vault import Vault, destroy, scrub

ALONE: Final = frozenset({"worklog.submitted", "plan.made", "feedback.received", "check.recorded"})
"""Entries of the registers that may be of no customer, and of no deal and no record either."""


class KeptFact(Struct, frozen=True):
    """A recorded event as it is kept."""

    seq: int
    body: bytes


class RecordedErasure(Struct, frozen=True):
    """A `person.erased` of the journal."""

    scope: str
    seq: int
    event: str
    recorded_at: str
    by: str
    people: tuple[str, ...]


class NamelessRecord(Struct, frozen=True):
    """An event whose customer has no contact, and who its texts stand under."""

    event: str
    recorded_at: datetime
    people: tuple[str, ...]


class _Party(Struct):
    phones: list[str] = []
    wechat: str = ""


class _Named(Struct):
    customer: _Party | None = None
    members: list[_Party] = []
    record: str | None = None
    feedback: str | None = None
    visit: str | None = None


class _FactGlance(Struct):
    id: str
    type: str
    data: _Named
    sealed: Sealed | None = None


class _ErasedPeople(Struct):
    by: str
    people: tuple[str, ...]


class _Erasure(Struct):
    data: _ErasedPeople
    recorded_at: str


_glance: Final = msgspec.json.Decoder(_FactGlance).decode
_erasure: Final = msgspec.json.Decoder(_Erasure).decode


class PeopleOfScope:
    """Asks the journal and the vault, of one scope; without a vault everything stands in clear, under nobody's key."""

    def __init__(self, journal: Connection, vault: Vault | None, keys: Connection, scope: str) -> None:
        self._journal = journal
        self._vault = vault
        self._keys = keys
        self.scope = scope

    def last_seq(self) -> int | None:
        """Up to where the journal goes; None for a scope that has no fact."""
        row = self._journal.execute(SQL["last_of_scope"], {"scope": self.scope}).fetchone()
        return None if row is None else int(row[0])

    def facts(self, ids: Iterable[str]) -> list[KeptFact]:
        """Events as they are kept, by their seq."""
        asked = {"scope": self.scope, "ids": list(ids)}
        rows = self._journal.execute(SQL["facts_by_ids"], asked)
        return [KeptFact(seq, bytes(body)) for seq, body in rows]

    def facts_that_name(self, people: Collection[str]) -> list[KeptFact]:
        """Every event of the scope in which one of these people stands, in whatever place."""
        asked = {"scope": self.scope, "people": list(people)}
        return [
            KeptFact(seq, bytes(body)) for seq, body in self._journal.execute(SQL["facts_that_name"], asked)
        ]

    def entries_that_point(self, ids: Collection[str], types: Collection[str]) -> list[KeptFact]:
        """Every event of these types in which one of the ids stands, in whatever place."""
        asked = {"scope": self.scope, "ids": list(ids), "types": list(types)}
        rows = self._journal.execute(SQL["entries_that_point"], asked)
        return [KeptFact(seq, bytes(body)) for seq, body in rows]

    def of_contacts(self, contacts: Iterable[str]) -> dict[str, str]:
        """Of each contact that was seen, and not erased, who stands for it."""
        if self._vault is None:
            return {}
        wanted = [(self.scope, contact) for contact in contacts]
        return {one[1]: person.id for one, person in self._vault.known(self._keys, wanted).items()}

    def there(self, people: Collection[str]) -> set[str]:
        """Those whose keys are there."""
        return there(self._keys, people) if people else set()

    def contacts_of(self, people: Collection[str]) -> dict[str, str]:
        """Of these people the contacts, as far as there are keys."""
        found = self.keys_of(people)
        return {id_: person.contact for id_, person in found.items() if person.contact is not None}

    def keys_of(self, people: Collection[str]) -> dict[str, PersonKey]:
        """The keys of those of these people who were not erased."""
        return self._vault.people(self._keys, people) if self._vault is not None and people else {}

    def last_records(self) -> tuple[dict[str, datetime], list[NamelessRecord]]:
        """Of each contact when it was named last; and the records of customers who have none, with entries of the
        registers that are nobody's at all, as a work log."""
        last: dict[str, datetime] = {}
        nameless, corrected, nobodys = list[NamelessRecord](), set[str](), set[str]()
        with self._journal.transaction(), self._journal.cursor("retention") as cursor:
            cursor.execute(SQL["recorded_when"], {"scope": self.scope})
            for recorded_at, body in cursor:
                glance = _glance(bytes(body))
                for id_ in _contacts([*_customer_in(glance.data), *glance.data.members]):
                    last[id_] = max(recorded_at, last.get(id_, recorded_at))
                if glance.type == "record.corrected" and glance.data.record is not None:
                    corrected.add(glance.data.record)
                elif glance.sealed is not None and _names_nobody(glance, nobodys):
                    nobodies = tuple(id_ for id_ in glance.sealed.parts if id_.startswith(NOBODY))
                    nameless.append(NamelessRecord(glance.id, recorded_at, nobodies))
        return last, [record for record in nameless if record.event not in corrected]

    def erased(self) -> set[str]:
        """Whom the journal says are erased."""
        return {id_ for one in recorded_erasures(self._journal, self.scope) for id_ in one.people}

    def destroy(self, people: Collection[str]) -> None:
        """Delete these people of the vault, for good."""
        destroy(self._keys, people)

    def scrub(self) -> None:
        """Take what was destroyed out of the vault's file, too."""
        scrub(self._keys)


def there(keys: Connection, people: Collection[str]) -> set[str]:
    """Those of the people who have a row in the vault."""
    return {str(id_) for (id_,) in keys.execute(VAULT_SQL["people_there"], {"ids": list(people)})}


def erased_in(body: bytes) -> tuple[str, ...]:
    """Whom a `person.erased` names."""
    return _erasure(body).data.people


def recorded_erasures(journal: Connection, scope: str | None) -> Iterator[RecordedErasure]:
    """Every `person.erased` of a scope, or of all, in the order of the journal."""
    for name, seq, id_, _, body in journal.execute(SQL["erasures"], {"scope": scope}).fetchall():
        said = _erasure(bytes(body))
        yield RecordedErasure(name, seq, id_, said.recorded_at, said.data.by, said.data.people)


def under_whose_keys(facts: Iterable[KeptFact]) -> tuple[set[str], set[str]]:
    """Of the events of a customer the people whom no contact stands for, and the contacts by which they name it."""
    nobodies, named = set[str](), set[str]()
    for fact in facts:
        glance = _glance(fact.body)
        parts = set(glance.sealed.parts) | {glance.sealed.by} if glance.sealed is not None else set()
        nobodies |= {id_ for id_ in parts if id_.startswith(NOBODY)}
        named |= parts & _contacts(_customer_in(glance.data))
    return nobodies, named


def _names_nobody(glance: _FactGlance, nobodys: set[str]) -> bool:
    """Whether the record is of a customer without a contact, which no other record can lead to, or of none.

    `nobodys` are complaints of such; their answers, which come behind them, are nobody's either.
    """
    customer = _customer_in(glance.data)
    if glance.type == "feedback.answered":
        return glance.data.feedback in nobodys
    alone = glance.type in ALONE and glance.data.visit is None
    if _contacts(customer) or not (customer or alone):
        return False
    if glance.data.feedback is not None:
        nobodys.add(glance.data.feedback)
    return True


def _customer_in(data: _Named) -> list[_Party]:
    return [data.customer] if data.customer is not None else []


def _contacts(parties: Iterable[_Party]) -> set[str]:
    """The ids of contacts by which these parties are named."""
    return {
        text for party in parties for text in (*party.phones, party.wechat) if contact_id(text) is not None
    }
