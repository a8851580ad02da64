"""Charts where people would rather look than read: traffic, channels, work, levels, causes of losses, targets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from services.registers.reports.report import ReportTable
from services.registers.sheets.book import SheetBook
from services.registers.sheets.frame import Frame, rows_of_a_page, set_print
from shared.i18n import Text, translated

MOST_LINES: Final = 60
"""Lines beyond which a chart is a smear."""
FEW: Final = 10
_WIDTH, _HEIGHT, _ROWS = 640, 320, 18
_MONEY: Final = frozenset({"signed_amount", "received"})

Rows = tuple[int, int]
"""The first row of lines, and the row behind the last."""


class Chart(Struct, frozen=True):
    """A chart of some columns by the words of the first one; `to_level`: a column for each level as well."""

    kind: Literal["column", "bar", "line", "pie"]
    series: tuple[str, ...]
    stacked: bool = False
    levels: bool = False


CHARTS: Final[dict[str, dict[str, Chart]]] = {
    "traffic": {
        **dict.fromkeys(("day", "hour"), Chart("line", ("visits", "new", "calls"))),
        **dict.fromkeys(
            ("week", "month", "weekday", "consultant", "channel", "project"),
            Chart("column", ("visits", "new", "calls", "sold")),
        ),
    },
    "period": {
        "channels": Chart("column", ("visits", "calls", "sold")),
        "districts": Chart("column", ("visits", "sold")),
        "units": Chart("column", ("sold",)),
    },
    "work": {"contacts": Chart("column", ("phone", "fax", "email", "level_B", "level_B1", "level_C", "won"))},
    "levels": {"movements": Chart("column", ("won", "lost", "ended"), stacked=True, levels=True)},
    "losses": {"losses": Chart("bar", ("lost",))},
}


class ChartPlace(Struct, frozen=True):
    """The sheet of a table, its rows of lines, the row below all of it, and how wide it is."""

    sheet: Worksheet
    frame: Frame
    rows: Rows
    below: int
    widths: Sequence[float]


def insert_charts(book: SheetBook, report: str, table: ReportTable, place: ChartPlace) -> None:
    """Put the charts of a table below it; on a sheet of their own where a page would end within them."""
    if place.rows[1] - place.rows[0] > MOST_LINES:
        return
    charts = list(_charts(book, str(place.sheet.name), report, table, place.rows))
    sheet, row = place.sheet, place.below
    if charts and row + len(charts) * _ROWS > rows_of_a_page(place.widths):
        title = translated("{table}: chart", table=table.title)
        sheet, row = book.sheet(title.zh), 2
        book.merged(sheet, 0, 9, place.frame.line(title), "title")
        set_print(sheet, place.frame, [10.0] * 8)
    for number, made in enumerate(charts):
        sheet.insert_chart(row + number * _ROWS, 0, made, {"object_position": 3})


def _charts(book: SheetBook, name: str, report: str, table: ReportTable, rows: Rows) -> Iterator[Any]:
    if report == "targets" and table.name in ("period", "rolling"):
        yield from _of_targets(book, name, table, rows)
    chart = CHARTS.get(report, {}).get(table.name)
    if chart is not None:
        keys = [one.key for one in table.columns]
        levels = [key for key in keys if key.startswith("level_")] if chart.levels else []
        series = [*levels, *(key for key in chart.series if key in keys)]
        yield _made(book, name, table, rows, series, table.title, chart)


def _of_targets(book: SheetBook, name: str, table: ReportTable, rows: Rows) -> Iterator[Any]:
    """Counts and money apart, since one axis cannot show both."""
    metrics = [line.key[0] for line in table.lines]
    split = next((at for at, metric in enumerate(metrics) if metric in _MONEY), len(metrics))
    parts = (
        (translated("targets in numbers"), (rows[0], rows[0] + split)),
        (translated("targets in money"), (rows[0] + split, rows[1])),
    )
    for title, part in parts:
        if part[0] < part[1]:
            yield _made(book, name, table, part, ["target", "actual"], title, Chart("column", ()), words=2)


def _made(
    book: SheetBook,
    name: str,
    table: ReportTable,
    rows: Rows,
    series: Sequence[str],
    title: Text,
    chart: Chart,
    words: int = 1,
) -> Any:
    options = {"type": chart.kind, **({"subtype": "stacked"} if chart.stacked else {})}
    made = book.chart(options)
    keys = [one.key for one in table.columns]
    for key in series:
        place = keys.index(key)
        made.add_series(
            {
                "name": table.columns[place].heading.zh,
                "categories": [name, rows[0], 0, rows[1] - 1, words - 1],
                "values": [name, rows[0], place, rows[1] - 1, place],
                **({"marker": {"type": "automatic"}} if chart.kind == "line" else {}),
            }
        )
    made.set_title({"name": title.zh, "name_font": {"size": 12}})
    made.set_legend({"position": "bottom"} if len(series) > 1 else {"none": True})
    made.set_size({"width": _WIDTH, "height": _HEIGHT})
    values = _axis(table, rows, series, chart)
    made.set_y_axis({"reverse": True} if chart.kind == "bar" else values)
    if chart.kind == "bar":
        made.set_x_axis(values)
    return made


def _axis(table: ReportTable, rows: Rows, series: Sequence[str], chart: Chart) -> dict[str, Any]:
    """The axis of values; few things are counted in whole steps."""
    lines = table.lines[: rows[1] - rows[0]]
    tops = [[line.amount(key) for key in series] for line in lines]
    most = max((sum(one) if chart.stacked else max(one, default=0) for one in tops), default=0)
    lines_between = {"visible": True, "line": {"color": "#D9D9D9"}}
    whole = {"major_unit": 1, "min": 0} if 0 < most <= FEW else {}
    return {"major_gridlines": lines_between, "num_format": "#,##0", **whole}
