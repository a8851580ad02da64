"""How a fact and a watermark look on the topic (contract, section 6)."""

from __future__ import annotations

from datetime import datetime

from services.intake.outbox import Unsent
from shared.kafka import Record
from shared.topics import Headers, decode_contacts, encode_headers


def fact_record(fact: Unsent) -> Record:
    """The envelope under the key of its scope.

    Beside what the contract names stand the normalised contacts, and on the first fact of a scope the
    rulebook that the scope began under, which the journal holds but no event says.
    """
    headers = Headers(
        seq=fact.seq,
        traceparent=fact.traceparent,
        contacts=decode_contacts(fact.contacts),
        default_rulebook=fact.default_rulebook if fact.seq == 1 else None,
    )
    return Record(fact.scope.encode(), fact.body, encode_headers(headers))


def watermark_record(watermark: datetime) -> Record:
    """Says that every fact of the partition that was recorded at or before `watermark` was sent before."""
    return Record(None, None, encode_headers(Headers(watermark=watermark)))
