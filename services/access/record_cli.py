"""The commands by which auditors read the record of access and follow its chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from services.access.signed_in import address_option, signed_in
from shared.i18n import translated
from shared.platform.options import database_refused, database_url
from shared.platform.text.terminal import PlainGroup, say

if TYPE_CHECKING:
    from services.access.record.record import RecordHead


@click.group("log", cls=PlainGroup)
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
@address_option
def list_log(limit: int, as_json: bool, address: str, **filters: str | None) -> None:
    """List the record of access, the newest first; whoever reads it is on it."""
    import msgspec

    asked = {name: value for name, value in filters.items() if value is not None}
    with signed_in(address) as client:
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


def _head(text: str) -> RecordHead:
    from services.access.record.record import RecordHead

    seq, _, digest = text.partition(":")
    try:
        return RecordHead(int(seq), bytes.fromhex(digest))
    except ValueError:
        raise click.BadParameter("--expect is SEQ:DIGEST, as `panke access log list` shows it") from None
