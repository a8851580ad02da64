"""A hundred offices against one: what each of them costs the registers when a process holds them all.

Each office is a scope of its own and lives a fortnight. Posting and the day's report are told by processor time, in
turns with the office that is held alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from bench.folding import records
from bench.generator import Made, take
from bench.measure import Result, at_most, in_turns, median_ratio, rounded, summary
from bench.parts import database, postgres
from bench.registers import BATCH, PIECE, Held, processor
from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.scheme import values_of
from services.registers.reading.held import HeldScopes, TakenHead
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import make_report
from services.registers.store.facts import FactRows
from services.registers.store.taking import FactTaker
from shared.ids import OfficeId, ScopeId
from shared.platform.kafka.record_processor import LogBounds, SourcePartition
from shared.platform.postgres.database import Database, connection_info, migrate
from shared.platform.runtime import spare_collector
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import load_scheme

OFFICES: Final = 100
FACTS: Final = 600
"""Facts of each office."""
ROUNDS: Final = 5
LIMIT: Final = 1.25
"""What may lie between two measurements of the same work."""
_PARTITION: Final = SourcePartition("bench/intake@1:0", 0)


def run(offices: int = OFFICES, facts: int = FACTS, rounds: int = ROUNDS) -> Result:
    """One office alone and one among the others, in turns."""
    spare_collector()
    made = take(offices * facts, offices)
    first = [one for one in made if one.scope == made[0].scope]
    with postgres() as server:
        alone, by_alone = _posted(server, first)
        among, by_among = _posted(server, made)
    took = in_turns(
        rounds,
        alone=lambda: _daily(alone, 0) * offices,
        among=lambda: sum(_daily(among, at) for at in range(offices)),
    )
    figures = {
        "offices": offices,
        "facts_of_each": facts,
        "microseconds_to_post_a_fact": {"alone": rounded(by_alone * 1e6), "among": rounded(by_among * 1e6)},
        "milliseconds_of_a_daily_report": {
            name: summary([one / offices * 1000 for one in each]) for name, each in took.items()
        },
    }  # fmt: skip
    goals = (
        at_most(f"posting a fact of one of {offices} offices to one of an office alone", by_among / by_alone, LIMIT),
        at_most(
            f"the day's report of one of {offices} offices to that of an office alone",
            median_ratio(took["among"], took["alone"]), LIMIT,
        ),
    )  # fmt: skip
    return Result("offices", goals, figures)


def _posted(server: str, made: list[Made]) -> tuple[list[Held], float]:
    """The scopes of a stream as one process holds them, and the seconds of a processor in which a fact was posted."""
    heads = {one.scope: one.seq for one in made}
    with database(server) as dsn:
        migrate(dsn, "services.registers", "registers")
        _take(dsn, made)
        source = FactRows(connection_info(dsn, schema="registers", name="bench"))
        scopes = HeldScopes(source, Registry().books, "base", len(made))

        def read() -> None:
            for scope, seq in heads.items():
                while not scopes.advance(TakenHead(ScopeId(scope), seq), PIECE):
                    pass

        took = processor(read)
        source.close()
    found = [held for scope in heads if (held := scopes.find(scope)) is not None]
    return [Held(one, one.facts) for one in found], took / len(made)


def _take(dsn: str, made: list[Made]) -> None:
    facts: Sequence[Any] = records(made)
    with Database(dsn, schema="registers", name="bench", max_size=1) as opened:
        taker = FactTaker(opened, "bench")
        taker.positions.open(_PARTITION, LogBounds(0, len(facts)))
        for at in range(0, len(facts), BATCH):
            taker.take(_PARTITION, facts[at].offset, facts[at : at + BATCH])


def _daily(held: list[Held], at: int) -> float:
    """Seconds of a processor of one office's report of its last day, at a moment that nobody asked for before."""
    registers = held[at].registers
    assert registers.latest is not None
    held[at].scope.moments.clear()
    day = LocalTime(registers.zone).day(registers.latest - timedelta(seconds=1))
    office = OfficeId(registers.scope.replace("scope", "office"))
    known = held[at].scope.known(registers.latest, registers.latest)
    basis = ReportBasis(known, values_of(load_scheme("habc")), office, DaySpan(day, day), "base 1")
    return processor(lambda: make_report("daily", basis, None))
