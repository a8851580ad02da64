"""Which pages of the console have pictures in docs/console/, who looks at them, and how the files are named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from shared.access.table import permission_table
from tests.support.documents import DOCS

FOLDER: Final = DOCS / "console"
SIZES: Final = ("desktop", "phone")
LANGUAGES: Final = ("zh", "en")

_LOOKED_BY: Final = {
    "page.desk": "reception", "page.mine": "consultant", "page.customers": "manager", "page.disputes": "manager",
    "page.floor": "manager", "page.findings": "manager", "page.approvals": "manager", "page.corrections": "manager",
    "page.reports": "manager", "page.people": "manager", "page.shift": "manager", "page.audit": "auditor",
    "page.proof": "auditor", "page.replays": "auditor", "page.rulebook": "auditor", "page.rulebook_trial": "auditor",
    "page.own": "head_office",
}  # fmt: skip
_OTHERWISE: Final = {
    "/account": "consultant",
    "/in/{scope}/customers/{customer}": "auditor",
    "/c/{scope}/{case}": "consultant",
}
"""Somebody else looks at these than at the others of their room."""
_NO_PAGES: Final = re.compile(
    r"/(healthz|readyz|metrics|openapi\.json|assets/.*|live/.*)"
    r"|.*/(evidence|workbook|proof)"  # files
    r"|/sign-in/openid.*"  # to a provider and back from it
    r"|.*/(boards|lately|findings)(?<!/{office}/findings)"  # parts of a page, which lead to it
    r"|/|/c/{scope}"  # lead to a room of one's own
)
_PLACES: Final = ("at", "in", "scope", "office")


class PicturedPage(NamedTuple):
    """A page as its pictures show it: its address in the table, who looks, and the name of its files."""

    path: str
    role: str | None
    name: str

    def file(self, size: str, language: str) -> str:
        """The name of one picture."""
        return f"{self.name}.{size}.{language}.png"

    def filled(self, ids: Mapping[str, str]) -> str:
        """The address with ids in it, by the names that stand in it, and what the page is not asked without."""
        asked = ids.get(f"?{self.path}", "")
        return re.sub(r"{(\w+)(?::\w+)?}", lambda found: ids[found[1]], self.path) + asked


def pictured() -> Iterator[PicturedPage]:
    """Every page of the table that somebody can look at."""
    for method, path, action in permission_table().routes("console"):
        if method == "GET" and not _NO_PAGES.fullmatch(path) and not path.startswith("/docs"):
            yield PicturedPage(path, _looked_by(path, action), _name(path))


def _looked_by(path: str, action: str) -> str | None:
    """Somebody who may open it, and has it most; nobody before a sign-in."""
    if action == "page.enter":
        return None
    found = _OTHERWISE.get(path) or _LOOKED_BY.get(action)
    return found or next(iter(permission_table().actions[action].may))


def _name(path: str) -> str:
    """The address without what names an office or a scope."""
    words = [one.strip("{}").partition(":")[0] for one in path.split("/") if one]
    return "-".join(one for one in words if one not in _PLACES)
