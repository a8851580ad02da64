"""The whole intake service over HTTP, on a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from deploy.local import EmbeddedPostgres
from deploy.local.ports import free_port
from services.intake import cli
from services.intake.main import IntakeService
from services.intake.model.submission import Accepted, RefusedEvent
from services.intake.settings import IntakeSettings
from shared.access.caller import StaffRole
from shared.platform.clock import SystemClock
from tests.support import parts
from tests.support.answering import answering
from tests.support.intake import Reader, adoption, compared, prepare, raw, taking, visit
from tests.support.patience import PATIENCE
from tests.support.tokens import admission

ID = b"018f3c5e-0000-7000-8000-000000000001"


def settings(database: str, kafka: str, topic_prefix: str, **changes: Any) -> IntakeSettings:
    return IntakeSettings(
        intake_journal_in_clear=True,
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=3,
        **admission().settings(),
        **changes,
    )


@asynccontextmanager
async def serving(chosen: IntakeSettings) -> AsyncIterator[tuple[httpx.AsyncClient, IntakeService]]:
    """The service once it takes facts, so that none is answered 503 because the machine is slow."""
    service = IntakeService(chosen, SystemClock())
    async with answering(service) as client:
        await taking(service)
        yield client, service


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attribution that is there is not taken for away however slow the machine is; nobody listens where it is away."""
    monkeypatch.setattr("services.intake.admission.attribution.BOOKS_WAIT", 60.0)
    monkeypatch.setattr("services.intake.admission.attribution.WAIT", 60.0)


@pytest.fixture
def chosen(database: str, kafka: str, topic_prefix: str) -> IntakeSettings:
    return settings(database, kafka, topic_prefix)


async def test_an_event_is_answered_read_and_relayed(chosen: IntakeSettings, kafka: str) -> None:
    """202 with its place; 200 with the same bytes for a repetition; GET gives what the topic carries."""
    event = visit()
    async with (
        serving(chosen) as (client, _),
        Reader(kafka, f"{chosen.topic_prefix}panke.intake.v1") as reader,
    ):
        first = await client.post("/v1/events", content=raw(event))
        again = await client.post("/v1/events", content=raw(event))
        stored = await client.get(f"/v1/events/{event['id']}")
        await reader.until_facts(1)
    assert (first.status_code, again.status_code, stored.status_code) == (202, 200, 200)
    assert first.content == again.content
    assert {key: told for key, told in first.json().items() if key != "warnings"} == {
        "id": event["id"],
        "scope": "demo",
        "seq": 1,
        "recorded_at": stored.json()["recorded_at"],
    }
    assert stored.json() == {**event, "recorded_at": first.json()["recorded_at"]}
    assert reader.facts[0].value == stored.content
    trace = first.headers["traceparent"].split("-")[1]
    assert dict(reader.facts[0].headers)["traceparent"].decode().split("-")[1] == trace


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"recorded_at": "2026-03-01T02:00:00Z"}, "recorded_at"),
        ({"carried": {"register": "book", "row": 1, "attested_by": "boss"}}, "carried"),
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "occurred_at"),
        ({"scope": "other", "office": "demo-office"}, "office"),
        ({"scope": "Other"}, "scope"),
        ({"type": "visit.imagined"}, "type"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_bad_input_names_the_field(chosen: IntakeSettings, changes: dict[str, Any], path: str) -> None:
    """422 as a problem document whose errors name the path; nothing is recorded."""
    async with serving(chosen) as (client, _):
        await client.post("/v1/events", content=raw(visit()))
        event = visit(**changes)
        answer = await client.post("/v1/events", content=raw(event))
        absent = await client.get(f"/v1/events/{event['id']}")
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert absent.status_code == 404


async def test_the_same_content_in_another_spelling_is_a_duplicate(chosen: IntakeSettings) -> None:
    """Another offset, a stated default, another case of the id, other order of keys: 200 with the first answer."""
    event = visit(occurred_at="2026-03-02T10:00:00+08:00")
    again = {
        **dict(reversed(event.items())),
        "id": event["id"].upper(),
        "occurred_at": "2026-03-02T02:00:00.0Z",
        "data": {**event["data"], "brochure_only": False, "present": []},
    }
    async with serving(chosen) as (client, _):
        first = await client.post("/v1/events", content=raw(event))
        repeated = await client.post("/v1/events", content=raw(again))
        other = await client.post("/v1/events", content=raw({**again, "occurred_at": "2026-03-02T02:00:01Z"}))
        stored = await client.get(f"/v1/events/{event['id'].upper()}")
    assert (first.status_code, repeated.status_code, other.status_code) == (202, 200, 409)
    assert repeated.content == first.content
    assert stored.json()["occurred_at"] == "2026-03-02T10:00:00+08:00"


@pytest.mark.parametrize(
    ("party", "path", "rule"),
    [
        ({"phones": ["13800000001", "139000000011"]}, "data.customer.phones[1]", "phone_length"),
        ({"phones": ["13800000001;13900000002"]}, "data.customer.phones[0]", "phone_several"),
        ({"phones": ["84664163"]}, "data.customer.phones[0]", "phone_area"),
        ({"wechat": "李娜"}, "data.customer.wechat", "wechat"),
    ],
)
async def test_a_contact_that_is_none_is_refused(
    chosen: IntakeSettings, party: dict[str, Any], path: str, rule: str
) -> None:
    """What would make another customer of a mistake is refused, with the field, the rule and what to do."""
    event = visit()
    event["data"] = {**event["data"], "customer": party}
    async with serving(chosen) as (client, _):
        answer = await client.post("/v1/events", content=raw(event))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["path"], error["rule"]) == (path, rule)


