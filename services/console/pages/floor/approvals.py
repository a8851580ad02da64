"""What waits for review, approval and filing; many records are taken a stage further by one form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from starlette.responses import Response

from services.console.asking.floor_answers import FloorRow, WaitingPage
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.recording import FormEntry, actor_at, envelope, record
from services.console.frame.refused import in_words
from services.console.pages.floor.parameters import Cursor, DoneRecord, SeenSeq
from services.console.pages.floor.today import is_request, waiting_requests
from shared.i18n import Text, translated

ACTION: Final = "page.approvals"
SHOWN: Final = 100
STAGES: Final = ("reviewed", "approved", "filed", "returned")


async def approvals(
    page: Page,
    scope: PlaceName,
    office: PlaceName,
    cursor: Cursor = None,
    seq: SeenSeq = None,
    done: DoneRecord = "",
) -> Response:
    """Records that wait for whoever looks, and reports that were issued."""
    place = page.at(scope, office, ACTION)
    return await _shown(page, place, cursor, seq, Wrong(), done=done)


async def take_further(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """Set the chosen records to the stage whose button was pressed."""
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    form = await page.form()
    entry = FormEntry.of(form, page.now, facts.zone)
    stage, chosen, wrong = form["do"], form.all("record"), Wrong()
    if stage not in STAGES or not chosen:
        wrong.whole.append(translated("choose the records that you looked at"))
    elif stage == "returned" and not form["remark"]:
        wrong.fields["remark"] = translated("say what is to be mended")
    if wrong:
        return await _shown(page, place, None, None, wrong, form["remark"], chosen)
    seq, done, refused = await _staged(page, place, entry, stage, chosen, form.given("remark"))
    if refused:
        wrong.whole += [translated("{done} of {all} are recorded.", done=done, all=len(chosen)), *refused]
        return await _shown(page, place, None, seq or None, wrong, form["remark"])
    told = translated("{done} of {all} are recorded.", done=done, all=len(chosen))
    return page.see_other(f"/at/{scope}/{office}/approvals?seq={seq}", told)


def stage_id(form: str, record_: str, stage: str) -> str:
    """The id of the event by which this form sets this record to a stage."""
    return str(uuid5(UUID(form), f"{record_}/{stage}"))


async def _staged(
    page: PageRequest,
    place: OfficePlace,
    entry: FormEntry,
    stage: str,
    chosen: Iterable[str],
    remark: str | None,
) -> tuple[int, int, list[Text]]:
    """One record after another; what is refused stops no other."""
    seq, done, refused = 0, 0, []
    by = actor_at(page.caller, place)
    for one in dict.fromkeys(chosen):
        data = {"record": one, "stage": stage, "by": by, "remark": remark}
        own = FormEntry(stage_id(entry.event, one, stage), entry.at)
        try:
            told = await record(page, envelope(page, place, "record.approved", data, own))
        except ServiceRefusedError as error:
            refused += in_words(error)
            continue
        seq, done = max(seq, told.seq), done + 1
    return seq, done, list(dict.fromkeys(refused))


async def _requests(page: PageRequest, place: OfficePlace, seq: int | None) -> list[FloorRow]:
    """Requests for whoever may record a correction or send one back."""
    if not page.may("event.decide", place):
        return []
    return await waiting_requests(page, place, seq)


async def _shown(
    page: PageRequest,
    place: OfficePlace,
    cursor: str | None,
    seq: int | None,
    wrong: Wrong,
    remark: str = "",
    chosen: Iterable[str] = (),
    done: str = "",
) -> Response:
    facts = await page.scope(place.scope)
    told = await page.services.get(
        "registers", f"/v1/offices/{place.office}/approvals", WaitingPage, mine=True, limit=SHOWN,
        cursor=cursor, min_seq=seq,
    )  # fmt: skip
    stages = {one.awaits for one in told.records if not is_request(one.row)}
    return page.render(
        "floor/approvals.html", status=422 if wrong else 200, place=place, room="floor", facts=facts,
        waiting=told, requests=await _requests(page, place, seq),
        records=[one for one in told.records if not is_request(one.row)],
        stages=[one for one in STAGES if one in stages], wrong=wrong, remark=remark, chosen=set(chosen), done=done,
        entry=FormEntry.fresh(page.now), may_return=page.may("event.decide", place),
    )  # fmt: skip
