"""`panke alerts check | preview | test`: a policy and the channels tried before anybody depends on them."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from uuid import uuid4

import click

from shared.contract import BadEvent, parse_instant
from shared.i18n import bilingual, translated
from shared.ids import CustomerId, ScopeId, StaffId
from shared.platform.options import DatabaseUrl, database_refused, settings_refused
from shared.platform.text.terminal import say

if TYPE_CHECKING:
    from services.notifier.channels import Channel
    from services.notifier.channels.limits import Limiter
    from services.notifier.model.alert import Person, RenderedMessage
    from services.notifier.schedule.plan import Plans
    from services.notifier.settings import NotifierSettings

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.command("check")
@_file
def check_policy(file: Path) -> None:
    """Check an alert policy; a mistake is told with line, key and reason.

    With the service's settings in the environment, they are looked at too. Where somebody would be told by nobody, the
    command fails; whatever else is good to know is told as a note.
    """
    from services.notifier.check import checked
    from services.notifier.policy.mistake_words import policy_mistake
    from shared.platform.officefile.errors import OfficeFileError

    try:
        with settings_refused():
            plans, notes = checked(file, os.environ)
    except OfficeFileError as error:
        raise click.ClickException(policy_mistake(error)) from None
    for note in notes:
        say(f"{'lost' if note.lost else 'note'}: {note.text}", err=True)
    if any(note.lost for note in notes):
        raise click.ClickException(bilingual("{file}: some messages would reach nobody", file=file))
    told = bilingual(
        "{file}: in order; defaults, {scopes} scopes and {people} people, {robots} robots",
        file=file,
        scopes=len(plans.scopes),
        people=len(plans.people),
        robots=len(plans.robots),
    )
    say(told)


@click.command("preview")
@_file
@click.option("--scope", default="", help="whose plan; left out: the defaults")
@click.option("--expires", help="when the claim ends, such as 2026-03-05T16:00:00Z")
@click.option("--made", help="when it is made; left out: seven days before")
@click.option("--claim", help="SCOPE/CUSTOMER of a claim that stands, from the database")
@click.option(
    "--database-url",
    envvar="PANKE_DATABASE_URL",
    type=DatabaseUrl(),
    help="with --claim; or PANKE_DATABASE_URL",
)
def preview_policy(
    file: Path, scope: str, expires: str | None, made: str | None, claim: str | None, database_url: str | None
) -> None:
    """Show when a claim's alerts would go out under a policy, and by what."""
    from services.notifier.policy.preview import preview

    if (expires is None) == (claim is None):
        raise click.UsageError("give either --expires or --claim")
    plans = _read(file)
    if claim is not None:
        scope, end = _claim(claim, database_url)
    else:
        end = _instant("--expires", expires or "")
    begun = end - timedelta(days=7) if made is None else _instant("--made", made)
    for one in preview(plans, ScopeId(scope), end, begun, _channels()):
        at = one.at.strftime("%a %Y-%m-%d %H:%M %z")
        say(f"{at}  {one.step:<14}  {one.audience:<10}  {', '.join(one.channels)}  ({one.language})")


@click.command("test")
@click.argument("channel")
@click.option(
    "--to",
    "contacts",
    multiple=True,
    required=True,
    metavar="KIND=CONTACT",
    help="where to, such as sms=13800000001 or email=li@office.example",
)
@click.option("--staff", default="test", show_default=True, help="the staff id that the receiver is told")
def test_channel(channel: str, contacts: tuple[str, ...], staff: str) -> None:
    """Send one message by a channel of the settings, or by a robot of the policy such as dingtalk/east, and show what
    was answered."""
    from services.notifier.model.alert import Person

    pairs = dict(pair.partition("=")[::2] for pair in contacts)
    say(asyncio.run(_send(channel, Person(StaffId(staff), contacts=pairs))))


async def _send(name: str, person: Person) -> str:
    from services.notifier.channels import ChannelError

    channels = _configured(name)
    try:
        channel = next(one for one in channels if one.name == name)
        destination = channel.destination(person)
        if destination is None:
            raise click.ClickException(f"{name} does not reach a person with these contacts")
        async with asyncio.timeout(channel.timeout):
            return await channel.send(_notice(person), destination)
    except ChannelError as error:
        raise click.ClickException(f"{type(error).__name__}: {error.answer}") from None
    except TimeoutError:
        raise click.ClickException("no answer in time: it may have arrived") from None
    finally:
        for channel in channels:
            await channel.close()


