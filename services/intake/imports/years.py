"""Which year days without one are of: what the sheet says of itself, and where its rows go over the end of a year."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from services.intake.imports.days import SaidDay
from services.intake.imports.faults import RowFaultError

_BACK: Final = timedelta(days=180)
_AHEAD: Final = timedelta(days=270)
_EDGE: Final = r"\s*(?:至|到|~|—|–|-)\s*"
_DATE: Final = r"20\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?"
_made_on = re.compile(
    r"(?:打印|制表|制作|填表|填报|导出|生成|统计|更新|下载|上报|截止|截至|存档|审核)[^\s:]{0,4}[\s:]*20\d{2}"
    r"(?:\s*[-/.年]\s*\d{0,2}(?:\s*[-/.月]\s*\d{0,2}\s*[日号]?)?)?"
).sub
_span = re.compile(rf"{_DATE}(?={_EDGE}(?:20)?\d)|(?<=[至到~—–-])\s*{_DATE}").findall
_year = re.compile(
    r"(?<!\d)(20\d{2})\s*(?:年\s*(?:度|全年|[上下]半年|第?[一二三四1-4]季|\d{1,2}\s*月(?!\s*\d)"
    r"|(?=$|[\s()\[\]【】]|客户|顾客|来访|来电|到访|接待|拓客|登记|案场|销售)))"
).findall
_bare = re.compile(r"(?<!\d)(20\d{2})(?:\s*[-.年]\s*\d{1,2})?\s*月?(?![-/.月年\d])").findall


def year_of(sheet: str, titles: Iterable[str]) -> int | None:
    """The one year that a sheet's name says, or a title as the year of the book: no day on which it was printed."""
    found: set[str] = set()
    for title in titles:
        text = _made_on("", unicodedata.normalize("NFKC", title).strip())
        found |= {*_year(text), *(one.strip()[:4] for one in _span(text))}
    name = _made_on("", unicodedata.normalize("NFKC", sheet).strip())
    found |= {*_year(name), *_bare(name)}
    return int(found.pop()) if len(found) == 1 else None


class YearOrder:
    """Watches days without a year: behind the end of a year nobody knows which year they are of."""

    def __init__(self) -> None:
        self._last: date | None = None
        self._turned = False

    def hold(self, said: SaidDay) -> None:
        """Raises `RowFaultError` from where the rows went over the end of a year, until one of them says its year."""
        if not said.yearless:
            self._turned = False
        elif self._turned or (self._last is not None and not -_BACK < said.day - self._last < _AHEAD):
            self._turned = True
            raise RowFaultError("date_turn")
        self._last = said.day
