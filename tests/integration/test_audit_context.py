"""What the judging goes by besides facts is in the log too: texts of rulebooks, and which facts do not count."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.audit.context.keeper import JudgingContext
from services.audit.model.metrics import AuditMetrics
from shared.access.context import AskedServices, ContextAsking
from shared.access.machine import AsMachine, MachineTokens
from shared.contract import SetAside, parse_instant
from shared.platform.http.connections import Limits
from shared.tlog.leaves import Leaf, RulebookLeaf, SetAsideLeaf
from tests.support.attribution import Journal
from tests.support.logging_facts import TestLog, opened_log
from tests.support.serving import running, until

pytestmark = pytest.mark.anyio

EVENT = "0195a000-0000-7000-8000-000000000009"


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[TestLog]:
    with opened_log(database, tmp_path) as opened:
        yield opened


class Others:
    """Attribution and intake, as far as they are asked."""

    def __init__(self) -> None:
        self.books: list[dict[str, Any]] = []
        self.lines: list[dict[str, str]] = []
        self.app = FastAPI()
        self.app.add_api_route("/v1/rulebooks", lambda: {"rulebooks": self.books})
        self.app.add_api_route("/v1/journal/set-asides", lambda since="": {"set_asides": self.lines})


def book(name: str, version: int, digit: str) -> dict[str, Any]:
    return {"rulebook": name, "version": version, "sha256": digit * 64}


async def test_texts_and_set_asides_become_entries_once(
    log: TestLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text under which a scope began, each that it adopted, as attribution keeps them, and what intake leaves out;
    a text that attribution does not know yet is asked for again."""
    monkeypatch.setattr("shared.access.context.EVERY", 0.02)
    journal = Journal(rulebook="base")
    adoption = {"rulebook": "reception", "version": 1, "effective_from": "2026-03-03T00:00:00Z"}
    log.take(
        [
            journal.event("shift.opened", {"order": ["li"]}, scope="east"),
            journal.event("rulebook.adopted", adoption, scope="east"),
            journal.event("rulebook.adopted", adoption | {"rulebook": "own", "version": 3}, scope="west"),
        ]
    )
    others = Others()
    others.books = [book("base", 1, "a"), book("base", 2, "b"), book("reception", 1, "c")]
    at = parse_instant("2026-03-02T06:30:00Z")
    line = SetAside(EVENT, "成交日期录错", "zhou", at).line()  # type: ignore[arg-type]
    others.lines = [{"scope": "east", "line": line.decode()}]
    async with running(others.app, Limits()) as ((host, port), _):
        address = f"http://{host}:{port}"
        auth = AsMachine(MachineTokens(None, None, lambda: 0.0))
        metrics = AuditMetrics(CollectorRegistry())
        kept = JudgingContext(log.database, metrics, lambda: None, log.keys.last_signed)
        context = ContextAsking(AskedServices(address, address), auth, metrics.context_errors, kept)
        task = asyncio.create_task(context.run())
        try:
            await until(lambda: len(besides(log)) == 4)
            others.books.append(book("own", 3, "d"))
            await until(lambda: len(besides(log)) == 5)
            others.books[2] = book("reception", 1, "e")  # amended: what was adopted stays
            await until(lambda: metrics.awaited._value.get() == 0)
        finally:
            task.cancel()
    await log.published()
    assert [leaf for leaf in log.leaves() if isinstance(leaf, RulebookLeaf)] == [
        RulebookLeaf("east", 1, "base", 2, "b" * 64),
        RulebookLeaf("east", 2, "reception", 1, "c" * 64),
        RulebookLeaf("west", 1, "base", 2, "b" * 64),
        RulebookLeaf("west", 1, "own", 3, "d" * 64),
    ]
    (aside,) = (leaf for leaf in log.leaves() if isinstance(leaf, SetAsideLeaf))
    assert (aside.scope, aside.body.raw) == ("east", line)


def besides(log: TestLog) -> list[Leaf]:
    with log.database.connection() as connection:
        rows: list[Any] = connection.execute("SELECT entry FROM entries WHERE kind <> 'fact'").fetchall()
    return rows
