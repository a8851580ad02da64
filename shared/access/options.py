"""Options of commands that call services: where access answers, and in whose name the command calls."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

ADDRESS: Final = "http://127.0.0.1:8005"
access_address = click.option(
    "--access", "access", envvar="PANKE_ACCESS_ADDRESS", default=ADDRESS, show_default=True,
    help="where access answers; or PANKE_ACCESS_ADDRESS",
)  # fmt: skip
as_machine = click.option(
    "--machine", envvar="PANKE_MACHINE", type=click.Path(dir_okay=False, path_type=Path),
    help="the file of a machine in whose name to call, instead of who is signed in; or PANKE_MACHINE",
)  # fmt: skip
