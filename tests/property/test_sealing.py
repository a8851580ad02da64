"""Sealed events are judged as the clear ones that they were."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.contract import (
    DATA_TYPES,
    canonical,
    content_digest,
    decode_event,
    format_instant,
    stamp_canonical,
)
from shared.contract.answers.result import JudgementResult
from shared.contract.personal import personal_texts
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.encoding import encode as encode_answer
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.loading import load, shipped
from shared.sealing.opening import open_event
from tests.support.contract import DATA, encode, envelope
from tests.support.sealing import MemoryVault, opened
from tests.support.streams import BOOKS, Move, lines, moves, stream

pure = settings(
    derandomize=True, max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
books = st.sampled_from(BOOKS)
texts = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable())


@cache
def known() -> dict[tuple[str, int], Rulebook]:
    return {(book.name, book.version): book for book in map(load, shipped())}


def judged(events: list[bytes], book: str) -> dict[str, Any]:
    """The result as it is written."""
    told: dict[str, Any] = json.loads(encode_answer(judge(events, load(book), known())))
    return told


@pure
@given(moves(), books)
def test_sealed_events_are_judged_as_clear_ones(drawn: list[Move], book: str) -> None:
    """Judging sealed events and reading the result gives what judging the clear ones gives, byte for byte."""
    clear, vault = lines(stream(drawn)), MemoryVault()
    sealed = [vault.sealed(line) for line in clear]
    assert json.dumps(opened(judged(sealed, book), vault)) == json.dumps(judged(clear, book))


@pure
@given(moves(), books, st.sets(st.integers(0, 3), min_size=1))
def test_erased_people_change_no_decision(drawn: list[Move], book: str, gone: set[int]) -> None:
    """A file in which the people of some contacts are sealed for good is judged as before, but for whom it names."""
    clear, vault = lines(stream(drawn)), MemoryVault()
    sealed = [vault.sealed(line) for line in clear]
    vault.erase(*(f"+861380000000{number}" for number in gone))
    mixed = [open_event(line, vault.people) for line in sealed]
    found, whole = (judged(each, book) for each in (mixed, clear))
    assert _without_people(found) == _without_people(whole)


@settings(pure, max_examples=20)
@given(moves(), books, st.sets(st.integers(0, 3), min_size=1), st.booleans())
def test_erased_people_read_alike_live_and_offline(
    drawn: list[Move], book: str, gone: set[int], late: bool
) -> None:
    """Offline, by the fact, who is erased reads as live, by the key that is gone, byte for byte and at any time."""
    clear, vault = lines(stream(drawn)), MemoryVault()
    sealed = [vault.sealed(line) for line in clear]
    erased = sorted(vault.ids(*(f"+861380000000{number}" for number in gone)))
    sealed.append(vault.sealed(_erasure(clear[-1], erased or ["n:" + 26 * "0"])))
    vault.erase(*(f"+861380000000{number}" for number in gone))
    known_at = None if late else decode_event(clear[-1], recorded=True).recorded_at
    live = judge(sealed, load(book), known(), known_at=known_at)
    exported = [open_event(line, vault.people) for line in sealed]
    offline = judge(exported, load(book), known(), known_at=known_at, name_erased=True)
    assert _text(offline) == json.dumps(opened(json.loads(encode_answer(live)), vault))


def _text(result: JudgementResult) -> str:
    return json.dumps(json.loads(encode_answer(result)))


def _erasure(last: bytes, people: list[str]) -> bytes:
    """The erasure of these people, recorded a minute after the last event."""
    event = decode_event(last, recorded=True)
    assert event.recorded_at is not None
    data = DATA["person.erased"] | {"people": people}
    after = event.recorded_at + timedelta(minutes=1)
    return encode(
        envelope(
            "person.erased",
            id=str(uuid5(NAMESPACE_URL, "erasure")),
            office=event.office,
            occurred_at=format_instant(after),
            recorded_at=format_instant(after),
            data=data,
        )
    )


def _without_people(result: dict[str, Any]) -> str:
    customers = [customer | {"contacts": [], "names": []} for customer in result["customers"]]
    return json.dumps(result | {"customers": customers})


@pure
@given(st.sampled_from(list(DATA_TYPES)), texts)
def test_what_is_sealed_is_read_as_it_was_typed(event_type: str, text: str) -> None:
    """Every event is read again byte for byte, and nothing personal stands in its sealed form."""
    changes: dict[str, Any] = {}
    for field in ("notes", "reason", "content", "subject", "purpose", "suggestion"):
        if field in DATA[event_type] and f"data.{field}" in personal_texts(event_type):
            changes[field] = text
    clear, vault = encode(envelope(event_type, data=changes)), MemoryVault()
    event = decode_event(clear, recorded=True)
    assert event.recorded_at is not None
    sealed = vault.sealed(clear)
    if sealed != clear:
        for personal in ("张伟", "13800000001", "138 0000 0001", "zhang_wei", "Zhang_Wei", "88886666"):
            assert personal not in sealed.decode()
        assert open_event(sealed, vault.people) == stamp_canonical(canonical(clear), event.recorded_at)
        assert content_digest(
            decode_event(open_event(sealed, vault.people), recorded=True)
        ) == content_digest(event)
