"""The registers over HTTP in this process: the calls as they are, answered from a journal that a test wrote."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from click.testing import CliRunner
from fastapi import FastAPI
from msgspec.structs import replace

from services.registers.cli import report_command
from services.registers.findings.finding import FindingStep
from services.registers.findings.store import StepTakenError
from services.registers.http.routes import KeptByPeople, calls_of
from services.registers.issued.store import IssuedReport, IssuedStep, StageTakenError
from services.registers.model.registers import Registers
from services.registers.posting.journal import post_journal
from services.registers.reading.known_scope import Answered, AskedMoment, KnownScope
from services.registers.reading.reader import OfficeNotTakenError, ScopeNotTakenError, SeqNotTakenError
from shared.access.caller import GrantedRole, StaffRole
from shared.contract import Event
from shared.ids import ScopeId
from shared.platform.http.app import create_app
from shared.platform.http.openapi import examples_of
from shared.platform.place_names import PlaceNames
from shared.rules.judge.reading import EventReader, in_order
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import BASE, SchemeRegistry
from shared.sealing.opener import Opener
from shared.sealing.person import PersonKey
from tests.support.journal import Difference, WrittenJournal, local
from tests.support.sealing import MemoryVault
from tests.support.tokens import Bearer, admission, guarded

MANAGER = StaffRole("north", "east", "manager", "gao")
YEAR_END = "12-31 23:59"


@cache
def known_books() -> Registry:
    return Registry()


@cache
def known_schemes() -> SchemeRegistry:
    return SchemeRegistry()


class JournalReader:
    """Asks a journal as the reader of the service asks what it holds; posted once for each moment."""

    def __init__(self, lines: list[bytes], rulebook: str = "base", scheme: str | None = None) -> None:
        self._books = known_books()
        self.events: list[Event] = in_order(EventReader(self._books.books).events(lines), None)
        self._lines = sorted(lines, key=lambda line: str(json.loads(line)["recorded_at"]))
        self._opener = Opener()
        self._book = self._books.find(rulebook).rulebook
        self._schemes = known_schemes() if scheme is None else _only(scheme)
        self._posted: dict[datetime, Registers] = {}
        self.whole_until: datetime | None = None

    async def scope_of(self, office: str) -> ScopeId:
        for event in self.events:
            if event.office == office:
                return event.scope
        raise OfficeNotTakenError(office)

    async def ask(
        self, scope: ScopeId, asked: AskedMoment, work: Any, *given: Any, **named: Any
    ) -> Answered[Any]:
        if not any(event.scope == scope for event in self.events):
            raise ScopeNotTakenError(scope)
        seq = len(self.events)
        if asked.min_seq is not None and asked.min_seq > seq:
            raise SeqNotTakenError(asked.min_seq, seq)
        assert asked.known_at is not None
        until = max([asked.known_at, *_times(given)])
        if until not in self._posted:
            self._posted[until] = post_journal(self.events, scope, self._book, self._books.books, until)
        registers = self._posted[until]
        known = registers.known(asked.known_at, asked.as_of)
        book = self._book.name, self._book.version
        of = KnownScope(
            scope, seq, registers, known, book, self._books.books, self._schemes, self._opener, self._bodies
        )
        again = pickle.loads(pickle.dumps((work, given, named)))  # as it crosses to another process
        value = again[0](of, *again[1], **again[2])
        return Answered(pickle.loads(pickle.dumps(value)), seq, whole_until=self.whole_until)

    def _bodies(self, seqs: Collection[int]) -> Sequence[bytes]:
        """The events of these seqs, opened."""
        return self._opener.bodies([self._lines[seq - 1] for seq in seqs], keep=True)


class SealedReader(JournalReader):
    """The same of a journal under seal, as the topic has it."""

    def __init__(self, lines: list[bytes], rulebook: str = "base", scheme: str | None = None) -> None:
        self.vault = MemoryVault()
        super().__init__([self.vault.sealed(line) for line in lines], rulebook, scheme)
        self._opener = MemoryOpener(self.vault)


class MemoryOpener(Opener):
    """Reads by a vault in memory."""

    def __init__(self, vault: MemoryVault) -> None:
        super().__init__()
        self._memory = vault

    def _people(self, ids: set[str]) -> dict[str, PersonKey]:
        return {id_: self._memory.people[id_] for id_ in ids if id_ in self._memory.people}

    def person_of(self, scope: str, contacts: Iterable[str]) -> dict[str, PersonKey]:
        return {contact: self._memory.person(scope, contact) for contact in contacts}


def _times(given: tuple[Any, ...]) -> Iterator[datetime]:
    for one in given:
        if (issued := getattr(one, "issued", None)) is not None:
            yield issued


def _only(scheme: str) -> SchemeRegistry:
    """Schemes among which `base` is another one, so that an office that adopted none goes by it."""
    found = known_schemes().find(scheme)
    known = SchemeRegistry()
    known[BASE, 1_000_000] = found
    return known


def registers_app(reader: Any, now: str = YEAR_END, **more: Any) -> FastAPI:
    """The application of the service with its calls."""
    kept = KeptByPeople(more.get("issued") or KeptReports(), more.get("findings") or KeptSteps())
    calls = calls_of(reader, kept, lambda: local(now), more.get("names") or PlaceNames())
    examples = examples_of("services.registers")
    app = create_app(
        "Panke registers", "1", live={}, ready={}, metrics=bytes, examples=examples, schemas=calls.schemas
    )
    app.include_router(calls.router)
    return app


class KeptReports:
    """Issued reports as the database keeps them, in memory."""

    def __init__(self) -> None:
        self.reports: list[tuple[IssuedReport, bytes]] = []
        self.stages: dict[UUID, list[IssuedStep]] = {}

    def put(self, report: IssuedReport, document: bytes, remark: str | None) -> bool:
        if report.id in self.stages:
            return False
        self.reports.append((report, document))
        self.stages[report.id] = [IssuedStep("issued", report.issued_by, report.issued_at, remark)]
        return True

    def find(self, scope: str, office: str, id_: UUID) -> IssuedReport | None:
        found = [one for one, _ in self.reports if (one.scope, one.office, one.id) == (scope, office, id_)]
        return self._now(found[0]) if found else None

    def _now(self, report: IssuedReport) -> IssuedReport:
        last = self.stages[report.id][-1]
        return replace(report, stage=last.stage, stage_at=last.at)

    def document(self, id_: UUID) -> bytes:
        return next(document for one, document in self.reports if one.id == id_)

    def steps(self, id_: UUID) -> list[IssuedStep]:
        return list(self.stages[id_])

    def page(
        self, scope: str, office: str, stages: tuple[str, ...], report: str | None, after: int, limit: int
    ) -> list[tuple[int, IssuedReport]]:
        found = [(place, self._now(one)) for place, (one, _) in enumerate(self.reports, 1)]
        return [
            (place, one)
            for place, one in reversed(found)
            if (one.scope, one.office) == (scope, office)
            and one.stage in stages
            and report in (None, one.report)
            and (not after or place < after)
        ][:limit]

    def add(self, id_: UUID, step: IssuedStep, number: int) -> None:
        if number <= len(self.stages[id_]):
            raise StageTakenError(id_)
        self.stages[id_].append(step)


class KeptSteps:
    """Steps of findings as the database keeps them, in memory."""

    def __init__(self) -> None:
        self.steps: list[FindingStep] = []

    def of(self, scope: str, office: str) -> list[FindingStep]:
        return sorted(self.steps, key=lambda one: (one.finding, one.number))

    def add(self, scope: str, office: str, step: FindingStep) -> None:
        if any((one.finding, one.number) == (step.finding, step.number) for one in self.steps):
            raise StepTakenError(step.finding)
        self.steps.append(step)


class Calling:
    """Asks an application in this process, one request after the other."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        transport = httpx.ASGITransport(app=app)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._runner = runner

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.get(path, **more))

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._client.post(path, **more))

    def close(self) -> None:
        self._runner.run(self._client.aclose())


