"""Which lines of a sheet are no entries: empty ones, totals, headings that come again, remarks below a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from services.intake.books.grid import Cell, is_said
from services.intake.imports.headings import heading_of
from services.intake.imports.mapping import Layout

Skipped: TypeAlias = Literal["empty", "total", "headings", "remark"]

_total = re.compile(r"(?:本[日周月页年])?(?:合计|小计|总计|累计|共计)").match
_remark = re.compile(
    r"(?:备注|说明|注|制表人?|填表人|审核人?|复核人?|填表日期|制表日期|打印日期|案场经理|负责人|第\d+页)(?:[:：]|$|\s)|注\d*[:：、]"
).match


def skipped(row: Sequence[Cell], layout: Layout) -> Skipped | None:
    """As what a line is left out; None for one that is read."""
    said = [(index, cell) for index, cell in enumerate(row) if is_said(cell)]
    if not said:
        return "empty"
    words = [cell.strip() for _, cell in said if isinstance(cell, str)]
    if words and _total(words[0].replace(" ", "")) and _is_aside(said[0][0], layout):
        return "total"
    alike = sum(
        heading_of(row[one.index]) == heading_of(one.heading)
        for one in layout.columns
        if one.index < len(row)
    )
    if alike >= 2 and 2 * alike >= len(layout.columns):
        return "headings"
    if isinstance(said[0][1], str) and _remark(said[0][1].strip()) and _says_nobody(row, layout):
        return "remark"
    return None


def _is_aside(index: int, layout: Layout) -> bool:
    """Not the name of a customer: 累计 may be anywhere but there."""
    return all(one.index != index for one in layout.columns if one.field in ("notes", "purpose"))


def _says_nobody(row: Sequence[Cell], layout: Layout) -> bool:
    return not any(
        one.index < len(row) and is_said(row[one.index]) and one.index > 0
        for one in layout.columns
        if one.field in ("phones", "consultant")
    )
