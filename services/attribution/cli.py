"""The commands of attribution: serve, and what a person does in quarantine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shared.access.options import access_address, as_machine
from shared.i18n import bilingual, translated
from shared.ids import EventId, StaffId
from shared.platform.options import database_refused, database_url, rulebook_folder, settings_refused
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from services.attribution.quarantine.quarantine import Quarantine, Retried
    from services.attribution.store.batch import BeingSetAsideError

FAILED = 1
INTAKE = "http://127.0.0.1:8001"
intake_address = click.option(
    "--intake",
    envvar="PANKE_INTAKE_ADDRESS",
    default=INTAKE,
    show_default=True,
    help="where intake answers; or PANKE_INTAKE_ADDRESS",
)


@click.command("attribution")
def serve_attribution() -> None:
    """Fold the journal's facts into who owns whom, and answer questions over HTTP."""
    from services.attribution.main import run

    with settings_refused():
        run()


@click.command()
@click.option("--scope", "scopes", multiple=True, help="a scope to tell anew; may be repeated")
@click.option("--all", "everything", is_flag=True, help="tell all scopes anew")
@database_url
def restate(scopes: tuple[str, ...], everything: bool, database_url: str) -> None:
    """Tell the ownership topic every decision again, and how staff and claims stand; the running relay sends it.

    Who has heard it finds nothing new. `panke journal scopes` lists the scopes.
    """
    import psycopg

    from services.attribution.relay import restatement
    from services.attribution.store.recorder import SCHEMA
    from shared.platform.postgres.database import connection_info

    if everything == bool(scopes):
        raise click.UsageError(bilingual("give --all, or scopes"))
    try:
        with (
            database_refused(),
            psycopg.connect(
                connection_info(database_url, schema=SCHEMA, name="panke-cli"), autocommit=True
            ) as connection,
        ):
            for scope in restatement.all_scopes(connection) if everything else scopes:
                told = restatement.restate(connection, scope)
                say(f"{translated('queued to be told anew')}: {scope}, {told}")
    except restatement.UnknownScopeError as error:
        raise click.UsageError(f"{translated('attribution knows no scope')}: {error}") from None


@click.group(cls=PlainGroup)
def quarantine() -> None:
    """Scopes whose fold failed, and records that are not of the journal."""


@quarantine.command("list")
@database_url
def list_(database_url: str) -> None:
    """Every scope that waits, and the last dead records."""
    with _opened(database_url) as found:
        for parked in found.parked():
            say(
                f"{parked.scope}\tseq {parked.seq}\tsince {parked.since.isoformat()}"
                f"\t{parked.waiting} waiting\t{parked.error}"
            )
        for number, source, offset, reason, sent in found.dead():
            state = "in the dead topic" if sent else "on its way to the dead topic"
            say(f"dead {number}\t{source} at {offset}\t{reason}\t{state}")
        for scope, id_, begun_by, begun_at, reason, by, at in found.marks.withdrawn():
            say(
                f"withdrawn {scope}\t{id_}\tbegun by {begun_by} {begun_at.isoformat()}"
                f"\twithdrawn by {by} {at.isoformat()}\t{reason}"
            )


@quarantine.command()
@click.argument("scope")
@click.option("--plain", is_flag=True, help="show phones and WeChat ids as they were recorded")
@database_url
def show(scope: str, plain: bool, database_url: str) -> None:
    """The fact on which SCOPE fails, and the first that wait behind it; phones masked unless --plain."""
    from shared.contract import mask

    with _opened(database_url) as found:
        parked, bodies = found.show(scope)
        say(f"{parked.scope} fails on seq {parked.seq}: {parked.error}")
        for body in bodies:
            text = body.decode("utf-8", "replace")
            say(text if plain else mask(text))


@quarantine.command()
@click.argument("scope")
@database_url
@rulebook_folder
def retry(scope: str, database_url: str, rulebook_folder: str) -> None:
    """Fold the facts of SCOPE that wait, in their order."""
    with _opened(database_url, rulebook_folder) as found:
        _report(found.retry(scope))


@quarantine.command("set-aside")
@click.argument("scope")
@click.option("--reason", required=True, help="why; it is kept with the fact")
@click.option("--by", required=True, help="who answers for it")
@intake_address
@access_address
@as_machine
@database_url
@rulebook_folder
def set_aside(
    scope: str, reason: str, by: str, intake: str, access: str, machine: Path | None, database_url: str,
    rulebook_folder: str,
) -> None:  # fmt: skip
    """Take the fact on which SCOPE fails out of the judging, and go on with the facts behind it.

    The journal records it first, so that `panke judge` over its export leaves the fact out too.
    """
    from services.attribution.quarantine.journal_client import NotRecordedError, record_set_aside
    from shared.contract import SettingAside

    if not reason.strip() or not by.strip():
        raise click.UsageError("--reason and --by must not be blank")
    headers = _headers(access, machine)
    with _opened(database_url, rulebook_folder) as found:
        mark = found.marks.put(scope, by.strip())
        try:
            asked = SettingAside(EventId(mark.id), reason.strip(), StaffId(by.strip()))
            recorded = record_set_aside(intake, scope, asked, headers)
        except NotRecordedError as error:
            if error.certain:
                found.marks.take(mark)
                raise click.ClickException(f"{error}; nothing was changed") from None
            raise click.ClickException(
                bilingual(
                    "{error}; the journal may have recorded it, so no retry folds the fact: give this command again",
                    error=error,
                )
            ) from None
        _report(found.set_aside(scope, recorded))