async def test_a_batch_has_a_result_per_line(chosen: IntakeSettings) -> None:
    """Accepted, repeated, refused, in conflict, of another scope: each line says so, in order."""
    event = visit()
    lines = [
        raw(event),
        raw(event),
        b"{",
        raw({**event, "actor": "x"}),
        b"",
        raw(visit("other", office="demo-office")),
        raw(adoption("hearsay")),
        raw(visit()),
    ]
    async with serving(chosen) as (client, _):
        answer = await client.post("/v1/events:batch", content=b"\n".join(lines) + b"\n")
        figures = (await client.get("/metrics")).text
    assert 'panke_intake_events_total{outcome="malformed"} 2.0' in figures
    assert 'panke_intake_events_total{outcome="refused"} 2.0' in figures
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.status_code == 200
    assert [result["line"] for result in results] == list(range(1, 9))
    assert [result["status"] for result in results] == [202, 200, 422, 409, 422, 422, 422, 202]
    assert [result["seq"] for result in results if "seq" in result] == [1, 1, 2]
    assert results[6]["problem"]["errors"][0]["path"] == "data.rulebook"


async def test_a_batch_has_a_limit(chosen: IntakeSettings) -> None:
    """10,000 lines are taken, one more and none are refused whole."""
    async with serving(chosen) as (client, _):
        empty = await client.post("/v1/events:batch", content=b"\n")
        most = await client.post("/v1/events:batch", content=b"\n".join(raw(visit()) for _ in range(10_000)))
        more = await client.post("/v1/events:batch", content=b"{}\n" * 10_001)
    assert (empty.status_code, most.status_code, more.status_code) == (422, 200, 413)
    assert [json.loads(line)["seq"] for line in most.text.splitlines()] == list(range(1, 10_001))


