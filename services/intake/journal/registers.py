"""What the journal says to events of the registers: which schemes may be adopted, which keys one turns on, and what
may be amended. Asked for such events alone; every other one costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import TupleRow

from services.intake.model.submission import RefusedEvent, RegisterClaims, Submission
from shared.contract import DATA_TYPES, RegisterEntry
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import column
from shared.platform.postgres.database import queries
from shared.rules.schemes.loading import SchemeId, SchemeRegistry
from shared.rules.schemes.scheme import Scheme

SQL: Final = queries("services.intake")

UNKNOWN_SCHEME: Final = bilingual("no scheme of this name and version is known")
OTHER_TEXT: Final = bilingual(
    "this scheme was adopted with another text: give the changed file a new version, or put the text back"
)
KEY_OFF: Final = bilingual(
    "is off in the scheme of this office: a scheme has to turn it on, with its purpose and how consent is taken"
)
NOT_WITHDRAWN: Final = bilingual("only a record that no rule reads can be withdrawn")
NOT_OF_RECORD: Final = bilingual("is no field of that record")

_WITHDRAWABLE: Final = frozenset(model.TYPE for model in RegisterEntry.__args__)
_fields: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(model.__struct_encode_fields__) for name, model in DATA_TYPES.items()
}

Connection = psycopg.Connection[TupleRow]
Adoption = tuple[datetime, SchemeId]


class _AdoptedData(Struct, gc=False):
    scheme: str
    version: int
    effective_from: datetime


class _Adopted(Struct, gc=False):
    office: str
    data: _AdoptedData


_read: Final = msgspec.json.Decoder(_Adopted).decode


class RegisterRules(Protocol):
    """What is asked of each submission of a group."""

    def refusal(self, submission: Submission, at: datetime) -> RefusedEvent | None: ...

    def note(self, submission: Submission) -> None: ...


class NoRegisters:
    """Of a group that has no such event."""

    def refusal(self, submission: Submission, at: datetime) -> RefusedEvent | None:
        return None

    def note(self, submission: Submission) -> None:
        return None


class RegisterBook:
    """What is known for one group, and what the group adds to it as it is numbered."""

    def __init__(
        self,
        schemes: Mapping[SchemeId, Scheme],
        kept: Mapping[SchemeId, str],
        adoptions: Mapping[str, list[Adoption]],
        types: Mapping[str, tuple[str, str]],
    ) -> None:
        """`kept` are digests of adopted texts, `adoptions` by office in order, `types` scope and type by id."""
        self._schemes = schemes
        self._kept = kept
        self._adoptions = {office: list(found) for office, found in adoptions.items()}
        self._types = dict(types)

    def refusal(self, submission: Submission, at: datetime) -> RefusedEvent | None:
        """What speaks against an event that would be recorded then."""
        claims = submission.registers
        if claims is None:
            return None
        if claims.scheme is not None:
            return self._not_adoptable(claims.scheme[:2])
        if claims.amends is not None:
            return self._not_amended(submission.scope, claims)
        return self._keys_off(submission.office, claims.keys, at)

    def note(self, submission: Submission) -> None:
        """The submission is recorded: what follows it in the group goes by it."""
        self._types.setdefault(submission.id, (submission.scope, submission.type))
        claims = submission.registers
        if claims is not None and claims.scheme is not None:
            name, version, effective_from = claims.scheme
            self._adoptions.setdefault(submission.office, []).append((effective_from, (name, version)))

    def _not_adoptable(self, wanted: SchemeId) -> RefusedEvent | None:
        scheme = self._schemes.get(wanted)
        if scheme is None:
            return RefusedEvent("data.scheme", "known_scheme", UNKNOWN_SCHEME)
        if self._kept.get(wanted, scheme.sha256) != scheme.sha256:
            return RefusedEvent("data.scheme", "one_text", OTHER_TEXT)
        return None

    def _keys_off(self, office: str, keys: Sequence[tuple[str, str]], at: datetime) -> RefusedEvent | None:
        """Of several adoptions the one that took effect last counts; without any, `base`, which turns nothing on."""
        in_force: Adoption | None = None
        for adopted in self._adoptions.get(office, ()):
            if adopted[0] <= at and (in_force is None or adopted[0] >= in_force[0]):
                in_force = adopted
        scheme = None if in_force is None else self._schemes.get(in_force[1])
        granted = scheme.grants if scheme is not None else {}
        path = next((path for path, key in keys if key not in granted), None)
        return None if path is None else RefusedEvent(path, "key_off", KEY_OFF)

    def _not_amended(self, scope: str, claims: RegisterClaims) -> RefusedEvent | None:
        """A record that is not there is flagged when it is judged; one of another scope is not there."""
        of_scope, type_ = self._types.get(str(claims.amends), (None, ""))
        if of_scope != scope:
            return None
        if claims.withdrawn and type_ not in _WITHDRAWABLE:
            return RefusedEvent("data.withdrawn", "withdrawal", NOT_WITHDRAWN)
        path = next((path for path, name in claims.fields if name not in _fields[type_]), None)
        return None if path is None else RefusedEvent(path, "field_of_record", NOT_OF_RECORD)


class RegisterQuestions:
    """What a group asks the journal for its events of the registers; sent with the other questions of the group."""

    def __init__(self, connection: Connection, submissions: Sequence[Submission]) -> None:
        claims = [(one, one.registers) for one in submissions if one.registers is not None]
        self.is_asked = bool(claims)
        if not claims:
            return
        scopes = sorted({one.scope for one, told in claims if told.keys or told.scheme is not None})
        ids = sorted({told.amends for _, told in claims if told.amends is not None})
        self._adoptions = connection.execute(SQL["scheme_adoptions"], {"scopes": column(scopes)})
        self._kept = connection.execute(SQL["kept_schemes"])
        self._types = connection.execute(SQL["types_of_events"], {"ids": column(ids)})

    def answered(self, schemes: SchemeRegistry) -> RegisterRules:
        """What came back, with the schemes that this process has; a kept text stands in for a file that has gone."""
        if not self.is_asked:
            return NoRegisters()
        adoptions: dict[str, list[Adoption]] = {}
        for (body,) in self._adoptions.fetchall():
            told = _read(bytes(body))
            adopted = told.data.effective_from, (told.data.scheme, told.data.version)
            adoptions.setdefault(told.office, []).append(adopted)
        kept = {(name, version): (sha256, texts) for name, version, sha256, texts in self._kept.fetchall()}
        types = {id_: (scope, type_) for id_, scope, type_ in self._types.fetchall()}
        digests = {known: sha256 for known, (sha256, _) in kept.items()}
        known = schemes.with_kept({one: [bytes(text) for text in texts] for one, (_, texts) in kept.items()})
        return RegisterBook(known, digests, adoptions, types)


def keep_schemes(connection: Connection, recorded: Iterable[Submission], schemes: SchemeRegistry) -> None:
    """Keep the text of each scheme that is adopted, in the transaction of the adoption."""
    for submission in recorded:
        claims = submission.registers
        scheme = schemes.get(claims.scheme[:2]) if claims is not None and claims.scheme is not None else None
        if scheme is not None:
            row = {"scheme": scheme.name, "version": scheme.version, "sha256": scheme.sha256}
            connection.execute(SQL["keep_scheme"], row | {"texts": list(scheme.texts)})
