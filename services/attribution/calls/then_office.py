"""Deals, disputes, flags, penalties and boards of an earlier time (contract.md#times)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from starlette.responses import Response

from services.attribution.calls.asking import encoded
from services.attribution.calls.then import EarlierQuestions, PreparedQuestion
from services.attribution.calls.times import AskedTimes, PlaceThen, cursor_then, place_then
from services.attribution.historic.facts import ScopeMoment
from services.attribution.historic.lists import ListName, PageThen
from services.attribution.historic.questions import BoardsThen, DealThen, ListThen
from services.attribution.queries import then
from services.attribution.queries.snapshot import Snapshot
from shared.access.extent import Sight
from shared.access.report import disclosed
from shared.contract.answers import (
    BoardsAnswer,
    BothBoards,
    DealAnswer,
    DealsPage,
    DisputesPage,
    FlagsPage,
    ListedFlag,
    ListedPenalty,
    PenaltiesPage,
)
from shared.contract.answers.values import PageOfTime, extended
from shared.i18n import bilingual
from shared.ids import OfficeId, ScopeId
from shared.platform.http.problem import ProblemError
from shared.rules.domain.state import Board
from shared.rules.judge.result import both_boards

Shown = Callable[[Snapshot, PageThen], list[Any]]

_SHOWN: Final[dict[ListName, tuple[type[PageOfTime], Shown]]] = {
    "deals": (DealsPage, lambda _, page: [then.deal_shown(one) for one in page.items]),
    "disputes": (DisputesPage, lambda _, page: page.items),
    "flags": (FlagsPage, lambda snapshot, page: then.marks_shown(snapshot, page, ListedFlag)),
    "penalties": (PenaltiesPage, lambda snapshot, page: then.marks_shown(snapshot, page, ListedPenalty)),
}


class EarlierLists:
    """Answers these calls where times are given."""

    def __init__(self, earlier: EarlierQuestions) -> None:
        self._earlier = earlier

    async def page(
        self,
        name: ListName,
        scope: ScopeId,
        sight: Sight,
        asked: AskedTimes,
        cursor: str | None,
        limit: int,
        min_seq: int | None,
    ) -> Response:
        """A page of a list, as far as the caller reaches today."""
        kind, shown = _SHOWN[name]
        at = place_then(cursor, asked, name)

        def prepare(snapshot: Snapshot, moment: ScopeMoment) -> PreparedQuestion:
            return PreparedQuestion(
                ListThen(moment, name, at.born, limit, reached=then.reached(snapshot, name))
            )

        found = await self._earlier.all(scope, sight, min_seq, asked, prepare, at.seq)
        items = await self._earlier.read(scope, sight, lambda snapshot: shown(snapshot, found.told))
        disclosed(count=len(items))
        following = PlaceThen(at.born + limit, found.head.seq) if found.told.more else None
        page = kind(
            **{name: items},
            cursor=None if following is None else cursor_then(following, asked, name),
            **found.head.answer_head(),
            **found.times,
        )
        return encoded(page, found.head)

    async def deal(
        self, scope: ScopeId, name: str, sight: Sight, asked: AskedTimes, min_seq: int | None
    ) -> Response:
        """How one deal stood."""

        def prepare(snapshot: Snapshot, moment: ScopeMoment) -> PreparedQuestion:
            reached = then.reached(snapshot, "deals")
            if reached is not None and name not in reached.ids:
                return PreparedQuestion(None)
            return PreparedQuestion(DealThen(moment, name))

        found = await self._earlier.one(scope, sight, min_seq, asked, prepare)
        if found.told is None:
            raise ProblemError(404, bilingual("no deal {name} was known then", name=name))
        deal = then.deal_shown(found.told)
        return encoded(extended(DealAnswer, deal, **found.head.answer_head(), **found.times), found.head)

    async def boards(
        self, scope: ScopeId, office: OfficeId, sight: Sight, asked: AskedTimes, min_seq: int | None
    ) -> Response:
        """Whose turn it was; an office that had opened no shift had empty boards."""

        def prepare(_: Snapshot, moment: ScopeMoment) -> PreparedQuestion:
            return PreparedQuestion(BoardsThen(moment, office))

        found = await self._earlier.all(scope, sight, min_seq, asked, prepare)
        boards: BothBoards = found.told or both_boards(Board(office))
        told = BoardsAnswer(
            office=office,
            scope=scope,
            visit=boards.visit,
            call=boards.call,
            **found.head.answer_head(),
            **found.times,
        )
        return encoded(told, found.head)
