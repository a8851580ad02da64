"""What waits for review, approval and filing; many records are taken a stage further by one form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final
from uuid import UUID, uuid5

from msgspec import Struct, field
from msgspec.structs import replace
from starlette.responses import Response

from services.console.asking.floor_answers import AwaitingRecord, WaitingPage
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.recording import FormEntry, actor_at, envelope, record
from services.console.frame.refused import in_words
from services.console.frame.report_words import report_name
from services.console.pages.floor.parameters import ChosenKinds, Cursor, DoneRecord, SeenSeq
from services.console.pages.floor.today import is_request, waiting_requests
from shared.i18n import Text, translated

ACTION: Final = "page.approvals"
SHOWN: Final = 100
STAGES: Final = ("reviewed", "approved", "filed", "returned")


class ApprovalsAsked(Struct, frozen=True, kw_only=True):
    """How the page is shown: from where on, as known when, with what typed, chosen and wrong."""

    cursor: str | None = None
    seq: int | None = None
    remark: str = ""
    chosen: frozenset[str] = frozenset()
    kinds: tuple[str, ...] = ()
    wrong: Wrong = field(default_factory=Wrong)
    done: str = ""


class RecordKind(Struct, frozen=True):
    """Records of the page that are chosen by one button: of one register, and waiting for one stage."""

    key: str
    register: str | None
    awaits: str
    count: int


async def approvals(
    page: Page,
    scope: PlaceName,
    office: PlaceName,
    cursor: Cursor = None,
    seq: SeenSeq = None,
    done: DoneRecord = "",
    choose: ChosenKinds = (),
) -> Response:
    """Records that wait for whoever looks, and reports that were issued; all of the kinds in `choose` are chosen."""
    place = page.at(scope, office, ACTION)
    return await _shown(page, place, ApprovalsAsked(cursor=cursor, seq=seq, done=done, kinds=choose))


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
    asked = ApprovalsAsked(cursor=form.given("cursor"), remark=form["remark"], wrong=wrong)
    if wrong:
        return await _shown(page, place, replace(asked, chosen=frozenset(chosen)))
    seq, done, refused = await _staged(page, place, entry, stage, chosen, form.given("remark"))
    if refused:
        wrong.whole += [translated("{done} of {all} are recorded.", done=done, all=len(chosen)), *refused]
        return await _shown(page, place, replace(asked, cursor=None, seq=seq or None))
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


async def _requests(page: PageRequest, place: OfficePlace, seq: int | None) -> list[AwaitingRecord]:
    """Requests for whoever may record a correction or send one back."""
    if not page.may("event.decide", place):
        return []
    return await waiting_requests(page, place, seq)


def kinds_of(records: list[AwaitingRecord]) -> list[RecordKind]:
    """The kinds that there is more than one record of, in the order of the records."""
    of = {one.kind: one for one in records}
    counts = Counter(one.kind for one in records)
    return [
        RecordKind(key, one.row.register, one.awaits, counts[key])
        for key, one in of.items()
        if counts[key] > 1
    ]


async def _shown(page: PageRequest, place: OfficePlace, asked: ApprovalsAsked) -> Response:
    facts = await page.scope(place.scope)
    told = await page.services.get(
        "registers", f"/v1/offices/{place.office}/approvals", WaitingPage, mine=True, limit=SHOWN,
        cursor=asked.cursor, min_seq=asked.seq,
    )  # fmt: skip
    records = [one for one in told.records if not is_request(one.row)]
    stages = {one.awaits for one in records}
    of_kinds = {one.row.row for one in records if one.kind in asked.kinds}
    return page.render(
        "floor/approvals.html", status=422 if asked.wrong else 200, place=place, room="floor", facts=facts,
        waiting=told, requests=await _requests(page, place, asked.seq), records=records, kinds=kinds_of(records),
        stages=[one for one in STAGES if one in stages], asked=asked, wrong=asked.wrong,
        chosen={one.row.row for one in records if one.row.row in asked.chosen | of_kinds}, done=asked.done,
        entry=FormEntry.fresh(page.now), may_return=page.may("event.decide", place), report_name=report_name,
    )  # fmt: skip
