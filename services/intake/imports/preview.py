"""What the first rows of a trial would decide: judged by the rules themselves, after all that is recorded of the scope.

In a process of its own, which reads the journal itself; nothing of it is kept but the answer. A scope with more facts
than are judged here has no preview, and says so.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from typing import Final

import psycopg

from services.intake.imports.entries import TYPES, ReadEntry
from services.intake.imports.headings import ImportKind
from services.intake.imports.process import MIB, PRIORITY, ProcessLimits
from services.intake.journal.journal import Archive
from shared.contract import format_instant, stamp
from shared.contract.answers import JudgementResult
from shared.contract.answers.imports import ImportPreview, PreviewedRow
from shared.i18n import bilingual
from shared.ids import EventId, StaffId
from shared.rules.judge.judge import judge
from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.registry import Registry, UnknownNamedError
from shared.sealing.opener import Opener
from shared.sealing.sealing import Draft

MOST_ROWS: Final = 200
MOST_FACTS: Final = 20_000


@dataclass(frozen=True, slots=True)
class PreviewOrder:
    """Which rows are judged, as the journal would keep them, and after what."""

    dsn: str
    rulebook_folder: str
    scope: str
    entries: list[ReadEntry]
    bodies: list[bytes]
    of: int


def as_kept(
    entries: Sequence[ReadEntry], kind: ImportKind, scope: str, now: datetime, opener: Opener
) -> list[bytes]:
    """The rows as facts of this moment, under seal where the journal is; whoever is new is forgotten again."""
    drafts = [Draft(one.body, TYPES[kind]) for one in entries]
    people = opener.person_of(scope, (contact for draft in drafts for contact in draft.contacts()))
    if people is None:
        return [stamp(one.body, now) for one in entries]
    bodies = [
        draft.sealed(b"", people)[0] if draft.is_personal else one.body
        for one, draft in zip(entries, drafts, strict=True)
    ]
    return [stamp(body, now) for body in bodies]


def run_preview(pipe: Connection, limits: ProcessLimits) -> None:
    """The process: hears its order, says what the rows would decide, and ends."""
    os.nice(PRIORITY)
    memory = limits.memory_mib * MIB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 5))
    with suppress(EOFError, BrokenPipeError):  # nobody hears it any more
        order: PreviewOrder = pipe.recv()
        try:
            pipe.send(previewed(order))
        except MemoryError:
            told = bilingual("the preview needs more than {mib} MiB of memory", mib=limits.memory_mib)
            pipe.send(ImportPreview([], order.of, told))


def previewed(order: PreviewOrder) -> ImportPreview:
    """Judge the rows after the journal of their scope."""
    archive, registry = Archive(), Registry(order.rulebook_folder)
    with psycopg.connect(order.dsn) as connection:
        opening = archive.default_rulebook(connection, order.scope)
        facts = list(islice(archive.export(connection, order.scope), MOST_FACTS + 1))
    if len(facts) > MOST_FACTS:
        told = bilingual(
            "the scope has more than {most} facts: its rows are not judged here", most=f"{MOST_FACTS:,}"
        )
        return ImportPreview([], order.of, told)
    try:
        book = registry.known(opening or "base").rulebook
        result = judge([*facts, *order.bodies], book, registry.books)
    except (BadInputError, UnknownNamedError) as error:
        return ImportPreview(
            [], order.of, bilingual("the journal cannot be judged here: {why}", why=str(error))
        )
    return ImportPreview(_rows(order.entries, result), order.of, None)


def _rows(entries: Sequence[ReadEntry], result: JudgementResult) -> list[PreviewedRow]:
    wanted = {one.id for one in entries}
    decided: dict[str, list[tuple[str, str | None, str]]] = {}
    for customer in result.customers:
        for one in customer.decisions:
            if one.because and one.because[-1] in wanted:
                decided.setdefault(one.because[-1], []).append((one.decision, one.owner, one.clause))
    flags: dict[str, list[str]] = {}
    for flag in result.flags:
        if flag.event in wanted:
            flags.setdefault(flag.event, []).append(flag.flag)
    return [_row(one, decided.get(one.id, []), flags.get(one.id, [])) for one in entries]


def _row(entry: ReadEntry, decided: Sequence[tuple[str, str | None, str]], flags: list[str]) -> PreviewedRow:
    _, owner, clause = decided[-1] if decided else (None, None, None)
    return PreviewedRow(
        row=entry.row,
        event=EventId(entry.id),
        occurred_at=format_instant(entry.at),
        decisions=[decision for decision, _, _ in decided],
        owner=None if owner is None else StaffId(owner),
        clause=clause,
        flags=flags,
    )
