"""Reports and their differences as tables of a terminal, Chinese first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.registers.model.periods import LocalTime
from services.registers.reports.explaining import TOTAL, ExplainedFigure, reason_in_words
from services.registers.reports.report import OfficeReport, ReportLine, ReportTable
from shared.i18n import translated
from shared.platform.place_names import PlaceNames
from shared.platform.text.terminal import say

WIDE: Final = 9
FEW: Final = 12
WIDEST: Final = 400
"""Columns that a terminal has room for; rows that may stand side by side; characters beyond which lines would break."""


def print_report(report: OfficeReport, names: PlaceNames) -> None:
    """Print the head, every table, the remarks."""
    head = report.head
    place = names.scope_with_id(head.scope) if head.office is None else names.office_with_id(head.office)
    say(f"{report.title.beside}    {place.zh}    {head.period.first} – {head.period.last}")
    known, as_of = _local(head.known_at, head.zone), _local(head.as_of, head.zone)
    say(
        f"{translated('known at').beside} {known}    {translated('as of').beside} {as_of}    "
        f"{translated('rulebook').beside} {head.rulebook}    {translated('scheme').beside} {head.scheme}"
    )
    for table in report.tables:
        _print(table)
    for remark in report.remarks:
        say(f"{remark.zh} / {remark.en}")


def _local(at: datetime, zone: str) -> str:
    """By the clock on the office's wall, to the second."""
    return f"{at.astimezone(LocalTime(zone).info):%Y-%m-%d %H:%M:%S}"


def _print(table: ReportTable) -> None:
    heads = [f"{column.heading.zh}\n{column.heading.en}" for column in table.columns]
    rows = [[line.shown(column) for column in table.columns] for line in table.lines]
    if not rows:
        say(f"{table.title.beside}: {translated('nothing to show').beside}")
        return
    if table.total is not None:
        rows.append(_total(table, table.total))
    print_lines(table.title.beside, heads, rows)


def _total(table: ReportTable, total: ReportLine) -> list[str]:
    shown = [total.shown(column) if column.kind != "text" else "" for column in table.columns]
    return [translated("total").beside, *shown[1:]] if table.columns[0].kind == "text" else shown


def print_lines(title: str, heads: list[str], rows: list[list[str]]) -> None:
    """Print rows below their heads, none of them cut: what is wide and has few rows is turned, heads down the side."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as Cell

    from shared.platform.text.plain import shown

    if len(heads) > WIDE and len(rows) <= FEW:
        turned = [list(cells) for cells in zip(heads, *rows, strict=True)]
        heads, rows = turned[0], [[row[0].replace("\n", " "), *row[1:]] for row in turned[1:]]
    printed = Table(title=title, box=SIMPLE, title_justify="left")
    for head in heads:
        printed.add_column(head, no_wrap=True)
    for row in rows:
        printed.add_row(*(Cell(shown(cell)) for cell in row))  # plain: a name in brackets is no markup
    Console(width=max(Console().width, WIDEST)).print(printed)


def print_explained(report: OfficeReport, differences: tuple[ExplainedFigure, ...]) -> None:
    """Print what explains each difference to the run that was issued."""
    if not differences:
        say(translated("no difference to the run that was issued").beside)
        return
    rows = []
    for one in differences:
        table = report.table(one.table)
        line = translated("total").beside if one.line == TOTAL else " ".join(one.line)
        why = [
            f"{row.amount:+} {'、'.join(reason_in_words(each).zh for each in row.reasons)} {row.row}"
            for row in one.rows
        ]
        column = table.column(one.column).heading.beside
        rows.append([table.title.zh, line, column, str(one.issued), str(one.later), "\n".join(why)])
    print_lines(translated("Differences to the run that was issued").beside, _titles(), rows)


def _titles() -> list[str]:
    return [
        translated("table").beside,
        translated("line").beside,
        translated("figure").beside,
        translated("as issued").beside,
        translated("later").beside,
        translated("why").beside,
    ]
