"""Headings that stand in more than one report, so that they mean the same in each."""

from __future__ import annotations

from functools import cache

from services.registers.reports.report import ReportColumn
from shared.i18n import Text, translated


def words(key: str, heading: Text, definition: Text) -> ReportColumn:
    """A column of words."""
    return ReportColumn(key, heading, definition, "text")


def amount(key: str, heading: Text, definition: Text) -> ReportColumn:
    """A column of money."""
    return ReportColumn(key, heading, definition, "money")


def rate(key: str, heading: Text, definition: Text, part: str, whole: str) -> ReportColumn:
    """A column of one figure in percent of another."""
    return ReportColumn(key, heading, definition, "percent", (part, whole))


def average(key: str, heading: Text, definition: Text, sum_: str, number: str) -> ReportColumn:
    """A column of one figure for each of another."""
    return ReportColumn(key, heading, definition, "mean", (sum_, number))


def number() -> ReportColumn:
    """The customer's number."""
    return words("number", translated("customer number"), translated("running, never given twice"))


def customer() -> ReportColumn:
    """The customer's name."""
    return words("customer", translated("customer"), translated("the name that was given first"))


def consultant() -> ReportColumn:
    """Whose a line is."""
    return words(
        "consultant", translated("consultant"), translated("who received, answered, owns or has a share")
    )


def consultants() -> ReportColumn:
    """Everyone who has a share in a deal."""
    return words("consultants", translated("consultants"), translated("everyone who has a share in the deal"))


def unit() -> ReportColumn:
    """The unit that is sold."""
    return words("unit", translated("unit"), translated("the unit as it was recorded"))


def project() -> ReportColumn:
    """The project."""
    return words("project", translated("project"), translated("the project as it was recorded"))


def calls() -> ReportColumn:
    """The calls of a period."""
    return ReportColumn("calls", translated("calls"), translated("calls that happened in the period"))


def days_overdue() -> ReportColumn:
    """How long something is overdue."""
    return words("days", translated("days overdue"), translated("the day less the day it was due"))


def each(key: str = "deals") -> ReportColumn:
    """One for each line, so that a list has a total that opens to its rows."""
    return ReportColumn(key, translated("number of lines"), translated("one for each line"))


@cache
def stage_words(stage: str | None) -> Text:
    """How far the paper trail of a record has come."""
    return {
        None: translated("awaits review"),
        "reviewed": translated("awaits approval"),
        "approved": translated("awaits filing"),
        "filed": translated("filed"),
        "returned": translated("returned"),
    }[stage]
