"""A disputed customer is handed over as a pack, and verified by somebody who has the pack, a public key and `panke`."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zlib import crc32

import psycopg
import pytest

from shared.contract.topics import Topics
from shared.platform.kafka.sender import OutgoingRecord, Sender
from tests.support.keys import key_file
from tests.support.logged_system import LoggedSystem, logged
from tests.support.panke import COMMAND, panke
from tests.support.searching import found_in
from tests.support.system import PARTITIONS, System, running
from tests.support.tokens import admission

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
ZHANG = {"name": "张大伟", "phones": ["138 1234 0001"]}
WANG = {"name": "王小芳", "phones": ["13812340002"]}
PERSONAL = ("张大伟", "13812340001", "138 1234 0001", "想要三居")
OTHERS = ("王小芳", "13812340002", "另有所爱")
Json = dict[str, Any]


@pytest.fixture
def deployment(directory: Path, database: str, kafka: str) -> Iterator[LoggedSystem]:
    books = directory / "books"
    books.mkdir()
    (books / "riverside.yaml").write_text(BOOK, encoding="utf-8")
    settings = {
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
        "PANKE_KEYS": key_file(directory),
        "PANKE_RULEBOOK_FOLDER": str(books),
    }
    # A busy machine is no reason to end: nobody starts the services again here.
    settings |= {f"PANKE_{name}_EXIT_AFTER": "900" for name in ("ATTRIBUTION", "NOTIFIER")}
    with running(directory, database, kafka, BEGIN, settings=settings) as system, logged(system) as found:
        yield found


def event(type_: str, data: Json) -> Json:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{type_}/{json.dumps(data)}")), "type": type_, "scope": "demo",
        "office": "demo-office", "actor": "desk", "occurred_at": "2026-03-02T10:00:00+08:00", "data": data,
    }  # fmt: skip


def visit(name: str, customer: Json, by: str, **more: Any) -> Json:
    data = {"visit": name, "customer": customer, "received_by": by, "capacity": "on_turn", **more}
    return event("visit.registered", data)


BOOK = """rulebook: riverside
version: 1
extends: shijiazhuang
title: {zh: 江畔案场客户界定办法, en: Riverside customer rules}
follow_up: {every: 7 days, cite: "8"}
clauses:
  "8": {zh: 七天内须回访, en: Follow up within seven days.}
"""
"""A rulebook of the office's own, which ships with nobody."""
STAFF = (("li", "李娜", "consultant"), ("wang", "王强", "consultant"), ("gao", "高峰", "manager"))
EVENTS = (
    *(event("staff.enrolled", {"staff": staff, "name": name, "role": role}) for staff, name, role in STAFF),
    visit("v1", ZHANG, "li", notes="想要三居"),
    visit("v2", WANG, "wang", notes="另有所爱"),
    visit("v3", ZHANG, "wang"),
    event("dispute.opened", {"dispute": "q1", "customer": ZHANG, "opened_by": "wang", "reason": "异议"}),
    event("dispute.ruled", {"dispute": "q1", "ruled_by": "gao", "owner": "li", "reason": "先登记"}),
    event("rulebook.adopted", {"rulebook": "riverside", "version": 1, "effective_from": "2026-03-02T00:00:00+08:00"})
    | {"actor": "gao"},
)  # fmt: skip


