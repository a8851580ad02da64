"""`panke replay`: what another rulebook, fewer or more facts would have come to (contract.md#replays)."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from shared.contract.answers.replays import ReplayedCustomer, ReplayedDeal, ReplayResult
from shared.i18n import bilingual, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.output_errors import lost_output
from shared.platform.text.terminal import output, say
from shared.platform.whole_file import file_from_memory
from shared.rules.commands.judge import Moment, cores, progress_bar, refuse
from shared.rules.commands.tables import SHOWN, book_shown, claim_shown, print_table, shares_shown
from shared.rules.judge.encoding import pieces, unpacked
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.rules.judge.reading import BadInputError
from shared.rules.judge.workers import WorkerDiedError
from shared.rules.replays.change import Change, ReplaySetup
from shared.rules.replays.odd_lines import FileInputError
from shared.rules.replays.run import Source, added_events, replay_files
from shared.rules.rulebooks.changed import with_values
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry


class _Setting(click.ParamType):  # type: ignore[type-arg]
    """A value of a rulebook by its path, written as in a file: `follow_up.every=7 days`."""

    name = "setting"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        path, equals, text = str(value).partition("=")
        if not path or not equals:
            self.fail(f"{value!r} is not KEY=VALUE, such as follow_up.every='7 days'", param, ctx)
        import yaml

        try:
            return path, yaml.safe_load(text)
        except yaml.YAMLError:
            self.fail(f"{text!r} is no value of a rulebook file", param, ctx)


@click.command("replay")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(allow_dash=True))
@click.option("--rulebook", metavar="NAME_OR_PATH", help="Judge all of it under this rulebook alone.")
@click.option(
    "--against",
    default="base",
    show_default=True,
    metavar="NAME_OR_PATH",
    help="The rulebook in force where no adoption says otherwise; an export names it.",
)
@click.option(
    "--set", "settings", multiple=True, type=_Setting(), metavar="KEY=VALUE", help="Change a value of it."
)
@click.option("--drop", multiple=True, metavar="ID", help="Leave this fact out; may be given again.")
@click.option(
    "--add", multiple=True, metavar="FILE", type=click.Path(), help="Put in the facts of this NDJSON file."
)
@click.option("--customer", "customers", multiple=True, metavar="ID", help="Tell of this customer alone.")
@click.option("--as-of", type=Moment(), help="Compare the state as of that time.")
@click.option("--known-at", type=Moment(), help="Only facts recorded by then.")
@click.option(
    "--jobs", type=click.IntRange(min=1), help="Processes that judge scopes (default: one for each core)."
)
@click.option(
    "--spark", metavar="MASTER", help="Judge on Spark, such as local[4]; needs panke[spark] and a Java."
)
@click.option("--xlsx", type=click.Path(dir_okay=False), metavar="OUT", help="Write a workbook too.")
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
@rulebook_folder
def replay_command(
    files: tuple[str, ...],
    xlsx: str | None,
    as_json: bool,
    jobs: int | None,
    spark: str | None,
    **asked: Any,
) -> None:
    """Judge exported facts as they were and as they are to be, and print the difference.

    Nothing that was decided is touched. Exit code 2 and a message that names file, line and field on bad input, 1 where
    a process ended while it judged.
    """
    gc.disable()  # nothing cyclic is made, and the collector would walk the live records again and again
    try:
        setup = _setup(**asked)
        if spark is not None:
            result = _on_spark(spark, files, setup)
        else:
            with progress_bar() as advance:
                sources: list[Source] = [(name, open_events(name)) for name in files]
                result = replay_files(sources, setup, jobs=jobs or cores(), progress=advance)
        if xlsx is not None:
            _write(Path(xlsx), result)
    except (BadInputError, OfficeFileError, UnreadableFileError, OSError) as error:
        refuse(f"panke replay: {lost_output(error) or mistake_line(error)}")
    except WorkerDiedError as error:
        raise click.ClickException(f"panke replay: {error}") from None
    if as_json:
        printed = output()
        for piece in pieces(result):
            printed.write(piece)
    else:
        _print(result)


def _setup(
    *,
    rulebook: str | None,
    against: str,
    settings: tuple[tuple[str, Any], ...],
    drop: tuple[str, ...],
    add: tuple[str, ...],
    customers: tuple[str, ...],
    as_of: datetime | None,
    known_at: datetime | None,
    rulebook_folder: str,
) -> ReplaySetup:
    known = Registry(rulebook_folder)
    if not (rulebook or settings or drop or add):
        refuse("panke replay: " + bilingual("nothing is changed: give --rulebook, --set, --drop or --add"))
    opening = known.find(against)
    other = known.find(rulebook) if rulebook is not None else None
    if settings:
        other = with_values(other or opening, dict(settings))
    setup = ReplaySetup(opening.rulebook, known.books, Change(), as_of, known_at)
    change = Change(
        rulebook=None if other is None else other.rulebook,
        drop=frozenset(id_.lower() for id_ in drop),  # type: ignore[misc]
        add=_added(add, setup),
        customers=frozenset(customers) or None,  # type: ignore[arg-type]
    )
    return ReplaySetup(opening.rulebook, known.books, change, as_of, known_at)


def _added(files: tuple[str, ...], setup: ReplaySetup) -> Any:
    found: list[Any] = []
    for name in files:
        with ExitStack() as stack:
            lines = stack.enter_context(open_events(name))
            try:
                found += added_events(lines, setup)
            except BadInputError as error:
                raise FileInputError(name, error) from None
    return tuple(found)


def _on_spark(master: str, files: tuple[str, ...], setup: ReplaySetup) -> ReplayResult:
    try:
        import pyspark  # noqa: F401 - asked for by name
    except ImportError:
        raise click.ClickException(bilingual("Spark is not installed: pip install 'panke[spark]'")) from None
    from shared.rules.replays.spark import replay_on_spark

    for name in files:
        if name == "-":
            raise click.ClickException(bilingual("Spark reads files, not standard input"))
    return replay_on_spark(master, files, setup)


def _write(path: Path, result: ReplayResult) -> None:
    from shared.rules.replays.workbook import write_workbook

    with file_from_memory(path) as file:
        write_workbook(result, file)


def _print(result: ReplayResult) -> None:
    counts, other = result.counts, result.changed.rulebook
    under = translated("as adopted").beside if other is None else book_shown(other)
    say(f"{book_shown(result.rulebook)} → {under}  ({counts.facts} facts, as of {result.as_of})")
    say(
        f"{translated('customers changed').beside}: {counts.customers_changed} / {counts.customers}    "
        f"{translated('deals changed').beside}: {counts.deals_changed} / {counts.deals}    "
        f"{translated('basis points moved').beside}: {counts.basis_points_moved}    "
        f"{translated('amount moved CNY').beside}: {counts.amount_moved}"
    )
    gained = ["customers", "basis points", "amount CNY"]
    print_table(
        translated("consultants").beside,
        ["staff", *gained],
        [
            [one.staff, f"{one.customers:+}", f"{one.basis_points:+}", one.amount]
            for one in result.consultants
        ],
    )
    print_table(
        translated("movements").beside,
        ["from", "to", *gained],
        [
            [one.giver or "—", one.taker or "—", str(one.customers), str(one.basis_points), one.amount]
            for one in result.movements
        ],
    )
    print_table(translated("customers").beside, ["customer", "before", "after"], _customer_rows(result))
    print_table(translated("deals").beside, ["deal", "amount", "before", "after"], _deal_rows(result))


def _customer_rows(result: ReplayResult) -> list[list[str]]:
    shown = unpacked(result.customers[:SHOWN], ReplayedCustomer)
    rows = [[one.customer, claim_shown(one.before), claim_shown(one.after)] for one in shown]
    return rows + [[]] * (len(result.customers) - len(rows))


def _deal_rows(result: ReplayResult) -> list[list[str]]:
    shown = unpacked(result.deals[:SHOWN], ReplayedDeal)
    rows = [[one.deal, one.amount or "—", shares_shown(one.before), shares_shown(one.after)] for one in shown]
    return rows + [[]] * (len(result.deals) - len(rows))
