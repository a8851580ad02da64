"""How a fact and a watermark look on the topic (contract, section 6)."""

from __future__ import annotations

from datetime import datetime

from services.intake.kafka import Header, Record
from services.intake.outbox import Unsent
from shared.contract import format_instant

SEQ = "seq"
TRACEPARENT = "traceparent"
CONTACTS = "contacts"
DEFAULT_RULEBOOK = "default-rulebook"
WATERMARK = "watermark"


def fact_record(fact: Unsent) -> Record:
    """The envelope under the key of its scope.

    The first fact of a scope also names the rulebook that the scope began under, which stands in the journal
    but in no event.
    """
    headers: list[Header] = [(SEQ, b"%d" % fact.seq)]
    if fact.traceparent:
        headers.append((TRACEPARENT, fact.traceparent.encode()))
    if fact.contacts:
        headers.append((CONTACTS, fact.contacts))
    if fact.seq == 1:
        headers.append((DEFAULT_RULEBOOK, fact.default_rulebook.encode()))
    return Record(fact.scope.encode(), fact.body, headers)


def watermark_record(watermark: datetime) -> Record:
    """Says that every fact of the partition that was recorded at or before `watermark` was sent before."""
    return Record(None, None, [(WATERMARK, format_instant(watermark).encode())])
