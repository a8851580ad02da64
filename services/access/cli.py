"""The commands of access: serve, sign in and out, keep accounts and grants, read and verify the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.access.accounts_cli import grants, machines, people
from services.access.asked_secret import NEXT_LINES, asked_secret, new_secret, secret_line
from services.access.record_cli import log
from services.access.signed_in import address_option, refused, signed_in
from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, settings_refused
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from shared.access.client import AccessClient

SERVICES = "services"
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="read the password from standard input, one line, and ask nothing"
)
_keys = click.option(
    "--keys", "path", envvar="PANKE_ACCESS_KEYS", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="the file of keys; or PANKE_ACCESS_KEYS",
)  # fmt: skip


@click.command("access")
def serve_access() -> None:
    """Let people and machines in, say who may what, keep the record of access."""
    from services.access.main import run

    with settings_refused():
        run()


@click.group(cls=PlainGroup)
def access() -> None:
    """Who is let in: sign in and out, accounts, grants, the record of access."""


@access.command("sign-in", epilog=NEXT_LINES)
@click.option("--login", help="asked for unless given")
@click.option("--provider", help="sign in at this provider of OpenID Connect, in a browser")
@_password_stdin
@address_option
def sign_in(login: str | None, provider: str | None, password_stdin: bool, address: str) -> None:
    """Sign in; what is had is kept in a file that nobody else can read."""
    from services.access.browser_sign_in import tokens_by_browser

    with signed_in(address) as client:
        if provider is not None:
            client.keep(tokens_by_browser(client, provider, say))
        else:
            name = login or click.prompt(translated("login").beside)
            password = _password(password_stdin)
            if client.sign_in(name, password, asked_secret):
                _enrol(client, password)
        say(f"{translated('signed in').beside}: {client.session().login}")


@access.command("second-factor", epilog=NEXT_LINES)
@address_option
def second_factor(address: str) -> None:
    """Add an authenticator to one's own account, or change to another one."""
    with signed_in(address) as client:
        _enrol(client, asked_secret(translated("password").beside), needed=False)


def _enrol(client: AccessClient, password: str, *, needed: bool = True) -> None:
    """Lead through setting up an authenticator; from then on the tokens hold the roles."""
    if needed:
        say(bilingual("your role asks for an authenticator; until one is set up you may do nothing else"))
    offered = client.proved("/v1/access/second-factor", {"password": password}, asked_secret)
    say(bilingual("add this address to your authenticator (as a picture, or typed):"))
    say(offered["otpauth"])
    code = asked_secret(translated("code of the authenticator").beside)
    made = client.call("POST", "/v1/access/second-factor/confirmation", {"code": code})
    say(bilingual("recovery codes, each good once, shown this once; keep them apart from the telephone:"))
    for one in made["recovery_codes"]:
        say(f"  {one}")
    client.token(renew=True)


@access.command("set-up", epilog=NEXT_LINES)
@click.option("--code", help="asked for unless given")
@_password_stdin
@address_option
def set_up(code: str | None, password_stdin: bool, address: str) -> None:
    """Choose a password by the code that was handed over."""
    with signed_in(address) as client:
        code = code or asked_secret(translated("set-up code").beside)
        password = _password(password_stdin, confirmed=True)
        told = client.call("POST", "/v1/access/set-up", {"code": code, "password": password}, signed=False)
        client.keep(told)
        if told.get("second_factor_needed"):
            _enrol(client, password)
        say(f"{translated('signed in').beside}: {client.session().login}")


@access.command("sign-out")
@click.option("--everywhere", is_flag=True, help="all sessions of the account")
@address_option
def sign_out(everywhere: bool, address: str) -> None:
    """End the session, here and there."""
    with signed_in(address) as client:
        try:
            client.call("POST", "/v1/access/sign-out", {"everywhere": everywhere})
        finally:
            client.forget()
        say(translated("signed out").beside)


@access.command()
@click.option(
    "--machine", type=click.Path(dir_okay=False, path_type=Path),
    help="the file of a machine, instead of who is signed in here",
)  # fmt: skip
@click.option(
    "--renew", is_flag=True, help="with the roles as they are now, also where an older one is still good"
)
@address_option
def token(machine: Path | None, renew: bool, address: str) -> None:
    """Print a token for a call, good for some minutes: `curl -H "Authorization: Bearer $(panke access token)"`."""
    import time

    from shared.access.machine import MachineTokenError, MachineTokens

    if machine is None:
        with signed_in(address) as client:
            say(client.token(renew=renew))
        return
    with refused(MachineTokenError):
        say(MachineTokens(machine, address, time.monotonic).token())


