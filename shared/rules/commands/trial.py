"""`panke rulebook try`: what a rulebook would change, as a table or as JSON."""

from __future__ import annotations

from datetime import datetime

import click
import msgspec

from shared.contract.answers.result import RulebookDigest
from shared.i18n import translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.text.terminal import say
from shared.rules.commands.judge import Moment, refuse
from shared.rules.judge.comparison import ComparedClaim, ComparedShares, RulebookComparison, try_rulebook
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.registry import Registry

SHOWN = 40
"""Rows of a table; the JSON has all."""


@click.command("try", help="What a rulebook would change in past facts, before it is adopted.")
@click.argument("candidate", metavar="RULEBOOK")
@click.argument("facts", metavar="FACTS.ndjson", type=click.Path(allow_dash=True))
@click.option(
    "--against", default="base", metavar="NAME_OR_PATH", help="The rulebook in force (default: base)."
)
@click.option("--as-of", type=Moment(), help="Compare the state as of that time.")
@click.option("--known-at", type=Moment(), help="Only facts recorded by then.")
@rulebook_folder
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def try_command(
    candidate: str,
    facts: str,
    against: str,
    as_of: datetime | None,
    known_at: datetime | None,
    rulebook_folder: str,
    as_json: bool,
) -> None:
    """Judge the facts of `panke journal export` as they were and under RULEBOOK, and print the difference."""
    try:
        known = Registry(rulebook_folder)
        book, current, books = known.find(candidate).rulebook, known.find(against).rulebook, known.books
        with open_events(facts) as lines:
            trial = try_rulebook(lines, book, current, books, as_of=as_of, known_at=known_at)
    except (BadInputError, OfficeFileError, UnreadableFileError) as error:
        refuse(f"panke rulebook try: {error}")
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(trial), indent=2).decode())
    else:
        _print(trial)


def _print(trial: RulebookComparison) -> None:
    counts = trial.counts
    say(f"{_name(trial.before)} → {_name(trial.after)}  ({trial.facts} facts, as of {trial.as_of})")
    say(
        f"{translated('customers changed').beside}: {counts.customers_changed} / {counts.customers}    "
        f"{translated('deals changed').beside}: {counts.deals_changed} / {counts.deals}    "
        f"{translated('basis points moved').beside}: {counts.basis_points_moved}"
    )
    _table(
        translated("customers").beside,
        ["customer", "before", "after"],
        [[row.customer[:8], _state(row.before), _state(row.after)] for row in trial.customers],
    )
    _table(
        translated("deals").beside,
        ["deal", "amount", "before", "after"],
        [[row.deal, row.amount or "—", _split(row.before), _split(row.after)] for row in trial.deals],
    )
    _table(
        translated("consultants").beside,
        ["staff", "customers", "basis points", "amount CNY"],
        [[row.staff, f"{row.customers:+}", f"{row.basis_points:+}", row.amount] for row in trial.consultants],
    )


def _name(book: RulebookDigest) -> str:
    return f"{book.name} {book.version} ({book.sha256[:12]})"


def _state(state: ComparedClaim | None) -> str:
    if state is None:
        return "—"
    until = f" until {state.expires_at}" if state.expires_at else ""
    return f"{state.owner or '—'} {state.status} [{state.clause or '—'}]{until}"


def _split(deal: ComparedShares) -> str:
    shares = " + ".join(f"{staff} {points / 100:g}%" for staff, points in deal.shares.items())
    return f"{shares or '—'} {deal.status} [{deal.clause}]"


def _table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from shared.platform.text.plain import shown

    if not rows:
        say(f"{title}: {translated('nothing changes').beside}")
        return
    table = Table(title=title, box=SIMPLE, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")  # nothing is cut where there is no room
    for row in rows[:SHOWN]:
        table.add_row(*(Text(shown(cell)) for cell in row))  # plain: a clause in brackets is no markup
    console = Console()
    console.print(table, width=max(console.width, 120))
    if len(rows) > SHOWN:
        more = translated("… {count} more rows: see --json", count=len(rows) - SHOWN)
        say(f"{more.zh} / {more.en}")
