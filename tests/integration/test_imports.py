"""Imports as jobs on a real PostgreSQL: each row once, whatever ends on the way, nothing of a file left in clear."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from click.testing import CliRunner

from deploy.local.ports import free_port
from services.intake.books.grid import BookLimits
from services.intake.books.reading import read_book
from services.intake.import_cli import import_command
from services.intake.imports.jobs import AskedImport, ImportBounds, ImportJobs, NewImport
from services.intake.imports.sealed_files import ImportSeal
from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.access.caller import Caller, StaffRole
from shared.contract.answers import ImportJob
from shared.platform.clock import SystemClock
from shared.platform.postgres.database import Database
from shared.sealing.keys import KeyFile, add_key
from shared.sealing.vault import Vault
from tests.support.answering import answering
from tests.support.contract import JSON_BODY
from tests.support.intake import prepare, raw, visit
from tests.support.keys import key_file
from tests.support.old_books import csv_of, sheet_of
from tests.support.panke import COMMAND
from tests.support.patience import PATIENCE
from tests.support.tokens import Bearer, admission

HEADS = ["来访日期", "客户姓名", "联系电话", "置业顾问", "备注"]
BOOK = [
    HEADS,
    ["2026-03-06 10:00", "孙二", "13900000002", "王强", "第二天"],
    ["2026-03-05", "孙一", "13900000001", "李娜", "=1+1"],
    ["2026-03-07", "孙三", "1390000", "李娜", ""],
    ["合计", "3", "", "", ""],
]
MENDED = [HEADS, ["2026-03-07", "孙三", "13900000003", "李娜", ""]]
STAFF = {"li": ("李娜", "consultant"), "wang": ("王强", "consultant"), "chen": ("陈静", "manager")}


def chosen(database: str, folder: Path, **changes: Any) -> IntakeSettings:
    return IntakeSettings(
        database_url=database, kafka="127.0.0.1:1", keys=key_file(folder), **admission().settings(), **changes
    )


def enrolment(staff: str, name: str, role: str) -> dict[str, Any]:
    data = {"staff": staff, "name": name, "role": role}
    return visit(type="staff.enrolled", actor="admin", occurred_at="2026-01-01T00:00:00Z", data=data)


ENROLLED = b"\n".join(raw(enrolment(staff, *told)) for staff, told in STAFF.items())


def manager() -> Bearer:
    return admission().bearer(StaffRole("demo", "demo-office", "manager", "chen"), login="chen@example.com")


@asynccontextmanager
async def serving(settings: IntakeSettings) -> AsyncIterator[tuple[httpx.AsyncClient, IntakeService]]:
    """The service, whose journal takes facts without a broker, with the office's staff enrolled."""
    prepare(settings.database_url)
    service = IntakeService(settings, SystemClock())
    async with answering(service) as client:
        enrolled = await client.post("/v1/events:batch", content=ENROLLED)
        assert enrolled.status_code == 200, enrolled.text
        yield client, service


def form(content: bytes, name: str = "三月来访.csv", **fields: str) -> dict[str, Any]:
    """A form as the arguments of a request, whose client sends JSON unless it is told otherwise."""
    fields = {"office": "demo-office", "kind": "visits", "attested_by": "chen", **fields}
    made = httpx.Request("POST", "http://x", data=fields, files={"file": (name, content)})
    return {"content": made.read(), "headers": {"Content-Type": made.headers["Content-Type"]}}


async def imported(client: httpx.AsyncClient, content: bytes, **fields: str) -> ImportJob:
    """The import once it has ended."""
    answer = await client.post("/v1/imports", **form(content, **fields), auth=manager())
    assert answer.status_code == 202, answer.text
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await client.get(answer.headers["Location"], auth=manager())
            job = msgspec.json.decode(found.content, type=ImportJob)
            if job.state not in ("waiting", "running"):
                return job
            await asyncio.sleep(0.1)


