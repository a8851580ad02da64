"""`panke report`: a report over exported journals, offline (registers.md)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import click

from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.registers import Registers
from services.registers.posting.journal import post_journal
from services.registers.printing import print_explained, print_report
from services.registers.reports.asking import ReportQuestion, ScopeTerms, WrongQuestionError, ask_report
from services.registers.reports.catalogue import REPORTS, UnknownReportError, find_report
from services.registers.reports.encoding import in_json
from services.registers.reports.explaining import explain
from services.registers.reports.report import OfficeReport
from shared.contract import BadEvent, Event
from shared.contract.times import parse_day
from shared.i18n import bilingual
from shared.ids import OfficeId, ScopeId
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.mistake_words import bilingual_line
from shared.platform.options import rulebook_folder
from shared.platform.output_errors import said_of
from shared.platform.place_names import PlaceNames
from shared.platform.text.terminal import say
from shared.platform.whole_file import file_from_memory
from shared.rules.commands.judge import Moment, refuse
from shared.rules.commands.scheme import scheme_folder
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.rules.judge.reading import BadInputError, EventReader, in_order, latest
from shared.rules.rulebooks.loading import Book
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import SchemeRegistry
from shared.rules.schemes.mistake_words import scheme_mistake


class Day(click.ParamType):  # type: ignore[type-arg]
    """A day as it is written, in the years of the contract."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_day(value)
        except BadEvent as refusal:
            self.fail(bilingual("{day} is no day: {told}", day=value, told=refusal.message), param, ctx)


_DAY = Day()


@click.command("report")
@click.argument("name", metavar="NAME")
@click.option(
    "--journal",
    "files",
    multiple=True,
    required=True,
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Exported events; may be given again.",
)
@click.option("--office", help="The sales office; without it, the whole scope.")
@click.option("--scope", help="The scope, where the input has several and no office is named.")
@click.option("--from", "first", type=_DAY, required=True, metavar="DAY", help="The first day, local.")
@click.option("--to", "last", type=_DAY, required=True, metavar="DAY", help="The last day, within.")
@click.option(
    "--by", "grain", metavar="GRAIN", help="By what lines are counted, of reports that let one choose."
)
@click.option("--known-at", type=Moment(), help="As it was known then (default: all that was recorded).")
@click.option("--as-of", type=Moment(), help="Without what happened later (default: as known).")
@click.option(
    "--issued", type=Moment(), metavar="TIME", help="Explain how this differs from the run known at TIME."
)
@click.option(
    "--scheme",
    metavar="NAME_OR_PATH",
    help="The scheme of the registers (default: the one that the office adopted, else base).",
)
@scheme_folder
@click.option(
    "--rulebook",
    default="base",
    show_default=True,
    metavar="NAME_OR_PATH",
    help="The rulebook in force where no adoption says otherwise.",
)
@click.option("--xlsx", type=click.Path(dir_okay=False), metavar="OUT", help="Write a workbook too.")
@click.option("--english", is_flag=True, help="Headings of the workbook in English as well.")
@click.option("--json", "as_plain", is_flag=True, help="All of it as JSON, with the ids behind every figure.")
@click.option(
    "--place-names",
    envvar="PANKE_PLACE_NAMES",
    default="",
    metavar="FILE",
    help="What offices and scopes are called (PANKE_PLACE_NAMES); without it, by their ids.",
)
@rulebook_folder
def report_command(
    name: str,
    issued: datetime | None,
    as_plain: bool,
    xlsx: str | None,
    english: bool,
    place_names: str,
    **asked: Any,
) -> None:
    """Make the report NAME (traffic, daily, due … or R1 to R20) from exported events, and print it.

    Exit code 2 and a message that names file, line and field on bad input.
    """
    gc.disable()  # nothing cyclic is made, and the collector would walk the live records again and again
    try:
        find_report(name)
        if xlsx is not None and not Path(xlsx).parent.is_dir():
            folder = Path(xlsx).parent
            raise WrongQuestionError(bilingual("--xlsx: there is no folder {folder}", folder=folder))
        with _refused_by(bilingual_line):
            names = PlaceNames.read(place_names)
        made, earlier, registers = _made(name, issued, **asked)
        if xlsx is not None:
            _write(Path(xlsx), made, english, names)
    except UnknownReportError:
        known = ", ".join(f"{one} ({report.code})" for one, report in REPORTS.items())
        refuse("panke report: " + bilingual("no report {name}; there are {known}", name=name, known=known))
    except (BadInputError, OfficeFileError, UnreadableFileError, WrongQuestionError, OSError) as error:
        named = "--by: " if isinstance(error, WrongQuestionError) and error.field == "by" else ""
        refuse(f"panke report: {named}{said_of(error)}")
    differences = explain(registers, earlier, made) if earlier is not None else None
    if as_plain:
        say(in_json(made, differences))
        return
    print_report(made, names)
    if differences is not None:
        print_explained(made, differences)


