"""`panke journal recover`: shows what the journal has lost, asks, takes it back from the topic, tells what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from services.intake.journal.codec import PlainCodec
from services.intake.journal.comparison import Findings, acknowledged, hold
from services.intake.journal.journal import Connection
from services.intake.journal.topic_tail import Piece, reading
from services.intake.recovery.recovery import Left, Recovery, resendable
from shared.i18n import bilingual, translated
from shared.platform.kafka.sender import SEND_FAILURES, look_at
from shared.platform.text.terminal import say

WAIT: Final = 10.0
SHOWN: Final = 20

WHAT_NOW: Final = translated(
    "Neither the journal nor the topic was overwritten. Find out who wrote the other facts "
    "(a second intake, an older\ndatabase, a stranger); then, as the runbook tells under "
    '"Journal and topic have different facts under one seq":\nhave everything judged anew '
    "from the journal on topics of another name, and record the events of --left again."
)


def recover(
    connection: Connection, kafka: str, topic: str, default_rulebook: str, *, yes: bool, left: Path | None
) -> bool:
    """Whether the journal has all of its topic now."""
    connection.autocommit = True
    codec, findings = PlainCodec(), Findings()
    _read(connection, kafka, topic, lambda piece: hold(connection, codec, piece, findings))
    if not findings.lacks:
        say(bilingual("the journal lacks nothing of its topic"))
        return True
    _show(findings)
    if findings.ahead and not yes:
        click.confirm(translated("Take these facts back?").beside, abort=True)
    recovery = Recovery(connection, codec, default_rulebook)
    _read(connection, kafka, topic, recovery.take)
    recovery.end()
    for scope, count in recovery.taken.items():
        say(f"{translated('taken back')}: {scope}, {count}")
    return _whole(recovery.left, left)


def _read(connection: Connection, kafka: str, topic: str, take: Callable[[Piece], None]) -> None:
    try:
        asyncio.run(_read_tail(connection, kafka, topic, take))
    except SEND_FAILURES as error:
        raise click.ClickException(
            f"{translated('the broker did not answer')}: {type(error).__name__}"
        ) from None


async def _read_tail(connection: Connection, kafka: str, topic: str, take: Callable[[Piece], None]) -> None:
    state = await look_at(kafka, topic, None, WAIT)
    if state is None:
        raise click.ClickException(bilingual("there is no topic {topic}", topic=topic))
    async with reading(kafka, topic, acknowledged(connection, (state.log, topic))) as tail:
        async for piece in tail.pieces():
            await asyncio.to_thread(take, piece)


def _show(findings: Findings) -> None:
    for scope, span in list(findings.ahead.items())[:SHOWN]:
        say(f"{translated('the journal lacks')}: {scope} {span}")
    for fork in findings.forks[:SHOWN]:
        place = f"partition {fork.partition}, offset {fork.offset}"
        ids = f"journal {fork.journal_id}, topic {fork.topic_id} ({place})"
        say(f"{translated('fork')}: {fork.scope} {fork.seq}: {ids}")
    more = len(findings.ahead) + len(findings.forks) - 2 * SHOWN
    if more > 0:
        say(f"… +{more}")


def _whole(kept: list[Left], file: Path | None) -> bool:
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
