"""The folder in which a deployment keeps its offices' own rulebooks, for each service that looks into it."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

from shared.i18n import bilingual

MAX_VERSION: Final = 1_000_000
"""The highest version that an adoption may name (contract.md#rulebook-adopted)."""
_ENDINGS: Final = (".yaml", ".yml")


def rulebook_files(folder: str | Path) -> list[Path]:
    """The files of the folder that are rulebooks, by name; OSError, with the file, where one cannot be read.

    Hidden files are what editors, file managers and container engines leave there, and no books. A link to nothing,
    a folder of that name, or an ending in capitals is a book that somebody believes to be in force: it is told.
    """
    return sorted(path for path in Path(folder).iterdir() if not path.name.startswith(".") and _is_book(path))


def _is_book(path: Path) -> bool:
    if path.suffix.lower() not in _ENDINGS:
        return False
    if path.suffix not in _ENDINGS:
        raise OSError(
            errno.EINVAL, bilingual("its ending must be {lower}", lower=path.suffix.lower()), str(path)
        )
    if not path.exists():
        raise OSError(errno.ENOENT, bilingual("a link to nothing"), str(path))
    if not path.is_file():
        raise OSError(errno.EINVAL, bilingual("a rulebook is a file, and this is none"), str(path))
    return True
