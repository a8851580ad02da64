"""The whole service on a real Kafka and PostgreSQL: from the topic to the answers and the messages."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from zlib import crc32

import httpx
import msgspec
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local import EmbeddedPostgres
from services.attribution.main import AttributionService, create_service
from services.attribution.relay.outbox import RELAY_LOCK
from services.attribution.settings import AttributionSettings
from services.attribution.store.positions import Positions
from shared.contract.case_numbers import case_number
from shared.contract.topics import StaffMessage, Topics, decode_headers, decode_message, decode_watermark
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic
from shared.rules.judge.encoding import encode
from shared.rules.rulebooks.loading import load
from tests.support.answering import answering
from tests.support.answers import result_of
from tests.support.attribution import Journal, Raw
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio

LI, WANG = "13800000001", "13800000002"
DEADLINE = 180.0
PARTITIONS = 3
Consumer: Any = AIOKafkaConsumer


@pytest.fixture
def settings(database: str, kafka: str, topic_prefix: str) -> AttributionSettings:
    return AttributionSettings(
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=PARTITIONS,
        attribution_port=0,
        **admission().settings(),
    )


class Line:
    """What stands for intake: writes records to the topic, each scope to a partition of its own choice."""

    def __init__(self, settings: AttributionSettings) -> None:
        self._settings = settings
        self.topics = Topics(settings.topic_prefix)

    async def send(self, records: Sequence[Raw], *, everywhere: bool = False) -> None:
        await ensure_topic(self._settings.kafka, self.topics.intake, PARTITIONS, 1, 10)
        async with Sender(self._settings.kafka, self.topics.intake, 10, "test") as sender:
            for raw in records:
                record = OutgoingRecord(raw.key, raw.value, raw.headers)
                to = range(PARTITIONS) if raw.key is None else [crc32(raw.key) % PARTITIONS]
                for partition in to:
                    await sender.send(partition, [record])

    async def read(
        self, topic: str, until: Callable[[list[Any]], bool], *, partitions: int = PARTITIONS
    ) -> list[Any]:
        """The records of a topic from its beginning, until there is enough of them.

        What comes again is dropped, as every consumer does: a batch that was given up may have landed all the same.
        """
        consumer = Consumer(bootstrap_servers=self._settings.kafka, enable_auto_commit=False)
        await consumer.start()
        try:
            parts = [TopicPartition(topic, number) for number in range(partitions)]
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            found: dict[Any, Any] = {}
            async with asyncio.timeout(DEADLINE):
                while not until(list(found.values())):
                    for batch in (await consumer.getmany(timeout_ms=200)).values():
                        for record in batch:
                            found.setdefault(_place(record), record)
            return list(found.values())
        finally:
            await consumer.stop()


def _place(record: Any) -> tuple[Any, ...]:
    """By what a record is known when it comes again: its number in its scope, where it has one."""
    seq = decode_headers(record.headers).seq
    return (record.partition, record.offset) if seq is None else (record.key, seq)


@asynccontextmanager
async def running(
    settings: AttributionSettings,
) -> AsyncIterator[tuple[AttributionService, httpx.AsyncClient]]:
    service = create_service(settings)
    async with answering(service) as client:
        yield service, client


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await ask():  # noqa: ASYNC110 - what is polled lies outside this process
            await asyncio.sleep(0.05)


async def folded(client: httpx.AsyncClient, scope: str, seq: int) -> None:
    """Wait until the scope is folded that far; a database that is away is waited for too."""

    async def there() -> bool:
        answer = await client.get(f"/v1/scopes/{scope}/flags", params={"min_seq": seq})
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await eventually(there)


async def answered(client: httpx.AsyncClient, path: str, params: dict[str, int]) -> httpx.Response:
    """The answer, once no connection of a database that was killed is left."""
    answer = httpx.Response(503)

    async def there() -> bool:
        nonlocal answer
        answer = await client.get(path, params=params)
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await eventually(there)
    return answer


async def test_a_visit_on_the_topic_is_answered_and_passed_on(settings: AttributionSettings) -> None:
    """The desk's answer, the pages, the judgement, the decision and claim on the topic, then the watermark."""
    line, journal = Line(settings), Journal()
    records = [
        journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}),
        journal.event("shift.opened", {"order": ["li", "wang"]}),
        journal.visit(LI, "li", hours=1),
        journal.watermark(hours=2),
    ]
    await line.send(records)
    async with running(settings) as (_, client):
        await folded(client, "demo", 3)
        looked = (await client.post("/v1/scopes/demo/lookup", json={"contact": "138 0000 0001"})).json()
        assert (looked["known"], looked["owner_name"], looked["clause"]) == (True, "李娜", "shijiazhuang.1")
        assert looked["contacts"] == ["138****0001"]
        by_wechat = (await client.post("/v1/scopes/demo/lookup", json={"contact": "wx_abc"})).json()
        assert (by_wechat["known"], by_wechat["contact"]) == (False, "wechat:wx****")
        hidden = await client.post("/v1/scopes/demo/lookup", json={"contact": "138****0001"})
        assert (hidden.status_code, hidden.json()["errors"][0]["rule"]) == (422, "masked")
        assert looked["clause_text"]["zh"]
        assert looked["as_of_seq"] == 3
        customer = (await client.get(f"/v1/scopes/demo/customers/{looked['customer']}")).json()
        as_of = "2026-03-02T03:00:00Z"
        judged = await client.get("/v1/scopes/demo/judgement", params={"as_of": as_of})
        offline = result_of(journal.lines["demo"], load("shijiazhuang"), {}, as_of=_at(as_of))
        assert judged.content == encode(offline)
        assert customer == offline["customers"][0] | {"as_of_seq": 3}
        history = (await client.get(f"/v1/scopes/demo/customers/{looked['customer']}/history")).json()
        assert [event["type"] for event in history["events"]] == ["visit.registered"]
        (decision,) = history["decisions"]
        assert decision["clause_text"]["zh"]
        assert "李娜" in decision["explanation"]["zh"]
        assert "来访登记" in decision["explanation"]["zh"]
        assert "李娜 received" in decision["explanation"]["en"]
        number = case_number(looked["customer"])
        for written in (number, number.replace("-", "").lower()):
            assert (await client.get(f"/v1/scopes/demo/cases/{written}")).json() == customer
        assert (await client.get(f"/v1/scopes/demo/cases/{case_number('nobody')}")).status_code == 404
        assert (await client.get("/v1/scopes/demo/cases/138000000000001")).status_code == 422
        boards = (await client.get("/v1/offices/demo-office/boards")).json()
        assert boards["visit"] == {"queue": ["wang", "li"], "next": "wang"}

        def told(found: list[Any]) -> bool:
            return any(decode_watermark(record.value).offset == 3 for record in found)

        messages = await line.read(line.topics.ownership, lambda found: len(found) >= 3)
        await line.read(line.topics.ownership_watermark, told, partitions=1)
        assert len(await line.read(line.topics.ownership, lambda found: len(found) >= 3)) == 3
    assert [decode_headers(record.headers).seq for record in messages] == [1, 2, 3]
    kinds = [type(decode_message(record.value)).__name__ for record in messages]
    assert kinds == ["StaffMessage", "DecisionMessage", "ClaimMessage"]


