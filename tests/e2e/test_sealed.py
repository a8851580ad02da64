"""A deployment that seals: nothing personal is kept, and everything is answered as it was typed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from shared.platform.postgres.database import connection_info
from tests.support.dumping import dump_plain
from tests.support.keys import key_file
from tests.support.panke import exported, judged
from tests.support.parts import eventually, fresh_database
from tests.support.searching import compressed_batches, found_below, found_in
from tests.support.smtp import Post, posting
from tests.support.system import PATIENCE, System, running

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
# The claim holds through 6 March: the first reminder is due at the opening of the day before.
REMINDER = datetime(2026, 3, 5, 1, 0, 1, tzinfo=UTC)
ADDRESS = "lina.li@panke.example"
OPEN = "demo-office"
"""What is not personal, and stands wherever something was kept: the search finds it."""
PERSONAL = (
    "张大伟",
    "13812340001",
    "138 1234 0001",
    "zhangdawei",
    "想要三居",
    "王小芳",
    "13812340002",
    "周末再来看房",
    "13812340009",
    "号码登记错误",
    "13987650001",
    ADDRESS,
    # Asked for, previewed and refused, and so never recorded.
    "13800000000",
    "赵六",
    "13812340777",
    "孙未收",
    "138 1234 00777",
)


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as found:
        yield found


@pytest.fixture
def system(
    directory: Path, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, post: Post
) -> Iterator[System]:
    settings = {
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
        "PANKE_KEYS": key_file(directory),
        "PANKE_NOTIFIER_CHANNELS": "email",
        "PANKE_NOTIFIER_SMTP_HOST": "127.0.0.1",
        "PANKE_NOTIFIER_SMTP_PORT": str(post.port),
        "PANKE_NOTIFIER_SMTP_SENDER": "alerts@panke.example",
        "PANKE_NOTIFIER_SMTP_SECURITY": "none",
    }
    with (
        fresh_database(own_postgres.dsn) as database,
        running(directory, database, own_kafka.address, BEGIN, settings=settings) as found,
    ):
        yield found


def event(type_: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, f"{type_}/{json.dumps(data)}")), "type": type_, "scope": "demo",
        "office": "demo-office", "actor": "desk", "occurred_at": "2026-03-02T10:00:00+08:00", "data": data,
    }  # fmt: skip


ZHANG = {"name": "张大伟", "phones": ["138 1234 0001"], "wechat": "zhangdawei"}
VISIT = event("visit.registered", {
    "visit": "v1", "customer": ZHANG, "received_by": "li", "capacity": "on_turn", "notes": "想要三居",
    "companions": [{"name": "王小芳", "phones": ["13812340002"]}], "referred_by": [{"phone": "13812340009"}],
})  # fmt: skip
CALL = event(
    "call.registered", {"customer": {"name": "李明", "phones": ["13812340003"]}, "answered_by": "wang"}
)
FOLLOW = event("followup.recorded", {
    "customer": {"phones": ["13812340001"]}, "by": "li", "method": "phone", "subject": "回访",
    "content": "周末再来看房",
})  # fmt: skip
CORRECTION = event("record.corrected", {
    "record": CALL["id"], "customer": {"phones": ["138****0003"], "wechat": "li_ming"}, "reason": "号码登记错误",
    "requested_by": "wang", "approved_by": ["gao"],
})  # fmt: skip
HOUSEHOLD = event("household.linked", {"members": [{"phones": ["13812340002"]}, {"phones": ["13812340005"]}],
                                       "relation": "spouse"})  # fmt: skip
EVENTS = (
    event("staff.enrolled", {
        "staff": "li", "name": "李娜", "role": "consultant", "contacts": {"sms": "13987650001", "email": ADDRESS},
    }),
    event("staff.enrolled", {"staff": "wang", "name": "王强", "role": "consultant"}),
    event("staff.enrolled", {"staff": "gao", "name": "高峰", "role": "manager"}),
    VISIT, CALL, FOLLOW, CORRECTION, HOUSEHOLD,
)  # fmt: skip


@pytest.mark.timeout(900)
def test_a_sealed_deployment_keeps_nothing_personal_and_answers_in_clear(
    system: System, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, post: Post
) -> None:
    """No file of the deployment holds a personal text; answers and exports do, and judge alike."""
    last = 0
    for each in EVENTS:
        last = system.record(each)
    assert system.post(VISIT).status_code == 200
    assert system.post(VISIT | {"data": VISIT["data"] | {"notes": "另外"}}).status_code == 409
    refused = {"name": "孙未收", "phones": ["138 1234 00777"]}
    assert system.post(event("visit.registered", VISIT["data"] | {"customer": refused})).status_code == 422

    live = system.judgement("demo", as_of="2026-03-03T00:00:00Z", min_seq=last)
    assert live == system.judged_offline("demo", "2026-03-03T00:00:00Z")
    told = json.loads(live)
    assert told["customers"][0]["contacts"] == ["+8613812340001", "wechat:zhangdawei"]
    assert told["customers"][0]["names"] == ["张大伟"]

    _rulebook, kept = exported(system.database_url, "demo", system.settings["PANKE_KEYS"], "--sealed")
    sealed = json.loads(judged(kept, "shijiazhuang", "2026-03-03T00:00:00Z"))
    nobody = {"contacts": [], "names": []}
    assert [c | nobody for c in sealed["customers"]] == [c | nobody for c in told["customers"]]
    assert {key: sealed[key] for key in sealed if key != "customers"} == {
        key: told[key] for key in told if key != "customers"
    }

    read = system.http.get(f"{system.address('intake')}/v1/events/{VISIT['id']}").json()
    assert read["data"] == VISIT["data"]
    _asked(system, told, last)
    _reminded(system, post)
    assert _found(system) == {}
    written = _written(system, own_postgres, own_kafka)
    assert {file: texts for file, texts in written.items() if texts != [OPEN]} == {}
    for file in (
        "data/pg_wal/",
        "data/base/",
        "panke.intake.v1-",
        "panke.ownership.v1-",
        "sealed.ndjson",
        "whole.sql",
    ):
        assert any(file in one for one in written), f"{file} was not looked at"


def _asked(system: System, told: dict[str, Any], last: int) -> None:
    """What the desk asks is answered as it was typed."""
    path = f"{system.address('attribution')}/v1/scopes/demo"
    found = system.http.post(f"{path}/lookup", json={"contact": "13812340001"}).json()
    assert (found["known"], found["owner"], found["names"]) == (True, "li", ["张大伟"])
    assert found["contacts"] == ["138****0001", "wechat:zh****"]
    assert system.http.post(f"{path}/lookup", json={"contact": "13800000000"}).json()["known"] is False
    customer = told["customers"][0]["customer"]
    history = system.ask(f"/v1/scopes/demo/customers/{customer}/history", min_seq=last)
    assert history["events"][0]["data"] == VISIT["data"]
    page = system.ask("/v1/scopes/demo/customers", min_seq=last)["customers"]
    assert [each["contacts"] for each in page] == [each["contacts"] for each in told["customers"]]
    _asked_of_an_earlier_time(system, told)
    asked = event("visit.registered", {
        "visit": "v9", "customer": {"name": "赵六", "phones": ["13812340777"]}, "received_by": "wang",
        "capacity": "on_turn",
    })  # fmt: skip
    previewed = system.http.post(f"{path}/preview", json=asked).json()
    assert previewed["customer"]["contacts"] == ["+8613812340777"]
    assert previewed["customer"]["names"] == ["赵六"]
    corrected = system.ask(f"/v1/scopes/demo/customers/{told['customers'][1]['customer']}/history")
    change = next(each for each in corrected["events"] if each["type"] == "record.corrected")
    assert change["changed"]["wechat"] == {"before": None, "after": "wechat:li****"}


def _asked_of_an_earlier_time(system: System, told: dict[str, Any]) -> None:
    """What was so, and what was known, is opened as today's answers are."""
    times: dict[str, Any] = {"as_of": "2026-03-03T00:00:00Z"}
    for one in told["customers"]:
        then = system.ask(f"/v1/scopes/demo/customers/{one['customer']}", **times)
        assert {name: then[name] for name in one} == one
    page = system.ask("/v1/scopes/demo/customers", **times)["customers"]
    assert [each["contacts"] for each in page] == [each["contacts"] for each in told["customers"]]
    history = system.ask(f"/v1/scopes/demo/customers/{told['customers'][0]['customer']}/history", **times)
    assert history["events"][0]["data"] == VISIT["data"]
    assert history["events"][0]["decided"]["decisions"][0]["owner"] == "li"


