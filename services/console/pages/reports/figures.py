"""A report as its page shows it: words in one language, figures that open their rows, a chart where one helps."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.console.asking.registers_answers import ShownColumn, ShownLine, ShownReport, ShownTable
from services.console.pages.reports.charts import chart_data
from services.console.pages.reports.drawing import DrawnChart, drawn
from services.console.pages.reports.names import cell_words
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text
from shared.platform.place_names import PlaceNames

COUNTED: Final = frozenset({"count", "money", "percent", "mean"})
NOTHING: Final = "—"
"""What stands where there is nothing to divide by."""


class FigureCell(Struct, frozen=True):
    """A cell; `rows` is where its figure is opened, where there are rows behind it."""

    column: str
    heading: BothLanguages
    value: Text | str
    counted: bool
    rows: str | None


class TableView(Struct, frozen=True):
    """A table of a report."""

    name: str
    title: BothLanguages
    columns: list[ShownColumn]
    lines: list[list[FigureCell]]
    total: list[FigureCell] | None
    chart: DrawnChart | None

    def counted(self, column: ShownColumn) -> bool:
        """Whether figures stand below a heading, or words."""
        return column.kind in COUNTED


def tables_of(
    report: ShownReport, rows_at: str | None, query: dict[str, str], places: PlaceNames
) -> list[TableView]:
    """The tables; `rows_at` is where figures are opened, None of a report that opens none."""
    return [_table(report.report, one, rows_at, query, places) for one in report.tables]


def _table(
    report: str, table: ShownTable, rows_at: str | None, query: dict[str, str], places: PlaceNames
) -> TableView:
    def cells(line: ShownLine, *, total: bool = False) -> list[FigureCell]:
        return [_cell(table, one, line, rows_at, query, places, total=total) for one in table.columns]

    data = chart_data(report, table, places)
    return TableView(
        table.table,
        table.title,
        table.columns,
        [cells(one) for one in table.lines],
        cells(table.total, total=True) if table.total is not None else None,
        drawn(data) if data is not None else None,
    )


def _cell(
    table: ShownTable,
    column: ShownColumn,
    line: ShownLine,
    rows_at: str | None,
    query: dict[str, str],
    places: PlaceNames,
    *,
    total: bool,
) -> FigureCell:
    figure = line.figures[column.column]
    opens = rows_at is not None and bool(figure.ids) and figure.value != NOTHING
    address = None
    if opens:
        of = {"table": table.table, "column": column.column}
        key = {} if total else {"line": msgspec.json.encode(line.line).decode()}
        address = f"{rows_at}?{urlencode(query | of | key)}"
    return FigureCell(
        column.column,
        column.heading,
        cell_words(column.column, figure.value, places),
        column.kind in COUNTED or opens,
        address,
    )
