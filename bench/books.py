"""An old book of 100,000 rows brought in while everything else of a deployment works on what comes of it.

The services run as processes, PostgreSQL syncs each commit: intake records, attribution folds, the registers and the
log take the same facts, all on the processors of one machine. Rows a second are of the import, from the upload to the
end of its job; how far the fold has come by then is told, and when it has folded the last row. Memory is the most that
the process that reads the file, and intake itself, ever had.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from bench.imports import book_of
from bench.lived_office import lived_office
from bench.measure import Result, at_least, at_most, rounded, seconds
from deploy.demo.deployment import Deployment
from deploy.demo.scenario.office import CONSULTANTS, MANAGER, OFFICE, SCOPE

ROWS: Final = 100_000
LOOK: Final = 0.1
PATIENCE: Final = 1800.0
MEMORY_MIB: Final = 512
_MIB: Final = 1024
_FACTS: Final = "SELECT type, recorded_at, body FROM intake.facts WHERE scope = %s AND seq > %s ORDER BY seq"
_COPY: Final = "COPY bench_facts (seq, type, recorded_at, body) FROM STDIN (FORMAT BINARY)"
_TABLE: Final = (
    "CREATE TABLE bench_facts (seq bigint PRIMARY KEY, type text, recorded_at timestamptz, body bytea)"
)


def run(rows: int = ROWS) -> Result:
    """One import of a whole book into an office that has lived a day."""
    with lived_office(durable=True) as office:
        return _measured(office.deployment, rows, office.seq)


def _measured(deployment: Deployment, rows: int, seq: int) -> Result:
    intake = next(part for part in deployment.stack.services if part.name == "intake")
    assert intake.pid is not None
    memory = PeakMemory(intake.pid)
    content = book_of(rows, CONSULTANTS[0].name)
    begun = time.perf_counter()
    _bring_in(deployment, content, rows, memory)
    took = time.perf_counter() - begun
    folded = int(deployment.ask(f"/v1/scopes/{SCOPE}").json()["as_of_seq"]) - seq
    _until_folded(deployment, seq + rows)
    whole = time.perf_counter() - begun
    raw = _by_sql(deployment.stack.addresses()["PANKE_DATABASE_URL"], seq, rows)
    figures = {
        "rows": rows,
        "rows_per_second": rounded(rows / took),
        "folded_when_the_import_ended": folded,
        "rows_per_second_until_all_were_folded": rounded(rows / whole),
        "seconds": {"import": rounded(took), "until_folded": rounded(whole), "rows_by_sql": rounded(raw)},
        "peak_mib": {"reader": rounded(memory.children / _MIB), "intake": rounded(memory.own / _MIB)},
    }
    goals = (
        at_least("thousands of rows a second beside a running fold", rows / took / 1000, 1),
        at_most("the import to writing the same facts by SQL alone", took / raw, 100),
        at_most(
            f"the most memory of the reading process, of {MEMORY_MIB} MiB",
            memory.children / _MIB / MEMORY_MIB,
            1,
        ),
    )
    return Result("books", goals, figures)


def _bring_in(deployment: Deployment, content: bytes, rows: int, memory: PeakMemory) -> None:
    """From the upload to the end of the job; what it tells of its progress never runs back."""
    address = f"{deployment.address('intake')}/v1/imports"
    form = {"office": OFFICE, "kind": "visits", "attested_by": MANAGER.staff}
    job = _answer(deployment.http.post(address, data=form, files={"file": ("old.xlsx", content)}))
    read = 0
    while job["state"] in ("waiting", "running"):
        time.sleep(LOOK)
        memory.look()
        job = _answer(deployment.http.get(f"{address}/{job['id']}"))
        if job["counts"]["read"] < read:
            raise RuntimeError(f"the progress ran back from {read}: {job}")
        read = job["counts"]["read"]
    if job["counts"]["accepted"] != rows:
        raise RuntimeError(f"not all rows came in: {job}")


def _answer(answer: httpx.Response) -> Any:
    answer.raise_for_status()
    return answer.json()


def _until_folded(deployment: Deployment, seq: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while int(deployment.ask(f"/v1/scopes/{SCOPE}").json()["as_of_seq"]) < seq:
        if time.monotonic() > deadline:
            raise RuntimeError(f"fact {seq} was not folded within {PATIENCE:g} s")
        time.sleep(LOOK)


def _by_sql(dsn: str, seq: int, rows: int) -> float:
    """Seconds in which the very facts are written into a table of their own, in one transaction."""
    with psycopg.connect(dsn) as connection:
        facts = connection.execute(_FACTS, [SCOPE, seq]).fetchall()
        if len(facts) != rows:
            raise RuntimeError(f"{len(facts)} facts are not the {rows} rows of the book")
        connection.execute(_TABLE)
        connection.commit()

        def write() -> None:
            with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
                copy.set_types(("int8", "text", "timestamptz", "bytea"))
                for number, fact in enumerate(facts):
                    copy.write_row((number, *fact))
            connection.commit()

        return seconds(write)


class PeakMemory:
    """The most memory, in KiB, that a process and the largest of those that it started have had; looked at again and
    again, since nobody can ask one that has ended."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.own = 0
        self.children = 0

    def look(self) -> None:
        """See how it is now."""
        self.own = max(self.own, _most(self._pid))
        self.children = max([self.children, *map(_most, _started_by(self._pid))])


def _started_by(pid: int) -> Iterator[int]:
    """All that a process has started, and what these have."""
    for told in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in map(int, told.read_text().split()):
                yield child
                yield from _started_by(child)


def _most(pid: int) -> int:
    """KiB; 0 of one that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
