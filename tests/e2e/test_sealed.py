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

from shared.platform.postgres.database import connection_info
from tests.support.keys import key_file
from tests.support.panke import exported, judged
from tests.support.system import System, running

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
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
)


@pytest.fixture
def system(directory: Path, database: str, kafka: str) -> Iterator[System]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang", "PANKE_KEYS": key_file(directory)}
    with running(directory, database, kafka, BEGIN, settings=settings) as found:
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
    event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant", "contacts": {"sms": "13987650001"}}),
    event("staff.enrolled", {"staff": "wang", "name": "王强", "role": "consultant"}),
    event("staff.enrolled", {"staff": "gao", "name": "高峰", "role": "manager"}),
    VISIT, CALL, FOLLOW, CORRECTION, HOUSEHOLD,
)  # fmt: skip


@pytest.mark.timeout(900)
def test_a_sealed_deployment_keeps_nothing_personal_and_answers_in_clear(system: System) -> None:
    """Journal, topics, facts and rows hold no personal text; answers and exports do, and judge alike."""
    last = 0
    for each in EVENTS:
        last = system.record(each)
    assert system.post(VISIT).status_code == 200
    assert system.post(VISIT | {"data": VISIT["data"] | {"notes": "另外"}}).status_code == 409

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
    assert _found(system) == {}


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
            text = "\n".join(_readable(value) for row in rows for value in row)
            texts = [personal for personal in PERSONAL if personal in text]
            if texts:
                found[f"{schema}.{name}"] = texts
    return found


def _readable(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)