async def until(
    client: httpx.AsyncClient, where: str, so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The import once it is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            job: dict[str, Any] = (await client.get(where, auth=manager())).json()
            if so(job):
                return job
            await asyncio.sleep(0.01)


def counted(job: ImportJob) -> tuple[int, int, int, int]:
    return job.counts.read, job.counts.accepted, job.counts.duplicates, job.counts.rejected


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


async def test_a_book_comes_in_once_and_its_rejected_rows_after_it(database: str, tmp_path: Path) -> None:
    """Rows are recorded in the order in which they happened, as carried over; the same file adds nothing, the rejected
    rows sent again add only themselves; no word of a row stands in clear in the tables of imports."""
    settings = chosen(database, tmp_path)
    async with serving(settings) as (client, _):
        tried = await imported(client, csv_of(BOOK), dry_run="true")
        preview = await client.get(f"/v1/imports/{tried.id}/preview", auth=manager())
        first = await imported(client, csv_of(BOOK, "gb18030"))
        recorded = await client.get(f"/v1/imports/{first.id}/preview", auth=manager())
        again = await imported(
            client, sheet_of([["导出"], *BOOK[:3]], strings_to_formulas=False), name="again.xlsx"
        )
        rejected = await client.get(f"/v1/imports/{first.id}/rejected", auth=manager())
        kept = rows(database, "SELECT rejected_rows FROM intake.imports WHERE rejected_rows IS NOT NULL")
        mended = await imported(client, csv_of(MENDED))
        stands = rows(database, "SELECT id::text FROM intake.facts WHERE type = 'visit.registered' LIMIT 1")
        exported = csv_of([[*HEADS, "记录编号"], ["2026-03-05", "孙一", "139****0001", "谁", "", *stands[0]]])
        returned = await imported(client, exported)
        listed = await client.get("/v1/imports?office=demo-office", auth=manager())
        facts = rows(database, "SELECT id FROM intake.facts WHERE type = 'visit.registered' ORDER BY seq")
        events = [(await client.get(f"/v1/events/{id_}")).json() for (id_,) in facts]
    assert (counted(tried), counted(first)) == ((3, 2, 0, 1), (3, 2, 0, 1))
    assert (counted(again), counted(mended)) == ((2, 0, 2, 0), (1, 1, 0, 0))
    assert counted(returned) == (1, 0, 1, 0)
    told = preview.json()
    assert [(one["row"], one["decisions"], one["owner"]) for one in told["items"]] == [
        (3, ["established"], "li"), (2, ["established"], "wang"),
    ]  # fmt: skip
    assert (told["of"], told["problem"], recorded.status_code) == (2, None, 409)
    assert [one.column for one in first.rejections] == ["联系电话"]
    assert [event["data"]["customer"]["name"] for event in events] == ["孙一", "孙二", "孙三"]
    assert events[0]["carried"] == {"register": "三月来访.csv", "row": 3, "attested_by": "chen"}
    assert len(listed.json()["items"]) == 5
    grid = read_book(rejected.content, BookLimits())
    assert (grid.rows[1][0], grid.rows[1][2]) == ("2026-03-07", "1390000")
    assert "联系电话: " in str(grid.rows[1][5])
    assert rows(database, "SELECT count(*) FROM intake.imports WHERE file IS NOT NULL") == [(0,)]
    assert len(kept) == 2 and not any(text.startswith(b"PK") for (text,) in kept)


async def test_an_import_that_is_cancelled_in_the_middle_stops_there(database: str, tmp_path: Path) -> None:
    """Rows that were recorded by then stay, and are told; no further ones come; the book again adds the rest alone."""
    count = 8000
    lines = [[f"2026-03-{1 + n % 28:02}", f"客{n}", str(13900000000 + n), "李娜", ""] for n in range(count)]
    book = csv_of([HEADS, *lines])
    async with serving(chosen(database, tmp_path)) as (client, _):
        put = await client.post("/v1/imports", **form(book), auth=manager())
        where = put.headers["Location"]
        await until(client, where, lambda job: job["counts"]["accepted"] > 0)
        gone = await client.delete(where, auth=manager())
        assert gone.status_code == 204, gone.text
        job = await until(client, where, lambda job: job["state"] != "running")
        again = await imported(client, book)
    assert job["state"] == "cancelled"
    before = again.counts.duplicates
    assert 0 < job["counts"]["accepted"] == before < count
    assert counted(again) == (count, count - before, before, 0)
    visits = "SELECT count(*), count(DISTINCT id) FROM intake.facts WHERE type = 'visit.registered'"
    assert rows(database, visits) == [(count, count)]


async def test_what_may_not_come_in_is_refused_by_field(database: str, tmp_path: Path) -> None:
    """A book of deals, an office that is not there, whoever may not, and a file that is none: each by its field."""
    async with serving(chosen(database, tmp_path)) as (client, _):
        office = StaffRole("demo", "demo-office", "consultant", "li")
        asked = [
            (form(b"x", kind="deals"), manager(), 422, "kind"),
            (form(b"x", kind="followups"), manager(), 422, "kind"),
            (form(b"x", office="elsewhere"), manager(), 422, "office"),
            (form(b"x", year="99"), manager(), 422, "year"),
            (form(b"x", attested_by="nobody"), manager(), 422, "attested_by"),
            (form(b"x", mapping="{}x"), manager(), 422, "mapping"),
            (form(b"x", strange="1"), manager(), 422, "strange"),
            (form(b"x"), admission().bearer(office, login="li@example.com"), 403, None),
        ]
        for given, who, status, path in asked:
            answer = await client.post("/v1/imports", **given, auth=who)
            assert answer.status_code == status, answer.text
            assert path is None or [one["path"] for one in answer.json()["errors"]] == [path]
            if path == "kind":
                assert answer.json()["errors"][0]["rule"] == "carried_type"
        failed = await imported(client, b"%PDF-1.4 \x00")
        elsewhere = admission().bearer(StaffRole("other", "other-office", "manager", "x"))
        hidden = await client.get(f"/v1/imports/{failed.id}", auth=elsewhere)
    assert (failed.state, failed.problem and failed.problem.rule) == ("failed", "type")
    assert hidden.status_code == 404


async def test_the_mapping_of_an_office_is_kept(database: str, tmp_path: Path) -> None:
    """Headings that mean nothing by themselves are read by the mapping that the office keeps for such books."""
    strange = csv_of([["A", "B", "C", "D"], ["2026-03-05", "甲", "13900000001", "李娜"]])
    mapping = {"columns": {"A": "date", "B": "name", "C": "phones", "D": "consultant"}}
    where = "/v1/offices/demo-office/import-mappings/visits"
    async with serving(chosen(database, tmp_path)) as (client, _):
        refused = await imported(client, strange)
        missing = await client.get(where, auth=manager())
        put = await client.put(where, json=mapping, auth=manager())
        kept = await client.get(where, auth=manager())
        read = await imported(client, strange)
    assert (refused.state, missing.status_code, put.status_code) == ("failed", 404, 204)
    assert kept.json()["mapping"]["columns"] == mapping["columns"]
    assert counted(read) == (1, 1, 0, 0)


@contextmanager
def process(settings: IntakeSettings, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Intake as a process of its own, ended by the test at the latest."""
    told = {
        "PANKE_DATABASE_URL": settings.database_url, "PANKE_KAFKA": "127.0.0.1:1", "PANKE_KEYS": settings.keys,
        "PANKE_INTAKE_PORT": str(port), **admission().environment(),
    }  # fmt: skip
    started = subprocess.Popen(
        [*COMMAND, "serve", "intake"], env={**os.environ, **told}, stdout=subprocess.DEVNULL
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def answered(client: httpx.Client, method: str, path: str, deadline: float, **given: Any) -> httpx.Response:
    """The answer, once the process is there and takes facts."""
    while True:
        try:
            answer = client.request(method, path, **given)
            if answer.status_code != 503:
                return answer
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "the process does not answer"
        time.sleep(0.1)


COMMANDS = (
    ("book.csv", "visits", "--rejected", "rejected.xlsx"), ("sound.csv", "visits", "--dry-run"), ("book.csv", "deals"),
)  # fmt: skip


def commanded(folder: Path, port: int, file: str, kind: str, *more: str) -> tuple[int, str]:
    """`panke import`, in the name of a machine: its exit code and what it says."""
    (folder / "book.csv").write_bytes(csv_of(BOOK[:4]))
    (folder / "sound.csv").write_bytes(csv_of(BOOK[:3]))
    machine = str(admission().file_of("registry"))
    words = [str(folder / file), "--office", "demo-office", "--kind", kind, "--attested-by", "chen"]
    words += ["--intake", f"http://127.0.0.1:{port}", "--machine", machine]
    words += [str(folder / word) if word.endswith(".xlsx") else word for word in more]
    done = CliRunner().invoke(import_command, words)
    return done.exit_code, done.output


def test_an_import_goes_on_after_a_kill_without_doubles(database: str, tmp_path: Path) -> None:
    """A process that is killed in the middle of an import leaves it to the next, which records every row once; the
    command says what came of a book, by its words and by its exit code."""
    count, port = 1500, free_port()
    lines = [[f"2026-03-{1 + n % 28:02}", f"客{n}", str(13900000000 + n), "李娜", ""] for n in range(count)]
    settings = chosen(database, tmp_path)
    prepare(database)
    deadline = time.monotonic() + PATIENCE
    auth = manager()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
        with process(settings, port) as first:
            told: dict[str, Any] = {"content": ENROLLED, "headers": JSON_BODY, "auth": admission().bearer()}
            enrolled = answered(client, "POST", "/v1/events:batch", deadline, **told)
            assert enrolled.status_code == 200, enrolled.text
            put = answered(
                client, "POST", "/v1/imports", deadline, **form(csv_of([HEADS, *lines])), auth=auth
            )
            assert put.status_code == 202, put.text
            where = put.headers["Location"]
            while answered(client, "GET", where, deadline, auth=auth).json()["counts"]["accepted"] == 0:
                time.sleep(0.02)
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
        with psycopg.connect(database) as connection:  # as if its lease had run out
            connection.execute("UPDATE intake.imports SET leased_until = now() - interval '1 second'")
        with process(settings, port):
            while (job := answered(client, "GET", where, deadline, auth=auth).json())["state"] != "done":
                assert job["state"] in ("waiting", "running"), job
                time.sleep(0.1)
            said = [commanded(tmp_path, port, *words) for words in COMMANDS]
    assert job["counts"] == {"read": count, "accepted": count, "duplicates": 0, "rejected": 0}
    assert rows(database, "SELECT count(*) FROM intake.facts WHERE type = 'visit.registered'") == [
        (count + 2,)
    ]
    assert [code for code, _ in said] == [1, 0, 2], said
    assert "2 new, 0 recorded before, 1 rejected" in said[0][1] and "第 4 行，联系电话：" in said[0][1]
    assert "0 new, 2 recorded before, 0 rejected" in said[1][1]
    assert "旧的跟进册和成交册不能导入" in said[2][1]
    assert read_book((tmp_path / "rejected.xlsx").read_bytes(), BookLimits()).rows[1][1] == "孙三"


@pytest.mark.parametrize("sealed", [True, False])
def test_the_secret_of_ids_outlives_a_change_of_keys(database: str, tmp_path: Path, sealed: bool) -> None:
    """The secret is wrapped anew under the present key, and the ids of rows stay what they were."""
    path = Path(key_file(tmp_path))
    with psycopg.connect(prepare(database)) as connection:
        first = ImportSeal(Vault(KeyFile(path)) if sealed else None).secret(connection)
        add_key(path, "wrapping")
        later = ImportSeal(Vault(KeyFile(path)) if sealed else None)
        assert later.secret(connection) == first
        (kept,) = connection.execute("SELECT sealed_by FROM intake.import_secret").fetchall()
    assert kept == (("2",) if sealed else (None,))


def test_a_file_that_no_key_reads_any_more_has_failed(database: str, tmp_path: Path) -> None:
    """An import under keys that are gone fails in words, and holds up nothing behind it."""
    prepare(database)
    caller = Caller("a", "person", "chen", "s", 2e9, (StaffRole("demo", "demo-office", "manager", "chen"),))
    asked = AskedImport(
        file="a.csv", sheet=None, year=None, mapping=None, attested_by=None, dry_run=True, actor="chen", caller=caller,
        address=None,
    )  # fmt: skip
    for folder in ("first", "other"):
        (tmp_path / folder).mkdir()
    with Database(database, schema="intake", name="panke-test") as opened:
        first, other = (
            ImportJobs(
                opened, ImportSeal(Vault(KeyFile(Path(key_file(tmp_path / folder))))), ImportBounds(9, 9, 7)
            )
            for folder in ("first", "other")
        )
        job = first.put(NewImport("demo", "demo-office", "visits", asked, b"x"))
        first.prepare()
        assert other.take() is None
        failed = other.find(job.id)
        assert failed is not None and failed.problem and failed.problem.rule == "keys"
        assert first.take() is None
