"""A report as its page shows it: words in one language, figures that open their rows, a chart where one helps."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from services.console.asking.registers_answers import (
    ShownColumn,
    ShownFigure,
    ShownLine,
    ShownReport,
    ShownTable,
)
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
    def opened(column: str) -> str | None:
        """Where the rows behind a column's total are told."""
        of = {"table": table.table, "column": column}
        return None if rows_at is None else f"{rows_at}?{urlencode(query | of)}"

    columns = [(one, opened(one.column)) for one in table.columns]

    def cells(line: ShownLine, key: str) -> list[FigureCell]:
        return [
            _cell(one, line.figures[one.column], places, None if rows is None else rows + key)
            for one, rows in columns
        ]

    data = chart_data(report, table, places)
    return TableView(
        table.table,
        table.title,
        table.columns,
        [
            cells(one, f"&{urlencode({'line': msgspec.json.encode(one.line).decode()})}")
            for one in table.lines
        ],
        cells(table.total, "") if table.total is not None else None,
        drawn(data) if data is not None else None,
    )


def _cell(column: ShownColumn, figure: ShownFigure, places: PlaceNames, rows: str | None) -> FigureCell:
    """`rows` is where the rows are told, where there are any."""
    counted, opens = column.kind in COUNTED, figure.rows > 0 and figure.value != NOTHING and rows is not None
    words = figure.value if counted else cell_words(column.column, figure.value, places)
    return FigureCell(column.column, column.heading, words, counted or opens, rows if opens else None)