async def test_absences_are_passed_on_with_all_that_is_known_of_the_person(
    settings: AttributionSettings,
) -> None:
    """Gone, back, and back by a shift that names them: each a message with contacts, office and the rulebook's zone."""
    line, journal = Line(settings), Journal()
    enrolled = {"staff": "li", "name": "李娜", "role": "consultant", "contacts": {"wecom": "li.na"}}
    facts = [
        journal.event("staff.enrolled", enrolled),
        journal.event("shift.opened", {"order": ["li", "wang"]}),
        journal.event("staff.away", {"staff": "li", "reason": "business"}),
        journal.event("staff.back", {"staff": "li"}),
        journal.event("staff.away", {"staff": "li", "reason": "personal"}),
        journal.event("shift.opened", {"order": ["wang"]}),
        journal.event("shift.opened", {"order": ["li", "wang"]}),
        journal.event("staff.away", {"staff": "nobody", "reason": "brief"}),
        journal.watermark(hours=2),
    ]
    await line.send(facts)
    async with running(settings) as (_, client):
        await folded(client, "demo", 8)
        sent = await line.read(
            line.topics.ownership, lambda found: sum(one.value is not None for one in found) >= 5
        )
    told = [decode_message(record.value) for record in sent if record.value is not None]
    staff = [one for one in told if isinstance(one, StaffMessage)]
    assert [one.away for one in staff] == [None, True, False, True, False]
    assert {(one.name, one.office, one.timezone) for one in staff} == {
        ("李娜", "demo-office", "Asia/Shanghai")
    }
    assert {one.contacts.wecom for one in staff if one.contacts is not None} == {"li.na"}
    assert all(one.contacts is not None for one in staff)


