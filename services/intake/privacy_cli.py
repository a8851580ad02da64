"""`panke privacy`: a copy of what is held on somebody, erasure, what is left to erase, and how long is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from shared.i18n import bilingual
from shared.platform.options import clock, database_refused, database_url, settings_refused, vault_url
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from services.intake.privacy.erasure import Erased, Eraser
    from services.intake.privacy.holdings import HoldingsReader
    from services.intake.privacy.people import PeopleOfScope
    from services.intake.privacy.services import Services

F = TypeVar("F", bound=Callable[..., Any])

_ADDRESSES: Final = {
    "intake": "http://127.0.0.1:8001",
    "attribution": "http://127.0.0.1:8002",
    "notifier": "http://127.0.0.1:8003",
}


def _address(service: str) -> Callable[[F], F]:
    variable = f"PANKE_{service.upper()}_ADDRESS"
    return click.option(
        f"--{service}",
        envvar=variable,
        default=_ADDRESSES[service],
        show_default=True,
        help=f"where {service} answers; or {variable}",
    )


_scope = click.option("--scope", required=True, help="the ownership scope")
_keys = click.option(
    "--keys", envvar="PANKE_KEYS", required=True, metavar="FILE", help="the file of keys; or PANKE_KEYS"
)
_by = click.option("--by", required=True, help="the id of the member of staff who has it done")
_despite = click.option(
    "--despite-by", help="the manager who says so although a dispute or an unsigned deal needs the person"
)


def _together(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorated(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


_deployment = _together(
    _keys, vault_url, _address("intake"), _address("attribution"), _address("notifier"), clock, database_url
)


class Opened:
    """What the commands work with: the scope in journal and vault, and the services."""

    def __init__(
        self,
        people: PeopleOfScope,
        reader: HoldingsReader,
        services: Services,
        eraser: Eraser,
        contact: str | None,
    ) -> None:
        self.people = people
        self.reader = reader
        self.services = services
        self.eraser = eraser
        self.contact = contact


@click.group(cls=PlainGroup)
def privacy() -> None:
    """The rights of people whose data is held: a copy, erasure, and how long it is kept."""


@privacy.command()
@click.argument("contact", required=False)
@click.option(
    "--customer", metavar="ID", help="the id of the customer, or the case number, instead of a contact"
)
@_scope
@click.option("--reason", required=True, help="why; it is kept, so it names nobody")
@click.option("--asked-by", required=True, help="who asked, in what capacity; it is kept, so it names nobody")
@_by
@_despite
@_deployment
def erase(
    contact: str | None,
    customer: str | None,
    reason: str,
    asked_by: str,
    by: str,
    despite_by: str | None,
    **deployment: Any,
) -> None:
    """Erase the customer of CONTACT: destroy the keys of all that was recorded of them, for good.

    Owners, deals and histories stand, and nobody reads any more whom they are of. The journal records it first. A
    command that was cut off is given again, and goes on.
    """
    from services.intake.privacy.erasure import ErasureOrder

    order = ErasureOrder(reason, asked_by, by.strip(), despite_by)
    with _opened(contact, customer, **deployment) as opened:
        found = _customer(opened, customer)
        if found is not None:
            erased = opened.eraser.erase(found, order)
        else:
            erased = opened.eraser.erase_contact(opened.contact or "", order)
        opened.people.scrub()
        _report(erased)


@privacy.command()
@click.option("--scope", help="of this scope alone")
@click.option("--finish", is_flag=True, help="destroy the keys that are there all the same")
@vault_url
@database_url
def pending(scope: str | None, finish: bool, vault_url: str | None, database_url: str) -> None:
    """Erasures that are recorded, and whose keys are there all the same: a command was cut off, or a vault restored.

    Give it after each restore of the vault, with --finish.
    """
    from services.intake.privacy.people import recorded_erasures, there
    from shared.sealing.vault import destroy, scrub

    with (
        _connected(database_url, "intake") as journal,
        _connected(vault_url or database_url, "vault") as keys,
    ):
        for one in recorded_erasures(journal, scope):
            left = there(keys, one.people)
            if left:
                say(f"{one.scope}\tseq {one.seq}\t{one.event}\t{one.recorded_at}\t{one.by}\t{len(left)}")
            if left and finish:
                destroy(keys, left)
                say(bilingual("destroyed: {count} keys", count=len(left)))
        if finish:
            scrub(keys)


def _report(erased: Erased) -> None:
    if not erased.people:
        say(bilingual("nothing is held there that could be erased"))
    for event in erased.events:
        say(bilingual("recorded: {event}", event=event))
    if erased.people:
        say(bilingual("destroyed: {count} keys", count=erased.people))
    for id_ in erased.kept:
        say(
            bilingual(
                "kept, since it is another customer's contact now: {id}. What was recorded under it is to be corrected "
                "or erased with that customer",
                id=id_,
            ),
            err=True,
        )


def _customer(opened: Opened, named: str | None) -> str | None:
    """The customer whom the command names, if anybody is one by that contact."""
    if opened.contact is not None:
        return opened.reader.customer_of(opened.contact)
    found = opened.reader.customer_named(named or "")
    if found is None:
        raise click.ClickException(bilingual("there is no customer {customer}", customer=named))
    return found


@contextmanager
def _opened(
    contact: str | None,
    customer: str | None,
    scope: str,
    keys: str,
    vault_url: str | None,
    database_url: str,
    clock: str,
    **addresses: str,
) -> Iterator[Opened]:
    """The deployment, for one command; what is wrong is told in a line."""
    from services.intake.privacy.erasure import Eraser
    from services.intake.privacy.holdings import HoldingsReader
    from services.intake.privacy.obstacles import ErasureRefusedError
    from services.intake.privacy.people import PeopleOfScope
    from services.intake.privacy.services import NotAnsweredError, Services
    from shared.platform.clock import open_clock
    from shared.sealing.keys import KeyFile, KeysError
    from shared.sealing.vault import Vault

    asked = _contact(contact, customer)
    try:
        with (
            settings_refused(),
            _connected(database_url, "intake") as journal,
            _connected(vault_url or database_url, "vault") as vault,
            Services(addresses) as services,
        ):
            time = open_clock(clock, demonstration=clock != "system")
            people = PeopleOfScope(journal, Vault(KeyFile(Path(keys))), vault, scope)
            seq = people.last_seq()
            if seq is None:
                raise click.UsageError(bilingual("the journal has no fact of the scope {scope}", scope=scope))
            reader = HoldingsReader(services, scope, seq)
            reader.office()
            yield Opened(people, reader, services, Eraser(people, reader, services, time.now), asked)
    except (ErasureRefusedError, NotAnsweredError, KeysError) as error:
        raise click.ClickException(str(error)) from None


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


@contextmanager
def _connected(dsn: str, schema: str) -> Iterator[Any]:
    import psycopg

    from shared.platform.postgres.database import connection_info

    with (
        database_refused(),
        psycopg.connect(connection_info(dsn, schema=schema, name="panke-cli"), autocommit=True) as connection,
    ):
        connection.execute("SET statement_timeout = 0")
        yield connection
