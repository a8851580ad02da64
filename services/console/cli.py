"""The command of the service: serve."""

from __future__ import annotations

import click

from shared.platform.options import settings_refused


@click.command("console")
def serve_console() -> None:
    """Serve the pages for the desk, the consultant, the manager and the auditor."""
    from services.console.main import run

    with settings_refused():
        run()
