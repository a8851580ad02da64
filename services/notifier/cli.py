"""The commands of the notifier: serve, list alerts, have them tried again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import psycopg

from services.notifier.commands import check_policy, preview_policy, test_channel
from shared.contract.case_numbers import case_digest
from shared.i18n import bilingual
from shared.ids import CustomerId, ScopeId, StaffId
from shared.platform.options import clock, database_refused, database_url, keys, settings_refused, vault_url
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from services.notifier.history.listing import ListedAlert, Listing
    from services.notifier.history.proof import LogEntry, LoggedAlert, LogQuery
    from shared.platform.postgres.database import Database
    from shared.sealing.opener import Opener

_STATES = ("due", "sent", "failed", "unknown", "superseded", "dead", "unreachable")
_REMINDERS = ("early", "day_before", "last_morning", "last_afternoon", "last_call")
_STANDS = {
    "failed": "not told yet, is tried again",
    "unknown": "unknown whether it arrived",
    "superseded": "void, not sent",
    "dead": "not told",
}


@click.command("notifier")
def serve_notifier() -> None:
    """Send alerts before claims run out, and when they have."""
    from services.notifier.main import run

    with settings_refused():
        run()


@click.command("receipts")
def serve_receipts() -> None:
    """Take the delivery reports of providers, on an address of their own."""
    from services.notifier.main import run_receipts

    with settings_refused():
        run_receipts()


@click.group(cls=PlainGroup)
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
@click.option("--staff", help="only alerts to this member of staff, also in another's place")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="only what is due on this day of the office")
@click.option("--channel", help="only what was tried by this channel, such as dingtalk/east")
@click.option("--case", "case", help="only of this case number, as alerts show it: K7QF-2M9D")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, with every attempt")
@keys
@vault_url
@database_url
def list_alerts(
    state: str | None,
    scope: ScopeId | None,
    customer: CustomerId | None,
    staff: StaffId | None,
    day: datetime | None,
    channel: str | None,
    case: str | None,
    limit: int,
    as_json: bool,
    keys: str,
    vault_url: str | None,
    database_url: str,
) -> None:
    """List alerts, the latest due first, in the time of their office; with the customer behind each case number."""
    import msgspec

    from services.notifier.history.listing import Filter

    with _listing(database_url, keys, vault_url) as listing:
        date = None if day is None else day.date()
        wanted = Filter(state, scope, customer, staff, date, channel, _digest(case), _zone())
        found = listing.page(wanted, None, limit)
        zones = listing.zones(alert.scope for alert in found)
    for alert in found:
        zone = zones.get(alert.scope, _zone())
        say(msgspec.json.encode(alert).decode() if as_json else _line(alert, zone))
    if not found and not as_json:
        say("no alerts", err=True)


@alerts.command("retry")
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--all-dead", is_flag=True, help="every dead alert whose claim still stands")
@click.option("--scope", help="with --all-dead: only of this scope")
@database_url
def retry_alerts(ids: tuple[UUID, ...], all_dead: bool, scope: ScopeId | None, database_url: str) -> None:
    """Have dead or unknown alerts tried again."""
    from services.notifier.history.listing import NotRetriableError, UnknownAlertError
    from shared.platform.clock import MachineClock

    if bool(ids) == all_dead:
        raise click.UsageError("give the ids of alerts, or --all-dead")
    refused = 0
    with _listing(database_url) as listing:
        for alert in ids or listing.dead(scope):
            try:
                listing.retry(alert, MachineClock().now())
                say(f"{alert} will be tried again")
            except (UnknownAlertError, NotRetriableError) as error:
                refused += 1
                say(f"{alert}: {error}", err=True)
    if refused:
        raise SystemExit(1)


@alerts.command("figures")
@clock
@database_url
def figures_of_alerts(clock: str, database_url: str) -> None:
    """Count what is due, late, under way and dead, and say why alerts wait."""
    from services.notifier.history.figures import LATE, lines
    from shared.platform.clock import open_clock

    with settings_refused():
        now = open_clock(clock, demonstration=True).now()
    with _listing(database_url) as listing:
        for line in lines(listing.backlog(now, LATE), listing.waiting()):
            click.echo(line)


@alerts.command("log")
@click.option("--customer", help="all claims on this customer")
@click.option("--claim", help="one claim: SCOPE/CUSTOMER@CLAIM_SEQ")
@click.option("--case", "case", help="all claims on the customer of this case number: K7QF-2M9D")
@click.option("--scope", help="with --customer or --case: only in this scope")
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line, with the words that were sent")
@keys
@vault_url
@database_url
def log_alerts(
    customer: CustomerId | None,
    claim: str | None,
    case: str | None,
    scope: ScopeId | None,
    as_json: bool,
    keys: str,
    vault_url: str | None,
    database_url: str,
) -> None:
    """What was told to whom, when, and what was answered: every step with business and machine time."""
    from services.notifier.history.listing import Listing
    from services.notifier.history.proof import Proof

    if sum(one is not None for one in (customer, claim, case)) != 1:
        raise click.UsageError("give one of --customer, --claim and --case")
    asked = _claim_of(claim) if claim is not None else _customer(customer, scope, _digest(case))
    found = False
    with _opened(database_url) as database, _opener(database_url, keys, vault_url) as opener:
        for alert in Proof(database, opener).whole_log(asked):
            found = True
            zones = {} if as_json else Listing(database).zones([alert.scope])
            for line in _logged(alert, zones.get(alert.scope, _zone()), as_json=as_json):
                say(line)
    if not found and not as_json:
        say("no alerts", err=True)


def _logged(alert: LoggedAlert, zone: ZoneInfo, *, as_json: bool) -> Iterator[str]:
    import msgspec

    if as_json:
        yield msgspec.json.encode(alert).decode()
        return
    whom = alert.staff or f"({alert.audience})"
    yield f"{alert.case}  {alert.scope}  claim {alert.claim_seq}  {alert.step} to {whom}: {_described(alert, zone)}"
    for entry in alert.history:
        yield f"    {_entry(entry, zone)}"


def _customer(customer: CustomerId | None, scope: ScopeId | None, case: bytes | None) -> LogQuery:
    from services.notifier.history.proof import LogQuery

    return LogQuery(customer, scope, case=case)


def _claim_of(text: str) -> LogQuery:
    from services.notifier.history.proof import LogQuery

    scope, slash, rest = text.partition("/")
    customer, at, number = rest.rpartition("@")
    if not slash or not at or not number.isdigit():
        raise click.BadParameter(
            "--claim is SCOPE/CUSTOMER@CLAIM_SEQ, as `panke alerts list --json` tells it"
        )
    return LogQuery(CustomerId(customer), ScopeId(scope), int(number))


def _described(alert: LoggedAlert, zone: ZoneInfo) -> str:
    """Where an alert stands; what was sent, and whether that was in time."""
    if alert.state == "sent" or alert.told_before_deadline:
        if alert.step not in _REMINDERS:
            return "told"
        return f"told {'before' if alert.told_before_deadline else 'not before'} the deadline"
    due = f"goes out at {_time(alert.due_at, zone)}" if alert.state == "due" else ""
    return due or _STANDS[alert.state]


def _zone() -> ZoneInfo:
    """That of the settings, for scopes of which no other was told."""
    try:
        return ZoneInfo(os.environ.get("PANKE_NOTIFIER_TIMEZONE") or "Asia/Shanghai")
    except (ZoneInfoNotFoundError, ValueError):
        raise click.ClickException("PANKE_NOTIFIER_TIMEZONE is not the name of a time zone") from None


def _digest(case: str | None) -> bytes | None:
    found = None if case is None else case_digest(case)
    if case is not None and found is None:
        raise click.BadParameter(f"--case: {bilingual('a case number looks like K7QF-2M9D')}")
    return found


def _entry(entry: LogEntry, zone: ZoneInfo) -> str:
    """One line: business time, machine time, what, by which channel to whom, the answer."""
    times = (f"{_time(entry.business_at, zone)} (machine {_time(entry.at, zone)})",)
    by = (f"by {entry.channel}",) if entry.channel else ()
    to = (f"to {entry.recipient or '?'} at {entry.destination}",) if entry.destination else ()
    said = tuple(text for text in (entry.answer, entry.reason) if text)
    return "  ".join((*times, entry.what, *by, *to, *said))


def _time(at: datetime | None, zone: ZoneInfo) -> str:
    """In the office's time, with the offset."""
    return "-" if at is None else at.astimezone(zone).isoformat(" ", "seconds")


