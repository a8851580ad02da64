"""Finds a fact that the relay sent again, behind the gap at which a partition stopped.

A record that was sent again lies at the end of the log, behind the ones that cannot be folded yet; so the log
is read on from the gap, without a group and without any effect (hazards.md#a-relay-that-was-killed-sends-twice).
"""

from __future__ import annotations

from aiokafka import TopicPartition

from services.attribution.fold.application import Gap
from services.attribution.fold.intake_record import JournalFact, read_record
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import lone_consumer


async def find_missing_fact(bootstrap: Bootstrap, tp: TopicPartition, gap: Gap) -> int | None:
    """The offset of the missing fact behind the gap, or None while it is not there."""
    consumer = lone_consumer(bootstrap)
    try:
        await consumer.start()
        consumer.assign([tp])
        end = (await consumer.end_offsets([tp]))[tp]
        consumer.seek(tp, gap.offset)
        while await consumer.position(tp) < end:
            batches = await consumer.getmany(tp, timeout_ms=500)
            for record in batches.get(tp, ()):
                reading = read_record(record)
                if isinstance(reading, JournalFact) and (reading.scope, reading.seq) == (
                    gap.scope,
                    gap.expected,
                ):
                    return reading.offset
        return None
    finally:
        await consumer.stop()
