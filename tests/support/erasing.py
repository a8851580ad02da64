"""Erasures as they come to a deployment under load: recorded like any event, then the keys are destroyed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TypeVar

import psycopg

from shared.platform.postgres.database import connection_info
from shared.sealing.keys import KeyFile
from shared.sealing.vault import SCHEMA, Connection, Vault, destroy

T = TypeVar("T")


class KeyDestroyer:
    """Asks the vault of a deployment, again and again where the database is away."""

    def __init__(self, dsn: str, keys: str, give_up: Event) -> None:
        self._dsn = connection_info(dsn, schema=SCHEMA)
        self._vault = Vault(KeyFile(Path(keys)))
        self._give_up = give_up

    def people(self, scope: str, contact: str) -> list[str]:
        """Who stands for a contact, if it was ever seen."""
        known = self._asked(lambda connection: self._vault.known(connection, [(scope, contact)]))
        return [person.id for person in (known or {}).values()]

    def destroy(self, people: list[str]) -> None:
        self._asked(lambda connection: destroy(connection, people))

    def _asked(self, question: Callable[[Connection], T]) -> T | None:
        while not self._give_up.is_set():
            try:
                with psycopg.connect(self._dsn, autocommit=True) as connection:
                    return question(connection)
            except psycopg.Error:
                time.sleep(0.1)
        return None
