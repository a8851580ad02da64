"""The commands of access: serve, sign in and out, keep accounts and grants, read and verify the record."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shared.access.options import ADDRESS
from shared.i18n import bilingual, translated
from shared.platform.options import database_refused, database_url, settings_refused
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from services.access.record.record import RecordHead
    from shared.access.client import AccessClient

SERVICES = "services"
_address = click.option(
    "--address", envvar="PANKE_ACCESS_ADDRESS", default=ADDRESS, show_default=True,
    help="where access answers; or PANKE_ACCESS_ADDRESS",
)  # fmt: skip
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


@access.command("sign-in")
@click.option("--login", help="asked for unless given")
@click.option("--provider", help="sign in at this provider of OpenID Connect, in a browser")
@_password_stdin
@_address
def sign_in(login: str | None, provider: str | None, password_stdin: bool, address: str) -> None:
    """Sign in; what is had is kept in a file that nobody else can read."""
    from services.access.browser_sign_in import tokens_by_browser

    with _client(address) as client:
        if provider is not None:
            client.keep(tokens_by_browser(client, provider, say))
        else:
            name = login or click.prompt(translated("login").beside)
            password = _password(password_stdin)
            client.sign_in(name, password, lambda text: str(click.prompt(text, hide_input=True)))
        say(f"{translated('signed in').beside}: {client.session().login}")


@access.command("set-up")
@click.option("--code", help="asked for unless given")
@_password_stdin
@_address
def set_up(code: str | None, password_stdin: bool, address: str) -> None:
    """Choose a password by the code that was handed over."""
    with _client(address) as client:
        code = code or click.prompt(translated("set-up code").beside, hide_input=True)
        password = _password(password_stdin, confirmed=True)
        client.keep(
            client.call("POST", "/v1/access/set-up", {"code": code, "password": password}, signed=False)
        )
        say(f"{translated('signed in').beside}: {client.session().login}")


@access.command("sign-out")
@click.option("--everywhere", is_flag=True, help="all sessions of the account")
@_address
def sign_out(everywhere: bool, address: str) -> None:
    """End the session, here and there."""
    with _client(address) as client:
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
@_address
def token(machine: Path | None, renew: bool, address: str) -> None:
    """Print a token for a call, good for some minutes: `curl -H "Authorization: Bearer $(panke access token)"`."""
    import time

    from shared.access.machine import MachineTokenError, MachineTokens

    if machine is None:
        with _client(address) as client:
            say(client.token(renew=renew))
        return
    with _refused(MachineTokenError):
        say(MachineTokens(machine, address, time.monotonic).token())


@access.command()
@_address
def whoami(address: str) -> None:
    """Say who is signed in, and with which roles."""
    with _client(address) as client:
        who = client.call("GET", "/v1/access/me")
    say(f"{who['login']}  {who['kind']}  {who['account']}")
    for one in who["staff_roles"]:
        say(f"  {one['role']}  {one['scope']}/{one['office']}  {one['staff']}")
    for one in who["granted_roles"]:
        say(f"  {one['role']}  {','.join(one['scopes'])}")


@access.command()
@_address
def password(address: str) -> None:
    """Change one's own password; every other session ends."""
    old = click.prompt(translated("password").beside, hide_input=True)
    new = click.prompt(translated("new password").beside, hide_input=True, confirmation_prompt=True)
    with _client(address) as client:
        client.call("POST", "/v1/access/password", {"password": old, "new_password": new})
        say(translated("password changed").beside)


@access.group("people", cls=PlainGroup)
def people() -> None:
    """Accounts of people."""


@access.group("machines", cls=PlainGroup)
def machines() -> None:
    """Accounts of machines."""


@people.command("list")
@_address
def list_people(address: str) -> None:
    """List accounts of people by login."""
    _list("person", address)


@machines.command("list")
@_address
def list_machines(address: str) -> None:
    """List accounts of machines by login."""
    _list("machine", address)