def _configured(name: str) -> list[Channel]:
    """The channels of the settings and, where it is meant, that robot: another's secret may be missing here."""
    from services.notifier.senders import configured
    from services.notifier.settings import NotifierSettings, office_plans
    from shared.platform.settings import load

    with settings_refused():
        settings = load(NotifierSettings)
        plans = office_plans(settings)
        there = [*settings.notifier_channels, *(one.channel for one in plans.robots)]
        if name not in there:
            unknown = (
                f"neither the settings nor the policy have a channel {name!r}; there are {', '.join(there)}"
            )
            raise click.ClickException(unknown)
        meant = tuple(one for one in plans.robots if one.channel == name)
        return configured(settings, _limiter(settings), replace(plans, robots=meant))


def _limiter(settings: NotifierSettings) -> Limiter | None:
    """The limits that the running notifiers keep, so that a test shuts no robot out; without a database, none."""
    import psycopg

    from services.notifier.channels.limits import DatabaseLimiter
    from shared.platform.clock import MachineClock
    from shared.platform.postgres.database import Database, connection_info

    try:
        psycopg.connect(connection_info(settings.database_url, schema="notifier", name="panke-cli")).close()
    except psycopg.Error:
        say("the database does not answer: what the notifiers have sent is not counted in", err=True)
        return None
    database = Database(settings.database_url, schema="notifier", name="panke-cli", max_size=1)
    database.open()
    click.get_current_context().call_on_close(database.close)
    return DatabaseLimiter(database, MachineClock())


def _notice(person: Person) -> RenderedMessage:
    from services.notifier.model.alert import MessageText, RenderedMessage
    from services.notifier.model.kinds import Audience, Rung

    now = datetime.now(UTC)
    words = MessageText.of(
        translated("[Panke] A test, nothing to do"),
        translated("This is a test of this channel. There is nothing to do."),
    )
    return RenderedMessage(
        id=uuid4(), scope=ScopeId("test"), customer=CustomerId("test"), case="TEST-TEST", rung=Rung.TEST,
        audience=Audience.OWNER, to=person, owner=person.staff, due_at=now,
        deadline=now + timedelta(days=1), composed_at=now, known_at=now, behind=False, words=words,
        traceparent=None,
    )  # fmt: skip


def _channels() -> tuple[str, ...]:
    named = [
        part.strip() for part in os.environ.get("PANKE_NOTIFIER_CHANNELS", "").split(",") if part.strip()
    ]
    return tuple(named) or ("log",)


def _read(file: Path) -> Plans:
    from services.notifier.policy.file import read_plans
    from services.notifier.policy.mistake_words import policy_mistake
    from services.notifier.schedule.ladder import OfficeHours
    from services.notifier.settings import ChannelName
    from shared.platform.officefile.errors import OfficeFileError

    try:
        return read_plans(file, OfficeHours(), get_args(ChannelName))
    except OfficeFileError as error:
        raise click.ClickException(policy_mistake(error)) from None


def _instant(option: str, text: str) -> datetime:
    try:
        return parse_instant(text)
    except BadEvent as error:
        raise click.BadParameter(f"{option}: {error.message}") from None


def _claim(named: str, database_url: str | None) -> tuple[str, datetime]:
    import psycopg

    from services.notifier.inbox.derive import ClaimMessageState
    from shared.platform.postgres.database import connection_info, queries
    from shared.platform.postgres.rows import row_of

    scope, slash, customer = named.partition("/")
    if not slash:
        raise click.BadParameter("--claim is SCOPE/CUSTOMER")
    if database_url is None:
        raise click.UsageError("--claim needs --database-url or PANKE_DATABASE_URL")
    given = {"scopes": [scope], "customers": [customer]}
    with (
        database_refused(),
        psycopg.connect(connection_info(database_url, schema="notifier", name="panke-cli")) as connection,
    ):
        claim = row_of(connection.execute(queries("services.notifier")["claims"], given), ClaimMessageState)
    if claim is None:
        raise click.ClickException(f"the notifier knows no claim on {customer} in {scope}")
    if claim.expires_at is None:
        raise click.ClickException(f"the claim on {customer} is {claim.status}: nothing ends")
    return scope, claim.expires_at
