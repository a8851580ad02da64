"""The folder in which a deployment keeps its offices' own rulebooks, for each service that looks into it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAX_BYTES: Final = 1_000_000
"""The largest file that may be a rulebook."""
_ENDINGS: Final = (".yaml", ".yml")


def rulebook_files(folder: str | Path) -> list[Path]:
    """The files of the folder that are rulebooks, by name; OSError where it cannot be read."""
    return sorted(path for path in Path(folder).iterdir() if path.suffix in _ENDINGS and path.is_file())
