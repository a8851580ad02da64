"""The record of access: what stands on it, who reads it, and that nobody changes it unseen."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.access.accounts.accounts import By
from services.access.record.record import RecordHead
from services.access.record.verification import verify
from shared.access.caller import GrantedRole
from shared.platform.postgres.database import connection_info
from tests.support.access import OTHER, PASSWORD, Access, serving, settings_of
from tests.support.serving import until


@pytest.fixture
async def access(database: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Access]:
    settings = settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path, access_many_openings=2)
    async with serving(settings) as made:
        yield made


def opening(customer: str = "c1", scope: str = "east", **more: Any) -> dict[str, Any]:
    told = {
        "id": str(uuid.uuid4()), "at": "2026-03-02T03:00:00Z", "act": "opened", "account": "a-1", "login": "li",
        "action": "customer.read", "role": "consultant", "scope": scope, "customer": customer,
    }  # fmt: skip
    return told | more


async def machine(access: Access, login: str = "attribution", role: Any = "service") -> str:
    """The token of a machine with a granted role."""
    made = access.service.accounts.make("machine", login, (), By(None))
    access.service.accounts.grant(made.account, GrantedRole(role, ("*",)), By(None))
    answer = await access.post("machine-token", {"client_id": login, "client_secret": made.secret})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert "refresh_token" not in told
    return str(told["access_token"])


def checked(access: Access, expected: RecordHead | None = None) -> Any:
    with psycopg.connect(connection_info(access.dsn)) as connection:
        return verify(connection, expected)


def tampered(access: Access, statement: str) -> None:
    """As whoever owns the database could: without the trigger."""
    with psycopg.connect(connection_info(access.dsn)) as connection:
        connection.execute("ALTER TABLE access_record.entries DISABLE TRIGGER ALL")
        connection.execute(statement.encode())
        connection.execute("ALTER TABLE access_record.entries ENABLE TRIGGER ALL")


async def test_every_privileged_act_is_on_the_record_with_who_did_it(access: Access) -> None:
    """Accounts, links, grants, secrets: each with the administrator, the session and the address."""
    boss = await access.person("boss", roles={"administrator": "*"})
    token = boss["access_token"]
    made = (
        await access.post("accounts", {"login": "li", "staff": [{"scope": "east", "staff": "li"}]}, token)
    ).json()
    url = f"accounts/{made['account']}"
    grant = await access.post(
        "grants", {"account": made["account"], "role": "head_office", "scopes": ["east"]}, token
    )
    assert grant.status_code == 201
    await access.post(url, {"identities": [{"provider": "corp", "subject": "x"}]}, token, "PATCH")
    await access.post(f"{url}/renewal", None, token)
    await access.post(url, {"disabled": True}, token, "PATCH")
    await access.post(f"grants/{grant.json()['grant']}", None, token, "DELETE")
    done = [
        one
        for one in access.entries()
        if one.get("login") == "boss" and one["act"] not in ("signed_in", "account_set_up")
    ]
    acts = [
        "account_made",
        "granted",
        "account_changed",
        "account_renewed",
        "account_disabled",
        "grant_ended",
    ]
    assert [one["act"] for one in done] == acts
    assert all(one["account"] == boss["account"] and one["session"] and one["address"] for one in done)
    assert checked(access).problem is None


async def test_a_refusal_of_the_door_is_on_the_record(access: Access) -> None:
    """401, 403 and 404, with the action and whoever was refused."""
    told = await access.person("zhou")
    await access.get("accounts")
    await access.get("accounts", told["access_token"])
    await access.get("nowhere", told["access_token"])
    await until(lambda: len(access.entries("refused")) == 3)
    found = [(one["status"], one.get("action"), one.get("login")) for one in access.entries("refused")]
    assert found == [
        (401, "access.administer", None),
        (403, "access.administer", "zhou"),
        (404, None, "zhou"),
    ]


async def test_whatever_was_to_prove_somebody_and_did_not_is_on_the_record(access: Access) -> None:
    """A refresh token that is none, a code of an authenticator that is wrong: with the address, and who it was."""
    told = await access.person("zhou")
    assert (await access.post("refresh", {"refresh_token": "pr_none"})).status_code == 401
    await access.post("second-factor", {"password": PASSWORD}, told["access_token"])
    wrong = await access.post("second-factor/confirmation", {"code": "000000"}, told["access_token"])
    assert wrong.status_code == 401
    await until(lambda: len(access.entries("sign_in_refused")) == 2)
    found = {(one["detail"], one.get("login"), one["address"]) for one in access.entries("sign_in_refused")}
    assert found == {("refresh token", None, "127.0.0.1"), ("refused", "zhou", "127.0.0.1")}


async def test_the_database_refuses_to_change_the_record(access: Access) -> None:
    """Neither update nor delete nor truncate, whoever is connected as the service is."""
    await access.person("zhou")
    for statement in (
        "UPDATE access_record.entries SET act = 'signed_out'",
        "DELETE FROM access_record.entries",
        "TRUNCATE access_record.entries",
    ):
        with (
            psycopg.connect(connection_info(access.dsn)) as connection,
            pytest.raises(psycopg.Error, match="append-only"),
        ):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_record.entries SET body = overlay(body PLACING 'x' FROM 60) WHERE seq = 2",
        "UPDATE access_record.entries SET account = 'another' WHERE seq = 2",
        "UPDATE access_record.entries SET at = at - interval '1 day' WHERE seq = 2",
        "UPDATE access_record.entries SET digest = before WHERE seq = 2",
        "DELETE FROM access_record.entries WHERE seq = 2",
        "DELETE FROM access_record.entries WHERE seq = 1",
        "UPDATE access_record.entries SET seq = -seq WHERE seq = 2",
    ],
)
async def test_a_change_by_who_owns_the_database_shows(access: Access, statement: str) -> None:
    """A changed entry, a changed column, one that was taken out: the chain does not hold from there on."""
    await access.person("zhou")
    assert checked(access).problem is None
    tampered(access, statement)
    assert checked(access).problem is not None


async def test_an_end_that_was_cut_off_shows_to_who_kept_it(access: Access) -> None:
    """The rest holds together; whoever has the end from before knows that it is not all."""
    await access.person("zhou")
    kept = checked(access).head
    tampered(access, f"DELETE FROM access_record.entries WHERE seq = {kept.seq}")
    assert checked(access).problem is None
    assert checked(access, kept).problem is not None
    await access.person("wang")
    assert checked(access, kept).problem is not None


async def test_services_report_openings_and_a_repetition_changes_nothing(access: Access) -> None:
    """Sent again after an answer that was lost, a batch is dropped, entry by entry."""
    token = await machine(access)
    batch = [opening("c1"), opening("c2", act="exported", count=40)]
    first = await access.post("openings", {"openings": batch}, token)
    assert first.json() == {"taken": 2}
    again = await access.post("openings", {"openings": [*batch, opening("c3")]}, token)
    assert again.json() == {"taken": 1}
    told = access.entries("opened", "exported")
    assert [one["customer"] for one in told] == ["c1", "c2", "c3"]
    assert {one["service"] for one in told} == {"attribution"}, (
        "who reports is who they are, not what they say"
    )
    assert checked(access).problem is None


async def test_whoever_reads_the_record_is_told_by_which_id_the_records_of_the_scope_name_them(
    access: Access,
) -> None:
    """As the account is linked now; of a scope in which it is linked with nobody, and of a stranger, nothing."""
    li = await access.person("li.na", ("east", "li"), ("west", "li-2"))
    auditor = await access.person("yan", roles={"group_auditor": "*"})
    batch = [
        opening("c1", account=li["account"], login="li.na"),
        opening("c2", "west", account=li["account"], login="li.na"),
        opening("c3", "north", account=li["account"], login="li.na"),
        opening("c4"),
    ]
    await access.post("openings", {"openings": batch}, await machine(access))
    told = (await access.get("log?act=opened", auditor["access_token"])).json()["entries"]
    assert {one["customer"]: one.get("staff") for one in told if "customer" in one} == {
        "c1": "li", "c2": "li-2", "c3": None, "c4": None,
    }  # fmt: skip
    assert not any("staff" in one for one in access.entries()), "the entries are as they were written"


@pytest.mark.parametrize(
    "change",
    [
        {"id": "x"},
        {"at": "yesterday"},
        {"act": "signed_in"},
        {"scope": "East!"},
        {"customer": "\u0000"},
        {"extra": 1},
    ],
)
async def test_a_report_that_is_none_is_refused_whole(access: Access, change: dict[str, Any]) -> None:
    """A service cannot write what is access's own to write, nor what the database would not keep."""
    token = await machine(access)
    answer = await access.post("openings", {"openings": [opening(), opening(**change)]}, token)
    assert answer.status_code == 422, answer.text
    assert access.entries("opened", "exported") == []


