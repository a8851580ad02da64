"""The keys by which checkpoints are signed, in a file of their own off the database: the first signs, others along.

Beside it stands the last checkpoint that was signed (`.signed`), which is written before a signature leaves: whatever
becomes of the database, nothing is ever signed that does not go on from it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shared.i18n import bilingual
from shared.platform.whole_file import private_file, read_private
from shared.tlog.checkpoints import Checkpoint, parse_checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.notes import NoteSigner, SignedNote, parse_note, sign_note
from shared.tlog.private_keys import new_private_key, read_private_key

MOST_KEYS: Final = 8


class LogKeyError(Exception):
    """The file of keys of the log cannot be worked with as it is; the text says what is to be done."""


class LogKeys:
    """The keys of a file, read anew each time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def signers(self) -> Sequence[NoteSigner]:
        """Those who sign, the present key first. Raises `LogKeyError`."""
        return [NoteSigner(*read_private_key(line)) for line in _lines(self.path)]

    @property
    def origin(self) -> str:
        """The name of the log, which is that of its keys."""
        return self.signers()[0].verifier.name

    def sign(self, checkpoint: Checkpoint) -> SignedNote:
        """The checkpoint with a signature of each key; noted first, so that no other one is signed later."""
        note = sign_note(checkpoint.text, self.signers())
        try:
            with private_file(self._signed) as file:
                file.write(bytes(note))
        except OSError as error:
            raise LogKeyError(_unwritable(self._signed, error)) from None
        return note

    def last_signed(self) -> Checkpoint | None:
        """What was signed last by this file, as far as it was kept. Raises `LogKeyError`."""
        try:
            return parse_checkpoint(parse_note(self._signed.read_bytes()).text)
        except FileNotFoundError:
            return None
        except (OSError, TlogError) as error:
            raise LogKeyError(f"{self._signed}: {error}") from None

    @property
    def _signed(self) -> Path:
        return self.path.with_name(f"{self.path.name}.signed")


def make_log_key(path: Path, origin: str) -> bool:
    """Make a file with one key where there is none; answers whether it was made. Of two who do at once, one does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(path):
        if path.exists():
            return False
        _write(path, [new_private_key(origin)])
    return True


def rotate_log_key(path: Path) -> NoteSigner:
    """Have a new key sign; the one before signs along until it is retired. Returns the new one."""
    with _alone(path):
        lines = _lines(path)
        if len(lines) >= MOST_KEYS:
            raise LogKeyError(
                bilingual(
                    "{path} has {count} keys: retire the earlier ones first", path=path, count=len(lines)
                )
            )
        line = new_private_key(read_private_key(lines[0])[0])
        _write(path, [line, *lines])
    return NoteSigner(*read_private_key(line))


def retire_log_keys(path: Path) -> int:
    """Leave the present key alone in the file; answers how many went."""
    with _alone(path):
        lines = _lines(path)
        _write(path, lines[:1])
    return len(lines) - 1


def _lines(path: Path) -> list[str]:
    """The lines of a file that nobody else can read, each of a key of the same name."""
    try:
        lines = read_private(path).decode("ascii").split()
        names = {read_private_key(line)[0] for line in lines}
    except (UnicodeDecodeError, TlogError):
        names, lines = set(), []
    except OSError as error:
        raise LogKeyError(bilingual("the file of keys of the log cannot be read: {why}", why=error)) from None
    if len(names) != 1:
        raise LogKeyError(bilingual("{path} is no file of keys of the log", path=path))
    return lines


def _write(path: Path, lines: Sequence[str]) -> None:
    try:
        with private_file(path) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())
    except OSError as error:
        raise LogKeyError(_unwritable(path, error)) from None


def _unwritable(path: Path, error: OSError) -> str:
    return bilingual("{path} cannot be written: {why}", path=path, why=error.strerror)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    try:
        handle = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise LogKeyError(bilingual("the file of keys of the log cannot be read: {why}", why=error)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
