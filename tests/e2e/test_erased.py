"""Who is erased is nobody from then on, in a deployment that runs; decisions stand, and judge alike."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
import pytest

from shared.contract.sealed import ERASED
from shared.platform.postgres.database import connection_info
from shared.sealing.keys import KeyFile
from shared.sealing.opening import open_event
from shared.sealing.person import SealBrokenError
from shared.sealing.vault import Vault
from tests.support.dumping import dump_plain, run_script
from tests.support.keys import key_file
from tests.support.panke import exported, panke
from tests.support.parts import fresh_database
from tests.support.searching import found_in
from tests.support.system import System, running
from tests.support.tokens import admission

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
AS_OF = "2026-03-03T00:00:00Z"


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


def visit(name: str, customer: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {"visit": name, "customer": customer, "received_by": "li", "capacity": "on_turn", **more}
    return event("visit.registered", data)


ZHANG = {"name": "张大伟", "phones": ["138 1234 0001"], "wechat": "zhangdawei"}
WANG = {"name": "王小芳", "phones": ["13812340002"]}
LIU = {"name": "刘长庚", "phones": ["13812340003"]}
VISIT = visit("v1", ZHANG, notes="想要三居", companions=[WANG], referred_by=[{"phone": "13812340009"}])
RECOGNISED = event(
    "customer.recognised",
    {"visit": "v1", "by": "li", "evidence": ["张大伟的通话记录"], "confirmed_by": "gao"},
)
STAFF = tuple(
    event("staff.enrolled", {"staff": staff, "name": name, "role": role})
    for staff, name, role in (
        ("li", "李娜", "consultant"),
        ("wang", "王强", "consultant"),
        ("gao", "高峰", "manager"),
    )
)
PERSONAL = ("张大伟", "13812340001", "138 1234 0001", "zhangdawei", "想要三居", "通话记录")


def privacy(system: System, *arguments: str, status: int = 0) -> subprocess.CompletedProcess[bytes]:
    """`panke privacy`, as somebody calls it on this deployment."""
    command, *rest = arguments
    deployment = ["--database-url", system.database_url]
    if command != "pending":
        deployment += ["--keys", system.settings["PANKE_KEYS"], "--clock", f"file:{system.clock.path}"]
        for name in ("intake", "attribution", "notifier"):
            deployment += [f"--{name}", system.address(name)]
        deployment += ["--machine", str(admission().file_of("registry", "group_auditor"))]
    done = panke("privacy", command, *rest, *deployment)
    assert done.returncode == status, done.stderr.decode() + done.stdout.decode()
    return done


def erase(system: System, *arguments: str, status: int = 0) -> str:
    said = ("--scope", "demo", "--reason", "撤回同意", "--asked-by", "客户本人", "--by", "gao")
    done = privacy(system, "erase", *said, *arguments, status=status)
    return (done.stdout + done.stderr).decode()


def erasures(system: System) -> list[dict[str, Any]]:
    """Every erasure of the journal."""
    _, lines = exported(system.database_url, "demo", system.settings["PANKE_KEYS"])
    return [found for line in lines if (found := json.loads(line))["type"] == "person.erased"]


def people(system: System, *phones: str) -> dict[str, str]:
    """Who stands for these contacts."""
    vault = Vault(KeyFile(Path(system.settings["PANKE_KEYS"])))
    with psycopg.connect(connection_info(system.database_url, schema="vault")) as connection:
        found = vault.known(connection, [("demo", phone) for phone in phones])
    return {one[1]: person.id for one, person in found.items()}


def alike(system: System, last: int) -> dict[str, Any]:
    """The judgement, which is byte for byte that of `panke judge`."""
    live = system.judgement("demo", as_of=AS_OF, min_seq=last)
    assert live == system.judged_offline("demo", AS_OF)
    told: dict[str, Any] = json.loads(live)
    return told


@pytest.mark.timeout(900)
def test_erased_people_are_nobody_from_then_on(system: System, postgres_dsn: str) -> None:
    """What stands against it is named, a command that was cut off goes on, and decisions stand for good."""
    last = 0
    for each in (*STAFF, VISIT, RECOGNISED, visit("v2", WANG), visit("v3", LIU)):
        last = system.record(each)
    before = alike(system, last)
    customer = before["customers"][0]["customer"]

    _copied(system, customer)
    deal = event("deal.subscribed", {
        "deal": "d1", "customer": {"phones": ["13812340001"]}, "closed_by": "li", "project": "花园", "unit": "1-101",
    })  # fmt: skip
    last = system.record(deal)
    before = alike(system, last)
    assert "d1" in erase(system, "138 1234 0001", status=1)
    assert "--reason" in erase(
        system, "13812340001", "--despite-by", "gao", "--reason", "张大伟要求", status=1
    )
    assert "wang" in erase(system, "13812340001", "--despite-by", "wang", status=1)
    assert erasures(system) == []

    _cut_off(system, people(system, "+8613812340001"))
    told = privacy(system, "pending").stdout.decode()
    assert told.count("\n") == 1 and "demo" in told
    assert people(system, "+8613812340001")

    old = system.directory / "old.sql"
    dump_plain(system.database_url, old, "intake", "attribution", "notifier")
    vault = system.directory / "vault.sql"
    dump_plain(system.database_url, vault, "vault")
    said = erase(system, "--customer", customer, "--despite-by", "gao")
    assert len(erasures(system)) == 2, said
    assert privacy(system, "pending").stdout == b""
    assert people(system, "+8613812340001", "wechat:zhangdawei") == {}
    assert set(people(system, "+8613812340002", "+8613812340009")) == {"+8613812340002", "+8613812340009"}
    _restored(system, vault)
    last = system.record(visit("v4", WANG))
    after = alike(system, last)
    assert after["customers"][0]["contacts"] == after["customers"][0]["names"] == [ERASED]
    assert _decided(after)[customer] == _decided(before)[customer]
    assert after["deals"] == before["deals"]
    _nobody_knows(system, customer, last)
    _not_brought_back(system, old, postgres_dsn)
    assert "nothing" in erase(system, "13812340001")

    assert system.post(VISIT).status_code == 200
    last = system.record(visit("v5", ZHANG | {"name": "张先生"}))
    again = alike(system, last)
    (new,) = [one for one in again["customers"] if "+8613812340001" in one["contacts"]]
    assert new["customer"] != customer
    _kept_long_enough(system)


def _kept_long_enough(system: System) -> None:
    """Who has no deal and no record for a year is listed, and erased where that is asked; who is disputed is kept."""
    dispute = {"dispute": "q1", "customer": WANG, "opened_by": "wang", "reason": "异议"}
    last = system.record(event("dispute.opened", dispute))
    last = system.record(visit("v6", {"name": "无号先生"}))
    before = alike(system, last)
    customers = {"".join(one["names"]): one["customer"] for one in before["customers"]}
    assert retention(system) == []
    system.clock.hold(datetime(2027, 3, 3, tzinfo=UTC))
    assert not any("无号" in line for line in retention(system))
    due = {line.split("\t")[1]: line for line in retention(system)}
    assert customers["刘长庚"] in due and customers["张先生"] in due and len(due) == 4
    assert "q1" in due[customers["王小芳"]]
    assert len(retention(system, "--erase", "--by", "gao")) > 4
    (left,) = retention(system)
    assert customers["王小芳"] in left
    after = alike(system, last)
    assert _decided(after) == _decided(before)
    assert people(system, "+8613812340003", "+8613812340001") == {}
    assert people(system, "+8613812340002")


def retention(system: System, *more: str) -> list[str]:
    done = privacy(system, "retention", "--scope", "demo", "--months", "12", *more)
    return done.stdout.decode().splitlines()


def _not_brought_back(system: System, old: Path, server: str) -> None:
    """A backup from before, restored, leads nobody to who was erased: not by all keys, not by the phone itself."""
    assert found_in(old.read_bytes(), PERSONAL) == []
    vault = Vault(KeyFile(Path(system.settings["PANKE_KEYS"])))
    with (
        psycopg.connect(connection_info(system.database_url, schema="vault")) as connection,
        fresh_database(server) as restored,
    ):
        run_script(restored, old)
        everybody = vault.people(
            connection, [id_ for (id_,) in connection.execute("SELECT id FROM vault.people")]
        )
        assert vault.known(connection, [("demo", "+8613812340001"), ("demo", "wechat:zhangdawei")]) == {}
        with psycopg.connect(restored) as journal:
            bodies = [
                bytes(body) for (body,) in journal.execute("SELECT body FROM intake.facts ORDER BY seq")
            ]
        index = vault.keys.index(vault.keys.index_current, "demo", "+8613812340001")
        assert index not in old.read_bytes() and index.hex() not in old.read_text()
    opened = b"\n".join(open_event(body, everybody) for body in bodies)
    assert found_in(opened, PERSONAL) == []
    assert found_in(opened, ("王小芳", "刘长庚")) == ["王小芳", "刘长庚"]
    parts = [
        (body["id"], part)
        for body in map(json.loads, bodies)
        for id_, part in body.get("sealed", {"parts": {}})["parts"].items()
        if id_ not in everybody
    ]
    assert len(parts) >= 3
    for event_id, part in parts:
        for person in everybody.values():
            with pytest.raises(SealBrokenError):
                person.open(event_id, part)


def _copied(system: System, customer: str) -> None:
    """The copy has all of the customer, what it came from, and nothing of others; so has the page."""
    page = system.directory / "copy.html"
    done = privacy(system, "export", "138 1234 0001", "--scope", "demo", "--page", str(page))
    copy = json.loads(done.stdout)
    assert (copy["customer"], copy["names"]) == (customer, ["张大伟"])
    assert copy["contacts"] == ["+8613812340001", "wechat:zhangdawei"]
    visited, recognised = copy["records"]
    assert visited["data"]["customer"] == ZHANG and visited["data"]["notes"] == "想要三居"
    assert (visited["seq"], visited["office"], visited["actor"]) == (4, "demo-office", "desk")
    assert visited["kind"]["zh"] == "来访登记" and recognised["data"]["evidence"] == ["张大伟的通话记录"]
    assert copy["decisions"][0]["owner"] == "li"
    for text in (done.stdout.decode(), page.read_text()):
        assert [personal for personal in PERSONAL if personal not in text] == []
        assert [other for other in ("王小芳", "13812340002", "13812340009") if other in text] == []
    assert page.stat().st_mode & 0o777 == 0o600
    assert ("opened", customer, "panke privacy export") in reported(system)
    referrer = json.loads(privacy(system, "export", "13812340009", "--scope", "demo").stdout)
    assert referrer["customer"] is None
    (mention,) = referrer["mentions"]
    assert mention["data"]["referred_by"] == [{"phone": "13812340009"}]
    assert "张大伟" not in json.dumps(mention, ensure_ascii=False)


def reported(system: System) -> list[tuple[str, str | None, str | None]]:
    """What intake has for the record of access: act, customer and detail."""
    with psycopg.connect(connection_info(system.database_url, schema="intake")) as connection:
        bodies = [
            json.loads(bytes(body)) for (body,) in connection.execute("SELECT body FROM access_reports")
        ]
    return [(one["act"], one.get("customer"), one.get("detail")) for one in bodies]


def _cut_off(system: System, found: dict[str, str]) -> None:
    """As after a kill between the two steps: the journal says so of one of the contacts, and its key is there."""
    data = {
        "people": list(found.values()), "reason": "撤回同意", "asked_by": "客户本人", "by": "gao", "despite_by": "gao",
    }  # fmt: skip
    system.record(event("person.erased", data))


def _restored(system: System, vault: Path) -> None:
    """An older vault has those back who were erased since, until that is finished as the journal says."""
    with psycopg.connect(connection_info(system.database_url), autocommit=True) as connection:
        connection.execute("DROP SCHEMA vault CASCADE")
    run_script(system.database_url, vault)
    assert people(system, "+8613812340001")
    assert len(privacy(system, "pending").stdout.splitlines()) == 2
    privacy(system, "pending", "--finish")
    assert privacy(system, "pending").stdout == b""
    assert people(system, "+8613812340001", "wechat:zhangdawei") == {}


def _decided(told: dict[str, Any]) -> dict[str, Any]:
    return {one["customer"]: one | {"contacts": [], "names": []} for one in told["customers"]}


def _nobody_knows(system: System, customer: str, last: int) -> None:
    """No answer holds a personal text of who was erased; the history is whole."""
    history = system.answer(f"/v1/scopes/demo/customers/{customer}/history", min_seq=last).text
    listed = system.answer("/v1/scopes/demo/customers", min_seq=last).text
    read = system.http.get(f"{system.address('intake')}/v1/events/{VISIT['id']}").text
    for text in (history, listed, read):
        assert [personal for personal in PERSONAL if personal in text] == []
        assert ERASED in text
    assert len(json.loads(history)["events"]) == 3
    found = system.http.post(
        f"{system.address('attribution')}/v1/scopes/demo/lookup", json={"contact": "13812340001"}
    )
    assert found.json()["known"] is False