def _reminded(system: System, post: Post) -> None:
    """Have the owner reminded by mail, so that the notifier has written to somebody."""
    eventually(lambda: system.behind() == 0, "the notifier hears", PATIENCE)
    system.clock.hold(REMINDER)
    eventually(lambda: bool(post.received), "the reminder arrives", PATIENCE)
    asked = {"scope": "demo", "state": "sent"}
    path = f"{system.address('notifier')}/v1/alerts"
    eventually(
        lambda: bool(system.http.get(path, params=asked).json()["alerts"]), "the answer is kept", PATIENCE
    )
    (attempt, *_) = system.http.get(path, params=asked).json()["alerts"][0]["attempts"]
    assert (attempt["recipient"], attempt["destination"]) == ("li", ADDRESS)


def _found(system: System) -> dict[str, list[str]]:
    """Which personal texts stand in which tables of the database."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(connection_info(system.database_url), autocommit=True) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_schema IN ('intake', 'attribution', 'notifier', 'vault')"
        ).fetchall()
        for schema, name in tables:
            rows = connection.execute(f'SELECT * FROM "{schema}"."{name}"'.encode()).fetchall()
            texts = found_in(b"\n".join(_readable(value) for row in rows for value in row), PERSONAL)
            if texts:
                found[f"{schema}.{name}"] = texts
    return found


def _readable(value: Any) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _written(system: System, server: EmbeddedPostgres, broker: EmbeddedKafka) -> dict[str, list[str]]:
    """Which texts stand in which files: data, logs of changes, what each process said, and what is taken out."""
    sealed = exported(system.database_url, "demo", system.settings["PANKE_KEYS"], "--sealed")[1]
    (system.directory / "sealed.ndjson").write_bytes(b"".join(sealed))
    dump_plain(system.database_url, system.directory / "whole.sql")
    found = found_below(server.data / "pg_wal", PERSONAL)
    with psycopg.connect(connection_info(system.database_url), autocommit=True) as connection:
        assert connection.execute("SHOW wal_compression").fetchone() == ("off",)
        connection.execute("CHECKPOINT")
    folders = {server.directory, server.data, broker.directory, system.directory}
    for folder in (one for one in folders if not folders & set(one.parents)):
        found |= found_below(folder, (*PERSONAL, OPEN))
    assert compressed_batches(broker.directory) == []
    return found
