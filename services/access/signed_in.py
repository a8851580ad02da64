"""What the commands of access share: where access answers, who is signed in here, and how a refusal is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from shared.access.options import ADDRESS

if TYPE_CHECKING:
    from shared.access.client import AccessClient

address_option = click.option(
    "--address", envvar="PANKE_ACCESS_ADDRESS", default=ADDRESS, show_default=True,
    help="where access answers; or PANKE_ACCESS_ADDRESS",
)  # fmt: skip


@contextmanager
def signed_in(address: str) -> Iterator[AccessClient]:
    """A client with the session that is kept here; a refusal ends the command with its own words."""
    from shared.access.client import AccessClient, CallRefusedError, session_file

    try:
        with AccessClient(address, session_file(os.environ)) as client:
            yield client
    except CallRefusedError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def refused(*kinds: type[Exception]) -> Iterator[None]:
    """A refusal of these kinds ends the command with its own words."""
    try:
        yield
    except kinds as error:
        raise click.ClickException(str(error)) from None