@contextmanager
def _listing(database_url: str, keys: str = "", vault_url: str | None = None) -> Iterator[Listing]:
    from services.notifier.history.listing import Listing

    with _opened(database_url) as database, _opener(database_url, keys, vault_url) as opener:
        yield Listing(database, opener)


@contextmanager
def _opener(database_url: str, keys: str, vault_url: str | None) -> Iterator[Opener]:
    """By which it is read where a message went; without the file of keys that stays under seal."""
    from shared.sealing.deployment import opener_at
    from shared.sealing.keys import KeysError

    try:
        with opener_at(keys, vault_url or database_url) as opener:
            yield opener
    except KeysError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _opened(database_url: str) -> Iterator[Database]:
    from shared.platform.postgres.database import Database, connection_info

    with database_refused():
        # The pool would try for seconds and log each time; one plain connection says at once what is wrong.
        psycopg.connect(connection_info(database_url, schema="notifier", name="panke-cli")).close()
        with Database(database_url, schema="notifier", name="panke-cli", max_size=1) as database:
            yield database


def _line(alert: ListedAlert, zone: ZoneInfo) -> str:
    why = f"  {alert.reason}" if alert.reason else ""
    whom = alert.staff or f"({alert.audience})"
    due = alert.due_at.astimezone(zone).isoformat(" ", "minutes")
    what = f"{alert.state:<10}  {alert.case}  {alert.step:<14}  {whom}  {alert.scope}/{alert.customer}"
    return f"{alert.id}  {due}  {what}{why}"