@access.command()
@address_option
def whoami(address: str) -> None:
    """Say who is signed in, and with which roles."""
    with signed_in(address) as client:
        who = client.call("GET", "/v1/access/me")
    say(f"{who['login']}  {who['kind']}  {who['account']}")
    for one in who["staff_roles"]:
        say(f"  {one['role']}  {one['scope']}/{one['office']}  {one['staff']}")
    for one in who["granted_roles"]:
        say(f"  {one['role']}  {','.join(one['scopes'])}")


@access.command(epilog=NEXT_LINES)
@address_option
def password(address: str) -> None:
    """Change one's own password; every other session ends."""
    old = asked_secret(translated("password").beside)
    new = new_secret(translated("new password").beside)
    with signed_in(address) as client:
        client.proved("/v1/access/password", {"password": old, "new_password": new}, asked_secret)
        say(translated("password changed").beside)


for _group in (people, machines, grants, log):
    access.add_command(_group)


@access.group("keys", cls=PlainGroup)
def keys() -> None:
    """The file of keys."""


@keys.command("rotate")
@_keys
@database_url
def rotate(path: Path, database_url: str) -> None:
    """Have a new key sign, while access runs; old tokens are good until they expire."""
    from services.access.keys.keyring import KeyFileError, rotate_keys

    with database_refused(), refused(KeyFileError, OSError), _offline(database_url) as (_, record):
        kid = rotate_keys(path, datetime.now(UTC).timestamp())
        record.add(record.entry("keys_rotated", login="(command)", detail=kid))
    say(f"{translated('a new key signs').beside}: {kid}")


@access.command()
@click.option("--login", default="admin", show_default=True)
@click.option("--if-none", is_flag=True, help="do nothing where there is an administrator")
@click.option(
    "--renew", is_flag=True, help="a new code for LOGIN, whose first one was lost; what it had is void"
)
@click.option(
    "--services", type=click.Path(dir_okay=False, path_type=Path),
    help="write here, unless the file is there, by which the services of this deployment sign in (PANKE_MACHINE)",
)  # fmt: skip
@database_url
def bootstrap(login: str, if_none: bool, renew: bool, services: Path | None, database_url: str) -> None:
    """Make the first administrator, and show the code to set the account up with; there is no default password."""
    from services.access.accounts.accounts import By
    from services.access.model.refusals import AccessError
    from shared.access.caller import GrantedRole

    with database_refused(), refused(AccessError, OSError), _offline(database_url) as (accounts, _):
        if services is not None and not services.exists():
            _write_machine(accounts, services)
        if renew:
            made = accounts.renew(accounts.id_of(login), By(None))
        elif accounts.has_administrator():
            if if_none:
                return
            raise click.ClickException(bilingual("there is an administrator already"))
        else:
            made = accounts.make("person", login, (), By(None))
            accounts.grant(made.account, GrantedRole("administrator", ("*",)), By(None))
    say(f"{made.login}  {translated('set-up code').beside}: {made.set_up_code}")
    say(translated("choose the password within three days: panke access set-up").beside)


def _password(from_stdin: bool, *, confirmed: bool = False) -> str:
    """The password that is typed, twice where it is a new one, or the line of standard input."""
    text = translated("new password") if confirmed else translated("password")
    if from_stdin:
        return secret_line(text.beside)
    return new_secret(text.beside) if confirmed else asked_secret(text.beside)


@contextmanager
def _offline(database_url: str) -> Iterator[tuple[Any, Any]]:
    """Accounts and record by the database itself, for who may do everything there."""
    from prometheus_client import CollectorRegistry

    from services.access.accounts.accounts import Accounts
    from services.access.main import migrated
    from services.access.model.metrics import AccessMetrics
    from services.access.record.record import AccessRecord
    from shared.platform.clock import MachineClock
    from shared.platform.postgres.database import Database

    migrated(database_url)
    now = MachineClock().now
    with Database(database_url, schema="access", name="panke-cli", max_size=1) as database:
        record = AccessRecord(database, now, AccessMetrics(CollectorRegistry()))
        yield Accounts(database, record, now), record


def _write_machine(accounts: Any, path: Path) -> None:
    """The account by which the services ask one another; its secret goes into the file and nowhere else."""
    import msgspec

    from services.access.accounts.accounts import By
    from services.access.model.refusals import AccessConflictError
    from shared.access.caller import EVERY_SCOPE, GrantedRole
    from shared.access.machine import MachineCredentials
    from shared.platform.whole_file import private_file

    try:
        made = accounts.make("machine", SERVICES, (), By(None))
        accounts.grant(made.account, GrantedRole("service", (EVERY_SCOPE,)), By(None))
    except AccessConflictError:  # its file was lost
        made = accounts.renew(accounts.id_of(SERVICES), By(None))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with private_file(path) as file:
        file.write(msgspec.json.encode(MachineCredentials(made.login, made.secret)))
