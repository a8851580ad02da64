"""Options that several commands of attribution share."""

from __future__ import annotations

import click

database_url = click.option(
    "--database-url", envvar="PANKE_DATABASE_URL", required=True, help="or PANKE_DATABASE_URL"
)
rulebook_folder = click.option(
    "--rulebook-folder",
    envvar="PANKE_RULEBOOK_FOLDER",
    default="",
    metavar="FOLDER",
    help="The offices' own rulebooks, which an adoption may name; or PANKE_RULEBOOK_FOLDER.",
)
