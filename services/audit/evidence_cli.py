"""`panke evidence`: the evidence pack of a customer, as a file of the caller's own."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from shared.access.options import access_address, as_machine
from shared.i18n import bilingual

if TYPE_CHECKING:
    import httpx

WAIT: Final = 600.0
AWAY: Final = 60.0
"""Seconds for which a pack that cannot be made yet is asked for again."""
_STEP: Final = 2.0
_NOT_YET: Final = 503


@click.command()
@click.argument("scope")
@click.argument("customer")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="the file of the pack",
)
@click.option(
    "--audit",
    envvar="PANKE_AUDIT_ADDRESS",
    default="http://127.0.0.1:8006",
    show_default=True,
    help="where audit answers; or PANKE_AUDIT_ADDRESS",
)
@access_address
@as_machine
def evidence(scope: str, customer: str, output: Path, audit: str, access: str, machine: Path | None) -> None:
    """Write the evidence pack of CUSTOMER of SCOPE, for an outsider to verify: panke verify.

    It holds personal data of the customer, is readable by you alone, and is on the record of access.
    """
    import httpx

    from shared.access.client import CallRefusedError, headers_of_caller
    from shared.platform.whole_file import private_file

    try:
        headers = headers_of_caller(os.environ, access, machine)
    except CallRefusedError as error:
        raise click.ClickException(str(error)) from None
    path = f"{audit.rstrip('/')}/v1/scopes/{scope}/customers/{customer}/evidence"
    with httpx.Client(timeout=WAIT, trust_env=False, headers=headers) as client:
        answer = _answered(client, path)
        with private_file(output) as file:
            file.write(answer.content)


def _answered(client: httpx.Client, path: str) -> httpx.Response:
    """The pack; what is not covered by a checkpoint yet is waited for, for a bounded time."""
    import httpx

    from shared.platform.http.problem import detail_of

    deadline = time.monotonic() + AWAY
    while True:
        try:
            answer = client.get(path)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            told = bilingual(
                "{service} does not answer at {address}: {error}",
                service="audit", address=path, error=type(error).__name__,
            )  # fmt: skip
            raise click.ClickException(told) from None
        if answer.is_success:
            return answer
        if answer.status_code != _NOT_YET or time.monotonic() > deadline:
            raise click.ClickException(detail_of(answer))
        time.sleep(_STEP)
