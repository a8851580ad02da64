"""The log as static files: hashes, entries, checkpoint, as any web server can give them (log.md#formats).

A file takes its name when it is whole and on the disk; the checkpoint comes last, so that all that it needs is there.
What is full is never written again, and a tile that is not full is deleted once the full one is there. A bundle with
personal texts in clear is not written: these files are made to be shown.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from shared.platform.whole_file import whole_file
from shared.tlog.tiles import WIDTH, Tile

CHECKPOINT: Final = "checkpoint"
_VOUCHER: Final = re.compile(r"[0-9a-f]{8}").fullmatch


class StaticFiles:
    """The files below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unsynced: set[Path] = set()

    def tile(self, tile: Tile) -> bytes:
        """The bytes of a tile or bundle; of a partial one that is full by now, as many as were asked for.

        Raises `FileNotFoundError`.
        """
        try:
            return self._path(tile.path).read_bytes()
        except FileNotFoundError:
            if tile.width == WIDTH or tile.level is None:
                raise
            full = self._path(Tile(tile.level, tile.index).path).read_bytes()
            return full[: tile.width * 32]

    def put(self, tile: Tile, raw: bytes) -> None:
        """A tile or bundle."""
        self._write(tile.path, raw)

    def drop_partial(self, tile: Tile) -> None:
        """The partial ones of a tile that is full."""
        folder = self._path(f"{tile.path}.p")
        if folder.is_dir():
            for path in folder.iterdir():
                path.unlink(missing_ok=True)
            folder.rmdir()

    def put_body(self, path: str, raw: bytes) -> None:
        """Bytes that are too many for an entry."""
        if not self._path(path).exists():
            self._write(path, raw)

    def read(self, path: str) -> bytes:
        """A file by its path; raises `FileNotFoundError`."""
        return self._path(path).read_bytes()

    def checkpoint(self) -> bytes | None:
        """The checkpoint that is shown, if there is one."""
        try:
            return self._path(CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def put_checkpoint(self, note: bytes) -> None:
        """Show this checkpoint, once the names of all its tiles are on the disk too."""
        self._sync()
        self._write(CHECKPOINT, note)
        self._sync()

    def vouchers(self) -> list[bytes]:
        """The vouchers of keys that followed others."""
        folder = self._path("key")
        if not folder.is_dir():
            return []
        return [path.read_bytes() for path in sorted(folder.iterdir()) if _VOUCHER(path.name)]

    def put_voucher(self, key_id: int, raw: bytes) -> None:
        """The voucher of a key, by its number."""
        self._write(f"key/{key_id:08x}", raw)

    def has_voucher(self, key_id: int) -> bool:
        """Whether a key is vouched for."""
        return self._path(f"key/{key_id:08x}").exists()

    def _path(self, path: str) -> Path:
        return self.folder / path

    def _write(self, path: str, raw: bytes) -> None:
        target = self._path(path)
        made = _make(target.parent, self.folder)
        with whole_file(target) as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        self._unsynced |= {target.parent, *made}

    def _sync(self) -> None:
        """A name is on the disk once its folder is."""
        for folder in sorted(self._unsynced):
            if folder.is_dir():
                handle = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        self._unsynced.clear()


def _make(folder: Path, root: Path) -> list[Path]:
    """Make a folder with those above it; answers the ones in which an entry is new."""
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        if folder == root:
            break
        folder = folder.parent
    for one in reversed(missing):
        one.mkdir(exist_ok=True, parents=one == root)
    return [one.parent for one in missing]