async def test_customers_of_many_scopes_are_folded_by_two_members_exactly_once(
    settings: AttributionSettings,
) -> None:
    """A second member joins and the first leaves in the middle; nothing is missing, doubled or reordered."""
    line, journal = Line(settings), Journal()
    scopes = [f"scope-{number}" for number in range(6)]
    early = [journal.visit(f"1380000{n:04}", "li", scope=scope) for n in range(40) for scope in scopes]
    late = [journal.visit(f"1390000{n:04}", "li", scope=scope) for n in range(40) for scope in scopes]
    await line.send(early)
    async with running(settings) as (_, second):
        async with running(settings) as (_, first):
            await folded(first, scopes[0], 10)
            await line.send(late)
        for scope in scopes:
            await folded(second, scope, 80)
            found = await second.get(f"/v1/scopes/{scope}/customers", params={"limit": 500})
            assert len(found.json()["customers"]) == 80

        def all_there(found: list[Any]) -> bool:
            return len({(r.key, decode_headers(r.headers).seq) for r in found}) >= 6 * 160

        sent = await line.read(line.topics.ownership, all_there)
    seen: dict[bytes, int] = {}
    for record in sent:
        seq = decode_headers(record.headers).seq
        assert seq is not None
        assert seq <= seen.get(record.key, 0) + 1  # repeated perhaps, never ahead
        seen[record.key] = max(seq, seen.get(record.key, 0))


async def test_a_broken_record_goes_to_the_dead_topic_and_the_next_fact_is_folded(
    settings: AttributionSettings,
) -> None:
    """A header that is not text loses no batch; the reason and the place stand beside the record."""
    line, journal = Line(settings), Journal()
    await line.send([journal.record(b"demo", b"\xff", [("seq", b"\xfe\xff")]), journal.visit(LI, "li")])
    async with running(settings) as (_, client):
        await folded(client, "demo", 1)
        (dead,) = await line.read(line.topics.dead, lambda found: len(found) >= 1)
    headers = dict(dead.headers)
    assert dead.value == b"\xff"
    assert b"seq" in headers["reason"]
    assert headers["offset"] == b"0"


async def test_it_is_not_ready_before_the_topic_of_its_decisions_is_there(
    settings: AttributionSettings, database: str
) -> None:
    """While another process holds the place of the relay and has made no topic, readiness names what is missing."""
    topics = Topics(settings.topic_prefix)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
        await other.execute("SELECT pg_advisory_lock(%s)", [RELAY_LOCK])
        async with running(settings) as (_, client):
            await Line(settings).send([])
            failing: dict[str, str] = {}

            async def only_the_broker() -> bool:
                failing.clear()
                failing.update((await client.get("/readyz")).json().get("failing", {}))
                return set(failing) == {"broker"}

            await eventually(only_the_broker)
            assert failing == {
                "broker": f"没有主题 {topics.ownership} (there is no topic {topics.ownership})"
            }
            await ensure_topic(settings.kafka, topics.ownership, PARTITIONS, 1, 10)

            async def ready() -> bool:
                return (await client.get("/readyz")).status_code == 200

            await eventually(ready)


