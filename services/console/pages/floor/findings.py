"""What machines found in the registers: looked at one by one, and closed with what was found out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.floor_answers import FindingOnFloor, FindingsOnFloor
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.refused import wrong_with
from services.console.pages.floor.parameters import Cursor
from shared.contract.answers.values import BothLanguages
from shared.i18n import translated

ACTION: Final = "page.findings"
SHOWN: Final = 200
"""On one page, so that those of one reason stand together."""
_FIELDS: Final = {"note": "note", "body.note": "note"}


class ClosingTyped(Struct, frozen=True):
    """The form of one finding as it came; of none where nothing was sent."""

    finding: str = ""
    note: str = ""


class FindingGroup(Struct, frozen=True):
    """Findings of one reason; `kind` says of which check they are, where the reason does not."""

    heading: BothLanguages
    kind: BothLanguages | None
    findings: list[FindingOnFloor]


def grouped(found: Iterable[FindingOnFloor]) -> list[FindingGroup]:
    """Those of one kind and reason together, in the order in which they are listed."""
    groups: dict[tuple[str, str], FindingGroup] = {}
    for one in found:
        says = one.says
        group = FindingGroup(one.title if says is None else says, None if says is None else one.title, [])
        groups.setdefault((one.kind, group.heading.en), group).findings.append(one)
    return list(groups.values())


async def findings(page: Page, scope: PlaceName, office: PlaceName, cursor: Cursor = None) -> Response:
    """What is open, some at a time, each with the form that closes it."""
    return await _shown(page, page.at(scope, office, ACTION), cursor, ClosingTyped(), Wrong())


async def close_finding(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """Close one with a remark."""
    place = page.at(scope, office, ACTION)
    form: Form = await page.form()
    typed, wrong = ClosingTyped(form["finding"], form["note"]), Wrong()
    if not typed.note:
        wrong.fields["note"] = translated("Say what was found out: it stands with the finding.")
        return await _shown(page, place, None, typed, wrong)
    if not typed.finding.isalnum():
        wrong.whole.append(translated("Choose the finding that is to be closed."))
        return await _shown(page, place, None, typed, wrong)
    path = f"/v1/offices/{office}/findings/{typed.finding}/closing"
    try:
        await page.services.post("registers", path, {"note": typed.note}, FindingOnFloor)
    except ServiceRefusedError as error:
        if error.status not in (403, 404, 409, 422):
            raise
        return await _shown(page, place, None, typed, wrong_with(error, _FIELDS))
    return page.see_other(
        f"/at/{scope}/{office}/findings", translated("The finding is closed, with what was found out.")
    )


async def _shown(
    page: PageRequest, place: OfficePlace, cursor: str | None, typed: ClosingTyped, wrong: Wrong
) -> Response:
    path = f"/v1/offices/{place.office}/findings"
    query: dict[str, Any] = {"limit": SHOWN, "cursor": cursor}
    told = await page.services.get("registers", path, FindingsOnFloor, **query)
    return page.render(
        "floor/findings.html", status=422 if wrong else 200, place=place, room="floor",
        facts=await page.scope(place.scope), told=told, groups=grouped(told.findings), typed=typed, wrong=wrong,
        may_close=page.may("finding.settle", place),
    )  # fmt: skip