@contextmanager
def served(source: Any, now: str = YEAR_END, passed: Any = None, **more: Any) -> Iterator[Calling]:
    """A client of the calls; each request says whose it is."""
    app = guarded(registers_app(source, now, **more), "registers", passed=passed)
    with asyncio.Runner() as runner:
        client = Calling(app, runner)
        yield client
        client.close()


def as_(*roles: StaffRole | GrantedRole, **claims: Any) -> Bearer:
    """Somebody with these roles, as requests are given it (`auth`)."""
    return Bearer(admission().issuer, roles, **claims)


def staff(role: str, id_: str, office: str = "east", scope: str = "north") -> Bearer:
    """A member of staff, as requests are given it (`auth`)."""
    return as_(StaffRole(scope, office, role, id_), login=id_)  # type: ignore[arg-type]


@dataclass
class ToldColumn:
    key: str


@dataclass
class ToldLine:
    """A line as the document has it; in the form of a `ReportLine`."""

    key: tuple[str, ...]
    texts: dict[str, str]
    opened: dict[str, list[str]]

    def shown(self, column: ToldColumn) -> str:
        return self.texts[column.key]


@dataclass
class ToldTable:
    """A table as the document has it; in the form of a `ReportTable`."""

    name: str
    columns: list[ToldColumn]
    lines: tuple[ToldLine, ...]
    total: ToldLine | None

    def line(self, *key: str) -> ToldLine:
        return next(one for one in self.lines if one.key == key)


