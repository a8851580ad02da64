"""A rulebook of an office's own, adopted live: judged by, cited, told with its sentence, and never changed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import msgspec
import psycopg
import pytest
import uvicorn

from services.attribution.main import AttributionService, create_service
from services.attribution.settings import AttributionSettings
from services.attribution.store.recorder import SCHEMA
from services.intake.admission.attribution import AttributionClient
from services.intake.admission.rulebooks import AdoptableRulebooks
from shared.contract import format_instant, parse_instant
from shared.platform.postgres.database import migrate
from shared.platform.settings import SettingsError
from shared.rules.judge.encoding import encode
from shared.rules.rulebooks.loading import load
from shared.rules.rulebooks.registry import Registry
from tests.integration.test_attribution_service import PARTITIONS, Line, eventually, folded, running
from tests.support.answers import result_of
from tests.support.attribution import START, Journal
from tests.support.tokens import admission

LI, WANG = "13800000001", "13800000002"
BOOK = """rulebook: riverside
version: 1
extends: shijiazhuang
title: {zh: 江畔案场客户界定办法, en: Riverside customer rules}
registration: {first: "7", cite: "7"}
follow_up: {every: 7 days, cite: "8"}
clauses:
  "7": {zh: 首次完整登记者为准, en: The first complete registration decides.}
  "8": {zh: 七天内须回访, en: Follow up within seven days.}