async def test_two_hundred_clients_leave_no_gap(chosen: IntakeSettings) -> None:
    """Each repeats its event once, at once; every seq is given once, and both answers are the same."""

    async def client_of(http: httpx.AsyncClient) -> tuple[int, ...]:
        body = raw(visit())
        answers = await asyncio.gather(*(http.post("/v1/events", content=body) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 202]
        assert answers[0].content == answers[1].content
        return (answers[0].json()["seq"],)

    async with serving(chosen) as (http, _):
        places = await asyncio.gather(*(client_of(http) for _ in range(200)))
    assert sorted(seq for (seq,) in places) == list(range(1, 201))


async def test_a_broker_that_is_away_stops_nothing_but_readiness(database: str, topic_prefix: str) -> None:
    """A journal that was compared with its topic before takes events up to the set backlog, then they are refused with
    Retry-After; readiness names the broker."""
    prepare(database)
    compared(database, f"{topic_prefix}panke.intake.v1")
    away = settings(database, f"127.0.0.1:{free_port()}", topic_prefix, intake_backlog_limit=3)
    async with serving(away) as (client, service):
        taken = [await client.post("/v1/events", content=raw(visit())) for _ in range(3)]
        await asyncio.to_thread(parts.eventually, lambda: service.backlog.last.unsent >= 3, "it is measured")
        full = await client.post("/v1/events", content=raw(visit()))
        batch = await client.post("/v1/events:batch", content=raw(visit()))
        ready, live = await unready(client, {"broker"}), await client.get("/healthz")
        metrics = await client.get("/metrics")
    assert [answer.status_code for answer in taken] == [202, 202, 202]
    assert (full.status_code, batch.status_code, ready.status_code, live.status_code) == (503, 503, 503, 200)
    assert int(full.headers["retry-after"]) > 0 and int(batch.headers["retry-after"]) > 0
    assert "panke_intake_relay_backlog 3.0" in metrics.text


async def unready(client: httpx.AsyncClient, named: set[str]) -> httpx.Response:
    """The answer of readiness once these, and of broker and database no other, are named: a check that took too long
    for a slow machine is not the answer that is looked for."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.get("/readyz")
            if answer.status_code == 503 and {"broker", "database"} & set(answer.json()["failing"]) == named:
                return answer
            await asyncio.sleep(0.05)


async def test_a_batch_that_a_client_left_is_stored_before_the_service_ends(chosen: IntakeSettings) -> None:
    """A stop finishes what is in flight: everything submitted is durable or was refused."""
    async with serving(chosen) as (client, _):
        posts = [asyncio.create_task(client.post("/v1/events", content=raw(visit()))) for _ in range(50)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*posts, return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, httpx.Response) and answer.status_code == 202]
    with psycopg.connect(chosen.database_url) as connection:
        stored = connection.execute("SELECT count(*) FROM intake.facts").fetchone()
    assert stored is not None and stored[0] >= len(taken)


async def test_carried_entries_come_by_the_port_of_imports(chosen: IntakeSettings) -> None:
    """They are journalled in the order of `occurred_at`, and each outcome stands with its own entry."""

    def entry(row: int, day: int) -> bytes:
        carried = {"register": "来访登记簿", "row": row, "attested_by": "boss"}
        return raw(visit(occurred_at=f"2026-02-{day:02}T10:00:00+08:00", carried=carried))

    async with serving(chosen) as (_, service):
        outcomes = await service.intake.carry_over(
            [entry(1, 20), b"{}", entry(2, 3), entry(3, 11)], "", lambda event: None
        )
    assert isinstance(outcomes[1], RefusedEvent)
    assert [outcome.place.seq for outcome in outcomes if isinstance(outcome, Accepted)] == [3, 1, 2]


async def test_the_export_is_the_journal_in_order(chosen: IntakeSettings, tmp_path: Path) -> None:
    """One envelope a line by seq on standard output or in a file; standard error names the rulebook."""
    async with serving(chosen) as (client, _):
        for scope in ("a", "b", "a"):
            await client.post("/v1/events", content=raw(visit(scope)))

    def run(*arguments: str) -> Any:
        command = ["export", *arguments, "--database-url", chosen.database_url]
        return CliRunner().invoke(cli.journal, command)

    shown = await asyncio.to_thread(run, "a")
    await asyncio.to_thread(run, "a", "--output", str(tmp_path / "a.ndjson"))
    unknown = await asyncio.to_thread(run, "nobody")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [line["scope"] for line in lines] == ["a", "a"]
    assert [line["recorded_at"] for line in lines] == sorted(line["recorded_at"] for line in lines)
    assert shown.stderr.strip() == "--rulebook base"
    assert (tmp_path / "a.ndjson").read_text(encoding="utf-8") == shown.stdout
    assert unknown.exit_code == 2 and unknown.stdout == ""


async def test_an_unknown_or_impossible_id_is_told_apart(chosen: IntakeSettings) -> None:
    """404 for an id that nobody sent, 422 for what is no id."""
    async with serving(chosen) as (client, _):
        unknown = await client.get(f"/v1/events/{uuid.uuid4()}")
        impossible = await client.get("/v1/events/nonsense")
    assert (unknown.status_code, impossible.status_code) == (404, 422)


async def taken(client: httpx.AsyncClient, event: dict[str, Any]) -> httpx.Response:
    """The answer once the journal was compared with its topic again."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await client.post("/v1/events", content=raw(event))).status_code == 503:
            assert "尚未" in answer.text or "journal" in answer.text
    return answer


async def test_a_database_that_was_killed_is_told_and_comes_back(
    own_postgres: EmbeddedPostgres, kafka: str, topic_prefix: str
) -> None:
    """While it is away: 503 with Retry-After and not ready; then the same event is taken, and nothing was lost."""
    async with serving(settings(own_postgres.dsn, kafka, topic_prefix)) as (client, service):
        before = await client.post("/v1/events", content=raw(visit()))
        await asyncio.to_thread(own_postgres.kill)
        event = visit()
        away = await client.post("/v1/events", content=raw(event))
        read = await client.get(f"/v1/events/{event['id']}")
        ready = await client.get("/readyz")
        await asyncio.to_thread(own_postgres.start)
        await asyncio.to_thread(parts.eventually, service.database.ping, "the database answers")
        back = await taken(client, event)
        async with Reader(kafka, f"{topic_prefix}panke.intake.v1") as reader:
            await reader.until_facts(2)
    assert (before.status_code, back.status_code) == (202, 202)
    assert (away.status_code, read.status_code, ready.status_code) == (503, 503, 503)
    assert int(away.headers["retry-after"]) > 0
    assert "database" in ready.json()["failing"]
    assert reader.seqs("demo") == [1, 2]


async def test_facts_are_sent_again_by_command(chosen: IntakeSettings, kafka: str) -> None:
    """`panke relay --from 2` has the running relay send the facts from 2 on once more; no scope, no effect."""
    arguments = ["--from", "2", "--database-url", chosen.database_url]
    async with (
        serving(chosen) as (client, _),
        Reader(kafka, f"{chosen.topic_prefix}panke.intake.v1") as reader,
    ):
        for _ in range(3):
            await client.post("/v1/events", content=raw(visit()))
        await reader.until_facts(3)
        done = await asyncio.to_thread(CliRunner().invoke, cli.relay, ["--scope", "demo", *arguments])
        unknown = await asyncio.to_thread(CliRunner().invoke, cli.relay, ["--scope", "nobody", *arguments])
        await reader.until_records(5)
    assert (done.exit_code, unknown.exit_code) == (0, 2)
    assert [reader.place(fact)[1] for fact in reader.facts][-2:] == [2, 3]


@asynccontextmanager
async def failing_on(event: str | None, *, marks: int = 204) -> AsyncIterator[str]:
    """The address of an attribution whose scope fails on that event, or that says 404 of a scope."""
    answers = {"base": 204, "shijiazhuang": 409, "demo": marks}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if event else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"scope": "demo", "event": event}).encode())

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self.send_response(answers.get(self.path.split("/")[3], 404))
            self.end_headers()
            self.wfile.write(json.dumps({"detail": "another text"}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        serving_it = threading.Thread(target=server.serve_forever)
        serving_it.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving_it.join()


def concealed(visit_id: str, rightful: str) -> dict[str, Any]:
    data = {"visit": visit_id, "decided_by": "gao", "rightful": rightful, "reason": "隐瞒"}
    return visit(type="concealment.found", data=data)


async def test_a_finding_does_not_give_to_who_concealed(chosen: IntakeSettings) -> None:
    """The receiver of the visit as the rightful one is refused, alone and in a batch, in whatever scope it counts.

    What is taken can therefore be judged when it is exported.
    """
    first, other = visit(), visit("other")
    known, new = str(first["data"]["visit"]), visit()
    there = str(new["data"]["visit"])
    lines = [new, concealed(there, "li"), concealed(known, "li"), concealed(known, "wang")]
    async with serving(chosen) as (client, _):
        early = await client.post("/v1/events", content=raw(concealed(known, "li")))
        for event in (first, other):
            assert (await client.post("/v1/events", content=raw(event))).status_code == 202
        refused = await client.post("/v1/events", content=raw(concealed(known, "li")))
        taken = await client.post("/v1/events", content=raw(concealed(known, "wang")))
        elsewhere = await client.post("/v1/events", content=raw(concealed(str(other["data"]["visit"]), "li")))
        batch = await client.post("/v1/events:batch", content=b"\n".join(map(raw, lines)))
    assert (early.status_code, refused.status_code, taken.status_code) == (202, 422, 202)
    assert refused.json()["errors"][0]["path"] == "data.rightful"
    assert elsewhere.status_code == 202
    assert [json.loads(line)["status"] for line in batch.text.splitlines()] == [202, 422, 422, 202]


async def test_an_adoption_is_taken_only_when_attribution_has_the_book(chosen: IntakeSettings) -> None:
    """A book that attribution lacks, or has in two texts, is refused, alone and in a batch.

    While attribution is away, what every installation has is taken.
    """
    one, other = adoption("getian"), adoption("getian")
    async with (
        failing_on(ID.decode()) as asks,
        serving(replace(chosen, intake_attribution=asks)) as (client, _),
    ):
        has = await client.post("/v1/events", content=raw(adoption("base")))
        lacks = await client.post("/v1/events", content=raw(one))
        two = await client.post("/v1/events", content=raw(adoption("shijiazhuang")))
        lines = await client.post("/v1/events:batch", content=raw(other) + b"\n" + raw(visit()))
    async with serving(replace(chosen, intake_attribution="http://127.0.0.1:1")) as (client, _):
        away = await client.post("/v1/events", content=raw(one))
    assert (has.status_code, lacks.status_code, two.status_code, away.status_code) == (202, 422, 422, 202)
    assert two.json()["errors"][0]["message"] == "another text"
    assert lacks.json()["errors"][0]["path"] == "data.rulebook"
    assert [json.loads(line)["status"] for line in lines.text.splitlines()] == [422, 202]


async def test_a_book_of_the_folder_is_adopted_only_when_its_text_is_known_to_be_there(
    chosen: IntakeSettings, tmp_path: Path
) -> None:
    """While attribution is away, 503 with Retry-After, alone and in a batch; other facts are taken."""
    (tmp_path / "riverside.yaml").write_text(
        "rulebook: riverside\nversion: 1\nextends: base\ntitle: {zh: 河畔, en: Riverside}\n", encoding="utf-8"
    )
    own = adoption("riverside")
    away = replace(chosen, intake_attribution="http://127.0.0.1:1", rulebook_folder=str(tmp_path))
    async with serving(away) as (client, _):
        alone = await client.post("/v1/events", content=raw(own))
        lines = await client.post("/v1/events:batch", content=raw(own) + b"\n" + raw(visit()))
    assert alone.status_code == 503
    assert alone.headers["retry-after"]
    assert [json.loads(line)["status"] for line in lines.text.splitlines()] == [503, 202]


@pytest.mark.parametrize("failing", [None, str(uuid.uuid4())], ids=["waits for nothing", "fails on another"])
async def test_a_fact_on_which_the_scope_does_not_fail_is_never_set_aside(
    chosen: IntakeSettings, failing: str | None
) -> None:
    """409 with the reason, and the export does not leave it out; while attribution is away, 503 and nothing changes."""
    event = visit()
    asked = {"id": event["id"], "reason": "a rival's visit", "by": "everybody"}
    async with failing_on(failing) as asks, serving(replace(chosen, intake_attribution=asks)) as (client, _):
        await client.post("/v1/events", content=raw(event))
        refused = await client.post("/v1/journal/demo/set-asides", json=asked)
    async with serving(replace(chosen, intake_attribution="http://127.0.0.1:1")) as (client, _):
        away = await client.post("/v1/journal/demo/set-asides", json=asked)
    export = CliRunner().invoke(cli.journal, ["export", "demo", "--database-url", chosen.database_url])
    assert (refused.status_code, away.status_code) == (409, 503)
    assert refused.json()["errors"][0]["rule"] == "failing"
    assert (failing or "fails on no event") in refused.json()["detail"]
    assert len(export.stdout.splitlines()) == 1


@pytest.mark.parametrize(("marks", "status"), [(409, 409), (500, 503), (204, 201)])
async def test_nothing_is_set_aside_that_attribution_does_not_mark(
    chosen: IntakeSettings, marks: int, status: int
) -> None:
    """A retry that folds the fact meanwhile goes before: the record is made only with the mark."""
    event = visit()
    asked = {"id": event["id"], "reason": "entered twice", "by": "everybody"}
    async with (
        failing_on(event["id"], marks=marks) as asks,
        serving(replace(chosen, intake_attribution=asks)) as (client, _),
    ):
        await client.post("/v1/events", content=raw(event))
        answered = await client.post("/v1/journal/demo/set-asides", json=asked)
        listed = (await client.get("/v1/journal/demo/set-asides")).json()["set_asides"]
    assert (answered.status_code, len(listed)) == (status, status == 201)


async def test_a_fact_that_is_set_aside_stays_and_is_told_at_the_end_of_the_export(
    chosen: IntakeSettings,
) -> None:
    """The first record of it stands, whatever a repetition says, without the phones of its reason, which may not
    tell whom the event names; only a fact of the scope can be set aside, and only by whoever is signed in."""
    event, later = visit(), visit()
    asked = {"id": event["id"], "reason": "entered twice\nby the line, 138 1234 0001", "by": "everybody"}
    async with (
        failing_on(event["id"]) as asks,
        serving(replace(chosen, intake_attribution=asks)) as (client, _),
    ):
        for sent in (event, later):
            await client.post("/v1/events", content=raw(sent))
        before = await client.get("/v1/journal/demo/set-asides")
        party = event["data"]["customer"]
        for said in (party["name"], " ".join(party["phones"][0])):
            telling = await client.post(
                "/v1/journal/demo/set-asides", json=asked | {"reason": f"that of {said}, twice"}
            )
            assert telling.status_code == 422, telling.text
            assert telling.json()["errors"][0] | {"message": ""} == {
                "path": "reason", "rule": "nameless", "message": ""
            }  # fmt: skip
        first = await client.post("/v1/journal/demo/set-asides", json=asked)
        listed = await client.get("/v1/journal/demo/set-asides")
        of_all = await client.get("/v1/journal/set-asides")
        since = await client.get("/v1/journal/set-asides", params={"since": "2100-01-01T00:00:00Z"})
        again = await client.post("/v1/journal/demo/set-asides", json=asked | {"reason": "another"})
        another = await client.post("/v1/journal/demo/set-asides", json=asked | {"by": "zhou"})
        unknown = await client.post("/v1/journal/demo/set-asides", json=asked | {"id": str(uuid.uuid4())})
        elsewhere = await client.post("/v1/journal/other/set-asides", json=asked)
        stored = await client.get(f"/v1/events/{event['id']}")
        seqs = [(await client.post("/v1/events", content=raw(sent))).json()["seq"] for sent in (event, later)]
    export = CliRunner().invoke(cli.journal, ["export", "demo", "--database-url", chosen.database_url])
    lines = [json.loads(line) for line in export.stdout.splitlines()]
    assert (first.status_code, again.status_code, another.status_code) == (201, 200, 403)
    assert (first.content, another.json()["errors"][0]["path"]) == (again.content, "by")
    assert (before.json(), listed.json()) == ({"set_asides": []}, {"set_asides": [first.json()]})
    assert of_all.json() == {"set_asides": [{"scope": "demo", "line": first.text}]}
    assert since.json() == {"set_asides": []}
    assert (unknown.status_code, elsewhere.status_code) == (404, 404)
    assert unknown.headers["content-type"] == "application/problem+json"
    assert stored.status_code == 200
    assert seqs == [1, 2]
    assert [line["id"] for line in lines[:2]] == [event["id"], later["id"]]
    at = lines[2].pop("at")
    assert at == first.json()["at"]
    reason = "entered twice\nby the line, 138****0001"
    assert lines[2:] == [{"set_aside": event["id"], "reason": reason, "by": "everybody"}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"", ""),
        (b"{", ""),
        (b"[]", ""),
        (b"\xff", ""),
        (b'{"id": "%b", "reason": "r"}' % ID, "by"),
        (b'{"id": "%b", "reason": " ", "by": "chen"}' % ID, "reason"),
        (b'{"id": "x", "reason": "r", "by": "chen"}', "id"),
        (b'{"id": "%b", "reason": "r", "by": "chen", "by": "zhou"}' % ID, "by"),
        (b'{"id": "%b", "reason": "r\\u0000", "by": "chen"}' % ID, "reason"),
        (b'{"id": "%b", "reason": "r", "by": "chen", "scope": "demo"}' % ID, "scope"),
        (b"[" * 5000, ""),
        (b'{"id": "%b", "reason": "%b", "by": "chen"}' % (ID, b"r" * 70_000), ""),
    ],
)
async def test_a_set_aside_that_says_too_little_is_refused(
    chosen: IntakeSettings, body: bytes, path: str
) -> None:
    """422 that names the field, and nothing is recorded."""
    async with serving(chosen) as (client, _):
        answer = await client.post("/v1/journal/demo/set-asides", content=body)
    assert answer.status_code == 422, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [path]


