"""The commands by which an administrator keeps accounts of people and machines, and grants."""

from __future__ import annotations

from typing import Any

import click

from services.access.signed_in import address_option, signed_in
from shared.i18n import translated
from shared.platform.text.terminal import PlainGroup, say


@click.group("people", cls=PlainGroup)
def people() -> None:
    """Accounts of people."""


@click.group("machines", cls=PlainGroup)
def machines() -> None:
    """Accounts of machines."""


@people.command("list")
@address_option
def list_people(address: str) -> None:
    """List accounts of people by login."""
    _list("person", address)


@machines.command("list")
@address_option
def list_machines(address: str) -> None:
    """List accounts of machines by login."""
    _list("machine", address)


@people.command("add")
@click.argument("login")
@click.option(
    "--staff", "staff", multiple=True, metavar="SCOPE/STAFF", help="by which id records name the person"
)
@address_option
def add_person(login: str, staff: tuple[str, ...], address: str) -> None:
    """Make an account; hand the code over, it is shown this once."""
    asked = {"login": login, "kind": "person", "staff": _links(staff)}
    with signed_in(address) as client:
        made = client.call("POST", "/v1/access/accounts", asked)
    say(f"{made['login']}  {translated('set-up code').beside}: {made['set_up_code']}")


@machines.command("add")
@click.argument("login")
@address_option
def add_machine(login: str, address: str) -> None:
    """Make an account of a machine; its secret is shown this once."""
    with signed_in(address) as client:
        made = client.call("POST", "/v1/access/accounts", {"login": login, "kind": "machine"})
    say(f"{made['login']}  {translated('secret').beside}: {made['secret']}")


@people.command("link")
@click.argument("login")
@click.option(
    "--staff", multiple=True, metavar="SCOPE/STAFF", help="all ids by which records name the person"
)
@click.option("--identity", multiple=True, metavar="PROVIDER=SUBJECT", help="all subjects of providers")
@address_option
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
    @address_option
    def change(login: str, address: str) -> None:
        _change(login, {"disabled": disabled}, address)


def _renew_command(group: click.Group, help: str) -> None:
    @group.command("renew", help=help)
    @click.argument("login")
    @address_option
    def renew(login: str, address: str) -> None:
        with signed_in(address) as client:
            made = client.call("POST", f"/v1/access/accounts/{client.account(login)}/renewal")
        code = translated("secret") if "secret" in made else translated("set-up code")
        say(f"{made['login']}  {code.beside}: {made.get('secret') or made['set_up_code']}")


for _group in (people, machines):
    _state_command(_group, "disable", True, "Keep an account out from now on.")
    _state_command(_group, "enable", False, "Let an account in again.")
_renew_command(people, "Have a person choose a new password; what they had is void.")
_renew_command(machines, "Have a new secret; the old one goes on for a day.")


@click.group("grants", cls=PlainGroup)
def grants() -> None:
    """Roles over scopes, where the journal cannot know them."""


@grants.command("list")
@address_option
def list_grants(address: str) -> None:
    """List the grants that stand."""
    with signed_in(address) as client:
        found = client.call("GET", "/v1/access/grants")["grants"]
    for one in found:
        say(f"{one['grant']}  {one['login']}  {one['role']}  {','.join(one['scopes'])}  {one['made_at']}")


@grants.command("add")
@click.argument("login")
@click.argument("role")
@click.option("--scope", "scopes", multiple=True, required=True, help="may be repeated; * is every scope")
@address_option
def add_grant(login: str, role: str, scopes: tuple[str, ...], address: str) -> None:
    """Give LOGIN the ROLE over scopes."""
    with signed_in(address) as client:
        asked = {"account": client.account(login), "role": role, "scopes": list(scopes)}
        say(client.call("POST", "/v1/access/grants", asked)["grant"])


@grants.command("end")
@click.argument("grant", type=click.UUID)
@address_option
def end_grant(grant: Any, address: str) -> None:
    """Take a granted role away."""
    with signed_in(address) as client:
        client.call("DELETE", f"/v1/access/grants/{grant}")


def _list(kind: str, address: str) -> None:
    after: dict[str, str] = {}
    with signed_in(address) as client:
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
    with signed_in(address) as client:
        client.call("PATCH", f"/v1/access/accounts/{client.account(login)}", change)


def _links(staff: tuple[str, ...]) -> list[dict[str, str]]:
    pairs = [one.partition("/") for one in staff]
    if any(not scope or not id for scope, _, id in pairs):
        raise click.BadParameter("--staff is SCOPE/STAFF")
    return [{"scope": scope, "staff": id} for scope, _, id in pairs]
