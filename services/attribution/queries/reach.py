"""What of a scope a caller reaches, as the snapshot of an answer has it (ADR 0043).

A customer is the owner's, or that of who last owned a claim that lapsed, and is at that person's office; one whom
nobody ever owned is at the office of the first record. Who owned a customer before may read it, since the history is
theirs to dispute, with its contacts masked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.attribution.queries.cursor import Cursor
from shared.access.extent import ScopeExtent, Sight

Ask = Callable[[str, dict[str, Any]], list[Any]]
"""Asks a named query of a scope with its parameters, in the snapshot."""


class Reach:
    """Answers who may see what by the rows of the scope."""

    def __init__(self, sight: Sight, ask: Ask) -> None:
        self._sight = sight
        self._ask = ask
        self._people: dict[ScopeExtent, list[str]] = {}

    @property
    def whole(self) -> bool:
        """Whether what is asked for lies within reach wherever it is."""
        return self._sight.reads.whole

    @property
    def clear(self) -> bool:
        """Whether the caller sees the contacts of every customer."""
        return self._sight.clear.whole

    @property
    def filters(self) -> dict[str, Any]:
        """What narrows a list to what lies within reach."""
        return self._filters(self._sight.reads)

    def _filters(self, extent: ScopeExtent) -> dict[str, Any]:
        return {"people": self._people_of(extent), "offices": list(extent.offices), "whole": extent.whole}

    def owner(self, staff: str) -> bool:
        """Whether a list of what this member of staff owns lies within reach."""
        return self.whole or staff in self._people_of(self._sight.reads)

    def customer(self, name: str, *, asked: ScopeExtent | None = None) -> bool:
        """Whether a customer may be read: by whom it is now, or was before."""
        reads = self._sight.reads if asked is None else asked
        if reads.whole or name in self._kept(reads, [name]):
            return True
        people = self._people_of(reads)
        return bool(people) and bool(self._ask("owned_before", {"customer": name, "people": people}))

    def knows(self, name: str) -> bool:
        """Whether the caller may read this customer besides what is asked now."""
        return self.customer(name, asked=self._sight.customers)

    @property
    def knows_all(self) -> bool:
        """Whether the caller may read every customer besides what is asked now."""
        return self._sight.customers.whole

    def standing(self, names: Sequence[str]) -> list[str]:
        """Those of these customers that are stored."""
        return [str(name) for name, *_ in self._ask("keepers", {"customers": list(names)})]

    def masked(self, names: Sequence[str]) -> frozenset[str]:
        """Of which of these customers the contacts are masked."""
        clear = self._sight.clear
        return frozenset() if clear.whole else frozenset(names) - self._kept(clear, names)

    def item(self, list_: str, born: int, id_: str) -> bool:
        """Whether an item of a list concerns whom the caller reaches."""
        return self._concerns(self._sight.reads, list_, born, id_)

    def knows_deal(self, born: int, deal: str) -> bool:
        """Whether the caller may read this deal besides what is asked now: as far as customers."""
        return self._concerns(self._sight.customers, "deals", born, deal)

    def knows_dispute(self, born: int, dispute: str) -> bool:
        """Whether the caller may read this dispute besides what is asked now: as far as customers."""
        return self._concerns(self._sight.customers, "disputes", born, dispute)

    def knows_staff(self, staff: str) -> bool:
        """Whether the caller is this member of staff, or reaches them, as far as customers."""
        return self.knows_all or staff in self._people_of(self._sight.customers)

    def _concerns(self, extent: ScopeExtent, list_: str, born: int, id_: str) -> bool:
        asked = {"list": list_, "born": born, "id": id_}
        return extent.whole or bool(self._ask("concerns", asked | self._filters(extent)))

    def page(self, list_: str, cursor: Cursor, limit: int) -> list[Any]:
        """The places of a list's items within reach, one more than the page holds."""
        asked = {"list": list_, "born": cursor.born, "after": cursor.after, "limit": limit + 1}
        return self._ask("page_of_concerned", asked | self.filters)

    def _kept(self, extent: ScopeExtent, names: Iterable[str]) -> frozenset[str]:
        """Those of these customers that are within an extent now."""
        rows = self._ask("keepers", {"customers": list(names)})
        return frozenset(name for name, keeper, office in rows if extent.reaches(office, (keeper,)))

    def _people_of(self, extent: ScopeExtent) -> list[str]:
        """The caller's own ids, and whoever was enrolled last at the caller's offices."""
        if extent not in self._people:
            at = self._ask("staff_at", {"offices": list(extent.offices)}) if extent.offices else []
            self._people[extent] = sorted({*extent.staff, *(staff for (staff,) in at)})
        return self._people[extent]
