"""Registers as lists: filtered, searched, sorted, page by page, and as a workbook."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.registers_answers import ShownRegister, ShownRegisterColumn
from services.console.frame.files import passed_on
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.pages.reports.one_report import ACTION, ROOM, said_beside
from services.console.pages.reports.row_words import RowWords
from shared.i18n import Text, translated

ROWS: Final = 50
SORTS: Final[tuple[tuple[str, Text], ...]] = (
    ("-happened", translated("the latest first")),
    ("happened", translated("the earliest first")),
    ("-recorded", translated("by when it was entered, the latest first")),
    ("customer", translated("by name of the customer")),
    ("number", translated("by number of the customer")),
    ("staff", translated("by member of staff")),
    ("level", translated("by level")),
)
LONGEST: Final = 128


class RegisterFilter(Struct, frozen=True):
    """What was chosen of a register, as it was typed."""

    first: str = ""
    last: str = ""
    staff: str = ""
    level: str = ""
    channel: str = ""
    search: str = ""
    sort: str = ""
    known_at: str = ""

    @classmethod
    def of(cls, form: Form) -> RegisterFilter:
        """As it was typed, no longer than anybody types."""
        typed = {name: form[name][:LONGEST] for name in cls.__struct_fields__}
        return cls(**typed | {"first": form["from"][:LONGEST], "last": form["to"][:LONGEST]})

    @property
    def query(self) -> dict[str, str]:
        """As the registers are asked; what was left empty is not asked."""
        said = {
            "from": self.first, "to": self.last, "staff": self.staff, "level": self.level, "channel": self.channel,
            "search": self.search, "sort": self.sort or SORTS[0][0], "known_at": self.known_at,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value}


async def register(page: Page, scope: str, office: str, register: str) -> Response:
    """The first page of a register."""
    return await _page(page, page.at(scope, office, ACTION), register, RegisterFilter(), None)


async def search_register(page: Page, scope: str, office: str, register: str) -> Response:
    """What was chosen of a register, page by page.

    What was typed stands in the body: an address is kept by browsers and proxies.
    """
    place = page.at(scope, office, ACTION)
    form = await page.form()
    return await _page(page, place, register, RegisterFilter.of(form), form.given("cursor"))


async def _page(
    page: PageRequest, place: OfficePlace, register: str, chosen: RegisterFilter, cursor: str | None
) -> Response:
    facts, wrong = await page.scope(place.scope), Wrong()
    at = f"/v1/offices/{place.office}/registers/{register}"
    shown = await _shown(page, at, chosen, cursor, wrong)
    return page.render(
        "reports/register.html", status=422 if wrong else 200, place=place, room=ROOM, facts=facts, register=register,
        shown=shown, columns=said_columns(shown), chosen=chosen, wrong=wrong, sorts=SORTS, words=RowWords(facts),
        people=[(one.staff, one.name) for one in facts.at_work(place.office)],
        here=f"/at/{place.scope}/{place.office}/registers/{register}",
    )  # fmt: skip


async def _shown(
    page: PageRequest, at: str, chosen: RegisterFilter, cursor: str | None, wrong: Wrong
) -> ShownRegister | None:
    try:
        return await page.services.get(
            "registers", at, ShownRegister, **chosen.query, cursor=cursor, limit=ROWS
        )
    except ServiceRefusedError as error:
        said_beside(error, wrong)
        return None


_IDS: Final = frozenset(("visit", "plan", "record", "request", "feedback", "reservation"))
"""Columns by which programs find one record from another; a person finds it by its customer and its day."""


def said_columns(shown: ShownRegister | None) -> list[ShownRegisterColumn]:
    """The columns under which a row of the page says something to people; a page of empty columns, or of ids for
    programs, hides the others. The workbook has all of them."""
    if shown is None:
        return []
    return [
        one
        for one in shown.columns
        if one.column not in _IDS and any(_says(row.values.get(one.column)) for row in shown.rows)
    ]


def _says(value: object) -> bool:
    return value not in (None, [], {})


async def register_workbook(page: Page, scope: str, office: str, register: str) -> Response:
    """Every row of what was chosen, in the office's form."""
    page.at(scope, office, ACTION)
    chosen = RegisterFilter.of(await page.form())
    return await passed_on(
        page, "registers", f"/v1/offices/{office}/registers/{register}/workbook", **chosen.query
    )
