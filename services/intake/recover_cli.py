"""`panke journal recover`: shows what the journal has lost, asks, takes it back from the topic, tells what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import click

from services.intake.journal.comparison import Findings, begin, hold
from services.intake.journal.damage import examine
from services.intake.journal.journal import Connection
from services.intake.journal.topic_tail import Piece, reading
from services.intake.privacy.keyless import KeysNeeded
from services.intake.recovery.recovery import Left, Recovery, resendable
from shared.i18n import bilingual, translated
from shared.platform.brokers import Bootstrap
from shared.platform.clock import MachineClock
from shared.platform.kafka.sender import SEND_FAILURES, look_at
from shared.platform.text.terminal import say

T = TypeVar("T")

WAIT: Final = 10.0
SHOWN: Final = 20

WHAT_NOW: Final = translated(
    "Neither the journal nor the topic was overwritten. Find out who wrote the other facts "
    "(a second intake, an older\ndatabase, a stranger); then, as the runbook tells under "
    '"Journal and topic have different facts under one seq":\nhave everything judged anew '
    "from the journal on topics of another name, and record the events of --left again."
)

WHAT_IS_LOST: Final = translated(
    "What neither has comes back from a backup alone: restore the journal as the runbook tells under\n"
    '"The journal has lost facts", and recover again.'
)

WHAT_ELSE: Final = translated(
    'Nothing was overwritten. The runbook tells what to do, under "Rows of the journal were changed".'
)


def recover(
    connection: Connection,
    kafka: Bootstrap,
    topic: str,
    default_rulebook: str,
    vault: Callable[[], AbstractContextManager[Connection]],
    *,
    yes: bool,
    left: Path | None,
) -> bool:
    """Whether the journal has all of its topic now; people whose keys `vault` has lost are told first."""
    connection.autocommit = True
    state = _asked(look_at(kafka, topic, None, WAIT))
    if state is None:
        raise click.ClickException(bilingual("there is no topic {topic}", topic=topic))
    findings, known = begin(connection, (state.log, topic), examine(connection))
    tail = Place(kafka, topic, known, state.partitions)
    needed = KeysNeeded()

    def held(piece: Piece) -> None:
        hold(connection, piece, findings)
        needed.take(fact.body for fact in piece.facts)

    _asked(tail.read(held))
    _show_lost_keys(connection, vault, needed)
    if not findings.lacks:
        say(bilingual("the journal lacks nothing of its topic"))
        return True
    _show(findings)
    if (findings.ahead or findings.damage) and not yes:
        click.confirm(translated("Take these facts back?").beside, abort=True)
    recovery = Recovery(connection, default_rulebook)
    recovery.begin(findings.damage)
    _asked(tail.read(recovery.take))
    recovery.end(MachineClock().now())
    for scope, count in recovery.taken.items():
        say(f"{translated('taken back')}: {scope}, {count}")
    lacks = _lacks(findings)
    return _whole(recovery.left, left, lost=bool(findings.lost)) and not lacks


def _show_lost_keys(
    connection: Connection, vault: Callable[[], AbstractContextManager[Connection]], needed: KeysNeeded
) -> None:
    """Before anything is taken: as soon as facts are taken, the vault has people whom no newer backup knows."""
    if not needed:
        return
    with vault() as keys:
        lost = len(needed.lost(connection, keys))
    if lost:
        say(
            bilingual(
                "the vault has come back older too: it lacks the keys of {count} people whom the topic names and "
                "nobody erased. Their names, phones and notes cannot be read, and who of them comes again begins as "
                "a new customer. Where there is a newer backup of the vault, restore it first, with intake stopped: "
                "panke restore FILE --only vault --replace",
                count=lost,
            ),
            err=True,
        )


def _lacks(findings: Findings) -> bool:
    """Whether there is something that no topic brings back; it is told."""
    for scope, spans in list(findings.lost.items())[:SHOWN]:
        say(f"{translated('neither the journal nor the topic has')}: {scope} {spans}", err=True)
    for words in filter(None, (findings.changed, findings.lost_set_asides)):
        say(f"{words}\n{WHAT_ELSE.zh}\n{WHAT_ELSE.en}", err=True)
    return bool(findings.lost or findings.changed or findings.lost_set_asides)


class Place(NamedTuple):
    """Where the topic is, and the offsets from which on it is read."""

    kafka: Bootstrap
    topic: str
    known: Mapping[int, int]
    partitions: int

    async def read(self, take: Callable[[Piece], None]) -> None:
        async with reading(self.kafka, self.topic, self.known, self.partitions) as tail:
            async for piece in tail.pieces():
                await asyncio.to_thread(take, piece)


def _asked(question: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(question)
    except SEND_FAILURES as error:
        raise click.ClickException(bilingual("the broker did not answer: {error}", error=error)) from None


def _show(findings: Findings) -> None:
    for scope, spans in list(findings.ahead.items())[:SHOWN]:
        say(f"{translated('the journal lacks')}: {scope} {spans}")
    if unequal := findings.unequal:
        say(unequal)
    for fork in findings.forks[:SHOWN]:
        place = f"partition {fork.partition}, offset {fork.offset}"
        ids = f"journal {fork.journal_id}, topic {fork.topic_id} ({place})"
        say(f"{translated('fork')}: {fork.scope} {fork.seq}: {ids}")
    more = len(findings.ahead) + len(findings.forks) - 2 * SHOWN
    if more > 0:
        say(f"… +{more}")


def _whole(kept: list[Left], file: Path | None, *, lost: bool) -> bool:
    if lost and not kept:
        say(f"{WHAT_IS_LOST.zh}\n{WHAT_IS_LOST.en}", err=True)
        return False
    if not kept:
        say(bilingual("the journal has all of its topic"))
        return True
    for left in kept[:SHOWN]:
        fact = left.fact
        say(f"{translated('left')}: {fact.scope} {fact.seq}, {fact.id}: {left.reason}", err=True)
    unknown = [left for left in kept if not left.known]
    if file is not None:
        file.write_bytes(b"".join(resendable(left) + b"\n" for left in unknown))
        say(f"{len(unknown)} → {file}", err=True)
    say(f"{WHAT_NOW.zh}\n{WHAT_NOW.en}", err=True)
    return False
