"""Which rulebooks may be adopted: known by name and version (contract.md#rulebook-adopted).

The texts are attribution's, which checks them whole; intake only has to refuse an adoption that nobody could judge
under, and reads from a file of the offices' folder no more than the name and version that it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from shared.platform.settings import SettingsError, variable
from shared.rules.rulebooks.folder import MAX_BYTES, MAX_VERSION, rulebook_files

FOLDER = variable("rulebook_folder")


def parse_rulebook(text: str) -> tuple[str, int]:
    """`base@1` is version 1 of `base`."""
    name, at, version = text.strip().partition("@")
    if not name or (at and not version.isdecimal()):
        raise ValueError(f"a rulebook is named like base@1, not {text!r}")
    return name, int(version) if at else 1


class AdoptableRulebooks:
    """The rulebooks that this deployment knows: those that are named, and those of the offices' folder.

    Raises `SettingsError` for a folder or a file that cannot be read.
    """

    def __init__(self, rulebooks: Iterable[str], folder: str = "") -> None:
        named = (parse_rulebook(rulebook) for rulebook in rulebooks)
        self._everywhere = frozenset(named)
        self._known = self._everywhere | frozenset(_of_folder(folder) if folder else ())

    def has_everywhere(self, name: str, version: int) -> bool:
        """Whether every installation has it, so that no folder can lack it or have it in another text."""
        return (name, version) in self._everywhere

    def __call__(self, name: str, version: int) -> bool:
        return (name, version) in self._known


def _of_folder(folder: str) -> Iterator[tuple[str, int]]:
    try:
        for path in rulebook_files(folder):
            yield _named_in(path, path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{FOLDER}: {error.filename}: {error.strerror}") from None


def _named_in(path: Path, raw: bytes) -> tuple[str, int]:
    if len(raw) > MAX_BYTES:
        raise SettingsError(f"{FOLDER}: {path}: larger than {MAX_BYTES} bytes")
    try:
        # Only scalars of the first level are asked for; an alias is kept as a reference, so nothing unfolds.
        told: Any = yaml.safe_load(raw)
    except yaml.YAMLError as error:
        raise SettingsError(f"{FOLDER}: {path}: not YAML: {str(error).splitlines()[0]}") from None
    name, version = (told.get("rulebook"), told.get("version")) if isinstance(told, dict) else (None, None)
    if not isinstance(name, str) or type(version) is not int:
        raise SettingsError(f"{FOLDER}: {path}: `rulebook` must be a name and `version` a number")
    if not 1 <= version <= MAX_VERSION:
        raise SettingsError(f"{FOLDER}: {path}: `version` must be from 1 to {MAX_VERSION}, not {version}")
    return name, version
