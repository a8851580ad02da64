"""The sentences of docs/rules/sentences.yaml: what each says, which rule of the procedure it is, and who applies it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.rules.form import Words

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "rules" / "sentences.yaml"
ELSEWHERE = Path(__file__).parent / "elsewhere.yaml"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule in short, its anchor in the procedure, and the functions that apply it."""

    key: str
    says: str
    at: str
    by: tuple[str, ...]


def read_sentences() -> dict[str, Sentence]:
    """Every sentence by its key, `section.name`."""
    table = {f"{part}.{name}": said for part, told in _read(TABLE).items() for name, said in told.items()}
    return {key: Sentence(key, said["says"], said["at"], _names(said["by"])) for key, said in table.items()}


def held_elsewhere() -> list[str]:
    """The tests that hold what no records can show, each `folder/file.py::test`."""
    return [place for told in _read(ELSEWHERE).values() for place in told.values()]


def _read(path: Path) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = yaml.load(path.read_text(encoding="utf-8"), Words)
    return told


def _names(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
