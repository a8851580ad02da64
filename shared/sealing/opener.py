"""Opens what a service answers with, for whoever may: one question to the vault for all people of an answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from shared.contract.contacts import mask_contact
from shared.contract.sealed import ERASED, WORDS, sealed_text
from shared.platform.postgres.database import Database
from shared.sealing.opening import open_event, open_text, open_texts, people_in_event, people_in_texts
from shared.sealing.person import PersonKey, new_id
from shared.sealing.vault import Vault

Json = dict[str, Any]
C = TypeVar("C", bound=Struct)
_SHOWN: Final = ("contacts", "names")
"""Of a customer, the lists that are under seal."""


class Opener:
    """Reads sealed texts; `more` are people that the vault need not know, such as those of a preview."""

    def __init__(
        self,
        vault: Vault | None = None,
        database: Database | None = None,
        more: Mapping[str, PersonKey] | None = None,
    ) -> None:
        self._vault = vault
        self._database = database
        self._more = more or {}

    def beside(self, more: Mapping[str, PersonKey]) -> Opener:
        """One that knows these people too."""
        return Opener(self._vault, self._database, more)

    def customers(self, items: Sequence[C], masked: Collection[str] = ()) -> list[C]:
        """Customers of an answer with their contacts and names; of those in `masked` the contacts are masked."""
        shown = self._texts([{key: getattr(one, key) for key in _SHOWN} for one in items])
        return [
            replace(one, **{key: tuple(texts) for key, texts in _seen(texts_of, one, masked).items()})
            for one, texts_of in zip(items, shown, strict=True)
        ]

    def _texts(self, items: Sequence[Mapping[str, Sequence[str]]]) -> list[dict[str, Sequence[str]]]:
        """The lists of customers that are under seal, as they were typed."""
        people = self._people(
            people_in_texts(text for one in items for texts in one.values() for text in texts)
        )
        if people is None:
            return [dict(one) for one in items]
        return [{key: open_texts(texts, people, ERASED) for key, texts in one.items()} for one in items]

    def bodies(self, bodies: Sequence[bytes], *, keep: bool = False) -> list[bytes]:
        """Events as they were taken in; what is of erased people reads so, or with `keep` stays sealed."""
        wanted: set[str] = set().union(*map(people_in_event, bodies))
        people = self._people(wanted)
        if people is None:
            return list(bodies)
        return [open_event(body, people, erased=None if keep else ERASED) for body in bodies]

    def addresses(self, given: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Where staff are reached, as it was typed; what cannot be read is left out, so that nobody is sent to it."""
        people = self._people(people_in_texts(text for each in given for text in each.values()))
        return [
            {
                kind: open_text(text, people or {})
                for kind, text in each.items()
                if sealed_text(text) is None or (people and text.partition(".")[0] in people)
            }
            for each in given
        ]

    def texts(self, given: Sequence[str]) -> list[str]:
        """Texts that may stand under seal, each as it was typed."""
        people = self._people(people_in_texts(given))
        return list(given) if people is None else [open_text(text, people, ERASED) for text in given]

    def sealed_for(self, person: str | None, text: str) -> str:
        """A text under the key of a person; as it is where it is nobody's, and a mark where the person is erased."""
        people = self._people({person}) if person is not None else None
        if person is None or people is None:
            return text
        return people[person].name(text) if person in people else WORDS

    def hidden(self, text: str) -> str:
        """By which a text is counted, without standing there; as it is where nothing is sealed."""
        if self._vault is None:
            return text
        keys = self._vault.keys
        return keys.index(keys.index_current, "", text).hex()

    def result(self, encoded: bytes, *, masked: bool = False) -> bytes:
        """The bytes of a whole result of judging (contract.md#result) or of a replay, contacts masked if asked to."""
        found = _result.decode(encoded)
        customers = msgspec.json.decode(found["customers"], type=list[Json])
        found["customers"] = Raw(_encode(self._shown(customers, masked=masked)))
        return _encode(found) + b"\n"

    def one(self, encoded: bytes, *, masked: bool = False) -> bytes:
        """The bytes of one customer of such a result."""
        (shown,) = self._shown([msgspec.json.decode(encoded)], masked=masked)
        return _encode(shown) + b"\n"

    def _shown(self, customers: list[Json], *, masked: bool) -> list[Json]:
        texts = self._texts([{key: customer[key] for key in _SHOWN} for customer in customers])
        if masked:
            texts = [found | {"contacts": _masked(found["contacts"])} for found in texts]
        return [customer | found for customer, found in zip(customers, texts, strict=True)]

    def person_of(self, scope: str, contacts: Iterable[str]) -> dict[str, PersonKey] | None:
        """Of each contact the person whom it stands for, else one who is forgotten at once; None without a vault."""
        if self._vault is None or self._database is None:
            return None
        wanted = [(scope, contact) for contact in dict.fromkeys(contacts)]
        with self._database.connection() as connection:
            known = self._vault.known(connection, wanted)
        return {
            contact: known.get((scope, contact)) or PersonKey(new_id(contact), bytes(32), contact)
            for _, contact in wanted
        }

    def id_of(self, scope: str, contact: str) -> str:
        """What stands for a contact; that of a contact that was never seen stands for nothing."""
        people = self.person_of(scope, (contact,))
        return contact if people is None else people[contact].id

    def _people(self, ids: set[str]) -> dict[str, PersonKey] | None:
        """Those whose keys are there; None where there is nothing to open, or nothing to open it with."""
        if not ids or self._vault is None or self._database is None:
            return None
        with self._database.connection() as connection:
            return {**self._vault.people(connection, ids), **self._more}


def _seen(
    texts: dict[str, Sequence[str]], customer: Struct, masked: Collection[str]
) -> dict[str, Sequence[str]]:
    if not masked or customer.customer not in masked:  # type: ignore[attr-defined]
        return texts
    return texts | {"contacts": _masked(texts["contacts"])}


def _masked(contacts: Sequence[str]) -> list[str]:
    """As somebody sees them who need not know them; that one is of an erased person, everybody may see."""
    return [contact if contact == ERASED else mask_contact(contact) for contact in contacts]


_result: Final = msgspec.json.Decoder(dict[str, Raw])
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