async def test_a_consultant_records_in_the_own_name_and_decides_nothing_in_anothers(
    chosen: IntakeSettings,
) -> None:
    """Over HTTP: 401 without a token, 403 with the field for a forged actor or decider, 404 for a scope of others; in
    a batch each line by itself. Nothing of what was refused is recorded."""
    li = admission().bearer(StaffRole("demo", "demo-office", "consultant", "li"))
    gao = admission().bearer(StaffRole("demo", "demo-office", "manager", "gao"))
    own, forged = visit(actor="li"), visit(actor="wang")
    ruled = visit(
        type="dispute.ruled",
        actor="gao",
        data={"dispute": "q1", "ruled_by": "gao", "owner": "li", "reason": "查实"},
    )
    corrected = visit(
        type="record.corrected",
        actor="li",
        data={
            "record": own["id"], "customer": {"name": "张维"}, "reason": "写错", "requested_by": "li",
            "approved_by": ["gao"],
        },
    )  # fmt: skip
    async with serving(chosen) as (client, _):

        async def answers(event: dict[str, Any], auth: httpx.Auth | None) -> tuple[int, str | None]:
            answer = await client.post("/v1/events", content=raw(event), auth=auth)
            errors = answer.json().get("errors") or [{}]
            return answer.status_code, errors[0].get("path")

        nobody = httpx.Auth()
        assert await answers(own, nobody) == (401, None)
        assert await answers(own, li) == (202, None)
        assert await answers(forged, li) == (403, "actor")
        assert await answers(ruled, li) == (403, "type")
        assert await answers({**ruled, "actor": "li"}, li) == (403, "type")
        assert await answers(corrected, li) == (403, "data.approved_by[0]")
        assert await answers(visit("west", actor="li"), li) == (404, "scope")
        assert await answers({**own, "id": str(uuid.uuid4()), "office": "demo-two"}, li) == (403, "office")
        assert await answers({**ruled, "actor": "li"}, gao) == (403, "actor")
        assert await answers(ruled, gao) == (202, None)
        lines = b"\n".join(raw(event) for event in (visit(actor="li"), forged, corrected))
        answer = await client.post(
            "/v1/events:batch", content=lines, auth=li, headers={"content-type": "application/x-ndjson"}
        )
        assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [202, 403, 403]
        for refused in (forged, corrected):
            assert (await client.get(f"/v1/events/{refused['id']}")).status_code == 404
