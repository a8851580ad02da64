"""Scopes that are held in memory and read on piece by piece stand as if they had been posted from their beginning."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.registers.findings.signs import findings
from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.registers import Registers
from services.registers.model.scheme import values_of
from services.registers.reading.held import HeldScopes, TakenHead
from services.registers.reports.basis import ReportBasis
from services.registers.reports.consistency import failures
from services.registers.reports.due import due_contacts
from services.registers.store.facts import FactRow
from shared.contract import parse_instant
from shared.ids import ScopeId
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import load_scheme
from tests.property.test_registers import asked, whole
from tests.support.journal import posted
from tests.support.streams import Data, Move, lines, moves, stream

FEW = settings(max_examples=6, deadline=None)
LATER = timedelta(days=3)
NAMES = ("daily", "traffic", "losses", "due", "levels", "consultants", "conversion")
BOOKS = Registry().books


@dataclass
class Facts:
    """Stored facts of one stream, as many scopes as are asked for; counts how often each is read."""

    facts: list[FactRow]
    left_out: set[str] = field(default_factory=set)
    read: int = 0

    def after(self, scope: str, seq: int, until: int, most: int) -> list[FactRow]:
        found = [fact for fact in self.facts if seq < fact.seq <= until][:most]
        self.read += len(found)
        return found

    def set_asides(self, scope: str) -> frozenset[str]:
        return frozenset(self.left_out)


def facts_of(events: Sequence[Data]) -> Facts:
    named = [json.loads(line) for line in lines(list(events))]
    return Facts([FactRow(n, one["id"], json.dumps(one).encode()) for n, one in enumerate(named, 1)])


def held(source: Facts, most: int = 10**6) -> HeldScopes:
    return HeldScopes(source, BOOKS, "base", most)


def read(scopes: HeldScopes, seq: int, scope: str = "s", piece: int = 1000) -> None:
    while not scopes.advance(TakenHead(ScopeId(scope), seq), piece):
        pass


def registers_of(scopes: HeldScopes, scope: str = "s") -> Registers:
    found = scopes.find(scope)
    assert found is not None
    return found.posting.registers


@FEW
@given(moves(), st.integers(1, 9), st.integers(0, 40))
def test_a_scope_read_in_pieces_is_the_one_posted_at_once(drawn: list[Move], piece: int, number: int) -> None:
    """Every report is the same, though claims were let lapse in between, as far as everything recorded was there."""
    events = stream(drawn)
    scope, until = events[0]["scope"], parse_instant(events[-1]["recorded_at"]) + LATER
    scopes = held(facts_of(events))
    for seq in range(piece, len(events) + piece, piece):
        read(scopes, min(seq, len(events)), scope)
        found = scopes.find(scope)
        assert found is not None
        found.lapse(
            parse_instant(events[min(seq, len(events)) - 1]["recorded_at"]) - timedelta(microseconds=1)
        )
    found.lapse(until)
    at_once = posted(lines(events), until)
    _, period = whole(at_once)
    for at in (until, parse_instant(events[number % len(events)]["recorded_at"])):
        for name in NAMES:
            assert asked(found.posting.registers, name, at, period) == asked(at_once, name, at, period), name


def test_what_was_asked_longest_ago_is_let_go_of() -> None:
    """Scopes are held within a bound of facts; one that was let go of is read again when it is asked for."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    source = facts_of(events)
    scopes = held(source, most=2 * len(events))
    for scope in ("a", "b", "a", "c"):
        read(scopes, len(events), scope)
    assert ["a" in scopes, "b" in scopes, "c" in scopes] == [True, False, True]
    assert (scopes.facts, scopes.evicted) == (2 * len(events), 1)
    before = source.read
    read(scopes, len(events), "a")
    assert source.read == before
    read(scopes, len(events), "b")
    assert source.read == before + len(events)


