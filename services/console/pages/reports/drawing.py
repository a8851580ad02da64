"""Where the marks of a chart stand: lines over time, or bars one below another; colours are the style sheet's."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

from msgspec import Struct

from services.console.pages.reports.charts import ChartData, ChartSeries
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text

WIDTH: Final = 720
_LEFT, _RIGHT, TOP, PLOT = 52, 16, 12, 200
_NAMES: Final = 150
"""Width of the words beside bars."""
_BAR, _GAP = 16, 12
_NUMBERS: Final = 96
"""Room behind the longest bar for its number."""
_LABELS: Final = 10
"""Labels below a line that do not run into each other."""


class ChartMark(Struct, frozen=True):
    """A bar or a point: where it is, which series, and what it says."""

    x: float
    y: float
    width: float
    series: int
    written: str
    label: Text | str
    heading: BothLanguages


class ChartWord(Struct, frozen=True):
    """A word on the picture."""

    x: float
    y: float
    text: Text | str


class DrawnChart(Struct, frozen=True, kw_only=True):
    """A chart ready to be written; `paths` are the lines of series, `grid` the heights that are named."""

    kind: str
    width: int
    height: int
    headings: list[BothLanguages]
    labels: list[ChartWord]
    grid: list[ChartWord]
    paths: list[str]
    marks: list[ChartMark]


def drawn(data: ChartData) -> DrawnChart:
    """The picture of the numbers."""
    return _line(data) if data.kind == "line" else _bars(data)


def steps_of(most: Decimal) -> list[Decimal]:
    """Four even steps from nothing on, in numbers that people count by, of which the last is not below `most`."""
    least = max(most / 4, Decimal("0.25"))
    size = Decimal(1).scaleb(least.adjusted())
    step = next(size * factor for factor in (1, 2, Decimal("2.5"), 5, 10) if size * factor >= least)
    if step < 1 or step == Decimal("2.5"):
        step = step.to_integral_value(ROUND_CEILING)
    return [step * number for number in range(5)]


def _line(data: ChartData) -> DrawnChart:
    steps = steps_of(data.most)
    across = (WIDTH - _LEFT - _RIGHT) / max(len(data.labels) - 1, 1)

    def x(place: int) -> float:
        return round(_LEFT + across * place, 1)

    def y(number: Decimal) -> float:
        return round(TOP + PLOT * float(1 - number / steps[-1]), 1)

    marks = [
        ChartMark(x(at), y(number), 0, series, one.written[at], data.labels[at], one.heading)
        for series, one in enumerate(data.series)
        for at, number in enumerate(one.numbers)
    ]
    paths = [
        "M" + " L".join(f"{mark.x} {mark.y}" for mark in marks if mark.series == series)
        for series in range(len(data.series))
    ]
    every = -(-len(data.labels) // _LABELS)
    labels = [
        ChartWord(x(at), TOP + PLOT + 20, _short_day(label))
        for at, label in enumerate(data.labels)
        if at % every == 0
    ]
    return DrawnChart(
        kind="line", width=WIDTH, height=TOP + PLOT + 32, headings=_headings(data.series), labels=labels,
        grid=[ChartWord(_LEFT, y(step), f"{step:,f}") for step in steps], paths=paths, marks=marks,
    )  # fmt: skip


def _short_day(label: Text | str) -> Text | str:
    """A day without its year, which the heading of the page says."""
    told = str(label)
    return told[5:] if len(told) == 10 and told[4:8:3] == "--" else label


def _bars(data: ChartData) -> DrawnChart:
    room = WIDTH - _NAMES - _NUMBERS
    stacked = data.kind == "stacked"
    group = (_BAR if stacked else _BAR * len(data.series)) + _GAP
    marks: list[ChartMark] = []
    for at, label in enumerate(data.labels):
        before = Decimal()
        for series, one in enumerate(data.series):
            number = max(one.numbers[at], Decimal())
            x = _NAMES + (float(before / data.most) * room if stacked else 0)
            y = TOP + at * group + (0 if stacked else series * _BAR)
            width = float(number / data.most) * room
            marks.append(
                ChartMark(round(x, 1), y, round(width, 1), series, one.written[at], label, one.heading)
            )
            before += number
    labels = [
        ChartWord(_NAMES - 8, TOP + at * group + (group - _GAP) / 2 + 4, label)
        for at, label in enumerate(data.labels)
    ]
    return DrawnChart(
        kind=data.kind, width=WIDTH, height=TOP + group * len(data.labels), headings=_headings(data.series),
        labels=labels, grid=[], paths=[], marks=marks,
    )  # fmt: skip


def _headings(series: list[ChartSeries]) -> list[BothLanguages]:
    return [one.heading for one in series]