@quarantine.command()
@click.argument("scope")
@click.option("--reason", required=True, help="why; it is kept")
@click.option("--by", required=True, help="who answers for it")
@intake_address
@access_address
@as_machine
@database_url
def withdraw(
    scope: str, reason: str, by: str, intake: str, access: str, machine: Path | None, database_url: str
) -> None:
    """Give up setting aside the fact on which SCOPE fails, while the journal has not recorded it.

    The fact counts again and can be retried; who had begun, who withdrew and why is kept (`panke quarantine list`).
    """
    from services.attribution.quarantine.journal_client import NotRecordedError, recorded_set_asides

    if not reason.strip() or not by.strip():
        raise click.UsageError("--reason and --by must not be blank")
    headers = _headers(access, machine)
    with _opened(database_url) as found:
        begun = found.marks.withdrawing(scope)
        try:
            recorded = begun.id in recorded_set_asides(intake, scope, headers)
        except NotRecordedError as error:
            raise click.ClickException(f"{error}; nothing was changed") from None
        if recorded:
            raise click.ClickException(
                bilingual(
                    "the journal has recorded it, and its export leaves the event out, so it cannot be withdrawn any "
                    "more; end it: panke quarantine set-aside {scope} --reason … --by …",
                    scope=scope,
                )
            )
        found.marks.withdraw(begun, reason.strip(), by.strip())
        told = {"id": begun.id, "by": begun.begun_by, "scope": scope}
        say(bilingual("withdrawn: {id}, begun by {by}; try it again: panke quarantine retry {scope}", **told))


def _report(retried: Retried) -> None:
    say(f"{retried.folded} facts folded, {retried.left} wait")
    if retried.error is not None:
        say(f"seq {retried.failed_seq} fails: {retried.error}", err=True)
        sys.exit(FAILED)


def _being_set_aside(error: BeingSetAsideError) -> str:
    return bilingual(
        "the event {id} of the scope {scope} is being set aside by {by} since {since}; nothing was changed. If that "
        "command has ended, give it again: panke quarantine set-aside {scope} --reason … --by {by}; or withdraw it: "
        "panke quarantine withdraw {scope} --reason … --by …",
        id=error.id, scope=error.scope, by=error.by, since=error.at.isoformat(),
    )  # fmt: skip


def _headers(access: str, machine: Path | None) -> dict[str, str]:
    """In whose name intake is asked."""
    from shared.access.client import CallRefusedError, headers_of_caller

    try:
        return headers_of_caller(os.environ, access, machine)
    except CallRefusedError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _opened(dsn: str, folder: str = "") -> Iterator[Quarantine]:
    """The quarantine of a deployment's database; what is wrong is told in a line."""
    from services.attribution.fold.rules import live_rules
    from services.attribution.quarantine.marks import NotBegunError, NotFailingError, NotParkedError
    from services.attribution.quarantine.quarantine import AlreadySetAsideError, Quarantine
    from services.attribution.store.batch import BeingSetAsideError
    from services.attribution.store.recorder import (
        SCHEMA,
        AttributionDatastore,
        AttributionRecorder,
        PersistenceError,
    )
    from services.attribution.store.texts import StoredTexts
    from shared.platform.officefile.errors import OfficeFileError
    from shared.platform.postgres.database import Database
    from shared.rules.rulebooks.mistake_words import mistake_line
    from shared.rules.rulebooks.registry import NoSuchTextError, Registry

    try:
        registry = Registry(folder)
    except OfficeFileError as error:
        raise click.ClickException(mistake_line(error)) from None
    datastore = AttributionDatastore(dsn, pool_size=1)
    try:
        with (
            database_refused(PersistenceError),
            Database(dsn, schema=SCHEMA, name="panke-quarantine", max_size=2) as database,
        ):
            StoredTexts(database, registry).read()
            yield Quarantine(database, AttributionRecorder(datastore), live_rules(registry))
    except NotParkedError as error:
        raise click.ClickException(f"the scope {error} does not wait in quarantine") from None
    except NotFailingError as error:
        raise click.ClickException(
            f"no fact of the scope {error} is to blame now: see `panke quarantine show`, and retry"
        ) from None
    except NotBegunError as error:
        raise click.ClickException(
            bilingual(
                "nobody sets a fact of the scope {scope} aside now, or somebody has begun anew; nothing was changed",
                scope=error,
            )
        ) from None
    except BeingSetAsideError as error:
        raise click.ClickException(_being_set_aside(error)) from None
    except AlreadySetAsideError as error:
        raise click.ClickException(
            bilingual(
                "the fact of the scope {scope} on which it failed was set aside by {by} at {at}: nothing is left to do",
                scope=error.scope,
                by=error.by,
                at=error.at.isoformat(),
            )
        ) from None
    except NoSuchTextError as error:
        raise click.ClickException(str(error)) from None
    finally:
        datastore.close()
