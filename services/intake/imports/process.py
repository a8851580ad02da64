"""In a process of its own: a file is read within limits of time and memory, whatever is in it.

It says what the sheet is, then its entries in the order in which they happened, some at a time; it hears which of them
were refused, and makes the sheet of rejected rows. The file is in its memory alone.
"""

from __future__ import annotations

import gc
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Final

from services.intake.books.grid import UnreadableBookError
from services.intake.imports.entries import ReadEntry, RejectedRow
from services.intake.imports.rejected import rejected_workbook
from services.intake.imports.sheet import ReadSheet, SheetOrder
from shared.contract.answers.imports import ImportedSheet, ImportProblem, ImportRejection
from shared.i18n import bilingual

PIECE: Final = 1000
PRIORITY: Final = 10
MIB: Final = 1024 * 1024
TOLD: Final = 200
"""Rejections that are told with the import itself."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """How much a process may take."""

    seconds: int
    memory_mib: int


@dataclass(frozen=True, slots=True)
class SheetRead:
    """What a sheet is, how many entries and how many rejected rows it has, and which of those it gives an id."""

    sheet: ImportedSheet
    entries: int
    rejected: int
    given: dict[int, str]


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused of the entries, and which rejected rows are recorded all the same, by their ids."""

    late: list[RejectedRow]
    recorded: frozenset[int]


@dataclass(frozen=True, slots=True)
class Rejections:
    """All that was rejected, as a sheet; the first of it row by row."""

    first: list[ImportRejection]
    rows: bytes | None


Said = SheetRead | list[ReadEntry] | Rejections | ImportProblem


def run_reading(pipe: Connection, limits: ProcessLimits) -> None:
    """The process: hears its order, says what it reads, and ends."""
    os.nice(PRIORITY)
    memory = limits.memory_mib * MIB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.seconds, limits.seconds + 5))
    gc.disable()  # nothing cyclic is made
    with suppress(EOFError, BrokenPipeError):  # nobody hears it any more
        order: SheetOrder = pipe.recv()
        try:
            _send(pipe, ReadSheet(order))
        except UnreadableBookError as error:
            pipe.send(ImportProblem(error.path, error.rule, error.message))
        except MemoryError:
            told = bilingual("the file needs more than {mib} MiB of memory", mib=limits.memory_mib)
            pipe.send(ImportProblem("file", "limit", told))


def _send(pipe: Connection, read: ReadSheet) -> None:
    given = {one.row: one.given for one in read.rejected if one.given is not None}
    pipe.send(SheetRead(read.summary, len(read.entries), len(read.rejected), given))
    for start in range(0, len(read.entries), PIECE):
        pipe.send(read.entries[start : start + PIECE])
    refused: Refusals = pipe.recv()
    mine = (one for one in read.rejected if one.row not in refused.recorded)
    rejected = sorted([*mine, *refused.late], key=lambda one: one.row)
    rows = rejected_workbook(read, rejected) if rejected else None
    pipe.send(Rejections(_first(rejected), rows))


def _first(rejected: list[RejectedRow]) -> list[ImportRejection]:
    return [
        ImportRejection(one.row, fault.column, fault.rule, fault.message)
        for one in rejected[:TOLD]
        for fault in one.faults
    ]
