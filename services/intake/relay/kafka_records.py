"""How a fact looks on the topic (contract.md#topics)."""

from __future__ import annotations

from services.intake.relay.outbox import OutboxFact
from shared.contract.topics import CONTACTS, DEFAULT_RULEBOOK, EPOCH, SEQ, TRACEPARENT
from shared.platform.kafka.sender import OutgoingRecord


def fact_record(fact: OutboxFact, epoch: str) -> OutgoingRecord:
    """The envelope under the key of its scope.

    Beside what the contract names stand the normalised contacts, and on the first fact of a scope the
    rulebook that the scope began under, which the journal holds but no event says; `epoch` says which journal
    numbers. Contacts are stored in the
    bytes in which the header has them, so nothing is written anew for each fact.
    """
    headers = [(SEQ, b"%d" % fact.seq), (EPOCH, epoch.encode())]
    if fact.traceparent is not None:
        headers.append((TRACEPARENT, fact.traceparent.encode()))
    if fact.contacts is not None:
        headers.append((CONTACTS, fact.contacts))
    if fact.default_rulebook is not None:
        headers.append((DEFAULT_RULEBOOK, fact.default_rulebook.encode()))
    return OutgoingRecord(fact.scope.encode(), fact.body, headers)
