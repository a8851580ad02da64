"""The sentences of docs/rules/sentences.yaml: what each says, which rule it is, who applies it or what holds it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rules.form import Words

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "rules" / "sentences.yaml"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule in short and its anchor in the procedure.

    `by` are the functions that apply it, and cases show it; what no records can show has no cases, but `held`, the
    test that holds it (`folder/file.py::test`).
    """

    key: str
    says: str
    at: str
    by: tuple[str, ...]
    held: str | None


def read_sentences() -> dict[str, Sentence]:
    """Every sentence by its key, `section.name`."""
    table: dict[str, dict[str, dict[str, Any]]] = yaml.load(TABLE.read_text(encoding="utf-8"), Words)
    said = {f"{section}.{name}": one for section, told in table.items() for name, one in told.items()}
    return {key: _sentence(key, one) for key, one in said.items()}


def _sentence(key: str, said: dict[str, Any]) -> Sentence:
    by = said.get("by", [])
    return Sentence(
        key, said["says"], said["at"], (by,) if isinstance(by, str) else tuple(by), said.get("held")
    )
