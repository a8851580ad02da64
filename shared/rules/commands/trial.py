"""`panke rulebook try`: what a rulebook would change, as a table or as JSON."""

from __future__ import annotations

from datetime import datetime

import click
import msgspec

from shared.i18n import translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.text.terminal import say
from shared.rules.commands.judge import Moment, refuse
from shared.rules.commands.tables import book_shown, claim_shown, print_table, shares_shown
from shared.rules.judge.comparison import RulebookComparison, try_rulebook
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry


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
        refuse(f"panke rulebook try: {mistake_line(error)}")
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(trial), indent=2).decode())
    else:
        _print(trial)


def _print(trial: RulebookComparison) -> None:
    counts = trial.counts
    say(f"{book_shown(trial.before)} → {book_shown(trial.after)}  ({trial.facts} facts, as of {trial.as_of})")
    say(
        f"{translated('customers changed').beside}: {counts.customers_changed} / {counts.customers}    "
        f"{translated('deals changed').beside}: {counts.deals_changed} / {counts.deals}    "
        f"{translated('basis points moved').beside}: {counts.basis_points_moved}"
    )
    print_table(
        translated("customers").beside,
        ["customer", "before", "after"],
        [[row.customer[:8], claim_shown(row.before), claim_shown(row.after)] for row in trial.customers],
    )
    print_table(
        translated("deals").beside,
        ["deal", "amount", "before", "after"],
        [
            [row.deal, row.amount or "—", shares_shown(row.before), shares_shown(row.after)]
            for row in trial.deals
        ],
    )
    print_table(
        translated("consultants").beside,
        ["staff", "customers", "basis points", "amount CNY"],
        [[row.staff, f"{row.customers:+}", f"{row.basis_points:+}", row.amount] for row in trial.consultants],
    )