def _write(path: Path, report: OfficeReport, english: bool, names: PlaceNames) -> None:
    from services.registers.sheets.report_book import ReportEdition, write_report

    _, known = find_report(report.name)
    with file_from_memory(path) as file:
        write_report(report, file, ReportEdition(known.code, english=english, names=names))


@contextmanager
def _refused_by(line: Callable[[OfficeFileError], str]) -> Iterator[None]:
    """What is wrong with a file is told by the words of its kind."""
    try:
        yield
    except OfficeFileError as error:
        refuse(f"panke report: {line(error)}")


def _made(
    name: str,
    issued: datetime | None,
    *,
    files: tuple[str, ...],
    office: str | None,
    scope: str | None,
    first: date,
    last: date,
    grain: str | None,
    known_at: datetime | None,
    as_of: datetime | None,
    scheme: str | None,
    scheme_folder: str,
    rulebook: str,
    rulebook_folder: str,
) -> tuple[OfficeReport, OfficeReport | None, Registers]:
    with _refused_by(mistake_line):
        books = Registry(rulebook_folder)
        book = books.find(rulebook)
    with _refused_by(scheme_mistake):
        schemes = SchemeRegistry(scheme_folder)
        chosen = schemes.find(scheme) if scheme is not None else None
    period = _period(first, last)
    events = _read(files, books)
    of = _scope(events, office, scope)
    end = LocalTime(book.rulebook.timezone.key).end_of(period.last)
    ends = [at for at in (latest(events), known_at, issued, end) if at is not None]
    known = known_at if known_at is not None else max(ends)
    registers = post_journal(events, of, book.rulebook, books.books, max(ends))

    terms = ScopeTerms(_named(book), schemes, chosen)
    asked = ReportQuestion(name, OfficeId(office) if office else None, period, grain)

    def run(at: datetime) -> OfficeReport:
        return ask_report(registers, terms, asked, at, as_of)

    return run(known), run(issued) if issued is not None else None, registers


def _named(book: Book) -> str:
    return f"{book.rulebook.name} {book.rulebook.version}"


def _period(first: date, last: date) -> DaySpan:
    if last < first:
        raise WrongQuestionError(bilingual("--to is before --from"))
    return DaySpan(first, last)


def _read(files: Iterable[str], books: Registry) -> list[Event]:
    def lines() -> Iterator[bytes]:
        for name in files:
            with open_events(name) as opened:
                yield from opened

    return in_order(EventReader(books.books).events(chain(lines())), None)


def _scope(events: list[Event], office: str | None, scope: str | None) -> ScopeId:
    """The scope of the office, or the one that is named, or the only one."""
    scopes = dict.fromkeys(
        event.scope for event in events if office in (None, event.office) and scope in (None, event.scope)
    )
    if office is not None and not any(event.office == office for event in events):
        known = ", ".join(sorted({event.office for event in events if event.office is not None})) or "—"
        told = bilingual(
            "--office: no office {office} is in the input; there are {known}", office=office, known=known
        )
        raise WrongQuestionError(told)
    if len(scopes) != 1:
        said = ", ".join(dict.fromkeys(event.scope for event in events)) or "—"
        raise WrongQuestionError(
            bilingual("name an office or a scope of the input, which has the scopes {scopes}", scopes=said)
        )
    return next(iter(scopes))
