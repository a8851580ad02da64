"""Every client of Kafka comes to the brokers as the settings say, since none is made but in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.support.sources import modules, nodes

MADE = {
    "AIOKafkaAdminClient": {"shared/platform/kafka/client.py"},
    "AIOKafkaConsumer": {"shared/platform/kafka/client.py"},
    "AIOKafkaProducer": {"shared/platform/kafka/client.py"},
    "KafkaBroker": {"shared/platform/kafka/positioned_consumer.py"},
}


def imported() -> Iterator[tuple[str, str]]:
    """Names that production code imports, each with its file."""
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom):
                yield from ((alias.name, str(path)) for alias in node.names)


def test_clients_of_kafka_are_made_in_one_place() -> None:
    """Another one would come by a plain line, whatever the settings say."""
    found: dict[str, set[str]] = {}
    for name, path in imported():
        if name in MADE:
            found.setdefault(name, set()).add(path)
    assert found == MADE
