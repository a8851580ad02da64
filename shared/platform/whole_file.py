"""Files that take their name when they are whole: who reads one never reads half of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from shared.i18n import bilingual

PRIVATE: Final = 0o600
"""The rights of a file that nobody but its owner reads."""


class NotPlainFileError(OSError):
    """What stands under the name is a device, a pipe or a folder, which a file must not take the name of."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EEXIST, bilingual("it is no plain file, and stays as it is"), os.fspath(path))

    def __str__(self) -> str:
        return f"{self.filename}: {self.strerror}"


class NotPrivateError(OSError):
    """Others may read a file that is for its owner alone."""

    def __init__(self, path: Path, mode: int) -> None:
        told = bilingual("others may read it (mode {mode}): chmod 600, and rotate the keys", mode=f"{mode:o}")
        super().__init__(errno.EPERM, told, os.fspath(path))

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


@contextmanager
def file_from_memory(path: Path) -> Iterator[BytesIO]:
    """A whole file that is made in memory first: a library may end its archive once more when it is collected, which
    it does here, and not on a file that is closed by then.
    """
    with whole_file(path) as file:
        made = BytesIO()
        yield made
        file.write(made.getbuffer())


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A whole file that others can read at no moment, and that is on the disk before it takes the name."""
    with whole_file(path, _new_private) as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def new_private_file(path: Path, data: bytes) -> None:
    """A whole file of its owner's under a name that is free, or none at all; raises `FileExistsError`."""
    partial = path.with_name(path.name + ".partial")
    try:
        with open(partial, "wb", opener=_new_private) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read_private(path: Path) -> bytes:
    """What a file holds that nobody but its owner may read; raises `NotPrivateError` for another one."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise NotPrivateError(path, mode)
        return file.read()


def open_private(path: str | Path, flags: int) -> int:
    """An opener, as `open` takes one; a file that is there loses the rights that it gave."""
    handle = os.open(path, flags, PRIVATE)
    os.fchmod(handle, PRIVATE)
    return handle


def _new_private(path: str | Path, flags: int) -> int:
    """What an earlier writer left half written may have been opened by others, and is not written on."""
    Path(path).unlink(missing_ok=True)
    return open_private(path, flags | os.O_EXCL)
