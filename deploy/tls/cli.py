"""`panke tls new`: certificates for a deployment without an authority of its own (operations.md#tls)."""

from __future__ import annotations

from pathlib import Path

import click

from shared.platform.output_errors import said_of
from shared.platform.text.terminal import PlainGroup, say


@click.group(cls=PlainGroup)
def tls() -> None:
    """Certificates, by which database, broker and services are known on the line."""


@tls.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.argument("servers", nargs=-1, required=True, metavar="SERVER...")
@click.option("--renew", is_flag=True, help="make those of the servers anew; the authority stays")
@click.option("--group-readable", is_flag=True, help="let the group of the files read the servers' keys")
@click.option(
    "--authority-to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="copy ca.pem there, for those who connect",
)
def new(
    folder: Path, servers: tuple[str, ...], renew: bool, group_readable: bool, authority_to: Path | None
) -> None:
    """Make an authority in FOLDER where there is none, and a certificate and a key for each SERVER.

    A server is named as those who connect name it. What is there stays.
    """
    from deploy.tls.certificates import CertificateError, make_certificates, publish_authority
    from shared.platform.clock import MachineClock

    now = MachineClock().now()
    try:
        for path in make_certificates(folder, servers, now, renew=renew, group=group_readable):
            say(str(path))
        if authority_to is not None:
            say(str(publish_authority(folder, authority_to)))
    except (CertificateError, OSError) as error:
        raise click.ClickException(said_of(error)) from None
