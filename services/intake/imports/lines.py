"""Which lines of a sheet are no entries: empty ones, totals, headings that come again, remarks below a table."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Final, Literal, TypeAlias

from services.intake.books.grid import Cell, is_said
from services.intake.imports.headings import ImportField, heading_of, meanings
from services.intake.imports.mapping import FoundColumn, Layout
from services.intake.imports.words import NOTHING, NUMBERS, tidy

Skipped: TypeAlias = Literal["empty", "total", "headings", "remark"]

_COUNTS: Final = r"[\d:,.;、()组人批位次个户套条量数来访电拓客接待登记首复成交认购签约共]*"
_total = re.compile(
    r"(?:\d{4}年)?(?:\d{1,2}月份?)?(?:\d{1,2}[日号])?"
    r"(?:[当本今全][日天周月季年]度?|第?[一二三四五六七八九十\d]{1,3}[周月季]度?|[上中下]旬|[上下]半[年月]|[周月季年日]度?)?"
    rf"(?:合计|小计|总计|累计|共计|汇总){_COUNTS}"
    rf"|共计?\d+[组人批位次个户套条]{_COUNTS}"
).fullmatch
_remark = re.compile(
    r"(?:备注|说明|注|制表人?|填表人|审核人?|复核人?|填表日期|制表日期|打印日期|案场经理|负责人|第\d+页)(?:[:：]|$|\s)|注\d*[:：、]"
).match
_count = re.compile(rf"(?!.*\d{{5}})(?=.*\d){_COUNTS}").fullmatch
_digit = re.compile(r"\d").search
_ANYBODY: Final[frozenset[ImportField]] = frozenset({"name", "phones", "wechat", "consultant"})
_SAYERS: Final[frozenset[ImportField]] = frozenset({"phones", "wechat", "consultant"})


def skipped(row: Sequence[Cell], layout: Layout) -> Skipped | None:
    """As what a line is left out; None for one that is read. A line that says somebody is never a total or remark."""
    said = [(index, cell) for index, cell in enumerate(row) if is_said(cell)]
    if all(index in _numbering(layout) for index, _ in said):
        return "empty"
    if _is_heading(row, layout, len(said)):
        return "headings"
    if _has_total(row, layout) and not _says(row, layout, _ANYBODY, _is_total):
        return "total"
    first = said[0][1]
    if isinstance(first, str) and _is_remark(first) and not _says(row, layout, _SAYERS, _is_remark):
        return "remark"
    return None


def _numbering(layout: Layout) -> Collection[int]:
    """Columns that were numbered beforehand, line by line."""
    return {one.index for one in layout.columns if one.field is None and heading_of(one.heading) in NUMBERS}


def _is_heading(row: Sequence[Cell], layout: Layout, said: int) -> bool:
    """Most of what stands in it are headings of these columns, if by other words of their fields; no number does."""
    alike = sum(_heads(_at(row, one), one) for one in layout.columns)
    phones = (_at(row, one) for one in layout.of("phones"))
    return alike >= 2 and 2 * alike >= said and not any(_digit(str(cell or "")[:3]) for cell in phones)


def _heads(cell: Cell, column: FoundColumn) -> bool:
    heading = heading_of(cell)
    return bool(heading) and (
        heading == heading_of(column.heading) or column.field in {field for _, field in meanings(heading)}
    )


def _has_total(row: Sequence[Cell], layout: Layout) -> bool:
    """Anywhere but where people write what they like."""
    free = {one.index for one in layout.columns if one.field in ("notes", "purpose")}
    return any(
        isinstance(cell, str) and index not in free and _is_total(cell) for index, cell in enumerate(row)
    )


def _is_total(cell: str) -> bool:
    return _total("".join(tidy(cell).split())) is not None


def _is_remark(cell: str) -> bool:
    return _remark(cell.strip()) is not None


def _says(
    row: Sequence[Cell], layout: Layout, fields: Collection[ImportField], is_aside: Callable[[str], bool]
) -> bool:
    """Whether a line says somebody, beside its total or remark and beside counts."""
    return any(_somebody(_at(row, one), is_aside) for one in layout.columns if one.field in fields)


def _somebody(cell: Cell, is_aside: Callable[[str], bool]) -> bool:
    if isinstance(cell, float):
        return not 0 <= cell < 10_000
    if not isinstance(cell, str):
        return is_said(cell)
    said = tidy(cell)
    return said not in NOTHING and not _count("".join(said.split())) and not is_aside(cell)


def _at(row: Sequence[Cell], column: FoundColumn) -> Cell:
    return row[column.index] if column.index < len(row) else None
