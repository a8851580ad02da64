"""Customers and their histories of an earlier time: how they stood, or what was known of them (contract.md#times)."""

from __future__ import annotations

from msgspec import UNSET
from starlette.responses import Response

from services.attribution.calls.asking import encoded
from services.attribution.calls.then import EarlierQuestions, Prepare, PreparedQuestion
from services.attribution.calls.times import AskedTimes, PlaceThen, cursor_then, place_then
from services.attribution.historic.facts import ScopeMoment
from services.attribution.historic.lists import CustomerFilter
from services.attribution.historic.questions import CustomerThen, HistoryThen, ListThen, Narrow
from services.attribution.queries import customers, then, then_history
from services.attribution.queries.snapshot import Snapshot, UnknownNameError
from shared.access.extent import Sight
from shared.access.report import disclosed
from shared.contract.answers import CustomerAnswer, CustomersPage, HistoryAnswer
from shared.contract.answers.values import extended
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.http.problem import ProblemError


class EarlierCustomers:
    """Answers these calls where times are given."""

    def __init__(self, earlier: EarlierQuestions) -> None:
        self._earlier = earlier

    async def customer(
        self,
        scope: ScopeId,
        name: str,
        sight: Sight,
        asked: AskedTimes,
        cursor: str | None,
        limit: int,
        min_seq: int | None,
    ) -> Response:
        """How a customer stood, with a page of its decisions."""
        at = place_then(cursor, asked, name)
        found = await self._earlier.one(scope, sight, min_seq, asked, _of(name, CustomerThen), at.seq)
        if found.told is None:
            raise _unknown(name)

        def answer(snapshot: Snapshot) -> CustomerAnswer:
            opened = snapshot.opener.customers([found.told], _hidden(found.told.customer, found.prepared))
            shown = then.paged_then(opened[0], at.born, limit)
            if shown.cursor is not UNSET:
                place = PlaceThen(int(str(shown.cursor).partition("~")[0]), found.head.seq)
                shown = extended(type(shown), shown, cursor=cursor_then(place, asked, name))
            return extended(CustomerAnswer, shown, **found.head.answer_head(), **found.times)

        told = await self._earlier.read(scope, sight, answer)
        disclosed(customer=told.customer)
        return encoded(told, found.head)

    async def history(
        self,
        scope: ScopeId,
        name: str,
        sight: Sight,
        asked: AskedTimes,
        cursor: str | None,
        limit: int,
        min_seq: int | None,
    ) -> Response:
        """What was known of a customer, fact by fact."""
        at = place_then(cursor, asked, name, "history")
        found = await self._earlier.one(scope, sight, min_seq, asked, _of(name, HistoryThen), at.seq)
        if found.told is None:
            raise _unknown(name)

        def answer(snapshot: Snapshot) -> HistoryAnswer:
            page = then_history.history_then(
                snapshot, found.told, (at.born, at.after), limit, masked=found.prepared
            )
            following = None
            if page.following is not None:
                following = cursor_then(
                    PlaceThen(page.following[0], found.head.seq, page.following[1]), asked, name, "history"
                )
            aside = UNSET if cursor else then_history.set_asides_then(snapshot, name, asked.known_at)
            return HistoryAnswer(
                scope=scope,
                customer=found.told.customer,
                events=page.events,
                decisions=page.decisions,
                set_aside=aside,
                cursor=following or UNSET,
                **found.head.answer_head(),
                **found.times,
            )

        told = await self._earlier.read(scope, sight, answer)
        disclosed(customer=told.customer)
        return encoded(told, found.head)

    async def page(
        self,
        scope: ScopeId,
        sight: Sight,
        asked: AskedTimes,
        filter_: CustomerFilter,
        cursor: str | None,
        limit: int,
        decisions: int,
        min_seq: int | None,
    ) -> Response:
        """A page of customers as they stood, in the order of their first records."""
        of = ("customers", filter_)
        at = place_then(cursor, asked, *of)

        def prepare(snapshot: Snapshot, moment: ScopeMoment) -> PreparedQuestion:
            reached = then.reached(snapshot, "customers")
            return PreparedQuestion(ListThen(moment, "customers", at.born, limit, filter_, reached))

        found = await self._earlier.all(scope, sight, min_seq, asked, prepare, at.seq)
        items = await self._earlier.read(
            scope, sight, lambda snapshot: then.customers_shown(snapshot, found.told.items, decisions)
        )
        disclosed(count=len(items))
        following = PlaceThen(at.born + limit, found.head.seq) if found.told.more else None
        page = CustomersPage(
            customers=items,
            cursor=None if following is None else cursor_then(following, asked, *of),
            **found.head.answer_head(),
            **found.times,
        )
        return encoded(page, found.head)


def _of(name: str, kind: type[Narrow]) -> Prepare:
    """A question on a customer whom the caller reaches today; whether masked goes with it."""

    def prepare(snapshot: Snapshot, moment: ScopeMoment) -> PreparedQuestion:
        readable, masked = customers.seen_then(snapshot.faces(), name)
        if not readable:
            return PreparedQuestion(None)
        try:
            first: int | None = snapshot.find(name).first
        except UnknownNameError:
            first = None
        return PreparedQuestion(kind(moment, name, first), masked)

    return prepare


def _hidden(customer: str, masked: bool) -> frozenset[str]:
    return frozenset((customer,)) if masked else frozenset()


def _unknown(name: str) -> ProblemError:
    return ProblemError(404, bilingual("no customer {name} was known then", name=name))