async def test_a_gap_stops_the_partition_until_the_fact_is_sent_again(settings: AttributionSettings) -> None:
    """Readiness names the scope and both numbers; what is sent again closes the gap without a restart."""
    line, journal = Line(settings), Journal()
    first, second = journal.visit(LI, "li"), journal.visit(WANG, "li", hours=1)
    await line.send([second])
    async with running(settings) as (service, client):

        async def stopped() -> bool:
            return service.consumer is not None and bool(service.consumer.halted)

        await eventually(stopped)
        ready = await client.get("/readyz")
        assert ready.status_code == 503
        assert "demo has 2 where 1 is next" in ready.text
        await line.send([first, second])
        await folded(client, "demo", 2)
        assert service.consumer is not None
        assert service.consumer.halted == {}


async def test_a_forged_fact_does_not_take_the_place_of_the_true_one_unseen(
    settings: AttributionSettings,
) -> None:
    """The true fact, which comes second, stops its partition: readiness and figures say so, other scopes go on."""
    line, journal = Line(settings), Journal()
    true = journal.visit(LI, "li")
    false = replace(true, value=(true.value or b"").replace(b'"desk"', b'"stranger"'))
    other = next(f"other-{n}" for n in range(9) if crc32(f"other-{n}".encode()) % 3 != crc32(b"demo") % 3)
    await line.send([false, true, journal.visit(WANG, "li", scope=other)])
    async with running(settings) as (service, client):
        await folded(client, other, 1)

        async def told() -> bool:
            return "demo forks at seq 1" in (await client.get("/readyz")).text

        async def counted() -> bool:
            return "panke_attribution_forked_partitions 1.0" in (await client.get("/metrics")).text

        await eventually(told)
        await eventually(counted)
        assert service.consumer is not None
        consumer = service.consumer

        async def idle() -> bool:
            return bool(consumer.halted) and not consumer.has_work(await consumer.lag())

        await eventually(idle)


