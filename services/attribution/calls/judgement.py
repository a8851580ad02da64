"""All of a scope in the bytes of `panke judge`, also as of a time (contract.md#judgement)."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import msgspec
from msgspec import Raw, Struct
from starlette.responses import Response

from services.attribution.calls.asking import Asking, headers_of
from services.attribution.calls.parameters import MinSeq, Scope, Seen
from services.attribution.calls.routes import Routes
from services.attribution.calls.times import AskedTimes, AsOf, KnownAt, times_of
from services.attribution.historic.judge import (
    HistoricJudge,
    HistoricQuery,
    RefoldUnavailableError,
    ScopeFacts,
)
from services.attribution.queries import customers
from services.attribution.queries.snapshot import FoldedHead
from shared.access.extent import Sight
from shared.access.report import disclosed
from shared.contract.answers import JudgementResult
from shared.ids import ScopeId
from shared.platform.clock import BusinessClock
from shared.platform.http.openapi import JSON
from shared.platform.http.problem import unavailable


class JudgementCalls:
    """The handler of this call."""

    def __init__(self, asking: Asking, scopes: HistoricJudge, clock: BusinessClock) -> None:
        self._asking = asking
        self._scopes = scopes
        self._clock = clock

    def add_to(self, routes: Routes) -> None:
        whole = "All of a scope, also as of a time"
        routes.get("/scopes/{scope}/judgement", self.judgement, whole, JudgementResult)

    async def judgement(
        self,
        scope: Scope,
        sight: Seen,
        as_of: AsOf = None,
        known_at: KnownAt = None,
        min_seq: MinSeq = None,
    ) -> Response:
        asked = times_of(as_of, known_at, self._clock.now())
        head, judged = await self._refold(scope, sight, asked, min_seq)
        disclosed(count=await self._asking.ask("historic", partial(_customers_in, judged), ""))
        return Response(judged, media_type=JSON, headers=headers_of(head))

    async def _refold(
        self, scope: ScopeId, sight: Sight, asked: AskedTimes | None, min_seq: int | None
    ) -> tuple[FoldedHead, bytes | None]:
        """Fold the stored facts again; the bytes are those of `panke judge` over the exported journal."""
        until, known = (None, None) if asked is None else (asked.as_of, asked.known_at)
        await self._asking.wait(scope, min_seq)

        def read() -> tuple[FoldedHead, bool, ScopeFacts, datetime | None]:
            with self._asking.reader.of(scope, sight=sight) as snapshot:
                _, masked = customers.seen_then(snapshot.faces(), None)
                return snapshot.head, masked, snapshot.journal(), snapshot.watermark()

        missing = f"no scope {scope} is known"
        try:
            async with self._scopes.place() as place:
                head, masked, journal, watermark = await self._asking.ask("historic", read, missing)
                query = HistoricQuery(head.book, until, known, watermark)
                judged = await place.judge(journal, query)
        except RefoldUnavailableError as error:
            raise unavailable(str(error), 5) from None
        if judged is None:
            return head, None
        opened = partial(self._asking.reader.opener.result, judged, masked=masked)
        return head, await self._asking.ask("historic", opened, missing)


class _Customers(Struct):
    customers: list[Raw]


def _customers_in(judged: bytes | None) -> int:
    return 0 if judged is None else len(msgspec.json.decode(judged, type=_Customers).customers)