"""
ADOPTED = {"rulebook": "riverside", "version": 1, "effective_from": "2026-01-01T00:00:00+08:00"}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "riverside.yaml"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture
def settings(database: str, kafka: str, topic_prefix: str, book: Path) -> AttributionSettings:
    return AttributionSettings(
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=PARTITIONS,
        attribution_port=0,
        **admission().settings(),
        rulebook_folder=str(book.parent),
    )


async def test_an_office_is_judged_by_its_own_book(settings: AttributionSettings, book: Path) -> None:
    """Its clauses are cited and told, a historic question goes by it too, and another text of it stops the start."""
    line, journal = Line(settings), Journal()
    await line.send([journal.event("rulebook.adopted", ADOPTED), journal.visit(LI, "li", hours=1)])
    as_of = format_instant(START + timedelta(hours=2))
    async with running(settings) as (_, client):
        await folded(client, "demo", 2)
        looked = (await client.post("/v1/scopes/demo/lookup", json={"contact": LI})).json()
        assert (looked["clause"], looked["clause_text"]["zh"]) == ("riverside.7", "首次完整登记者为准")
        judged = await client.get("/v1/scopes/demo/judgement", params={"as_of": as_of})
    books = Registry(book.parent).books
    offline = result_of(journal.lines["demo"], load("shijiazhuang"), books, as_of=parse_instant(as_of))
    assert judged.content == encode(offline)
    (customer,) = msgspec.json.decode(judged.content)["customers"]
    assert parse_instant(customer["expires_at"]) - START > timedelta(days=7)

    change(book)
    with pytest.raises(SettingsError, match=r"riverside@1 was adopted with another text"):
        async with running(settings):
            pass


async def test_what_was_adopted_of_a_book_that_was_amended_goes_on_deciding(
    settings: AttributionSettings, book: Path
) -> None:
    """A deployment that adopted an earlier text of a shipped book judges by it, as a file does that names it."""
    earlier = next(old for old in Registry().earlier() if old.rulebook.name == "reception")
    sha256 = earlier.rulebook.sha256
    migrate(settings.database_url, "services.attribution", SCHEMA)
    with psycopg.connect(settings.database_url) as connection:
        row = (sha256, "reception", 1, b"".join(earlier.texts))
        connection.execute(f"INSERT INTO {SCHEMA}.rulebooks VALUES (%s, %s, %s, %s)", row)
    line, journal = Line(settings), Journal()
    deal = {"deal": "d1", "customer": {"phones": [WANG]}, "closed_by": "wang", "project": "p", "unit": "u"}
    both = {"customer": {"phones": [LI, WANG]}, "by": "li", "method": "phone", "subject": "s", "content": "c"}
    facts = [
        journal.event("rulebook.adopted", {**ADOPTED, "rulebook": "reception"}),
        journal.visit(LI, "li", hours=1),
        journal.visit(WANG, "wang", hours=2),
        journal.event("deal.subscribed", deal, hours=3),
        journal.event("followup.recorded", both, hours=4),
    ]
    await line.send(facts)
    as_of = format_instant(START + timedelta(hours=5))
    async with running(settings) as (_, client):
        await folded(client, "demo", len(facts))
        (told,) = (await client.get("/v1/scopes/demo/deals")).json()["deals"]
        judged = await client.get("/v1/scopes/demo/judgement", params={"as_of": as_of})
    assert told["shares"] == {"wang": 10000}
    known = Registry(book.parent)
    known.put(known.find(f"reception@{sha256}"))
    offline = result_of(journal.lines["demo"], load("shijiazhuang"), known.books, as_of=parse_instant(as_of))
    assert judged.content == encode(offline)


async def test_an_adoption_of_a_text_that_another_process_has_otherwise_waits(
    settings: AttributionSettings,
) -> None:
    """Two folders hold two texts of one name and version: the second one judges nobody, and says what is to be done."""
    line, journal = Line(settings), Journal()
    async with running(settings) as (service, client):
        await eventually(partial(ready, client))
        await adopted_elsewhere(service)
        await line.send([journal.event("rulebook.adopted", ADOPTED)])
        await eventually(partial(parked, service))
        with service.database.connection() as connection:
            ((error,),) = connection.execute("SELECT error FROM parked_scopes").fetchall()
    assert "riverside@1 was adopted with another text" in str(error)


async def test_a_process_with_another_text_takes_no_partition_over(settings: AttributionSettings) -> None:
    """What was adopted meanwhile is looked at again before a partition is read; readiness names the book."""
    async with running(settings) as (service, client):
        await eventually(partial(ready, client))
        await adopted_elsewhere(service)
        consumer = service.consumer
        assert consumer is not None
        await consumer.on_partitions_revoked(consumer.client.assignment())
        await consumer.on_partitions_assigned(consumer.client.assignment())

        async def refused() -> bool:
            return "riverside@1 was adopted with another text" in (await client.get("/readyz")).text

        await eventually(refused)


async def test_a_book_that_attribution_lacks_is_named_where_its_scope_waits(
    settings: AttributionSettings,
) -> None:
    """The scope waits, and the reason names the book and the folder, also where the scope was to begin under it."""
    line, journal = Line(settings), Journal()
    async with running(settings) as (service, _):
        await line.send([journal.event("rulebook.adopted", ADOPTED | {"version": 9})])
        await eventually(partial(parked, service))
        with service.database.connection() as connection:
            ((error,),) = connection.execute("SELECT error FROM parked_scopes").fetchall()
    assert "there is no rulebook riverside@9 here: put its file into PANKE_RULEBOOK_FOLDER" in str(error)


async def test_a_process_without_the_file_judges_by_the_text_that_was_adopted(
    settings: AttributionSettings, book: Path
) -> None:
    """Facts, historic questions, sentences and previews go by the stored text where no file has it any more."""
    line, journal = Line(settings), Journal()
    await line.send([journal.event("rulebook.adopted", ADOPTED), journal.visit(LI, "li", hours=1)])
    async with running(settings) as (_, client):
        await folded(client, "demo", 2)
    books = Registry(book.parent).books
    lose(book)
    as_of = format_instant(START + timedelta(hours=4))
    async with running(settings) as (_, client):
        await line.send([journal.visit(WANG, "wang", hours=2)])
        await folded(client, "demo", 3)
        looked = (await client.post("/v1/scopes/demo/lookup", json={"contact": WANG})).json()
        judged = await client.get("/v1/scopes/demo/judgement", params={"as_of": as_of})
        listed = (await client.get("/v1/rulebooks")).json()["rulebooks"]
        again = journal.event("rulebook.adopted", ADOPTED, hours=3)
        previewed = await client.post("/v1/scopes/demo/preview", content=unrecorded(again.value))
    assert looked["clause_text"]["zh"] == "首次完整登记者为准"
    offline = result_of(journal.lines["demo"][:3], load("shijiazhuang"), books, as_of=parse_instant(as_of))
    assert judged.content == encode(offline)
    assert previewed.status_code == 200, previewed.text
    assert {"rulebook": "riverside", "version": 1, "sha256": books["riverside", 1].sha256} in listed


async def test_a_running_process_without_the_file_takes_the_text_when_another_one_keeps_it(
    settings: AttributionSettings, tmp_path: Path
) -> None:
    """Two processes with other folders: what one keeps for an adoption is judged by in both, without a restart."""
    line, journal = Line(settings), Journal()
    empty = msgspec.structs.replace(settings, rulebook_folder=str(folder(tmp_path / "empty")))
    async with running(empty) as (_, lacking):
        await eventually(partial(ready, lacking))
        unknown = await lacking.put("/v1/rulebooks/riverside/1")
        async with running(settings) as (_, having):
            kept = await having.put("/v1/rulebooks/riverside/1")
        await eventually(partial(ready, lacking))
        await line.send([journal.event("rulebook.adopted", ADOPTED), journal.visit(LI, "li", hours=1)])
        await folded(lacking, "demo", 2)
        looked = (await lacking.post("/v1/scopes/demo/lookup", json={"contact": LI})).json()
        as_of = format_instant(START + timedelta(hours=2))
        judged = await lacking.get("/v1/scopes/demo/judgement", params={"as_of": as_of})
    assert (unknown.status_code, kept.status_code, judged.status_code) == (404, 204, 200)
    assert looked["clause_text"]["zh"] == "首次完整登记者为准"


async def test_a_process_with_another_text_answers_nothing_of_the_scope(
    settings: AttributionSettings, tmp_path: Path
) -> None:
    """Once another text was adopted, questions, previews, adoptions and readiness are refused by the book's name."""
    line, journal = Line(settings), Journal()
    other = folder(tmp_path / "other")
    change(other / "riverside.yaml")
    differing = msgspec.structs.replace(
        settings, rulebook_folder=str(other), topic_prefix=f"{settings.topic_prefix}x"
    )
    async with running(differing) as (_, refusing):
        await eventually(partial(ready, refusing))
        async with running(settings) as (_, client):
            await line.send([journal.event("rulebook.adopted", ADOPTED), journal.visit(LI, "li", hours=1)])
            await folded(client, "demo", 2)
        again = unrecorded(journal.event("rulebook.adopted", ADOPTED, hours=3).value)
        answers = [
            await refusing.put("/v1/rulebooks/riverside/1"),
            await refusing.post("/v1/scopes/demo/lookup", json={"contact": LI}),
            await refusing.post("/v1/scopes/demo/preview", content=again),
            await refusing.get("/v1/scopes/demo/judgement"),
            await refusing.get("/readyz"),
        ]
    assert [answer.status_code for answer in answers] == [409, 503, 503, 503, 503]
    assert all("riverside@1 was adopted with another text" in answer.text for answer in answers)


