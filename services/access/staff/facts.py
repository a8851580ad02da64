"""What is kept of the facts of intake: who is enrolled as what, at which office, and who has left. Nothing else.

The names and contacts of staff stand in the same facts, and are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.contract.events import Role
from shared.contract.topics import BadMessageError, decode_headers
from shared.platform.kafka.record_processor import RawRecord

ENROLLED: Final = "staff.enrolled"
DEPARTED: Final = "staff.departed"
_MARK: Final = b'"staff.'


class _StaffEnvelope(Struct, frozen=True):
    type: str
    scope: str
    office: str
    data: msgspec.Raw


class _Enrolled(Struct, frozen=True):
    staff: str
    role: Role


class _Departed(Struct, frozen=True):
    staff: str


@dataclass(frozen=True, slots=True)
class StaffFact:
    """Somebody is enrolled (with a role), or has left (without one)."""

    scope: str
    seq: int
    staff: str
    office: str
    role: str | None

    def row(self) -> dict[str, Any]:
        return {
            "scope": self.scope, "seq": self.seq, "staff": self.staff, "office": self.office, "role": self.role,
        }  # fmt: skip


def staff_facts(records: Iterable[RawRecord]) -> Iterator[StaffFact]:
    """Those among the records that are about staff; whatever else a record holds, this does not raise."""
    for record in records:
        if record.value is None or record.key is None or _MARK not in record.value:
            continue
        fact = _fact(record, record.value)
        if fact is not None:
            yield fact


def _fact(record: RawRecord, value: bytes) -> StaffFact | None:
    try:
        seq = decode_headers(record.headers).seq
        envelope = msgspec.json.decode(value, type=_StaffEnvelope)
        if seq is None or envelope.scope.encode() != record.key:
            return None
        if envelope.type == ENROLLED:
            enrolled = msgspec.json.decode(envelope.data, type=_Enrolled)
            return StaffFact(envelope.scope, seq, enrolled.staff, envelope.office, enrolled.role)
        if envelope.type == DEPARTED:
            departed = msgspec.json.decode(envelope.data, type=_Departed)
            return StaffFact(envelope.scope, seq, departed.staff, envelope.office, None)
    except (BadMessageError, msgspec.DecodeError, UnicodeError):
        pass  # not the journal's: attribution tells of it
    return None
