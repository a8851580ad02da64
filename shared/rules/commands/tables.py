"""What is compared, as tables of a terminal: rows beyond some forty are for the JSON."""

from __future__ import annotations

from typing import Final

from shared.contract.answers.replays import ComparedClaim, ComparedShares
from shared.contract.answers.result import RulebookDigest
from shared.i18n import translated
from shared.platform.text.terminal import say

SHOWN: Final = 40
"""Rows of a table; the JSON has all."""


def book_shown(book: RulebookDigest) -> str:
    """A rulebook with its version and the start of its digest."""
    return f"{book.name} {book.version} ({book.sha256[:12]})"


def claim_shown(state: ComparedClaim | None) -> str:
    """Who owns by which clause until when; a dash where there is no such customer."""
    if state is None:
        return "—"
    until = f" until {state.expires_at}" if state.expires_at else ""
    return f"{state.owner or '—'} {state.status} [{state.clause or '—'}]{until}"


def shares_shown(deal: ComparedShares | None) -> str:
    """The shares in percent; a dash where there is no such deal."""
    if deal is None:
        return "—"
    shares = " + ".join(f"{staff} {points / 100:g}%" for staff, points in deal.shares.items())
    return f"{shares or '—'} {deal.status} [{deal.clause}]"


def print_table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    """Print the rows, or that there are none; how many are left out stands below."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from shared.platform.text.plain import shown

    if not rows:
        say(f"{title}: {translated('nothing changes').beside}")
        return
    table = Table(title=title, box=SIMPLE, title_justify="left")
    for head in heads:
        table.add_column(head, overflow="fold")  # nothing is cut where there is no room
    for row in rows[:SHOWN]:
        table.add_row(*(Text(shown(cell)) for cell in row))  # plain: a clause in brackets is no markup
    console = Console()
    console.print(table, width=max(console.width, 120))
    if len(rows) > SHOWN:
        more = translated("… {count} more rows: see --json", count=len(rows) - SHOWN)
        say(f"{more.zh} / {more.en}")
