"""Where the marks of a chart stand: lines over time, or bars one below another; colours are the style sheet's.

Across, places are parts of a hundred of whatever room there is, so that a picture fits a telephone and a desk alike;
down, they are pixels, so that letters stay as tall as those of the page.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal
from typing import Final

from msgspec import Struct

from services.console.pages.reports.charts import ChartData, ChartSeries
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text

TOP, PLOT = 12, 200
_BAR, _GAP, _NAME = 16, 12, 18
"""Of a group of bars: each of them, what parts it from the next group, and the line of its name above it."""
_ROOM: Final = 68.0
"""How far the longest bar goes; behind it stands its number."""
_INSIDE: Final = 11.0
"""How long a bar is that has its number within."""
_LABELS: Final = 10
"""Labels below a line that do not run into each other; on a narrow page every other one of them is left out."""


class ChartMark(Struct, frozen=True):
    """A bar or a point: where it is, which series, and what it says."""

    x: float
    y: float
    width: float
    series: int
    written: str
    label: Text | str
    heading: BothLanguages

    @property
    def behind(self) -> float:
        """Where a bar ends."""
        return round(self.x + self.width, 2)

    @property
    def holds_its_number(self) -> bool:
        """Whether the number has room within the bar."""
        return self.width >= _INSIDE


class ChartWord(Struct, frozen=True):
    """A word on the picture."""

    x: float
    y: float
    text: Text | str


class DrawnChart(Struct, frozen=True, kw_only=True):
    """A chart ready to be written; `paths` are the lines of series, `grid` the heights that are named."""

    kind: str
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
    across = 100 / max(len(data.labels) - 1, 1)

    def x(place: int) -> float:
        return round(across * place, 2)

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
        ChartWord(x(at), TOP + PLOT + 20, label) for at, label in enumerate(data.labels) if at % every == 0
    ]
    return DrawnChart(
        kind="line", height=TOP + PLOT + 32, headings=_headings(data.series), labels=labels,
        grid=[ChartWord(0, y(step), f"{step:,f}") for step in steps], paths=paths, marks=marks,
    )  # fmt: skip


def _bars(data: ChartData) -> DrawnChart:
    stacked = data.kind == "stacked"
    group = _NAME + (_BAR if stacked else _BAR * len(data.series)) + _GAP
    marks: list[ChartMark] = []
    for at, label in enumerate(data.labels):
        before = Decimal()
        for series, one in enumerate(data.series):
            number = max(one.numbers[at], Decimal())
            x = _part(before, data.most) if stacked else 0
            y = at * group + _NAME + (0 if stacked else series * _BAR)
            marks.append(
                ChartMark(x, y, _part(number, data.most), series, one.written[at], label, one.heading)
            )
            before += number
    labels = [ChartWord(0, at * group + _NAME - 5, label) for at, label in enumerate(data.labels)]
    return DrawnChart(
        kind=data.kind, height=group * len(data.labels), headings=_headings(data.series), labels=labels,
        grid=[], paths=[], marks=marks,
    )  # fmt: skip


def _part(number: Decimal, most: Decimal) -> float:
    """How far a number goes, where the most that there is goes to the end of its room."""
    return round(float(number / most) * _ROOM, 2)


def _headings(series: list[ChartSeries]) -> list[BothLanguages]:
    return [one.heading for one in series]
