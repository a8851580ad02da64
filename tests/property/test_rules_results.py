"""What holds of every result of judging, whatever the records are (contract.md#result)."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contract import parse_instant
from shared.rules.domain.rulebook import Rulebook
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import result_of
from tests.support.streams import BOOKS, Data, Move, lines, moves, stream

pure = settings(
    derandomize=True, max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
books = st.sampled_from(BOOKS)
Result = dict[str, Any]


@cache
def known() -> dict[tuple[str, int], Rulebook]:
    return {(book.name, book.version): book for book in map(load, shipped())}


def judged(events: list[Data], book: str, **times: Any) -> Result:
    return result_of(lines(events), load(book), known(), **times)


def told(result: Result) -> Counter[str]:
    """Every decision of a result, of customers and of deals."""
    decisions = [d for c in result["customers"] for d in c["decisions"]]
    decisions += [d for deal in result["deals"] for d in deal["decisions"]]
    return Counter(json.dumps(d, sort_keys=True) for d in decisions)


@pure
@given(moves(), books)
def test_shares_are_whole(drawn: list[Move], book: str) -> None:
    """The shares of a deal sum to 10000 or there are none, now and in each of its decisions."""
    for deal in judged(stream(drawn), book)["deals"]:
        for shares in [deal["shares"], *(made["shares"] for made in deal["decisions"])]:
            assert sum(shares.values()) in ({10000} if shares else {0}), deal
            assert all(points > 0 for points in shares.values()), deal
        if deal["status"] == "final":
            assert deal["shares"], deal


@pure
@given(moves(), books)
def test_because_names_what_was_there(drawn: list[Move], book: str) -> None:
    """`because` names each event once, all of them of the stream, and nothing that came after its last."""
    events = stream(drawn)
    place = {event["id"]: number for number, event in enumerate(events)}
    result = judged(events, book)
    for customer in result["customers"]:
        for made in customer["decisions"]:
            ids = made["because"]
            assert ids and len(ids) == len(set(ids)) and set(ids) <= place.keys(), made
            if made["decision"] != "lapsed":
                assert place[ids[-1]] == max(place[id_] for id_ in ids), made


OTHER_PHONES = {f"1380000000{n}": f"1390000000{9 - n}" for n in range(10)}


@pure
@given(moves(), books)
def test_nothing_is_read_from_a_contact(drawn: list[Move], book: str) -> None:
    """With every phone another one the result is the same but for the phones, ids and order included."""
    told = json.dumps(judged(stream(drawn), book))
    others = json.dumps(stream(drawn))
    for phone, other in OTHER_PHONES.items():
        others = others.replace(phone, other)
        told = told.replace(phone, other)
    assert json.dumps(judged(json.loads(others), book)) == told


def test_new_customers_of_a_household_are_told_by_their_place_in_it() -> None:
    """Whom a household record is the first to name has an id of the record and the place, whatever the phones are."""
    link = stream([("household", 1, 2, 0, 60)])
    corrected = json.loads(json.dumps(link).replace("13800000001", "13900000009"))
    found, others = (
        [c["customer"] for c in judged(events, "getian")["customers"]] for events in (link, corrected)
    )
    assert len(found) == 2
    assert found == others
    swapped = json.loads(json.dumps(link).replace("13800000002", "13900000009"))
    assert [c["customer"] for c in judged(swapped, "getian")["customers"]] == found


@pure
@given(moves(), books)
def test_a_contact_is_of_one_customer(drawn: list[Move], book: str) -> None:
    """Within a scope a contact belongs to one customer, and the lists agree with each other."""
    result = judged(stream(drawn), book)
    contacts = [contact for c in result["customers"] for contact in c["contacts"]]
    assert len(contacts) == len(set(contacts))
    there = {c["customer"] for c in result["customers"]}
    assert len(there) == len(result["customers"])
    for item in (*result["deals"], *result["disputes"]):
        assert item["customer"] in there, item


@pure
@given(moves(), books)
def test_status_and_owner_agree(drawn: list[Move], book: str) -> None:
    """Whoever is owned has an owner, a basis and a since; the pool has none; a deal stands where one is closed."""
    result = judged(stream(drawn), book)
    standing = {d["customer"] for d in result["deals"] if d["status"] != "cancelled"}
    for c in result["customers"]:
        assert (c["owner"] is None) == (c["basis"] is None) == (c["since"] is None), c
        assert c["owner"] is not None or c["expires_at"] is None, c
        if c["status"] in ("owned", "lapsed", "unowned"):
            assert (c["status"] == "owned") == (c["owner"] is not None), c
            assert c["customer"] not in standing, c
        assert c["status"] != "closed" or c["customer"] in standing, c


@pure
@given(moves(most=12), moves(most=12), books, st.randoms(use_true_random=False))
def test_scopes_do_not_touch(one: list[Move], other: list[Move], book: str, order: Any) -> None:
    """Two scopes in one file are decided as each alone."""
    east, west = stream(one, "east"), stream(other, "west")
    mixed = [*east, *west]
    order.shuffle(mixed)
    mixed.sort(key=lambda event: parse_instant(event["recorded_at"]))
    mixed = _keeping(mixed, east, west)
    end = parse_instant("2026-12-31T00:00:00Z")
    together = judged(mixed, book, as_of=end)
    alone = [judged(events, book, as_of=end) for events in (east, west)]
    for key in ("customers", "deals", "disputes", "flags", "penalties"):
        apart = [item for result in alone for item in result[key]]
        assert _bag(together[key]) == _bag(apart)
    assert together["boards"] == {**alone[0]["boards"], **alone[1]["boards"]}


def _keeping(mixed: list[Data], *streams: list[Data]) -> list[Data]:
    """The same places, but each scope in its own order: of one instant the file's order counts."""
    left = {events[0]["scope"]: iter(events) for events in streams}
    return [next(left[event["scope"]]) for event in mixed]


