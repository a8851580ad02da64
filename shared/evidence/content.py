"""What a pack has to say about one customer, before it is put into files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from shared.contract.answers.result import JudgementResult
from shared.i18n import Text

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RecordOfCustomer:
    """A fact of the customer; `said` are its words in clear, None where it stays under seal."""

    seq: int
    event: Json
    said: Json | None


@dataclass(frozen=True, slots=True)
class EvidenceContent:
    """All of it; instants are those of the contract, `zone` is how the report writes them."""

    scope: str
    customer: str
    seq: int
    result: JudgementResult
    records: Sequence[RecordOfCustomer]
    contacts: Sequence[str]
    names: Sequence[str]
    staff: Mapping[str, str]
    clauses: Mapping[str, Text]
    zone: ZoneInfo
    alerts: Sequence[Json]
    access: Sequence[Json]
    origin: str
    size: int
    root: str
