"""How calls ask of an earlier time: who may is told by today's rows, what was so by a process of its own (ADR 0052).

Questions on one customer or one deal have a process apart from those on a whole scope: they take milliseconds, and
never wait behind one that takes a minute. Where it cannot be told which facts bear on a customer, all are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from msgspec import UNSET

from services.attribution.calls.asking import Asking
from services.attribution.calls.times import AskedTimes
from services.attribution.historic.facts import NothingNamesItError, ScopeMoment, TooManyFactsError
from services.attribution.historic.judge import HistoricJudge, RefoldUnavailableError
from services.attribution.historic.questions import Narrow, Question
from services.attribution.queries.snapshot import FoldedHead, Snapshot
from shared.access.extent import Sight
from shared.contract import format_instant
from shared.contract.answers import BothLanguages
from shared.contract.answers.values import Times
from shared.i18n import Text, bilingual, translated
from shared.ids import ScopeId
from shared.platform.http.problem import unavailable

T = TypeVar("T")

MOST: Final = 3_000
"""Facts that bear on one customer, beyond which its question is asked where those on whole scopes are."""
HOWEVER_MANY: Final = 10**9
COME_AGAIN: Final = 2
_BEGAN: Final = translated(
    "The first record of this scope was made after the time that is asked for, at {at} (UTC)."
)
_EMPTY: Final = translated("Nothing is recorded in this scope.")
_ON_ITS_WAY: Final = translated(
    "What was recorded by then may still be on its way; up to {at} (UTC) everything is here."
)
_NEVER: Final = translated("What was recorded by then may still be on its way.")

Counted = Callable[[str], None]
"""Hears what a question read: `customer`, or why all of a scope: `list`, `large`, `unknown`, `unnoted`."""


def nobody_counts(_read: str) -> None:
    """Where there are no figures."""


@dataclass(frozen=True, slots=True)
class Then:
    """What was answered of an earlier time; `told` is None where nothing of that name was known."""

    told: Any
    head: FoldedHead
    times: Times
    prepared: Any = None


@dataclass(frozen=True, slots=True)
class PreparedQuestion:
    """What today's rows say of a question: itself, None where the caller reaches nothing of that name."""

    question: Question | None
    more: Any = None


Prepare = Callable[[Snapshot, ScopeMoment], PreparedQuestion]


class EarlierQuestions:
    """Asks of an earlier time."""

    def __init__(
        self,
        asking: Asking,
        customers: HistoricJudge,
        scopes: HistoricJudge,
        counted: Counted = nobody_counts,
    ) -> None:
        self._asking = asking
        self._customers = customers
        self._scopes = scopes
        self._counted = counted

    async def one(
        self,
        scope: ScopeId,
        sight: Sight,
        min_seq: int | None,
        asked: AskedTimes,
        prepare: Prepare,
        seq: int | None = None,
    ) -> Then:
        """A question on one customer or one deal, which is `Narrow`."""
        await self._asking.wait(scope, min_seq)
        try:
            async with self._customers.place() as place:
                then, narrow = await self._prepared(scope, sight, asked, prepare, seq)
                if not isinstance(narrow, Narrow):
                    return then
                if then.head.borne < narrow.moment.seq:
                    wide = "unnoted"
                else:
                    try:
                        told = await place.ask(replace(narrow, most=MOST))
                        self._counted("customer")
                        return Then(told, then.head, then.times, then.prepared)
                    except TooManyFactsError:
                        wide = "large"
                    except NothingNamesItError:
                        wide = "unknown"
            self._counted(wide)
            async with self._scopes.place() as place:
                told = await place.ask(replace(narrow, most=HOWEVER_MANY if wide == "large" else None))
                return Then(told, then.head, then.times, then.prepared)
        except RefoldUnavailableError as error:
            raise unavailable(str(error), COME_AGAIN) from None

    async def all(
        self,
        scope: ScopeId,
        sight: Sight,
        min_seq: int | None,
        asked: AskedTimes,
        prepare: Prepare,
        seq: int | None = None,
    ) -> Then:
        """A question that reads all of a scope."""
        await self._asking.wait(scope, min_seq)
        try:
            async with self._scopes.place() as place:
                then, question = await self._prepared(scope, sight, asked, prepare, seq)
                if question is None:
                    return then
                self._counted("list")
                return Then(await place.ask(question), then.head, then.times, then.prepared)
        except RefoldUnavailableError as error:
            raise unavailable(str(error), COME_AGAIN) from None

    async def read(self, scope: ScopeId, sight: Sight, question: Callable[[Snapshot], T]) -> T:
        """What today's rows add to an answer: what is under seal is opened, what is to be masked is masked."""

        def ask() -> T:
            with self._asking.reader.of(scope, sight=sight) as snapshot:
                return question(snapshot)

        return await self._asking.ask("historic", ask, bilingual("no scope {scope} is known", scope=scope))

    async def _prepared(
        self, scope: ScopeId, sight: Sight, asked: AskedTimes, prepare: Prepare, seq: int | None
    ) -> tuple[Then, Question | None]:
        def read(snapshot: Snapshot) -> tuple[Then, Question | None]:
            found = prepare(snapshot, asked.moment(snapshot.head, seq))
            head = snapshot.head if seq is None else replace(snapshot.head, seq=seq)
            return Then(None, head, answer_times(snapshot, asked), found.more), found.question

        return await self.read(scope, sight, read)


def answer_times(snapshot: Snapshot, asked: AskedTimes) -> Times:
    """The times of an answer, and what is to be said of them."""
    note = _note(snapshot, asked)
    return {
        "as_of": format_instant(asked.as_of),
        "known_at": UNSET if asked.known_at is None else format_instant(asked.known_at),
        "note": UNSET if note is None else BothLanguages(note.zh, note.en),
    }


def _note(snapshot: Snapshot, asked: AskedTimes) -> Text | None:
    begun = snapshot.begun()
    if begun is None:
        return _EMPTY
    if min(asked.as_of, asked.known_at or asked.as_of) < begun:
        return _BEGAN.format(at=format_instant(begun))
    if asked.known_at is None:
        return None
    watermark: datetime | None = snapshot.watermark()
    if watermark is None:
        return _NEVER
    return None if watermark >= asked.known_at else _ON_ITS_WAY.format(at=format_instant(watermark))