@people.command("add")
@click.argument("login")
@click.option(
    "--staff", "staff", multiple=True, metavar="SCOPE/STAFF", help="by which id records name the person"
)
@_address
def add_person(login: str, staff: tuple[str, ...], address: str) -> None:
    """Make an account; hand the code over, it is shown this once."""
    asked = {"login": login, "kind": "person", "staff": _links(staff)}
    with _client(address) as client:
        made = client.call("POST", "/v1/access/accounts", asked)
    say(f"{made['login']}  {translated('set-up code').beside}: {made['set_up_code']}")


@machines.command("add")
@click.argument("login")
@_address
def add_machine(login: str, address: str) -> None:
    """Make an account of a machine; its secret is shown this once."""
    with _client(address) as client:
        made = client.call("POST", "/v1/access/accounts", {"login": login, "kind": "machine"})
    say(f"{made['login']}  {translated('secret').beside}: {made['secret']}")


@people.command("link")
@click.argument("login")
@click.option(
    "--staff", multiple=True, metavar="SCOPE/STAFF", help="all ids by which records name the person"
)
@click.option("--identity", multiple=True, metavar="PROVIDER=SUBJECT", help="all subjects of providers")
@_address
def link_person(login: str, staff: tuple[str, ...], identity: tuple[str, ...], address: str) -> None:
    """Say by which ids records, and by which subjects providers, name the person; what is given replaces what was."""
    change: dict[str, Any] = {}
    if staff:
        change["staff"] = _links(staff)
    if identity:
        pairs = [one.partition("=") for one in identity]
        change["identities"] = [{"provider": name, "subject": subject} for name, _, subject in pairs]
    if not change:
        raise click.UsageError("give --staff or --identity")
    _change(login, change, address)


def _state_command(group: click.Group, name: str, disabled: bool, help: str) -> None:
    @group.command(name, help=help)
    @click.argument("login")
    @_address
    def change(login: str, address: str) -> None:
        _change(login, {"disabled": disabled}, address)


def _renew_command(group: click.Group, help: str) -> None:
    @group.command("renew", help=help)
    @click.argument("login")
    @_address
    def renew(login: str, address: str) -> None:
        with _client(address) as client:
            made = client.call("POST", f"/v1/access/accounts/{client.account(login)}/renewal")
        code = translated("secret") if "secret" in made else translated("set-up code")
        say(f"{made['login']}  {code.beside}: {made.get('secret') or made['set_up_code']}")


for _group in (people, machines):
    _state_command(_group, "disable", True, "Keep an account out from now on.")
    _state_command(_group, "enable", False, "Let an account in again.")
_renew_command(people, "Have a person choose a new password; what they had is void.")
_renew_command(machines, "Have a new secret; the old one goes on for a day.")


@access.group("grants", cls=PlainGroup)
def grants() -> None:
    """Roles over scopes, where the journal cannot know them."""


@grants.command("list")
@_address
def list_grants(address: str) -> None:
    """List the grants that stand."""
    with _client(address) as client:
        found = client.call("GET", "/v1/access/grants")["grants"]
    for one in found:
        say(f"{one['grant']}  {one['login']}  {one['role']}  {','.join(one['scopes'])}  {one['made_at']}")


@grants.command("add")
@click.argument("login")
@click.argument("role")
@click.option("--scope", "scopes", multiple=True, required=True, help="may be repeated; * is every scope")
@_address
def add_grant(login: str, role: str, scopes: tuple[str, ...], address: str) -> None:
    """Give LOGIN the ROLE over scopes."""
    with _client(address) as client:
        asked = {"account": client.account(login), "role": role, "scopes": list(scopes)}
        say(client.call("POST", "/v1/access/grants", asked)["grant"])


@grants.command("end")
@click.argument("grant", type=click.UUID)
@_address
def end_grant(grant: Any, address: str) -> None:
    """Take a granted role away."""
    with _client(address) as client:
        client.call("DELETE", f"/v1/access/grants/{grant}")


@access.group("log", cls=PlainGroup)
def log() -> None:
    """The record of access."""


