"""An old book brought in, against the same events sent as batches: rows a second from the upload to the end of the job.

Both go into one journal, in turns. The book is a workbook as offices have them; the import reads it in a process of its
own, whose start it pays each time, and looks up each row's id before it records it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import count
from statistics import median
from typing import Any, Final

import httpx
import msgspec
import xlsxwriter

from bench.measure import Result, at_least, in_turns, median_ratio, rounded
from bench.parts import database, directory, kafka, postgres, service
from bench.tokens import Issuer
from deploy.local.ports import HOST, free_port
from shared.contract import format_instant

ROWS: Final = 20_000
ROUNDS: Final = 3
LINES: Final = 1_000
WAIT: Final = 600.0
FIRST: Final = datetime(2025, 1, 1, 2, tzinfo=UTC)
HEADS: Final = ("来访日期", "客户姓名", "联系电话", "置业顾问", "来访渠道", "意向级别", "备注")
_numbers: Final = count(13_000_000_000)
_ids: Final = count(1)


@contextmanager
def intake() -> Iterator[tuple[httpx.Client, Issuer]]:
    """A served intake with PostgreSQL and Kafka, and a client that may do everything."""
    with ExitStack() as stack:
        folder = stack.enter_context(directory())
        issuer, port = Issuer(), free_port()
        settings = {
            **issuer.settings(folder),
            "PANKE_INTAKE_JOURNAL_IN_CLEAR": "true",
            "PANKE_DATABASE_URL": stack.enter_context(database(stack.enter_context(postgres()))),
            "PANKE_KAFKA": stack.enter_context(kafka()),
            "PANKE_INTAKE_PORT": str(port),
        }
        stack.enter_context(
            service(["shared.cli", "serve", "intake"], settings, f"http://{HOST}:{port}/readyz")
        )
        yield (
            stack.enter_context(
                httpx.Client(base_url=f"http://{HOST}:{port}", timeout=WAIT, trust_env=False)
            ),
            issuer,
        )


def _event(type_: str, data: dict[str, Any], at: datetime = FIRST) -> dict[str, Any]:
    id_ = f"00000000-0000-4000-8000-{next(_ids):012x}"
    return {
        "id": id_, "type": type_, "scope": "bench", "office": "bench-1", "actor": "bench",
        "occurred_at": format_instant(at), "data": data,
    }  # fmt: skip


def _batches(rows: int) -> list[bytes]:
    """The events of so many visits, as bodies of batches."""
    lines = []
    for n in range(rows):
        id_ = next(_numbers)
        customer = {"name": f"客{n}", "phones": [str(id_)]}
        data = {
            "visit": f"b-{id_}", "customer": customer, "received_by": "li", "capacity": "on_turn", "channel": "路过",
            "level": "A", "notes": "看两房",
        }  # fmt: skip
        lines.append(msgspec.json.encode(_event("visit.registered", data, FIRST + timedelta(minutes=n))))
    return [b"\n".join(lines[start : start + LINES]) for start in range(0, rows, LINES)]


def book_of(rows: int, consultant: str) -> bytes:
    """The same as a workbook."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    sheet = book.add_worksheet("来访")
    sheet.write_row(0, 0, HEADS)
    for n in range(1, rows + 1):
        at = f"{FIRST + timedelta(minutes=n):%Y-%m-%d %H:%M}"
        sheet.write_row(n, 0, (at, f"客{n}", next(_numbers), consultant, "路过", "A", "看两房"))
    book.close()
    return made.getvalue()


def run(rows: int = ROWS, rounds: int = ROUNDS) -> Result:
    """Batches and imports in turns; each round makes its own customers."""
    with intake() as (client, issuer):

        def call(method: str, path: str, **given: Any) -> Any:
            headers = {"Authorization": f"Bearer {issuer.token()}", **given.pop("headers", {})}
            answer = client.request(method, path, headers=headers, **given)
            answer.raise_for_status()
            return answer

        def send(body: bytes) -> None:
            call("POST", "/v1/events:batch", content=body, headers={"Content-Type": "application/x-ndjson"})

        def timed(work: Callable[[], None]) -> float:
            begun = time.perf_counter()
            work()
            return rows / (time.perf_counter() - begun)

        def batches() -> float:
            bodies = _batches(rows)
            return timed(lambda: _each(send, bodies))

        def imported() -> float:
            content = book_of(rows, "李娜")
            return timed(lambda: _bring_in(call, content, rows))

        send(
            msgspec.json.encode(_event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "manager"}))
        )
        found = in_turns(rounds, batches=batches, imports=imported)
    per_second = {name: rounded(median(each)) for name, each in found.items()}
    ratio = median_ratio(found["imports"], found["batches"])
    goal = at_least(f"rows of an import to events of batches of {LINES:,}, per second", ratio, 0.25)
    return Result("imports", (goal,), {"rows": rows, "per_second": per_second})


def _each(send: Callable[[bytes], None], bodies: list[bytes]) -> None:
    for body in bodies:
        send(body)


def _bring_in(call: Callable[..., Any], content: bytes, rows: int) -> None:
    """From the upload to the end of the job."""
    form = {"office": "bench-1", "kind": "visits", "attested_by": "li"}
    job = call("POST", "/v1/imports", data=form, files={"file": ("old.xlsx", content)}).json()
    while job["state"] in ("waiting", "running"):
        time.sleep(0.05)
        job = call("GET", f"/v1/imports/{job['id']}").json()
    if job["counts"]["accepted"] != rows:
        raise RuntimeError(f"not all rows came in: {job}")
