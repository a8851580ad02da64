"""Keeps the last checkpoint of each log in a file, written before a signature leaves; one process at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from services.witness.checking import NOTHING, Known, demand_consistent, read
from shared.i18n import bilingual
from shared.platform.whole_file import whole_file
from shared.tlog.checkpoints import parse_checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.notes import Cosigner, Signature, SignedNote, Verifier, parse_note
from shared.tlog.policy import parse_policy
from shared.tlog.witnessing import AddCheckpoint

_HASH: Final = re.compile(r"[0-9a-f]{64}").fullmatch


class WitnessFolderError(Exception):
    """The folder of a witness cannot be worked with; the text says why."""


class KnownLogs:
    """The keys of the logs that are witnessed, from a policy file that is read anew when it is another one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Verifier, ...] = ()

    def keys(self) -> Sequence[Verifier]:
        """Raises a `TlogError` or an `OSError` where the file cannot be gone by."""
        found = self._path.stat()
        seen = (found.st_ino, found.st_mtime_ns)
        if seen != self._seen:
            self._keys = parse_policy(self._path.read_text(encoding="utf-8")).logs
            self._seen = seen
        return self._keys


class WitnessBook:
    """What the witness has signed last, by log. What is looked up and what is kept is one step."""

    def __init__(
        self, folder: Path, cosigner: Cosigner, logs: KnownLogs, now: Callable[[], datetime]
    ) -> None:
        self._folder = folder
        self._cosigner = cosigner
        self._logs = logs
        self._now = now
        self._lock = threading.Lock()
        self._handle = _alone(folder)

    def cosign(self, asked: AddCheckpoint) -> Signature:
        """The cosignature, kept first; raises what `checking` raises."""
        note, checkpoint = read(asked, self._logs.keys())
        with self._lock:
            demand_consistent(asked, checkpoint, self._known(checkpoint.origin))
            signature = self._cosigner.cosign(note.text, self._now())
            self._keep(checkpoint.origin, SignedNote(note.text, (*note.signatures, signature)))
        return signature

    def checkpoint(self, origin_hash: str) -> bytes | None:
        """The last checkpoint of the log whose origin has this SHA-256, with the cosignature."""
        path = self._folder / f"{origin_hash}.checkpoint"
        return path.read_bytes() if _HASH(origin_hash) and path.exists() else None

    def close(self) -> None:
        """Let another process go on."""
        os.close(self._handle)

    def _known(self, origin: str) -> Known:
        path = self._path(origin)
        if not path.exists():
            return NOTHING
        try:
            found = parse_checkpoint(parse_note(path.read_bytes()).text)
        except (OSError, TlogError) as error:
            # Whoever forgot what it has signed would sign two faces of one log.
            raise WitnessFolderError(
                bilingual("{path} cannot be read: {why}", path=path, why=error)
            ) from None
        return Known(found.size, found.root)

    def _keep(self, origin: str, note: SignedNote) -> None:
        with whole_file(self._path(origin)) as file:
            file.write(bytes(note))
            file.flush()
            os.fsync(file.fileno())
        os.fsync(self._handle)

    def _path(self, origin: str) -> Path:
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()}.checkpoint"


def _alone(folder: Path) -> int:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise WitnessFolderError(bilingual("another witness works in {folder}", folder=folder)) from None
    return handle