@log.command("list")
@click.option("--act")
@click.option("--account")
@click.option("--scope")
@click.option("--customer")
@click.option("--since", metavar="TIME")
@click.option("--until", metavar="TIME")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="one JSON object a line")
@_address
def list_log(limit: int, as_json: bool, address: str, **filters: str | None) -> None:
    """List the record of access, the newest first; whoever reads it is on it."""
    import msgspec

    asked = {name: value for name, value in filters.items() if value is not None}
    with _client(address) as client:
        page = client.call("GET", "/v1/access/log", query={**asked, "limit": str(limit)})
    for one in page["entries"]:
        words = (
            one.get(key) for key in ("login", "action", "scope", "customer", "status", "address", "detail")
        )
        line = "  ".join(str(word) for word in words if word is not None)
        say(
            msgspec.json.encode(one).decode()
            if as_json
            else f"{one['seq']}  {one['at']}  {one['act']}  {line}"
        )
    say(f"{translated('end of the chain').beside}: {page['head']['seq']}:{page['head']['digest']}", err=True)


@log.command("verify")
@click.option("--expect", metavar="SEQ:DIGEST", help="an end of the chain that was kept elsewhere")
@database_url
def verify_log(expect: str | None, database_url: str) -> None:
    """Follow the chain of the record from its beginning; exit status 1 where it does not hold."""
    import psycopg

    from services.access.record.verification import verify
    from shared.platform.postgres.database import connection_info

    expected = None if expect is None else _head(expect)
    with database_refused(), psycopg.connect(connection_info(database_url, name="panke-cli")) as connection:
        found = verify(connection, expected)
    say(f"{found.entries} {translated('entries').beside}, {found.head.seq}:{found.head.digest.hex()}")
    if found.problem is not None:
        raise click.ClickException(found.problem)


@access.group("keys", cls=PlainGroup)
def keys() -> None:
    """The file of keys."""


@keys.command("rotate")
@_keys
@database_url
def rotate(path: Path, database_url: str) -> None:
    """Have a new key sign, while access runs; old tokens are good until they expire."""
    from services.access.keys.keyring import KeyFileError, rotate_keys

    with database_refused(), _refused(KeyFileError, OSError), _offline(database_url) as (_, record):
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

    with database_refused(), _refused(AccessError, OSError), _offline(database_url) as (accounts, _):
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
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    text = translated("new password") if confirmed else translated("password")
    return str(click.prompt(text.beside, hide_input=True, confirmation_prompt=confirmed))


@contextmanager
def _client(address: str) -> Iterator[AccessClient]:
    from shared.access.client import AccessClient, CallRefusedError, session_file

    try:
        with AccessClient(address, session_file(os.environ)) as client:
            yield client
    except CallRefusedError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _refused(*kinds: type[Exception]) -> Iterator[None]:
    """A refusal of these kinds ends the command with its own words."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from None


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


def _list(kind: str, address: str) -> None:
    after: dict[str, str] = {}
    with _client(address) as client:
        while True:
            page = client.call("GET", "/v1/access/accounts", query={"kind": kind, **after})
            for one in page["accounts"]:
                staff = " ".join(f"{link['scope']}/{link['staff']}" for link in one["staff"])
                state = f"  ({translated('disabled').beside})" if one["disabled_at"] else ""
                say(f"{one['account']}  {one['login']}  {staff}{state}")
            if page["next"] is None:
                return
            after = {"after": page["next"]}


def _change(login: str, change: dict[str, Any], address: str) -> None:
    with _client(address) as client:
        client.call("PATCH", f"/v1/access/accounts/{client.account(login)}", change)


def _links(staff: tuple[str, ...]) -> list[dict[str, str]]:
    pairs = [one.partition("/") for one in staff]
    if any(not scope or not id for scope, _, id in pairs):
        raise click.BadParameter("--staff is SCOPE/STAFF")
    return [{"scope": scope, "staff": id} for scope, _, id in pairs]


def _head(text: str) -> RecordHead:
    from services.access.record.record import RecordHead

    seq, _, digest = text.partition(":")
    try:
        return RecordHead(int(seq), bytes.fromhex(digest))
    except ValueError:
        raise click.BadParameter("--expect is SEQ:DIGEST, as `panke access log list` shows it") from None