async def test_who_opens_many_raises_the_alarm(access: Access) -> None:
    """More customers within an hour than is usual, the same one counted once."""
    from datetime import UTC, datetime, timedelta

    from shared.contract import format_instant

    token = await machine(access)
    now = format_instant(datetime.now(UTC))
    batch = [opening("c1", at=now), opening("c1", at=now), opening("c2", at=now)]
    await access.post("openings", {"openings": batch}, token)
    since = datetime.now(UTC) - timedelta(hours=1)
    assert access.service.record.many_openings(since, 2) == 0
    await access.post("openings", {"openings": [opening("c3", at=now)]}, token)
    assert access.service.record.many_openings(since, 2) == 1


async def test_auditors_read_what_their_scopes_concern_and_are_on_the_record_for_it(access: Access) -> None:
    """One of a scope sees that scope, one of the group everything; nobody else reads it, administrators neither."""
    token = await machine(access)
    await access.post("openings", {"openings": [opening("c1"), opening("c2", "west")]}, token)
    whole = await access.person("audit", roles={"group_auditor": "*"})
    east = await access.person("audit-east", roles={"group_auditor": "east"})
    boss = await access.person("boss", roles={"administrator": "*"})
    assert (await access.get("log", boss["access_token"])).status_code == 403
    page = (await access.get("log", whole["access_token"], act="opened")).json()
    assert [one["customer"] for one in page["entries"]] == ["c2", "c1"]
    page = (await access.get("log", east["access_token"])).json()
    assert {one["scope"] for one in page["entries"]} == {"east"}
    assert (await access.get("log", east["access_token"], scope="west")).json()["entries"] == []
    assert [one["login"] for one in access.entries("record_read")] == ["audit", "audit-east", "audit-east"]


