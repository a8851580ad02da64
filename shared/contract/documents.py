"""The published documents: JSON Schema of every event and AsyncAPI of the topics, for those who write clients.

python -m shared.contract.documents docs/schemas
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from shared.contract.asyncapi import asyncapi
from shared.contract.events import DATA_TYPES
from shared.contract.schema import Schema, envelope_schema, event_schema, problem_schema


def documents() -> dict[str, str]:
    """File name → text of everything that is published."""
    made = {f"{event_type}.json": event_schema(event_type) for event_type in DATA_TYPES}
    made |= {"event.json": envelope_schema(), "problem.json": problem_schema()}
    texts = {name: _json(schema) for name, schema in made.items()}
    texts["asyncapi.yaml"] = yaml.dump(
        asyncapi(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110
    )
    return texts


class _Plain(yaml.SafeDumper):
    """Writes out what stands twice: not every reader of AsyncAPI follows YAML's references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _json(schema: Schema) -> str:
    return msgspec.json.format(msgspec.json.encode(schema), indent=2).decode() + "\n"


def main(folder: str = "docs/schemas") -> None:
    """Writes every document into a folder."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in documents().items():
        (target / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
