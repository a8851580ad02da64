"""Real PostgreSQL and Apache Kafka without a container engine, for a first look, the demo and the tests.

ADR 0015 and hazards.md#embedded-servers. Everything
comes from package registries: PostgreSQL 18 from a wheel, Java from a wheel, Kafka's jars checked against
committed digests.
"""

from deploy.local.errors import LocalError
from deploy.local.kafka import EmbeddedKafka
from deploy.local.postgres import EmbeddedPostgres

__all__ = ["EmbeddedKafka", "EmbeddedPostgres", "LocalError"]