def _bag(items: list[Any]) -> Counter[str]:
    return Counter(json.dumps(item, sort_keys=True) for item in items)


@pure
@given(moves(), books, st.integers(8, 30))
def test_known_at_is_a_cut(drawn: list[Move], book: str, cut: int) -> None:
    """What is known at an instant is what the file cut there tells."""
    events = stream(drawn)
    at = parse_instant(events[min(cut, len(events) - 1)]["recorded_at"])
    before = [event for event in events if parse_instant(event["recorded_at"]) <= at]
    assert judged(events, book, known_at=at) == judged(before, book)


@pure
@given(moves(without=("correct",)), books, st.integers(8, 30))
def test_what_was_decided_stays(drawn: list[Move], book: str, cut: int) -> None:
    """More facts take no decision away, corrections aside."""
    events = stream(drawn)
    assert told(judged(events[:cut], book)) <= told(judged(events, book))


@pure
@given(moves(), books)
def test_names_do_not_matter(drawn: list[Move], book: str) -> None:
    """Other ids of events and consultants change nothing but these ids."""
    events = stream(drawn)
    text = json.dumps(events)
    renamed = {event["id"]: event["id"][::-1].replace("-", "")[:32] for event in events}
    full = {old: f"{n[:8]}-{n[8:12]}-{n[12:16]}-{n[16:20]}-{n[20:]}" for old, n in renamed.items()}
    for old, new in (*full.items(), ('"li"', '"yan"'), ('"zhao"', '"bai"')):
        text = text.replace(old, new)
    result = json.dumps(_plain(judged(json.loads(text), book)))
    for old, new in (*full.items(), ('"li"', '"yan"'), ('"zhao"', '"bai"')):
        result = result.replace(new, old)
    assert json.loads(result) == json.loads(json.dumps(_plain(judged(events, book))))


def _plain(result: Result) -> Result:
    """The result with customers by their place, since their ids derive from those of events."""
    text = json.dumps(result)
    for number, customer in enumerate(result["customers"]):
        text = text.replace(customer["customer"], f"customer {number}")
    plain: Result = json.loads(text)
    return plain


@pure
@given(moves(), books, st.integers(8, 30), st.sampled_from(("visit", "call", "follow", "deal", "dispute")))
def test_who_names_nobody_changes_nothing(drawn: list[Move], book: str, at: int, kind: str) -> None:
    """A record without a contact changes nothing but its own flags."""
    events = stream(drawn)
    at = min(at, len(events) - 1)
    nobody = {"name": "无", "phones": ["138****0001"]}
    model = next(event for event in stream([(kind, 1, 0, 0, 1)]) if event["type"] != "staff.enrolled")
    extra = {**model, "id": "00000000-0000-4000-8000-000000000000", "recorded_at": events[at]["recorded_at"]}
    extra["occurred_at"] = extra["recorded_at"]
    extra["data"] = {**model["data"], "customer": nobody}
    for name in ("visit", "deal", "dispute"):
        if name in extra["data"]:
            extra["data"][name] = "nobody"
    without, with_ = judged(events, book), judged([*events[: at + 1], extra, *events[at + 1 :]], book)
    with_["flags"] = [flag for flag in with_["flags"] if flag["event"] != extra["id"]]
    assert with_ == without
