"""The roles by which the services sign in to their database (ADR 0038): in that of this machine made at each start, in
one that is given taken from the folder that `panke database prepare --urls` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from deploy.local.errors import LocalError
from deploy.local.postgres_user import PART
from shared.i18n import translated
from shared.platform.postgres.database import DatabaseError
from shared.platform.postgres.roles import prepare, url_files

ROLES: Final = "PANKE_DATABASE_ROLES"
_OWN: Final = "roles"
_URL: Final = "PANKE_DATABASE_URL"


class UnpreparedError(LocalError):
    """The schemas of our own database could not be brought up to date, or its roles not be made."""

    def __init__(self, reason: Exception) -> None:
        said = " ".join(str(reason).split())
        super().__init__(
            translated("{part}: the database cannot be prepared: {reason}", part=PART, reason=said)
        )


def prepare_roles(owner: str, directory: Path) -> None:
    """Bring our own database up to date; the files of the services stand beside the data, for this user alone."""
    try:
        prepare(owner, urls=directory / _OWN)
    except (DatabaseError, psycopg.Error, OSError) as error:
        raise UnpreparedError(error) from error


def signed_in(service: str, environment: Mapping[str, str], own: Path | None) -> dict[str, str]:
    """The environment of a service, by which it signs in as its role; `own` is where our own database stands."""
    changed = dict(environment)
    given = changed.get(ROLES)
    folder = own / _OWN if own is not None else Path(given) if given else None
    url = None if folder is None else url_files(folder.absolute(), [service]).get(service)
    if url is not None:
        changed.pop(_URL, None)
        changed[f"{_URL}_FILE"] = str(url)
    return changed
