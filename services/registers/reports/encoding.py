"""A report as JSON: every figure as it is written, with its definition and the ids behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from services.registers.reports.explaining import ExplainedFigure, reason_in_words
from services.registers.reports.report import OfficeReport, ReportColumn, ReportLine, ReportTable
from shared.contract import format_instant
from shared.i18n import Text


def in_json(
    report: OfficeReport,
    differences: tuple[ExplainedFigure, ...] | None = None,
    shown: Callable[[dict[str, Any]], dict[str, Any]] = lambda document: document,
) -> str:
    """The document that a command prints and a call answers; with what explains the differences to another run.

    `shown` may put other texts in the place of those of the registers, such as names that stand there under seal.
    """
    answer = as_json(report)
    if differences is not None:
        answer["differences"] = explained_as_json(differences)
    return json.dumps(shown(answer), ensure_ascii=False)


def as_json(report: OfficeReport) -> dict[str, Any]:
    """The whole of a report as plain values."""
    head = report.head
    return {
        "report": report.name,
        "title": _text(report.title),
        "scope": head.scope,
        "office": head.office,
        "from": head.period.first.isoformat(),
        "to": head.period.last.isoformat(),
        "as_of": format_instant(head.as_of),
        "known_at": format_instant(head.known_at),
        "zone": head.zone,
        "rulebook": head.rulebook,
        "scheme": head.scheme,
        "remarks": [_text(one) for one in report.remarks],
        "tables": [_table(one) for one in report.tables],
    }


def counted_rows(document: dict[str, Any]) -> dict[str, Any]:
    """A document whose figures say how many rows are behind them, in the place of the ids of these."""
    for table in document["tables"]:
        for line in lines_in(table):
            for figure in line["figures"].values():
                figure["rows"] = len(figure.pop("ids"))
    return document


def lines_in(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a table of a document, with its total."""
    return [*table["lines"], *([table["total"]] if table["total"] is not None else [])]


def explained_as_json(figures: tuple[ExplainedFigure, ...]) -> list[dict[str, Any]]:
    """What explains the differences, as plain values."""
    return [
        {
            "table": one.table,
            "line": list(one.line),
            "column": one.column,
            "issued": str(one.issued),
            "later": str(one.later),
            "rows": [
                {
                    "row": row.row,
                    "amount": str(row.amount),
                    "reasons": [
                        {"reason": each, "title": _text(reason_in_words(each))} for each in row.reasons
                    ],
                    "facts": list(row.facts),
                }
                for row in one.rows
            ],
        }
        for one in figures
    ]


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _table(table: ReportTable) -> dict[str, Any]:
    return {
        "table": table.name,
        "title": _text(table.title),
        "columns": [_column(one) for one in table.columns],
        "lines": [_line(table, one) for one in table.lines],
        "total": _line(table, table.total) if table.total is not None else None,
    }


def _column(column: ReportColumn) -> dict[str, Any]:
    return {
        "column": column.key,
        "heading": _text(column.heading),
        "definition": _text(column.definition),
        "kind": column.kind,
    }


def _line(table: ReportTable, line: ReportLine) -> dict[str, Any]:
    return {
        "line": list(line.key),
        "figures": {
            column.key: {"value": line.shown(column), "ids": list(line.ids(column))}
            for column in table.columns
        },
    }
