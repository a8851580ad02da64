"""`panke audit run | list | seen | rebuild`: whether what is kept is what the facts give, and putting it right."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from shared.access.options import access_address, as_machine
from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, rulebook_folder
from shared.platform.text.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from services.attribution.drift.rebuild import RebuiltScope

ATTRIBUTION: Final = "http://127.0.0.1:8002"
FOUND, CANNOT_TELL = 1, 2
LOOK: Final = 0.5
REBUILD_SECONDS: Final = 3600.0
attribution_address = click.option(
    "--attribution",
    envvar="PANKE_ATTRIBUTION_ADDRESS",
    default=ATTRIBUTION,
    show_default=True,
    help="where attribution answers; or PANKE_ATTRIBUTION_ADDRESS",
)
as_json = click.option("--json", "as_json", is_flag=True, help="the answer as JSON")


class _UnknownResultError(click.ClickException):
    """The audit could not be made, or its result is not known."""

    exit_code = CANNOT_TELL


@click.command("run")
@click.option("--scope", help="this scope alone; all unless given")
@as_json
@attribution_address
@access_address
@as_machine
def run(scope: str | None, as_json: bool, attribution: str, access: str, machine: Path | None) -> None:
    """Fold the facts anew, and hold what is stored and what was sent against it.

    Exit status 0: nothing differs; 1: something does; 2: it cannot tell, of all or of some scopes.
    """
    with _client(attribution, access, machine) as client:
        asked = _call(client, "POST", "/v1/audits", json={} if scope is None else {"scope": scope})
        audit = _ended(client, str(asked["audit"]))
        found = list(_differences(client, "open", scope)) if audit["differences"] else []
        found = [one for one in found if one["last_at"] >= audit["asked_at"]]
    if as_json:
        say(json.dumps({"audit": audit, "differences": found}, ensure_ascii=False, indent=2))
    else:
        _report(audit, found)
    if audit["state"] != "ended" or audit["unknown"]:
        sys.exit(CANNOT_TELL)
    sys.exit(FOUND if audit["differences"] else 0)


@click.command("list")
@click.option(
    "--state", type=click.Choice(["open", "seen", "gone", "all"]), default="open", show_default=True
)
@click.option("--scope", help="of this scope alone")
@as_json
@attribution_address
@access_address
@as_machine
def list_(
    state: str, scope: str | None, as_json: bool, attribution: str, access: str, machine: Path | None
) -> None:
    """What audits found: still there, marked as seen, or gone."""
    with _client(attribution, access, machine) as client:
        found = list(_differences(client, state, scope))
    if as_json:
        say(json.dumps(found, ensure_ascii=False, indent=2))
    elif not found:
        say(str(translated("nothing differs that is in this state")))
    else:
        for one in found:
            say(_line(one))


@click.command("seen")
@click.argument("difference", type=click.IntRange(1))
@click.option("--note", help="what came of looking at it")
@attribution_address
@access_address
@as_machine
def seen(difference: int, note: str | None, attribution: str, access: str, machine: Path | None) -> None:
    """Mark a DIFFERENCE as seen: readiness and the alarm leave it out from then on."""
    with _client(attribution, access, machine) as client:
        body = {} if note is None else {"note": note}
        say(_line(_call(client, "POST", f"/v1/differences/{difference}/seen", json=body)))


def _client(attribution: str, access: str, machine: Path | None) -> httpx.Client:
    """In the name of the machine that is named, else of whoever is signed in here."""
    import httpx

    from shared.access.client import CallRefusedError, headers_of_caller

    try:
        headers = headers_of_caller(os.environ, access, machine)
    except CallRefusedError as error:
        raise _UnknownResultError(str(error)) from None
    return httpx.Client(base_url=attribution, headers=headers, timeout=30, trust_env=False)


def _call(client: httpx.Client, method: str, path: str, **given: Any) -> Any:
    import httpx

    try:
        answer = client.request(method, path, **given)
        if answer.is_success:
            return answer.json()
        told = answer.json()["detail"]
    except httpx.HTTPError as error:
        told = bilingual(
            "attribution does not answer at {address}: {error}",
            address=client.base_url, error=type(error).__name__,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError):
        told = f"{answer.status_code} {answer.reason_phrase}"
    raise _UnknownResultError(str(told))


def _ended(client: httpx.Client, audit: str) -> Any:
    while (found := _call(client, "GET", f"/v1/audits/{audit}"))["state"] in ("waiting", "running"):
        time.sleep(LOOK)
    return found


def _differences(client: httpx.Client, state: str, scope: str | None) -> Any:
    asked: dict[str, Any] = {"state": state, "limit": 500} | ({} if scope is None else {"scope": scope})
    while True:
        page = _call(client, "GET", "/v1/differences", params=asked)
        yield from page["differences"]
        if page["cursor"] is None:
            return
        asked["cursor"] = page["cursor"]


def _report(audit: dict[str, Any], found: list[dict[str, Any]]) -> None:
    for one in found:
        say(_line(one))
    for reason in audit["unknown"]:
        say(f"{translated('cannot tell')}: {reason}")
    if audit["problem"] is not None:
        say(f"{translated('cannot tell')}: {audit['problem']}")
    say(
        bilingual(
            "{scopes} scopes, {facts} facts folded anew, {differences} differences",
            scopes=audit["audited"], facts=audit["facts"], differences=audit["differences"],
        )
    )  # fmt: skip


def _line(one: dict[str, Any]) -> str:
    """One difference: what is stored, and what is given in its place."""
    place = " ".join(part for part in (one["place"], one["row"], one["field"]) if part)
    nothing = str(translated("nothing"))
    stored, given = one["stored"] or nothing, one["given"] or nothing
    return f"{one['difference']}\t{one['state']}\t{one['scope']}\t{one['comparison']}\t{place}\t{stored} ≠ {given}"


@click.command("rebuild")
@click.option("--scope", "scopes", multiple=True, help="a scope to put right; may be repeated")
@click.option("--all", "everything", is_flag=True, help="every scope")
@click.option(
    "--from",
    "source",
    type=click.Choice(["events", "facts"]),
    help="what was decided, or the facts judged anew; unless given: the events, where none is gone",
)
@database_url
@rulebook_folder
def rebuild(
    scopes: tuple[str, ...], everything: bool, source: str | None, database_url: str, rulebook_folder: str
) -> None:
    """Build the rows of scopes anew beside the live ones, and swap them in while all runs.

    What was decided stays: what the facts would decide otherwise is told, and exit status is 1 then.
    """
    if everything == bool(scopes):
        raise click.UsageError(bilingual("give --all, or scopes"))
    kept = 0
    for done in _rebuilt(database_url, rulebook_folder, list(scopes), source):
        changed = ", ".join(f"{table} {count}" for table, count in done.rows.items())
        say(f"{done.scope}\t{done.source}: {done.why}\t{changed or translated('nothing')}")
        for one in done.kept:
            say(f"\t{one.place} {one.row} {one.field}\t{one.stored} ≠ {one.given}")
        kept += len(done.kept)
    if kept:
        say(bilingual("{count} decisions stay as they were made", count=kept))
        sys.exit(FOUND)


def _rebuilt(dsn: str, folder: str, scopes: list[str], source: Any) -> Iterator[RebuiltScope]:
    from services.attribution.drift.rebuild import NoSuchScopeError, Rebuilder
    from services.attribution.drift.record import AuditRecord
    from services.attribution.drift.refold import CannotFoldError
    from services.attribution.fold.rules import live_rules
    from services.attribution.store.recorder import SCHEMA
    from services.attribution.store.texts import StoredTexts
    from shared.platform.officefile.errors import OfficeFileError
    from shared.platform.postgres.database import Database
    from shared.rules.rulebooks.mistake_words import mistake_line
    from shared.rules.rulebooks.registry import Registry

    try:
        registry = Registry(folder)
        with (
            database_refused(),
            Database(dsn, schema=SCHEMA, name="panke-rebuild", max_size=1) as database,
        ):
            StoredTexts(database, registry).read()
            rebuilder = Rebuilder(dsn, live_rules(registry), REBUILD_SECONDS, lambda: None)
            for scope in scopes or AuditRecord(database).scopes():
                yield rebuilder.rebuild(scope, source)
    except NoSuchScopeError as error:
        raise click.UsageError(f"{translated('attribution knows no such scope')}: {error}") from None
    except CannotFoldError as error:
        raise click.ClickException(
            bilingual("{error}; nothing of this scope was changed", error=error)
        ) from None
    except OfficeFileError as error:
        raise click.ClickException(mistake_line(error)) from None
