"""What may be asked of an earlier time; each question is sent to a process, which answers it by the stored facts.

A question on one customer, or one deal, reads the facts that bear on it (ADR 0052); one on a whole scope reads all of
them once, and keeps the lists for the pages that follow.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from services.attribution.historic.fact_history import FactHistory, history_of
from services.attribution.historic.facts import (
    KnownFact,
    NothingNamesItError,
    ReadsFacts,
    ScopeMoment,
    bearing_on,
    whole,
)
from services.attribution.historic.lists import (
    EVERY_CUSTOMER,
    CustomerFilter,
    DatedDeal,
    ListName,
    Lists,
    PageThen,
    Reached,
    dated_deal,
    is_dated,
    lists_of,
    page_of,
)
from services.attribution.historic.refold import Books, refold
from shared.contract.answers import BothBoards, CustomerResult
from shared.rules.domain.state import Key
from shared.rules.judge.result import customer_judged

KEPT: Final = 2
"""Moments of which a process keeps the lists."""
_kept: OrderedDict[ScopeMoment, Lists] = OrderedDict()


class Question(Protocol):
    """What a process is asked."""

    @property
    def moment(self) -> ScopeMoment:
        """Of which time."""

    def answer(self, source: ReadsFacts, books: Books) -> object:
        """What is to be told; None where nothing of that name was known then."""


@dataclass(frozen=True, slots=True)
class Narrow:
    """What a question on one customer or one deal reads: the facts that bear on it, `most` of them; None: all."""

    moment: ScopeMoment
    name: str
    first: int | None = None
    """The place of the first record of the customer, as far as it is known today."""
    most: int | None = None

    def facts(self, source: ReadsFacts, kind: str) -> Iterable[KnownFact]:
        """Those that bear on it. Raises `NothingNamesItError` and `TooManyFactsError`."""
        if self.most is None:
            return whole(source, self.moment)
        if self.first is None:
            return bearing_on(source, self.moment, (Key(kind, self.name),), (), self.most)
        try:
            return bearing_on(source, self.moment, (Key(kind, self.name),), (self.first,), self.most)
        except NothingNamesItError:
            return []  # it is known since when there is one of that name

    def answer(self, source: ReadsFacts, books: Books) -> object:
        """What is to be told of it; None where nothing of that name was known then."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class CustomerThen(Narrow):
    """How a customer stood."""

    def answer(self, source: ReadsFacts, books: Books) -> CustomerResult | None:
        found = refold(self.moment, self.facts(source, "customer"), books, is_dated)
        customer = found.customer(self.name)
        return None if customer is None else customer_judged(found.slice, found.history, customer)


@dataclass(frozen=True, slots=True)
class HistoryThen(Narrow):
    """What was known of a customer, fact by fact."""

    def answer(self, source: ReadsFacts, books: Books) -> FactHistory | None:
        found = refold(self.moment, self.facts(source, "customer"), books)
        customer = found.customer(self.name)
        return None if customer is None else history_of(found, customer, books)


@dataclass(frozen=True, slots=True)
class DealThen(Narrow):
    """How a deal stood."""

    def answer(self, source: ReadsFacts, books: Books) -> DatedDeal | None:
        try:
            facts = self.facts(source, "deal")
        except NothingNamesItError:  # whatever has a deal's id names the deal
            return None
        return dated_deal(refold(self.moment, facts, books, is_dated), self.name)


@dataclass(frozen=True, slots=True)
class ListThen:
    """A page of a list."""

    moment: ScopeMoment
    list: ListName
    offset: int
    limit: int
    filter: CustomerFilter = EVERY_CUSTOMER
    reached: Reached | None = None

    def answer(self, source: ReadsFacts, books: Books) -> PageThen:
        lists = _lists(self.moment, source, books)
        return page_of(lists, self.list, self.offset, self.limit, self.filter, self.reached)


@dataclass(frozen=True, slots=True)
class BoardsThen:
    """Whose turn it was at an office."""

    moment: ScopeMoment
    office: str

    def answer(self, source: ReadsFacts, books: Books) -> BothBoards | None:
        return _lists(self.moment, source, books).boards.get(self.office)


def _lists(moment: ScopeMoment, source: ReadsFacts, books: Books) -> Lists:
    """The lists of a scope at a moment, folded once for all pages that are asked one after another."""
    found = _kept.get(moment)
    if found is None:
        found = lists_of(refold(moment, whole(source, moment), books, is_dated))
        _kept[moment] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(moment)
    return found
