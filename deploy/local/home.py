"""Where the embedded parts keep what they download and their data.

In a checkout that is `.panke` beside `pyproject.toml`, so that the demo, the tests and `panke up` fetch
Kafka once; `PANKE_LOCAL` names another place.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import NoDiskError

_ROOM_MB = 300


def local_home(environment: Mapping[str, str] | None = None) -> Path:
    """The folder of the embedded parts: as set, else in the checkout, else in the user's data folder."""
    environment = os.environ if environment is None else environment
    given = environment.get("PANKE_LOCAL")
    if given:
        return Path(given).expanduser().absolute()
    checkout = Path(__file__).resolve().parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / ".panke"
    data = environment.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "panke"


def demand_room(part: str, directory: Path, megabytes: int = _ROOM_MB) -> None:
    """Say that the disk is full before anything is written half."""
    existing = directory
    while not existing.exists():
        existing = existing.parent
    if shutil.disk_usage(existing).free < megabytes * 1024 * 1024:
        raise NoDiskError(part, directory, megabytes)