async def test_a_partition_that_cannot_be_opened_fails_liveness_and_counts_as_behind(
    settings: AttributionSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect while positions are read is told by /healthz and by the lag, and ends with the defect."""
    stands = True
    opened = Positions.open

    def defective(positions: Positions, *given: Any) -> Any:
        if stands:
            raise RuntimeError("a defect")
        return opened(positions, *given)

    monkeypatch.setattr(Positions, "open", defective)
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(LI, "li"), journal.visit(WANG, "li", hours=1)])
    async with running(msgspec.structs.replace(settings, attribution_stuck_after=0.5)) as (_, client):

        async def told() -> bool:
            answer = await client.get("/healthz")
            return answer.status_code == 503 and "the opening of partitions has not moved" in answer.text

        async def counted() -> bool:
            text = (await client.get("/metrics")).text
            return any(line.startswith("panke_attribution_lag_records{") and line.endswith(" 2.0")
                       for line in text.splitlines())  # fmt: skip

        await eventually(told)
        await eventually(counted)
        stands = False
        await folded(client, "demo", 2)

        async def well() -> bool:
            return (await client.get("/healthz")).status_code == 200

        await eventually(well)


async def test_a_database_that_is_killed_while_folding_loses_and_doubles_nothing(
    own_postgres: EmbeddedPostgres, kafka: str, topic_prefix: str
) -> None:
    """Killed twice with -9 under load and started again, the service goes on by itself."""
    settings = AttributionSettings(
        database_url=own_postgres.dsn, kafka=kafka, topic_prefix=topic_prefix, partitions=PARTITIONS,
        attribution_batch=50, **admission().settings(),
    )  # fmt: skip
    line, journal = Line(settings), Journal()
    scopes = ["east", "west", "south"]
    facts = [journal.visit(f"1380000{n:04}", "li", scope=scope) for n in range(300) for scope in scopes]
    await line.send(facts[:300])
    async with running(settings) as (_, client):
        for start in (300, 600):
            await folded(client, "east", start // 3 - 90)
            own_postgres.kill()
            await line.send(facts[start : start + 300])
            await asyncio.to_thread(own_postgres.start)
        for scope in scopes:
            await folded(client, scope, 300)

        def all_there(found: list[Any]) -> bool:
            return len({(r.key, decode_headers(r.headers).seq) for r in found}) >= 3 * 600

        sent = await line.read(line.topics.ownership, all_there)
        for scope in scopes:
            found = await answered(client, f"/v1/scopes/{scope}/customers", {"limit": 500})
            assert all(len(customer["decisions"]) == 1 for customer in found.json()["customers"])
            assert len(found.json()["customers"]) == 300
    bodies = {(record.key, decode_headers(record.headers).seq): record.value for record in sent}
    assert all(bodies[record.key, decode_headers(record.headers).seq] == record.value for record in sent)


async def test_a_midnight_and_a_departure_in_parts_end_without_another_record(
    settings: AttributionSettings,
) -> None:
    """The consumer goes on with what a part left, though nothing more comes on the topic."""
    line, journal = Line(settings), Journal()
    enrolled = {"staff": "li", "name": "李娜", "role": "consultant"}
    records = [journal.event("staff.enrolled", enrolled, scope=scope) for scope in ("east", "west")]
    records += [journal.visit(f"1380000{n:04}", "li", scope=s) for n in range(30) for s in ("east", "west")]
    records.append(journal.event("staff.departed", {"staff": "li"}, scope="east", hours=1))
    await line.send([*records, journal.watermark(hours=200)], everywhere=True)
    async with running(msgspec.structs.replace(settings, attribution_part=7)) as (service, client):
        await folded(client, "east", 32)
        await folded(client, "west", 31)

        async def swept() -> bool:
            found = await client.get("/v1/scopes/west/customers", params={"status": "lapsed", "limit": 500})
            with service.database.connection() as connection:
                rows = connection.execute("SELECT count(*) FROM watermarks").fetchall()
            return len(found.json()["customers"]) == 30 and rows == [(PARTITIONS,)]

        await eventually(swept)
        found = await client.get("/v1/scopes/east/customers", params={"status": "unowned", "limit": 500})
        assert len(found.json()["customers"]) == 30


async def test_readers_of_long_lists_hold_up_neither_the_desk_nor_the_fold(
    settings: AttributionSettings,
) -> None:
    """As many lists as may be are read or wait; the next one is 503 at once, and a visit is folded and looked up."""
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(LI, "li")])
    go_on = threading.Event()
    async with running(settings) as (service, client):
        await folded(client, "demo", 1)
        most = settings.attribution_list_readers + settings.attribution_readers_waiting
        lists = [asyncio.create_task(service.lanes.run("lists", go_on.wait)) for _ in range(most)]
        try:
            await asyncio.sleep(0)
            refused = await client.get("/v1/scopes/demo/customers")
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
            assert "请稍后再试" in refused.json()["detail"]
            await line.send([journal.visit(WANG, "wang", hours=1)])

            async def looked_up() -> bool:
                asked = {"contact": WANG}
                answer = await client.post("/v1/scopes/demo/lookup", json=asked, params={"min_seq": 2})
                return answer.status_code == 200 and answer.json()["known"]

            await eventually(looked_up)

            async def ready() -> bool:
                return (await client.get("/readyz")).status_code == 200

            await eventually(ready)
        finally:
            go_on.set()
            await asyncio.gather(*lists)
        assert (await client.get("/v1/scopes/demo/customers")).status_code == 200


async def test_what_is_asked_wrongly_is_refused_by_field(settings: AttributionSettings) -> None:
    """Every refusal is a problem document; what is unknown is 404, what is not folded yet 503."""
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(LI, "li")])
    async with running(settings) as (_, client):
        await folded(client, "demo", 1)
        for path, status in [
            ("/v1/scopes/nowhere/customers", 404),
            ("/v1/scopes/demo/customers/nobody", 404),
            ("/v1/scopes/demo/customers/nobody/history", 404),
            ("/v1/offices/nowhere/boards", 404),
            ("/v1/scopes/DEMO/customers", 422),
            ("/v1/scopes/demo/customers?cursor=x", 422),
            ("/v1/scopes/demo/customers?status=mine", 422),
            ("/v1/scopes/demo/customers?expires_before=tomorrow", 422),
            ("/v1/scopes/demo/judgement?as_of=2026-03-02", 422),
            ("/v1/scopes/demo/deals?limit=0", 422),
            ("/v1/scopes/demo/shared-contacts?as_of=2026-03-02T03:00:00Z", 422),
            ("/v1/scopes/demo/customers/nobody?cursor=x", 422),
            ("/v1/scopes/demo/customers/nobody/history?cursor=1~x", 422),
            ("/v1/scopes/demo/customers/nobody/history?limit=0", 422),
            ("/v1/scopes/nowhere/shared-contacts", 404),
            ("/v1/scopes/nowhere", 404),
            ("/v1/scopes/nowhere/staff", 404),
            ("/v1/scopes/demo/deals/nothing", 404),
            ("/v1/scopes?cursor=x", 422),
            ("/v1/scopes?min_seq=1", 422),
            ("/v1/scopes/demo/offices?limit=0", 422),
        ]:
            answer = await client.get(path)
            assert answer.status_code == status, path
            assert answer.headers["content-type"] == "application/problem+json"
        for body in (
            {"contact": "138****0001"},
            {"contact": "  "},
            {"contact": 1},
            {},
            {"contact": "x", "y": 1},
        ):
            assert (await client.post("/v1/scopes/demo/lookup", json=body)).status_code == 422
        shared = await client.get("/v1/scopes/demo/shared-contacts")
        assert (shared.status_code, shared.json()["customers"]) == (200, [])
        late = await client.get("/v1/scopes/demo/customers", params={"min_seq": 99})
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")


async def test_the_lists_of_an_office_are_asked_a_page_at_a_time(settings: AttributionSettings) -> None:
    """With `min_seq` for whoever has just written, and with how far the scope is folded."""
    line, journal = Line(settings), Journal()
    staff = [{"staff": name, "name": name, "role": "consultant"} for name in ("li", "wang")]
    sale = {"deal": "d1", "customer": {"phones": [LI]}, "closed_by": "li", "project": "云山府", "unit": "1-1"}
    await line.send(
        [
            *(journal.event("staff.enrolled", one) for one in staff),
            journal.visit(LI, "li", hours=1),
            journal.event("deal.subscribed", sale, hours=2),
            journal.event("deal.signed", {"deal": "unknown"}, hours=3),
        ]
    )
    async with running(settings) as (_, client):
        await folded(client, "demo", 5)
        base = "/v1/scopes/demo"

        async def asked(path: str, **parameters: Any) -> Any:
            answer = await client.get(path, params=parameters)
            assert answer.status_code == 200, answer.text
            return answer.json()

        first = await asked(f"{base}/staff", limit=1, min_seq=5)
        assert ([one["staff"] for one in first["staff"]], first["as_of_seq"]) == (["li"], 5)
        second = await asked(f"{base}/staff", limit=1, cursor=first["cursor"])
        assert ([one["staff"] for one in second["staff"]], second["cursor"]) == (["wang"], None)
        assert [one["office"] for one in (await asked(f"{base}/offices"))["offices"]] == ["demo-office"]
        (deal,) = (await asked(f"{base}/deals"))["deals"]
        assert deal["project"] == "云山府"
        assert await asked(f"{base}/deals/d1", min_seq=5) == deal | {"as_of_seq": 5}
        (flag,) = (await asked(f"{base}/flags"))["flags"]
        assert (flag["flag"], flag["type"], flag["actor"]) == ("unknown_deal", "deal.signed", "desk")
        assert (await asked(f"{base}/penalties"))["penalties"] == []
        assert (await asked(f"{base}/warnings"))["warnings"] == []
        (scope,) = (await asked("/v1/scopes"))["scopes"]
        assert scope == await asked(base, min_seq=5)
        assert (await client.get(f"{base}/staff", params={"min_seq": 99})).status_code == 503


async def test_a_preview_answers_like_intake_and_records_nothing(settings: AttributionSettings) -> None:
    """200 with what would be decided now, as often as it is asked; 409 for an id that is taken; 422 as intake."""
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(LI, "li")])
    async with running(settings) as (_, client):
        await folded(client, "demo", 1)
        recorded = json.loads(journal.lines["demo"][0])
        del recorded["recorded_at"]
        event = recorded | {"id": "018f3c5e-0000-7000-8000-000000000001"}
        answers = [
            await client.post("/v1/scopes/demo/preview", json=event, params={"min_seq": 1}) for _ in "ab"
        ]
        assert [answer.status_code for answer in answers] == [200, 200]
        first, second = (answer.json() for answer in answers)
        assert (first["as_of_seq"], first["customer"]["status"]) == (1, "lapsed")
        assert [told["decisions"][0]["decision"] for told in (first, second)] == ["lapsed", "lapsed"]
        assert (await client.post("/v1/scopes/demo/preview", json=recorded)).status_code == 409
        for body in (b"", b"{", b"\xff", b"[" * 3000, json.dumps(event | {"surprise": 1}).encode()):
            refused = await client.post("/v1/scopes/demo/preview", content=body)
            assert refused.status_code == 422, body
            assert refused.headers["content-type"] == "application/problem+json"
        assert len((await client.get("/v1/scopes/demo/customers")).json()["customers"]) == 1


async def test_pages_go_on_where_the_last_one_ended(settings: AttributionSettings) -> None:
    """Each customer stands on exactly one page, in the order of the first records, filtered or not."""
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(f"1380000{n:04}", "li" if n % 2 else "wang") for n in range(7)])
    async with running(settings) as (_, client):
        await folded(client, "demo", 7)
        whole = (await client.get("/v1/scopes/demo/customers")).json()["customers"]
        for owner, size in [(None, 7), ("li", 3), ("wang", 4)]:
            found: list[str] = []
            cursor: str | None = None
            while True:
                asked: dict[str, Any] = {"limit": 2} | ({"owner": owner} if owner else {})
                page = await client.get(
                    "/v1/scopes/demo/customers", params=asked | ({"cursor": cursor} if cursor else {})
                )
                found += [customer["customer"] for customer in page.json()["customers"]]
                cursor = page.json()["cursor"]
                if cursor is None:
                    break
            assert found == [c["customer"] for c in whole if owner in (None, c["owner"])]
            assert len(found) == size


@pytest.mark.parametrize(
    "change",
    [
        "SET notification_id = 1000 WHERE application_name LIKE '%%:_'",
        "SET application_name = 'another/' || application_name WHERE application_name LIKE '%%:_'",
    ],
    ids=["past-the-end", "another-cluster"],
)
async def test_a_position_that_is_not_of_this_log_has_it_read_again(
    settings: AttributionSettings, change: str
) -> None:
    """What was folded is known by its seq and dropped; what is new is folded, and readiness is well again."""
    line, journal = Line(settings), Journal()
    await line.send([journal.visit(LI, "li")])
    async with running(settings) as (service, client):
        await folded(client, "demo", 1)
        with service.database.connection() as connection:
            connection.execute(f"UPDATE notification_tracking {change}".encode())
    await line.send([journal.visit(WANG, "wang")])
    async with running(settings) as (service, client):
        await folded(client, "demo", 2)

        async def ready() -> bool:
            return (await client.get("/readyz")).status_code == 200

        await eventually(ready)


def _at(text: str) -> Any:
    from shared.contract import parse_instant

    return parse_instant(text)


def test_raw_records_keep_what_the_journal_wrote() -> None:
    """The stand-in for intake changes nothing of a record but its place."""
    raw = Journal().visit(LI, "li")
    assert raw.value is not None
    assert json.loads(raw.value) == json.loads(replace(raw, offset=9).value or b"")
