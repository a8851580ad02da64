"""`panke rulebook prove`: small histories, searched one and all for what an office would not want."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import click
import msgspec

from shared.i18n import bilingual, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.text.terminal import say
from shared.platform.whole_file import whole_file
from shared.rules.commands.judge import cores, refuse
from shared.rules.commands.tables import print_table
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.judge import with_book
from shared.rules.proofs.faults import FAULTS, FaultKind, HistoryCourse, ShownFault
from shared.rules.proofs.folding import PrefixJudge, export
from shared.rules.proofs.report import ProofReport, report, table
from shared.rules.proofs.search import RulebookProof, SearchBounds, prove
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry


@click.command("prove", help="Search small histories for what an office would not want.")
@click.argument("book", metavar="RULEBOOK")
@click.option("--facts", type=click.IntRange(1, 6), default=4, show_default=True, help="The longest history.")
@click.option("--consultants", type=click.IntRange(2, 3), default=2, show_default=True, help="Who may act.")
@click.option("--customers", type=click.IntRange(1, 2), default=1, show_default=True, help="Who may come.")
@click.option(
    "--seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="After so long, say so."
)
@click.option(
    "--for",
    "faults",
    multiple=True,
    type=click.Choice(get_args(FaultKind)),
    help="What is looked for; may be given again (default: all but `order`, which is in every rulebook).",
)
@click.option("--jobs", type=click.IntRange(min=1), help="Processes (default: one for each core).")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write each history as a file that `panke judge` takes.",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@rulebook_folder
def prove_command(
    book: str,
    facts: int,
    consultants: int,
    customers: int,
    seconds: float,
    faults: tuple[FaultKind, ...],
    jobs: int | None,
    output: Path | None,
    as_json: bool,
    rulebook_folder: str,
) -> None:
    """Exit code 0 where nothing is found, 1 where something is, 2 for a rulebook that is none."""
    try:
        known = Registry(rulebook_folder)
        rulebook = known.find(book).rulebook
    except OfficeFileError as error:
        refuse(f"panke rulebook prove: {mistake_line(error)}")
    bounds = SearchBounds(facts, consultants, customers, seconds, faults or FAULTS)
    folder = PrefixJudge(rulebook, with_book(known.books, rulebook))
    with _progress() as advance:
        proof = prove(folder, bounds, jobs or cores(), advance)
    if output is not None:
        _write(output, rulebook, proof)
    told = report(rulebook, bounds, proof)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(told), indent=2).decode())
    else:
        _print(rulebook, bounds, proof, told)
    sys.exit(1 if proof.findings else 0)


def _print(book: Rulebook, bounds: SearchBounds, proof: RulebookProof, told: ProofReport) -> None:
    for fault in bounds.faults:
        if fault in proof.findings:
            _print_finding(book, proof.findings[fault], told)
    searched = translated(
        "{book}: {histories} histories of up to {facts} facts, {consultants} consultants, {customers} customers",
        book=f"{book.name} {book.version} ({book.sha256[:12]})",
        histories=proof.histories,
        facts=proof.searched,
        consultants=bounds.people,
        customers=bounds.customers,
    )
    say(f"{searched.zh}\n{searched.en}")
    if not proof.exhaustive:
        say(bilingual("the time was over before all of {facts} facts were judged", facts=proof.searched + 1))
    if not proof.findings:
        say(bilingual("nothing was found"))


def _print_finding(book: Rulebook, finding: ShownFault, told: ProofReport) -> None:
    one = next(each for each in told.findings if each.fault == finding.fault)
    who = f": {finding.who}" if finding.who else ""
    say(f"{one.words.zh}{who}\n{one.words.en}{who}\n")
    heads = ["#", translated("occurred").beside, translated("recorded").beside, translated("what").beside]
    for course, plain in zip(finding.courses, one.courses, strict=True):
        print_table(f"{plain.title.zh} {plain.title.en}", heads, list(table(book, course)))
        say(f"  → {_outcome(course)}")
        for clause in plain.clauses:
            say(f"    {clause.clause}  {clause.text.zh} {clause.text.en}")
        say()


def _outcome(course: HistoryCourse) -> str:
    owner = f"{translated('owner').beside}: {course.owner or '—'}"
    if course.shares is None:
        return owner
    shares = " + ".join(f"{staff} {points / 100:g}%" for staff, points in course.shares.items())
    return f"{owner}; {translated('shares').beside}: {shares or '—'}"


def _write(folder: Path, book: Rulebook, proof: RulebookProof) -> None:
    """`late-1.ndjson` as it happened, `late-2.ndjson` entered late, and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    for fault, finding in proof.findings.items():
        for n, course in enumerate(finding.courses, 1):
            with whole_file(folder / f"{fault}-{n}.ndjson") as file:
                file.write(export(book, course.steps))


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error where that is a terminal, anew for each length."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda length, done, of: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda length, done, of: bar.update(task, description=str(length), completed=done, total=of)