@dataclass
class ToldReport:
    """A report as a command prints it and a call answers it."""

    document: dict[str, Any]
    tables: list[ToldTable] = field(init=False)

    def __post_init__(self) -> None:
        self.tables = [_table(one) for one in self.document["tables"]]

    def table(self, name: str) -> ToldTable:
        return next(one for one in self.tables if one.name == name)


def _table(said: dict[str, Any]) -> ToldTable:
    columns = [ToldColumn(one["column"]) for one in said["columns"]]
    total = _line(said["total"]) if said["total"] is not None else None
    return ToldTable(said["table"], columns, tuple(_line(one) for one in said["lines"]), total)


def _line(said: dict[str, Any]) -> ToldLine:
    values = {name: one["value"] for name, one in said["figures"].items()}
    ids = {name: one["ids"] for name, one in said["figures"].items()}
    return ToldLine(tuple(said["line"]), values, ids)


def differing(document: dict[str, Any]) -> list[Difference]:
    """The differences of a document, as a journal tells its own."""
    return [
        (
            one["table"], tuple(one["line"]), one["column"], Decimal(one["later"]) - Decimal(one["issued"]),
            tuple((row["row"], tuple(each["reason"] for each in row["reasons"])) for row in one["rows"]),
        )
        for one in document["differences"]
    ]  # fmt: skip


def asked_for(first: str, last: str, known: str, **more: str | None) -> dict[str, str]:
    """The query of a report over days of 2026."""
    said = {"from": f"2026-{first}", "to": f"2026-{last}", "known_at": local(known).isoformat(), **more}
    return {name: value for name, value in said.items() if value is not None}


@dataclass
class ServedJournal(WrittenJournal):
    """A journal whose reports are asked for over HTTP."""

    def report(
        self, name: str, first: str, last: str, known: str = YEAR_END, *, scheme: str = "base",
        rulebook: str = "base", grain: str | None = None, office: str | None = "east", issued: str | None = None,
    ) -> Any:  # fmt: skip
        query = asked_for(
            first, last, known, by=grain, issued=local(issued).isoformat() if issued is not None else None
        )
        with served(JournalReader(self.lines(), rulebook, scheme)) as client:
            answer = client.get(f"/v1/offices/{office}/reports/{name}", params=query, auth=as_(MANAGER))
        assert answer.status_code == 200, answer.text
        return ToldReport(answer.json())

    def differences(
        self, name: str, first: str, last: str, known: str, *, issued: str, grain: str | None = None
    ) -> list[Difference]:
        return differing(self.report(name, first, last, known, issued=issued, grain=grain).document)


@dataclass
class CommandedJournal(WrittenJournal):
    """A journal whose reports are asked for by `panke report`."""

    folder: Path = Path()

    def report(
        self, name: str, first: str, last: str, known: str = YEAR_END, *, scheme: str = "base",
        rulebook: str = "base", grain: str | None = None, office: str | None = "east", issued: str | None = None,
    ) -> Any:  # fmt: skip
        path = self.folder / "journal.ndjson"
        path.write_bytes(b"\n".join(self.lines()))
        query = asked_for(
            first, last, known, by=grain, issued=local(issued).isoformat() if issued is not None else None,
            office=office, scheme=scheme, rulebook=rulebook, journal=str(path),
        )  # fmt: skip
        options = [part for name, value in query.items() for part in (f"--{name.replace('_', '-')}", value)]
        result = CliRunner().invoke(report_command, [name, *options, "--json"])
        assert result.exit_code == 0, result.output
        return ToldReport(json.loads(result.stdout))

    def differences(
        self, name: str, first: str, last: str, known: str, *, issued: str, grain: str | None = None
    ) -> list[Difference]:
        return differing(self.report(name, first, last, known, issued=issued, grain=grain).document)


def ok(answer: httpx.Response) -> Any:
    """The body of an answer that is a success."""
    assert answer.status_code in (200, 201), answer.text
    return answer.json()
