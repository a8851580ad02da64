"""What bears on one customer is enough: the facts that hang together with it, and the header of the scope."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.attribution.historic.facts import ScopeMoment, StoredFact, bearing_on, read
from services.attribution.historic.refold import refold
from services.attribution.store.bearings import names_of
from shared.contract import parse_instant
from shared.ids import EventId, ScopeId
from shared.rules.domain.case import Books
from shared.rules.domain.state import Customer
from shared.rules.judge.encoding import encode
from shared.rules.judge.judge import judge
from shared.rules.judge.result import customer_judged, deal_judged
from shared.rules.rulebooks.loading import load, shipped
from tests.support.streams import BOOKS, Move, lines, moves, stream

pure = settings(
    derandomize=True, max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
books = st.sampled_from(BOOKS)
share = st.floats(0, 1.1)


@cache
def known() -> Books:
    return {(book.name, book.version): book for book in map(load, shipped())}


class Held:
    """Facts with the index of what they name, as the rows of attribution have them."""

    def __init__(self, bodies: Iterable[bytes]) -> None:
        self.facts = [StoredFact(seq, body) for seq, body in enumerate(bodies, start=1)]
        self.index: dict[int, set[int]] = defaultdict(set)
        self.ids: dict[str, int] = {}
        for stored in self.facts:
            fact = read(stored).fact
            self.ids[fact.id] = stored.seq
            for name in names_of(fact):
                self.index[name].add(stored.seq)

    def whole(self, moment: ScopeMoment) -> list[StoredFact]:
        return [one for one in self.facts if _is_known(one, moment)]

    def naming(
        self,
        moment: ScopeMoment,
        names: Iterable[int],
        ids: Iterable[EventId],
        seqs: Iterable[int],
        most: int,
    ) -> list[StoredFact]:
        wanted = set(seqs).union(*(self.index[name] for name in names))
        wanted |= {self.ids[name] for name in ids if name in self.ids}
        return [one for one in self.whole(moment) if one.seq in wanted][: most + 1]


def _is_known(stored: StoredFact, moment: ScopeMoment) -> bool:
    fact = read(stored).fact
    return fact.seq <= moment.seq and (moment.known_at is None or fact.recorded_at <= moment.known_at)


def times(held: Held, as_of: float, known_at: float) -> tuple[datetime, datetime | None]:
    """Two times of a stream, by how far it has come; beyond its end, that everything is known."""
    first, last = read(held.facts[0]).fact.recorded_at, read(held.facts[-1]).fact.recorded_at
    at = first + (last + timedelta(days=10) - first) * as_of
    return at, first + (last - first) * known_at if known_at <= 1 else None


def two_circles(first: list[Move], second: list[Move]) -> list[bytes]:
    """Two circles of customers of one office, who have nothing in common but that the second names referrers of the
    first."""
    others = [_elsewhere(line) for line in lines(stream(second, "zweite"))]
    both = [*lines(stream(first)), *others]
    return sorted(both, key=lambda line: parse_instant(json.loads(line)["recorded_at"]))


def _elsewhere(line: bytes) -> bytes:
    """An event of the second circle: other contacts and ids, and the same office."""
    text = line.decode().replace("zweite", "demo").replace("wx_4", "wx_9")
    text = re.sub(r'"(visit|deal|dispute)(\d+)"', r'"\1-b\2"', text)
    event = json.loads(text.replace("1380000000", "1390000000"))
    for referrer in event["data"].get("referred_by", ()):
        if "phone" in referrer:
            referrer["phone"] = referrer["phone"].replace("139", "138", 1)
    return json.dumps(event, ensure_ascii=False).encode()


@pure
@given(moves(most=12), moves(most=12), books, share, share)
def test_what_hangs_together_with_a_customer_is_judged_as_the_whole_scope_is(
    first: list[Move], second: list[Move], book: str, as_of: float, known_at: float
) -> None:
    """Of whatever time is asked, every customer and every deal comes out byte for byte as from all facts."""
    bodies = two_circles(first, second)
    held = Held(bodies)
    at, until = times(held, as_of, known_at)
    moment = ScopeMoment(ScopeId("demo"), (book, 1), len(bodies), at, until)
    judged = judge(bodies, known()[book, 1], known(), as_of=at, known_at=until)
    whole = refold(moment, map(read, held.whole(moment)), known())
    customers = [record for record in whole.slice.values() if isinstance(record, Customer)]
    told = {one.customer: encode(one) for one in judged.customers}
    deals = {one.deal: encode(one) for one in judged.deals}
    assert told.keys() == {one.id for one in customers}
    for one in customers:
        assert encode(customer_judged(whole.slice, whole.history, one)) == told[one.id]
        part = refold(moment, bearing_on(held, moment, (), [one.first]), known())
        found = part.customer(one.id)
        assert found is not None
        assert encode(customer_judged(part.slice, part.history, found)) == told[one.id]
        for deal in found.deals:
            assert encode(deal_judged(part.slice, part.history, found, deal)) == deals[deal.deal]


def test_what_has_no_name_in_common_is_not_read() -> None:
    """Of two circles of customers the first reads nothing of the second, which reads its referrers of the first."""
    visits: list[Move] = [("visit", 1, 6, 1, 60), ("follow", 1, 0, 0, 60), ("shift", 0, 0, 0, 1)]
    bodies = two_circles(visits, visits)
    held = Held(bodies)
    moment = ScopeMoment(ScopeId("demo"), ("base", 1), len(bodies), *times(held, 1.0, 1.0))
    ours, theirs = (
        [known.fact.seq for known in map(read, held.facts) if _names(known.event.data, phone)]
        for phone in ("13800000001", "13900000001")
    )
    header = {one.seq for one in held.facts if read(one).event.type == "staff.enrolled"}
    assert (len(ours), len(theirs)) == (2, 2)
    found = [{known.fact.seq for known in bearing_on(held, moment, (), seqs[:1])} for seqs in (ours, theirs)]
    assert found == [header | {*ours}, header | {*ours, *theirs}]


def _names(data: Any, phone: str) -> bool:
    return phone in (getattr(getattr(data, "customer", None), "phones", None) or ())
