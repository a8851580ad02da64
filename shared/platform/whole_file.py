"""Files that take their name when they are whole: who reads one never reads half of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from shared.i18n import bilingual


class NotPlainFileError(OSError):
    """What stands under the name is a device, a pipe or a folder, which a file must not take the name of."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EEXIST, bilingual("it is no plain file, and stays as it is"), os.fspath(path))

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


@contextmanager
def whole_file(path: Path, opener: Callable[[str, int], int] | None = None) -> Iterator[BinaryIO]:
    """What is written here stands under the name at the end; after an error, what stood there before.

    A link is followed. A device would be replaced for everybody on the machine: raises `NotPlainFileError`.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise NotPlainFileError(path)
    partial = target.with_name(target.name + ".partial")
    try:
        with open(partial, "wb", opener=opener) as file:
            yield file
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
