"""`docs/registers.md`: the part that lists every report with its columns, as the code defines them.

`python -m tests.support.registers_page` writes it anew; what a person wrote above it and below it stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from services.registers.model.periods import DaySpan
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import REPORTS
from services.registers.reports.report import OfficeReport
from shared.ids import ScopeId
from shared.rules.schemes.loading import load_scheme

PAGE = Path(__file__).parents[2] / "docs" / "registers.md"
BEGIN, END = "<!-- reports: written from the code -->", "<!-- end of reports -->"


def empty_reports() -> Iterator[tuple[str, str, OfficeReport]]:
    """Every report over no facts: its name, its code and what it is made of."""
    known = Registers(ScopeId("none"), "Asia/Shanghai").known(datetime(2026, 3, 31, tzinfo=UTC))
    basis = ReportBasis(
        known, values_of(load_scheme("base")), None, DaySpan(date(2026, 3, 1), date(2026, 3, 31)), "base 1"
    )
    for name, report in REPORTS.items():
        yield name, report.code, report.make(basis)


def written() -> str:
    """The part of the page that the code says."""
    parts = []
    for name, code, report in empty_reports():
        by = ", ".join(f"`{grain}`" for grain in REPORTS[name].grains)
        parts.append(f"### {code} {report.title.zh} {report.title.en}: `{name}`\n")
        if by:
            parts.append(f"Counted by (`--by`): {by}.\n")
        for table in report.tables:
            parts.append(f"**{table.title.zh}** {table.title.en} (`{table.name}`)\n")
            parts.append("| | 列 | column | 定义 | definition |\n|---|---|---|---|---|")
            parts += [
                f"| `{one.key}` | {one.heading.zh} | {one.heading.en} | {one.definition.zh} | {one.definition.en} |"
                for one in table.columns
            ]
            parts.append("")
    return "\n".join(parts)


def page() -> str:
    """The whole page, with that part anew."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{written()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page())