async def test_the_record_is_read_in_pages_without_gaps(access: Access) -> None:
    """Pages of two, the newest first, with filters; what is written meanwhile stands on no page twice."""
    token = await machine(access)
    await access.post("openings", {"openings": [opening(f"c{n}") for n in range(7)]}, token)
    auditor = (await access.person("audit", roles={"group_auditor": "*"}))["access_token"]
    seen: list[str] = []
    query: dict[str, Any] = {"act": "opened", "limit": 2}
    while True:
        page = (await access.get("log", auditor, **query)).json()
        seen += [one["customer"] for one in page["entries"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
        await access.post("openings", {"openings": [opening("later")]}, token)
    assert seen == [f"c{n}" for n in reversed(range(7))]
    by = (
        {"customer": "c3"},
        {"scope": "east", "limit": 1},
        {"since": "2026-03-02T03:00:00Z", "until": "2026-03-02T03:00:01Z"},
    )
    for one in by:
        assert (await access.get("log", auditor, **one)).json()["entries"], one
    assert (await access.get("log", auditor, until="2026-03-02T03:00:00Z")).json()["entries"] == []
    assert (await access.get("log", auditor, since="yesterday")).status_code == 422
    bare = await access.get("log", auditor, until="2026-03-02T11:00:00 08:00")  # as `+08:00` arrives
    assert (bare.status_code, bare.json()["errors"][0]["rule"]) == (422, "plus")
    assert "%2B" in bare.json()["detail"]
    assert (await access.get("log", auditor, act="\x00")).status_code == 422


async def test_many_writers_make_one_chain(access: Access) -> None:
    """Sign-ins that fail side by side stand one behind the other."""
    import asyncio

    await asyncio.gather(*(access.sign_in(f"nobody{n}", OTHER) for n in range(10)))
    await until(lambda: len(access.entries("sign_in_refused")) >= 1)
    found = checked(access)
    assert found.problem is None and found.entries == len(access.entries())
    assert json.dumps(access.entries())
