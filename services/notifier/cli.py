"""The commands of the notifier: serve, list alerts, have them tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

import click
import psycopg

from services.notifier.plan_cli import check_policy, preview_policy, test_channel
from shared.settings import SettingsError

if TYPE_CHECKING:
    from services.notifier.listing import ListedAlert, Listing

_STATES = ("due", "sent", "failed", "unknown", "superseded", "dead", "unreachable")
_database_url = click.option(
    "--database-url", envvar="PANKE_DATABASE_URL", required=True, help="or PANKE_DATABASE_URL"
)


@click.command("notifier")
def serve_notifier() -> None:
    """Send alerts before claims run out, and when they have."""
    from services.notifier.main import run
    from shared.clock import ClockError

    try:
        run()
    except (SettingsError, ClockError) as error:
        raise click.ClickException(str(error)) from None


@click.group()
def alerts() -> None:
    """What was sent to whom, what will be, and what never arrived."""


alerts.add_command(check_policy)
alerts.add_command(preview_policy)
alerts.add_command(test_channel)


@alerts.command("list")
@click.option(
    "--state", type=click.Choice(_STATES), help="only these; unreachable: dead, and nobody could be told"
)
@click.option("--scope", help="only alerts of this scope")
@click.option("--customer", help="only alerts of this customer")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, with every attempt")
@_database_url
def list_alerts(
    state: str | None, scope: str | None, customer: str | None, limit: int, as_json: bool, database_url: str
) -> None:
    """List alerts, the latest due first."""
    import msgspec

    from services.notifier.listing import Filter

    with _listing(database_url) as listing:
        found = listing.page(Filter(state, scope, customer), None, limit)
    for alert in found:
        click.echo(msgspec.json.encode(alert).decode() if as_json else _line(alert))
    if not found and not as_json:
        click.echo("no alerts", err=True)


@alerts.command("retry")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--all-dead", is_flag=True, help="every dead alert whose claim still stands")
@click.option("--scope", help="with --all-dead: only of this scope")
@_database_url
def retry_alerts(ids: tuple[UUID, ...], all_dead: bool, scope: str | None, database_url: str) -> None:
    """Have dead or unknown alerts tried again."""
    from services.notifier.listing import NotFoundError, NotRetriableError
    from shared.clock import MachineClock

    if bool(ids) == all_dead:
        raise click.UsageError("give the ids of alerts, or --all-dead")
    refused = 0
    with _listing(database_url) as listing:
        for alert in ids or listing.dead(scope):
            try:
                listing.retry(alert, MachineClock().now())
                click.echo(f"{alert} will be tried again")
            except (NotFoundError, NotRetriableError) as error:
                refused += 1
                click.echo(f"{alert}: {error}", err=True)
    if refused:
        raise SystemExit(1)


@contextmanager
def _listing(database_url: str) -> Iterator[Listing]:
    from services.notifier.listing import Listing
    from shared.database import Database, connection_info

    try:
        # The pool would try for seconds and log each time; one plain connection says at once what is wrong.
        psycopg.connect(connection_info(database_url, schema="notifier", name="panke-cli")).close()
        with Database(database_url, schema="notifier", name="panke-cli", max_size=1) as database:
            yield Listing(database)
    except psycopg.Error as error:
        raise click.ClickException(f"the database refused: {type(error).__name__}: {error}") from None


def _line(alert: ListedAlert) -> str:
    why = f"  {alert.reason}" if alert.reason else ""
    whom = alert.staff or f"({alert.audience})"
    due = alert.due_at.strftime("%Y-%m-%dT%H:%MZ")
    return f"{alert.id}  {due}  {alert.state:<10}  {alert.case}  {alert.step:<14}  {whom}  {alert.scope}{why}"
