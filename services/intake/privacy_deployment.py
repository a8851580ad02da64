"""The deployment as the commands of privacy find it: journal, vault and services, and whom a command names."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.i18n import bilingual
from shared.platform.options import database_refused, settings_refused

if TYPE_CHECKING:
    from services.intake.privacy.erasure import Eraser
    from services.intake.privacy.holdings import HoldingsReader
    from services.intake.privacy.people import PeopleOfScope
    from services.intake.privacy.services import Services


@dataclass(frozen=True, slots=True)
class PrivacyDeployment:
    """What a command works with, in one scope; `contact` is the one that it names, as it is kept."""

    journal: Any
    people: PeopleOfScope
    reader: HoldingsReader
    services: Services
    eraser: Eraser
    now: Callable[[], datetime]
    contact: str | None


@contextmanager
def opened_for(
    contact: str | None,
    customer: str | None,
    scope: str,
    keys: str,
    vault_url: str | None,
    database_url: str,
    clock: str,
    **calls: Any,
) -> Iterator[PrivacyDeployment]:
    """The deployment for one command that names somebody; what is wrong is told in a line."""
    with opened_scope(
        scope, keys, vault_url, database_url, clock, _contact(contact, customer), **calls
    ) as found:
        yield found


@contextmanager
def opened_scope(
    scope: str,
    keys: str,
    vault_url: str | None,
    database_url: str,
    clock: str,
    contact: str | None = None,
    *,
    access: str,
    machine: Path | None,
    **addresses: str,
) -> Iterator[PrivacyDeployment]:
    """The same for one that is about a whole scope."""
    from services.intake.privacy.erasure import Eraser
    from services.intake.privacy.holdings import HoldingsReader
    from services.intake.privacy.obstacles import ErasureRefusedError
    from services.intake.privacy.people import PeopleOfScope
    from services.intake.privacy.services import NotAnsweredError, Services
    from shared.access.client import CallRefusedError, headers_of_caller
    from shared.platform.clock import open_clock
    from shared.sealing.keys import KeyFile, KeysError
    from shared.sealing.vault import Vault

    try:
        with (
            settings_refused(),
            connected(database_url, "intake") as journal,
            connected(vault_url or database_url, "vault") as vault,
            Services(addresses, headers_of_caller(os.environ, access, machine)) as services,
        ):
            _demand_keys(journal, keys)
            now = open_clock(clock, demonstration=clock != "system").now
            people = PeopleOfScope(journal, Vault(KeyFile(Path(keys))) if keys else None, vault, scope)
            seq = people.last_seq()
            if seq is None:
                raise click.UsageError(bilingual("the journal has no fact of the scope {scope}", scope=scope))
            reader = HoldingsReader(services, scope, seq)
            reader.office()
            yield PrivacyDeployment(
                journal, people, reader, services, Eraser(people, reader, services, now), now, contact
            )
    except (ErasureRefusedError, NotAnsweredError, KeysError, CallRefusedError) as error:
        raise click.ClickException(str(error)) from None


def _demand_keys(journal: Any, keys: str) -> None:
    from services.intake.journal.journal import SQL
    from shared.sealing.keys import KeysError

    row = journal.execute(SQL["deployment"]).fetchone()
    if row is not None and row[1] and not keys:
        raise KeysError(bilingual("the journal is under seal: give the file of keys (PANKE_KEYS)"))


@contextmanager
def connected(dsn: str, schema: str) -> Iterator[Any]:
    """A connection for as long as a command runs."""
    import psycopg

    from shared.platform.postgres.database import connection_info

    with (
        database_refused(),
        psycopg.connect(connection_info(dsn, schema=schema, name="panke-cli"), autocommit=True) as connection,
    ):
        connection.execute("SET statement_timeout = 0")
        yield connection


def _contact(contact: str | None, customer: str | None) -> str | None:
    """The contact as it is kept."""
    from shared.contract import BadEvent, contact_of

    if (contact is None) == (customer is None):
        raise click.UsageError(bilingual("give a contact, or --customer"))
    if contact is None:
        return None
    try:
        return contact_of(sys.stdin.readline() if contact == "-" else contact)
    except BadEvent as error:
        raise click.UsageError(str(error)) from None
