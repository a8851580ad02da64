"""A file of keys for deployments of tests."""

from __future__ import annotations

from pathlib import Path

from shared.sealing.keys import make_keys


def key_file(folder: Path) -> str:
    """The path of a file of keys in the folder, made where it is not there."""
    path = folder / "keys.json"
    if not path.exists():
        make_keys(path)
    return str(path)
