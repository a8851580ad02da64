"""Every client of Kafka comes to the brokers as the settings say, since none is made but in one place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {
    "AIOKafkaAdminClient": {"shared/platform/kafka/client.py"},
    "AIOKafkaConsumer": {"shared/platform/kafka/client.py"},
    "AIOKafkaProducer": {"shared/platform/kafka/client.py"},
    "KafkaBroker": {"shared/platform/kafka/positioned_consumer.py"},
}


def imported() -> Iterator[tuple[str, str]]:
    """Names that production code imports, each with its file."""
    for top in ("deploy", "services", "shared"):
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom):
                    yield from ((alias.name, str(path.relative_to(ROOT))) for alias in node.names)


def test_clients_of_kafka_are_made_in_one_place() -> None:
    """Another one would come by a plain line, whatever the settings say."""
    found: dict[str, set[str]] = {}
    for name, path in imported():
        if name in MADE:
            found.setdefault(name, set()).add(path)
    assert found == MADE
