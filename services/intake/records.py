"""How a fact and a watermark look on the topic (contract, section 6)."""

from __future__ import annotations

from datetime import datetime

from services.intake.kafka import Record
from services.intake.outbox import Unsent
from shared.topics import Headers, encode_headers

CONTACTS = "contacts"
DEFAULT_RULEBOOK = "default-rulebook"


def fact_record(fact: Unsent) -> Record:
    """The envelope under the key of its scope.

    Beside what the contract names stand the normalised contacts, and on the first fact of a scope the
    rulebook that the scope began under, which the journal holds but no event says.
    """
    headers = encode_headers(Headers(seq=fact.seq, traceparent=fact.traceparent))
    if fact.contacts:
        headers.append((CONTACTS, fact.contacts))
    if fact.seq == 1:
        headers.append((DEFAULT_RULEBOOK, fact.default_rulebook.encode()))
    return Record(fact.scope.encode(), fact.body, headers)


def watermark_record(watermark: datetime) -> Record:
    """Says that every fact of the partition that was recorded at or before `watermark` was sent before."""
    return Record(None, None, encode_headers(Headers(watermark=watermark)))