async def test_intake_with_another_text_takes_no_adoption_of_the_book(
    settings: AttributionSettings, book: Path, tmp_path: Path
) -> None:
    """It is refused by the book's name and both digests, and nothing is kept; intake with the same text adopts it."""
    other = folder(tmp_path / "other")
    change(other / "riverside.yaml")
    here, there = (Registry(place).books["riverside", 1].sha256 for place in (book.parent, other))
    async with running(settings) as (service, client), listening(service) as address:
        await eventually(partial(ready, client))
        own = admission().tokens()
        refused = await AttributionClient(address, AdoptableRulebooks([], str(other)), own).keep(
            "riverside", 1
        )
        with service.database.connection() as connection:
            kept = connection.execute("SELECT 1 FROM rulebooks WHERE name = 'riverside'").fetchall()
        taken = await AttributionClient(address, AdoptableRulebooks([], str(book.parent)), own).keep(
            "riverside", 1
        )
        given = [f'"{there}", "{here}"', f'"{there}"', there[:12]]
        answers = [await client.put("/v1/rulebooks/riverside/1", headers={"If-Match": one}) for one in given]
    assert refused is not None
    assert (refused.path, refused.rule, kept, taken) == ("data.rulebook", "one_text", [], None)
    assert all(word in refused.message for word in ("riverside@1", here[:12], there[:12]))
    assert [answer.status_code for answer in answers] == [204, 409, 422]


@asynccontextmanager
async def listening(service: AttributionService) -> AsyncIterator[str]:
    """The address of a service that runs already."""
    server = uvicorn.Server(uvicorn.Config(service.app, lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as place:
        serving = asyncio.create_task(server.serve(sockets=[place]))
        try:
            yield f"http://127.0.0.1:{place.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def lose(book: Path) -> None:
    book.unlink()


def folder(path: Path) -> Path:
    path.mkdir()
    return path


def unrecorded(value: bytes) -> bytes:
    """The event as the desk would send it, under another id."""
    event = msgspec.json.decode(value)
    del event["recorded_at"]
    return msgspec.json.encode(event | {"id": "0195a000-0000-7000-8000-0000000000ff"})


async def adopted_elsewhere(service: AttributionService) -> None:
    """Another process, whose folder has another text, folded an adoption."""
    with service.database.connection() as connection:
        connection.execute(
            "INSERT INTO rulebooks (sha256, name, version, text) VALUES (%s, 'riverside', 1, 'another')",
            ["f" * 64],
        )


async def parked(service: AttributionService) -> bool:
    return service.questions.parked()[0] == 1


async def ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/readyz")).status_code == 200


def change(book: Path) -> None:
    book.write_text(BOOK.replace("7 days", "9 days"), encoding="utf-8")


def test_a_wrong_file_stops_the_start(settings: AttributionSettings, book: Path) -> None:
    """The message names the setting, the file, the line and the key."""
    book.write_text(BOOK.replace("every: 7 days", "every: 7"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"PANKE_RULEBOOK_FOLDER: .*riverside\.yaml:6: follow_up\.every"):
        create_service(settings)


async def test_an_unknown_default_stops_the_start(settings: AttributionSettings) -> None:
    """Without the default rulebook no new scope could be judged; what may be named is told."""
    with pytest.raises(SettingsError, match=r"PANKE_DEFAULT_RULEBOOK: not one of base@1, .*riverside@1"):
        async with running(msgspec.structs.replace(settings, default_rulebook="riverside@2")):
            pass
