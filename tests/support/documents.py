"""How documents are read by the tests that hold them: their anchors, sections, tables and examples."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)

_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
_BAR = re.compile(r"(?<!\\)\|")
_ROW = re.compile(r"^\|(.*)\|$", re.MULTILINE)


@cache
def text(page: Path) -> str:
    """What the page says."""
    return page.read_text(encoding="utf-8")


def slug(heading: str) -> str:
    """A heading as links name it."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    """The headings of a page as links name them, and the anchors that it sets itself."""
    body = FENCE.sub("", text(page))
    return frozenset(map(slug, _HEADING.findall(body))) | frozenset(_ANCHOR.findall(body))


def section(page: Path, anchor: str) -> str:
    """What stands under a heading, up to the next one of whatever level."""
    parts = re.split(r"^(#+ .+)$", text(page), flags=re.MULTILINE)
    found = {slug(parts[n].lstrip("# ")): parts[n + 1] for n in range(1, len(parts), 2)}
    return found[anchor]


def tables(body: str) -> list[list[list[str]]]:
    """The tables of a section: rows of cells, without heads."""
    found = []
    for table in re.findall(r"(?:^\|.*\n)+", FENCE.sub("", body) + "\n", re.MULTILINE):
        rows = [[cell.strip() for cell in _BAR.split(row)] for row in _ROW.findall(table)]
        found.append(rows[2:])
    return found


def examples(body: str, kind: str = "json") -> list[str]:
    """The fenced blocks of a section that are of a kind."""
    return [block for marked, block in FENCE.findall(body) if marked == kind]


def name_in(cell: str) -> str:
    """The name that a cell holds in backticks, also behind an anchor or within a link."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else ""
