"""One customer with thousands of visits in a database of attribution: what one more fact costs until it is stored."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias

from bench.folding import BATCH, Deployment, Raw
from bench.generator import BEGINNING
from shared.contract import format_instant
from shared.contract.topics import Headers, encode_headers

SHARED = "13800000000"
Data: TypeAlias = Mapping[str, object]
Content: TypeAlias = tuple[str, Data]
OPENING = 3
"""Facts before the first visit."""


class LargeCustomer:
    """A scope of one office whose desk typed one number for everybody."""

    def __init__(self, deployed: Deployment, scope: str, visits: int) -> None:
        self._deployed, self._scope = deployed, scope
        self._seq = itertools.count(1)
        self._corrected, self._visits = 0, itertools.count(visits)
        made = [self._raw(*content) for content in (*_staff(), *map(_visit, range(visits)))]
        for part in range(0, len(made), BATCH):
            deployed.fold([self._at(raw, n) for n, raw in enumerate(made[part : part + BATCH])])

    def visit(self) -> float:
        """One more visit, as on any day. Seconds until it is stored."""
        return self._fold(*_visit(next(self._visits)))

    def leave(self) -> float:
        """The next record gets a number of its own; of all others no decision changes."""
        self._corrected += 1
        return self._correct(self._corrected, {"phones": [f"139{self._corrected:08d}"]})

    def stay(self) -> float:
        """The next record gets a number besides: the customer stays whole, with one contact more."""
        self._corrected += 1
        return self._correct(self._corrected, {"phones": [SHARED, f"137{self._corrected:08d}"]})

    def rename(self) -> float:
        """A record gets another name."""
        self._corrected += 1
        return self._correct(0, {"name": f"name {self._corrected}"})

    def _correct(self, visit: int, says: Data) -> float:
        record = _event_id(OPENING + visit + 1)
        who = {"requested_by": "li", "approved_by": ["bo"], "reason": "typed for everybody"}
        return self._fold("record.corrected", {"record": record, "customer": says, **who})

    def _fold(self, type_: str, data: Data) -> float:
        return self._deployed.fold([self._at(self._raw(type_, data), 0)])

    def _at(self, raw: Raw, n: int) -> Raw:
        return Raw(self._deployed.offset + n, raw.key, raw.value, raw.headers)

    def _raw(self, type_: str, data: Data) -> Raw:
        seq = next(self._seq)
        moment = format_instant(BEGINNING + timedelta(seconds=seq))
        event = {
            "id": _event_id(seq), "type": type_, "scope": self._scope, "office": self._scope,
            "actor": "desk", "occurred_at": moment, "recorded_at": moment, "data": data,
        }  # fmt: skip
        headers = Headers(seq=seq, traceparent=None, default_rulebook="base" if seq == 1 else None)
        return Raw(0, self._scope.encode(), json.dumps(event).encode(), encode_headers(headers))


def _event_id(seq: int) -> str:
    return f"0195a000-0000-7000-8000-{seq:012d}"


def _staff() -> Iterator[Content]:
    for name, role in (("li", "consultant"), ("wang", "consultant"), ("bo", "manager")):
        yield "staff.enrolled", {"staff": name, "name": name, "role": role}


def _visit(n: int) -> Content:
    visit = {
        "visit": f"v{n}",
        "customer": {"name": f"n{n}", "phones": [SHARED]},
        "received_by": ("li", "wang")[n % 2],
        "capacity": "on_turn",
    }
    return "visit.registered", visit