def verify(folder: Path, *arguments: object) -> tuple[int, Json]:
    """`panke verify` as a stranger runs it: a process that has nothing but its path."""
    done = subprocess.run(
        [*COMMAND, "verify", *map(str, arguments), "--json"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def kinds(told: Json) -> set[str]:
    return {found["kind"] for found in told["findings"]}


@pytest.mark.timeout(900)
def test_a_disputed_customer_is_handed_over(deployment: LoggedSystem, tmp_path: Path) -> None:
    """The pack verifies in an empty folder; what somebody does to rows behind it is found; erasure leaves no trace."""
    system = deployment.system
    for each in EVENTS:
        last = system.record(each)
    deployment.covered(last)
    answer = json.loads(system.judgement("demo", min_seq=last))
    customer = next(one for one in answer["customers"] if "张大伟" in one["names"])
    empty = tmp_path / "empty"
    empty.mkdir()
    pack, key = empty / "pack.zip", empty / "log.vkey"
    deployment.pack(customer["customer"], pack)
    key.write_text(deployment.vkey())
    code, told = verify(empty, "pack.zip", "--key", "log.vkey")
    assert (code, told["findings"], told["unknown"], told["facts"]) == (0, [], [], last)
    _holds(pack, customer)
    _files_and_export(deployment, tmp_path, pack, key)
    _erased(deployment, tmp_path, customer["customer"], pack, key)
    _rows(deployment, tmp_path, customer["customer"], key)
    _topic(deployment, tmp_path, key)


def _holds(path: Path, customer: Json) -> None:
    """The customer's own words, what was decided live, and nobody else's words."""
    with zipfile.ZipFile(path) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    assert files["README.md"].decode().splitlines()[0].strip().startswith("panke verify")
    assert json.loads(files["decisions.json"])["customers"][0]["decisions"] == customer["decisions"]
    everything = b"".join(data for name, data in files.items() if not name.endswith(".pdf"))
    assert found_in(everything, OTHERS) == []
    assert "想要三居".encode() in files["opened.ndjson"]
    assert {"report.zh.pdf", "report.en.pdf"} <= files.keys()
    own = sorted(name for name in files if name.startswith("rulebooks/riverside@1/"))
    assert files[own[-1]].decode() == BOOK


def _files_and_export(deployment: LoggedSystem, folder: Path, pack: Path, key: Path) -> None:
    export = folder / "export.ndjson"
    deployment.export(export)
    for asked in (
        (deployment.files,),
        (pack, "--tiles", deployment.files),
        (export, "--tiles", deployment.files),
    ):
        code, told = verify(folder, *asked, "--key", key)
        assert (code, told["findings"], told["unknown"]) == (0, [], []), asked


def _rows(deployment: LoggedSystem, folder: Path, customer: str, key: Path) -> None:
    """What is done to rows by whoever owns the database shows in the export, in the pack, or not at all."""
    export, pack = folder / "export.ndjson", folder / "again.zip"
    for statement, back, expected in TAMPERING:
        _sql(deployment.system.database_url, statement)
        deployment.export(export)
        code, told = verify(folder, export, "--key", key, "--tiles", deployment.files)
        assert (code, kinds(told)) == (1, {expected}), statement
        _sql(deployment.system.database_url, back)
    before = _decisions(deployment, customer, pack)
    _sql(deployment.system.database_url, DECIDED)
    assert _decisions(deployment, customer, pack) == before
    assert verify(folder, pack, "--key", key)[0] == 0


def _decisions(deployment: LoggedSystem, customer: str, path: Path) -> Any:
    deployment.pack(customer, path)
    with zipfile.ZipFile(path) as pack:
        return json.loads(pack.read("decisions.json"))


WORDS = "convert_to(replace(convert_from(body, 'utf8'), '{}', '{}'), 'utf8')"
BODY = f"UPDATE intake.facts SET body = {WORDS} WHERE seq = {{}}"
SWAPPED = (
    "UPDATE intake.facts SET seq = seq + 1000 WHERE seq IN (5, 6); "
    "UPDATE intake.facts SET seq = 1011 - seq WHERE seq > 1000"
)
TAMPERING = (
    (
        BODY.format('"received_by":"li"', '"received_by":"wang"', 4),
        BODY.format('"received_by":"wang"', '"received_by":"li"', 4),
        "fact.altered",
    ),
    (
        BODY.format("T10:00:00", "T09:00:00", 5),
        BODY.format("T09:00:00", "T10:00:00", 5),
        "fact.altered",
    ),
    (
        "CREATE TABLE public.gone AS SELECT * FROM intake.facts WHERE seq = 6; DELETE FROM intake.facts WHERE seq = 6",
        "INSERT INTO intake.facts SELECT * FROM public.gone; DROP TABLE public.gone",
        "fact.removed",
    ),
    (
        "CREATE TABLE public.gone AS SELECT * FROM intake.facts WHERE seq > 7; DELETE FROM intake.facts WHERE seq > 7",
        "INSERT INTO intake.facts SELECT * FROM public.gone; DROP TABLE public.gone",
        "fact.cut",
    ),
    (
        SWAPPED,
        SWAPPED,
        "fact.reordered",
    ),
)  # fmt: skip


DECIDED = (
    "UPDATE attribution.decisions SET body = "
    "convert_to(replace(convert_from(body, 'utf8'), '\"owner\":\"li\"', '\"owner\":\"wang\"'), 'utf8')"
)


def _topic(deployment: LoggedSystem, folder: Path, key: Path) -> None:
    """A fact that somebody puts into the topic, and that the journal never had, is logged and found to be missing."""
    export, seq = folder / "export.ndjson", len(EVENTS) + 2
    forged = event("shift.opened", {"order": ["wang", "li"]}) | {"recorded_at": "2026-03-02T02:00:00Z"}
    asyncio.run(_send(deployment.system, seq, json.dumps(forged).encode()))
    deployment.covered(seq)
    deployment.export(export)
    files = folder / "files"
    shutil.copytree(deployment.files, files)
    code, told = verify(folder, export, "--key", key, "--tiles", files)
    assert (code, kinds(told)) == (1, {"fact.cut"})


async def _send(system: System, seq: int, body: bytes) -> None:
    topic = Topics(system.topic_prefix).intake
    async with Sender(system.kafka, topic, 10, "test") as sender:
        record = OutgoingRecord(b"demo", body, [("seq", b"%d" % seq)])
        await sender.send(crc32(b"demo") % PARTITIONS, [record])


def _sql(url: str, statements: str) -> None:
    """As the owner of the database, past every trigger."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements.split("; "):
            connection.execute(statement.encode())


def _erased(deployment: LoggedSystem, folder: Path, customer: str, pack: Path, key: Path) -> None:
    """A pack from before says that it holds somebody who is erased; one from after holds nothing of them."""
    system = deployment.system
    said = [
        "--scope",
        "demo",
        "--customer",
        customer,
        "--reason",
        "撤回同意",
        "--asked-by",
        "客户本人",
        "--by",
        "gao",
    ]
    addresses = [
        part for name in ("intake", "attribution", "notifier") for part in (f"--{name}", system.address(name))
    ]
    machine = ["--machine", str(admission().file_of("registry", "group_auditor"))]
    own = ["--database-url", system.database_url, "--keys", system.settings["PANKE_KEYS"],
           "--clock", f"file:{system.clock.path}"]  # fmt: skip
    done = panke("privacy", "erase", *said, *own, *addresses, *machine)
    assert done.returncode == 0, done.stderr.decode()
    deployment.covered(len(EVENTS) + 1)
    code, told = verify(folder, pack, "--key", key, "--tiles", deployment.files)
    assert (code, told["findings"], len(told["notices"])) == (0, [], 1)
    after = folder / "after.zip"
    deployment.pack(customer, after)
    code, told = verify(folder, after, "--key", key, "--tiles", deployment.files)
    assert (code, told["findings"], told["notices"]) == (0, [], [])
    with zipfile.ZipFile(after) as opened:
        assert found_in(b"".join(opened.read(name) for name in opened.namelist()), PERSONAL) == []
