"""Charts where people look rather than read: which columns of which tables, and the numbers behind the picture.

The picture is drawn by `drawing`; the table beside it has the same figures for whoever reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from msgspec import Struct

from services.console.asking.registers_answers import ShownLine, ShownTable
from services.console.pages.reports.names import cell_words
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text
from shared.platform.place_names import PlaceNames

MOST_LINES: Final = 62
"""Lines beyond which a chart is a smear: two months of days are still read."""
SERIES: Final = 4

ChartKind = Literal["line", "bars", "stacked"]


class ChartPlan(Struct, frozen=True):
    """A chart of some columns of a table, by the words of its first column."""

    kind: ChartKind
    columns: tuple[str, ...]


_BARS: Final = ChartPlan("bars", ("visits", "new", "calls", "sold"))
PLANS: Final[Mapping[str, Mapping[str, ChartPlan]]] = {
    "traffic": {
        **dict.fromkeys(("day", "hour"), ChartPlan("line", ("visits", "new", "calls"))),
        **dict.fromkeys(("week", "month", "weekday", "consultant", "channel", "project"), _BARS),
    },
    "daily": {"consultants": ChartPlan("bars", ("visits", "calls"))},
    "period": {
        "channels": ChartPlan("bars", ("visits", "calls", "sold")),
        "districts": ChartPlan("bars", ("visits", "sold")),
        "units": ChartPlan("bars", ("sold",)),
        "ranking": ChartPlan("bars", ("amount",)),
    },
    "consultants": {"consultants": ChartPlan("bars", ("visits", "follow_ups", "subscribed"))},
    "work": {"contacts": ChartPlan("bars", ("phone", "won"))},
    "levels": {"movements": ChartPlan("stacked", ("won", "lost", "ended"))},
    "due": {"intervals": ChartPlan("bars", ("in_time_rate",))},
    "conversion": {"cohort": ChartPlan("bars", ("customers", "won"))},
    "losses": {"losses": ChartPlan("bars", ("lost",))},
    "timeliness": {"in_time": ChartPlan("bars", ("in_time_rate", "complete_rate"))},
    "satisfaction": {"means": ChartPlan("bars", ("mean_score",))},
    "targets": {"work": ChartPlan("bars", ("customers", "active", "outings"))},
}


class ChartSeries(Struct, frozen=True):
    """One column: its heading, its numbers in the order of the lines, and each as the table writes it."""

    heading: BothLanguages
    numbers: list[Decimal]
    written: list[str]


class ChartData(Struct, frozen=True):
    """The numbers of a chart, and what stands below or beside each."""

    kind: ChartKind
    labels: list[Text | str]
    series: list[ChartSeries]

    @property
    def most(self) -> Decimal:
        """The longest bar or the highest point."""
        if self.kind == "stacked":
            return max((sum(one, Decimal()) for one in zip(*self._numbers, strict=True)), default=Decimal())
        return max((number for numbers in self._numbers for number in numbers), default=Decimal())

    @property
    def _numbers(self) -> list[list[Decimal]]:
        return [one.numbers for one in self.series]


def chart_data(report: str, table: ShownTable, places: PlaceNames) -> ChartData | None:
    """The chart of a table; None of one that has none, or nothing to show."""
    plan = PLANS.get(report, {}).get(table.table)
    if plan is None or not 1 < len(table.lines) <= MOST_LINES:
        return None
    headings = {one.column: one.heading for one in table.columns}
    columns = [one for one in plan.columns if one in headings][:SERIES]
    series = [_series(headings[one], one, table.lines) for one in columns]
    first = table.columns[0].column
    labels = [cell_words(first, one.figures[first].value, places) for one in table.lines]
    data = ChartData(plan.kind, labels, series)
    return data if data.most > 0 else None


def _series(heading: BothLanguages, column: str, lines: list[ShownLine]) -> ChartSeries:
    written = [one.figures[column].value for one in lines]
    return ChartSeries(heading, [number_of(one) for one in written], written)


def number_of(written: str) -> Decimal:
    """The number of a figure as it is written, `7,400,000.00` or `25.0%`; nothing where there is none."""
    try:
        return Decimal(written.replace(",", "").removesuffix("%"))
    except InvalidOperation:
        return Decimal()