def test_a_scope_larger_than_the_bound_is_held_while_it_is_asked() -> None:
    """It can be answered from, and others are let go of for it."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    scopes = held(facts_of(events), most=1)
    read(scopes, 2, "small")
    read(scopes, len(events), "s", piece=3)
    assert ("small" in scopes, registers_of(scopes).entries.versions != {}) == (False, True)


def test_a_fact_that_cannot_be_posted_stops_its_scope_alone() -> None:
    """The scope stands before it and says so; set aside, it is left out as if it had never come."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    source = facts_of(events)
    bad, whole_seq = source.facts[4], len(events)
    source.facts[4] = FactRow(5, bad.id, bad.body.replace(b'"type": "', b'"type": "un'))
    scopes = held(source)
    read(scopes, whole_seq)
    found = scopes.find("s")
    assert found is not None and (found.seq, scopes.failing["s"].seq) == (4, 5)
    assert scopes.failing["s"].recorded_at == parse_instant(events[4]["recorded_at"])
    source.left_out.add(bad.id)
    scopes.left_out_anew(1)
    read(scopes, whole_seq)
    without = [event for event in events if event["id"] != bad.id]
    ours, theirs = registers_of(scopes), posted(lines(without), parse_instant(events[-1]["recorded_at"]))
    assert not scopes.failing
    assert list(ours.entries.versions) == list(theirs.entries.versions)


def test_a_fact_that_was_posted_is_taken_out_when_it_is_set_aside() -> None:
    """What is left out of the judging later is in no register from then on."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    source = facts_of(events)
    scopes = held(source)
    read(scopes, len(events))
    assert source.facts[5].id in registers_of(scopes).entries.versions
    source.left_out.add(source.facts[5].id)
    scopes.left_out_anew(1)
    read(scopes, len(events))
    assert source.facts[5].id not in registers_of(scopes).entries.versions
    assert scopes.changed == 1


def test_a_scope_that_was_taken_anew_is_read_anew() -> None:
    """After a rebuild the topic may have brought fewer facts yet than are held."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    source = facts_of(events)
    scopes = held(source)
    read(scopes, len(events))
    del source.facts[3:]
    found = scopes.find("s")
    assert found is not None and not scopes.is_at(found, TakenHead(ScopeId("s"), 3))
    read(scopes, 3)
    found = scopes.find("s")
    assert found is not None and found.seq == 3
    anew = TakenHead(ScopeId("s"), 3, edition=2)
    assert not scopes.is_at(found, anew)
    assert scopes.advance(anew, 1000) and scopes.find("s") is not found


@settings(max_examples=20, deadline=None)
@given(moves(), st.integers(1, 7), st.integers(1, 3))
def test_what_is_kept_of_customers_is_what_is_found_anew(drawn: list[Move], piece: int, days: int) -> None:
    """Whoever asks between facts, and lets claims lapse, is answered as from registers that keep nothing."""
    events = stream(drawn)
    scopes = held(facts_of(events))
    early = parse_instant(events[0]["recorded_at"]) + timedelta(days=1)
    for seq in range(piece, len(events) + piece, piece):
        read(scopes, min(seq, len(events)), events[0]["scope"])
        found = scopes.find(events[0]["scope"])
        assert found is not None
        now = parse_instant(events[min(seq, len(events)) - 1]["recorded_at"]) + timedelta(days=days)
        found.lapse(now)
        registers = found.posting.registers
        kept = [_of_customers(registers, now, at) for at in (now, early)]
        registers.kept.forget_all()
        assert kept == [_of_customers(registers, now, at) for at in (now, early)]


def _of_customers(registers: Registers, now: datetime, at: datetime) -> list[Any]:
    """Who is due, what fails and what is found at a day, as known now."""
    day = LocalTime(registers.zone).day(at)
    basis = ReportBasis(
        registers.known(now), values_of(load_scheme("habc")), None, DaySpan(day, day), "base 1"
    )
    return [list(due_contacts(basis, basis.until)), list(failures(basis)), list(findings(basis))]


def test_whoever_asks_of_an_earlier_head_has_nothing_read_anew() -> None:
    """Somebody else may have had more read in between: it is of the same rows."""
    events = stream([("visit", 1, 2, 3, 30)] * 6)
    scopes = held(facts_of(events))
    read(scopes, len(events))
    registers = registers_of(scopes)
    earlier = TakenHead(ScopeId("s"), len(events) - 2)
    found = scopes.find("s")
    assert found is not None and scopes.is_at(found, earlier)
    assert scopes.advance(earlier, 1000)
    assert registers_of(scopes) is registers
