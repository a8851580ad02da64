"""Accounts, machines and grants over HTTP, and the roles that the journal gives."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.access.accounts.accounts import SQL, By
from services.access.keys.keyring import KeyFileError, Keyring, make_keys, read_keys, rotate_keys
from services.access.main import create_service
from services.access.model.refusals import AccessConflictError
from shared.access.table import permission_table
from shared.platform.postgres.database import connection_info
from shared.platform.settings import SettingsError
from tests.support.access import PASSWORD, Access, Facts, serving, settings_of
from tests.support.serving import until


@pytest.fixture
async def access(database: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Access]:
    async with serving(settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path)) as made:
        yield made


async def roles(access: Access, told: dict[str, Any]) -> list[Any]:
    """What the next token holds by the journal."""
    answer = await access.post("refresh", {"refresh_token": told["refresh_token"]})
    assert answer.status_code == 200, answer.text
    told.update(answer.json())
    who = (await access.get("me", told["access_token"])).json()
    return [(one["scope"], one["office"], one["role"], one["staff"]) for one in who["staff_roles"]]


async def test_roles_come_from_the_staff_facts_of_the_journal(
    database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Enrolled, moved, departed and enrolled again: the next token says so. Of the facts nothing else is kept."""
    topic = f"{topic_prefix}panke.intake.v1"
    async with (
        Facts(kafka, topic) as facts,
        serving(settings_of(database, kafka, topic_prefix, tmp_path)) as access,
    ):
        told = await access.person("li", ("east", "li"), ("west", "li2"))
        assert await roles(access, told) == []
        await facts.send("east", "east-1", "visit.registered", {"visit": "v1", "note": '"staff.'})
        await facts.enrolled("li", "consultant")
        await facts.enrolled("wang", "manager")
        await until(lambda: access.rows("SELECT count(*) FROM staff")[0][0] == 2)
        assert await roles(access, told) == [("east", "east-1", "consultant", "li")]
        await facts.enrolled("li2", "supervisor", "west", "west-1")
        await facts.enrolled("li", "manager", office="east-2")
        await until(lambda: access.rows("SELECT max(seq) FROM staff WHERE staff = 'li'")[0][0] == 4)
        await until(lambda: access.rows("SELECT count(*) FROM staff WHERE staff = 'li2'")[0][0] == 1)
        assert await roles(access, told) == [
            ("east", "east-2", "manager", "li"),
            ("west", "west-1", "supervisor", "li2"),
        ]
        await facts.departed("li")
        await until(lambda: access.rows("SELECT departed FROM staff WHERE staff = 'li'")[0][0])
        assert await roles(access, told) == [("west", "west-1", "supervisor", "li2")]
        # What a topic that is filled again says once more is known, and an older fact changes nothing.
        await facts.send(
            "east", "east-1", "staff.enrolled", {"staff": "li", "name": "x", "role": "director"}, seq=2
        )
        await facts.enrolled("zhao", "consultant")
        await until(lambda: access.rows("SELECT count(*) FROM staff WHERE staff = 'zhao'")[0][0] == 1)
        assert await roles(access, told) == [("west", "west-1", "supervisor", "li2")]
        kept = str(access.rows("SELECT t::text FROM access.staff t"))
        assert "李娜" not in kept and "13800000001" not in kept


async def test_a_restart_reads_on_from_the_stored_position(
    database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """What came while it was down is taken in, and what was known stays."""
    topic = f"{topic_prefix}panke.intake.v1"
    settings = settings_of(database, kafka, topic_prefix, tmp_path)
    async with Facts(kafka, topic) as facts:
        await facts.enrolled("li", "consultant")
        async with serving(settings) as access:
            await until(lambda: access.rows("SELECT count(*) FROM staff")[0][0] == 1)
            assert sum(row[0] for row in access.rows("SELECT next FROM positions")) == 1
        await facts.departed("li")
        await facts.enrolled("wang", "manager")
        async with serving(settings) as access:
            await until(lambda: access.rows("SELECT count(*) FROM staff WHERE staff = 'wang'")[0][0] == 1)
            await until(lambda: access.rows("SELECT departed FROM staff WHERE staff = 'li'")[0][0])
            assert access.rows("SELECT staff FROM staff WHERE NOT departed") == [("wang",)]


async def test_an_administrator_keeps_accounts(access: Access) -> None:
    """Made, listed in pages, linked, refused where it contradicts what is there."""
    token = (await access.person("boss", roles={"administrator": "*"}))["access_token"]
    made = await access.post("accounts", {"login": "Li", "staff": [{"scope": "east", "staff": "li"}]}, token)
    assert made.status_code == 201 and made.headers["cache-control"] == "no-store"
    assert made.json()["login"] == "li" and made.json()["set_up_code"] and "secret" not in made.json()
    assert (await access.post("accounts", {"login": "LI"}, token)).status_code == 409
    taken = {"login": "other", "staff": [{"scope": "east", "staff": "li"}]}
    assert (await access.post("accounts", taken, token)).status_code == 409
    for login in ("x", "a b", "-a", "ä" * 3, "a" * 65, "a\n"):
        assert (await access.post("accounts", {"login": login}, token)).status_code in (409, 422), login
    listed = []
    after: dict[str, Any] = {}
    while True:
        page = (await access.get("accounts", token, limit=1, **after)).json()
        listed += [one["login"] for one in page["accounts"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert listed == ["boss", "li"], "the account that was refused was not made"
    unknown = f"accounts/{uuid.uuid4()}"
    assert (await access.post(unknown, {"disabled": True}, token, "PATCH")).status_code == 404
    assert (await access.post(f"{unknown}/renewal", None, token)).status_code == 404


async def test_nobody_else_keeps_accounts(access: Access) -> None:
    """Not a person without the grant, not a machine with another one."""
    told = await access.person("zhou", roles={"head_office": "*"})
    for method, path, body in (
        ("GET", "accounts", None),
        ("POST", "accounts", {"login": "evil"}),
        ("GET", "grants", None),
        ("POST", "grants", {"account": told["account"], "role": "administrator", "scopes": ["*"]}),
        ("PATCH", f"accounts/{told['account']}", {"staff": [{"scope": "east", "staff": "boss"}]}),
        ("POST", f"accounts/{told['account']}/renewal", None),
        ("DELETE", f"grants/{uuid.uuid4()}", None),
        ("GET", "log", None),
        ("POST", "openings", {"openings": []}),
    ):
        answer = await access.post(path, body, told["access_token"], method)
        assert answer.status_code == 403, f"{method} {path}: {answer.text}"


async def test_a_renewed_account_starts_anew(access: Access) -> None:
    """Password, sessions and unused codes are void; the new code is good."""
    token = (await access.person("boss", roles={"administrator": "*"}))["access_token"]
    told = await access.person("li")
    new = (await access.post(f"accounts/{told['account']}/renewal", None, token)).json()
    newer = (await access.post(f"accounts/{told['account']}/renewal", None, token)).json()
    assert (await access.get("me", told["access_token"])).status_code == 401
    assert (await access.sign_in("li")).status_code == 401
    old = {"code": new["set_up_code"], "password": PASSWORD}
    assert (await access.post("set-up", old)).status_code == 401
    assert (await access.post("set-up", old | {"code": newer["set_up_code"]})).status_code == 200


async def test_a_machine_has_a_token_by_its_secret_and_a_renewed_one_has_time(access: Access) -> None:
    """The old secret goes on beside the new one for a while; disabled, neither is good."""
    token = (await access.person("boss", roles={"administrator": "*"}))["access_token"]
    made = (await access.post("accounts", {"login": "desk-east", "kind": "machine"}, token)).json()
    await access.post("grants", {"account": made["account"], "role": "desk", "scopes": ["east"]}, token)

    async def let_in(secret: str, login: str = "desk-east") -> int:
        answer = await access.post("machine-token", {"client_id": login, "client_secret": secret})
        return answer.status_code

    assert await let_in(made["secret"]) == 200
    assert await let_in(made["secret"], "boss") == 401, "a secret is of one machine"
    assert await let_in("pm_wrong") == 401
    assert (await access.sign_in("desk-east", made["secret"])).status_code == 401
    new = (await access.post(f"accounts/{made['account']}/renewal", None, token)).json()
    assert await let_in(made["secret"]) == await let_in(new["secret"]) == 200
    access.rows(
        "UPDATE machine_secrets SET ends_at = now() - interval '1 s' WHERE ends_at IS NOT NULL RETURNING 1"
    )
    assert await let_in(made["secret"]) == 401
    assert await let_in(new["secret"]) == 200
    answer = await access.post("machine-token", {"client_id": "desk-east", "client_secret": new["secret"]})
    machine = answer.json()["access_token"]
    who = (await access.get("me", machine)).json()
    assert (who["kind"], who["granted_roles"]) == ("machine", [{"role": "desk", "scopes": ["east"]}])
    await access.post(f"accounts/{made['account']}", {"disabled": True}, token, "PATCH")
    assert await let_in(new["secret"]) == 401
    assert (await access.get("me", machine)).status_code == 401


async def test_who_is_enrolled_is_told_with_the_account_as_far_as_a_role_reaches(access: Access) -> None:
    """A manager learns of the own scope, a supervisor of the own office, an administrator of all; who left is none."""
    with access.service.database.connection() as connection:
        for number, (scope, staff, office, role) in enumerate(
            [
                ("east", "boss", "east-1", "manager"), ("east", "li", "east-1", "consultant"),
                ("east", "sun", "east-2", "consultant"), ("east", "tang", "east-2", "supervisor"),
                ("west", "zhu", "west-1", "consultant"),
            ]
        ):  # fmt: skip
            given = {"scope": scope, "staff": staff, "office": office, "role": role, "seq": number + 1}
            connection.execute(SQL["put_enrolled"], given)
        connection.execute(SQL["put_departed"], {"scope": "west", "staff": "zhu", "seq": 9})
    manager = (await access.person("boss", ("east", "boss")))["access_token"]
    supervisor = (await access.person("tang", ("east", "tang")))["access_token"]
    administrator = (await access.person("admin", roles={"administrator": "*"}))["access_token"]
    waiting = access.made("li", ("east", "li"))

    async def told(token: str, **query: Any) -> list[tuple[str, str, str | None]]:
        found: list[Any] = []
        after: str | None = None
        while True:
            asked = query if after is None else {**query, "after": after}
            page = (await access.get("staff", token, limit=2, **asked)).json()
            found += page["staff"]
            after = page["next"]
            if after is None:
                return [(one["staff"], one["account"], one["login"]) for one in found]

    everybody = [
        ("boss", "open", "boss"), ("li", "waiting", "li"), ("sun", "none", None), ("tang", "open", "tang"),
    ]  # fmt: skip
    assert await told(administrator) == await told(manager) == await told(manager, scope="east") == everybody
    assert await told(supervisor) == everybody[2:]
    assert await told(manager, scope="west") == []
    access.service.accounts.disable(waiting.account, True, By(None))
    assert ("li", "disabled", "li") in await told(manager)
    consultant = (await access.person("sun", ("east", "sun")))["access_token"]
    assert (await access.get("staff", consultant)).status_code == 403


async def test_grants_hold_from_the_next_token_on_and_one_administrator_is_left(access: Access) -> None:
    """Given and taken; who would take the last administrator's away is refused."""
    boss = await access.person("boss", roles={"administrator": "*"})
    token = boss["access_token"]
    told = await access.person("zhou")
    asked = {"account": told["account"], "role": "head_office", "scopes": ["east", "west"]}
    grant = (await access.post("grants", asked, token)).json()["grant"]
    await roles(access, told)
    who = (await access.get("me", told["access_token"])).json()
    assert who["granted_roles"] == [{"role": "head_office", "scopes": ["east", "west"]}]
    listed = (await access.get("grants", token, account=told["account"])).json()["grants"]
    assert [(one["grant"], one["login"], one["role"]) for one in listed] == [(grant, "zhou", "head_office")]
    assert (await access.post(f"grants/{grant}", None, token, "DELETE")).status_code == 204
    assert (await access.post(f"grants/{grant}", None, token, "DELETE")).status_code == 404
    await roles(access, told)
    assert (await access.get("me", told["access_token"])).json()["granted_roles"] == []
    own = (await access.get("grants", token, account=boss["account"])).json()["grants"][0]["grant"]
    assert (await access.post(f"grants/{own}", None, token, "DELETE")).status_code == 409
    for wrong in ({"role": "boss"}, {"scopes": []}, {"scopes": ["East!"]}, {"account": "x"}):
        assert (await access.post("grants", asked | wrong, token)).status_code in (404, 422), wrong


@pytest.mark.parametrize("role", permission_table().granted_roles)
async def test_a_machine_s_role_is_no_person_s_and_a_person_s_no_machine_s(access: Access, role: Any) -> None:
    """A desk at which staff sign in is no member of staff; no machine keeps accounts or decides for the group."""
    token = (await access.person("boss", roles={"administrator": "*"}))["access_token"]
    of = {"desk": "machine", "service": "machine", "administrator": "person", "head_office": "person"}
    for kind in ("person", "machine"):
        made = (await access.post("accounts", {"login": f"{kind}-1", "kind": kind}, token)).json()
        asked = {"account": made["account"], "role": role, "scopes": ["*"]}
        answer = await access.post("grants", asked, token)
        assert answer.status_code == (201 if of.get(role, kind) == kind else 409), answer.text


async def test_a_grant_from_before_gives_a_person_no_machine_s_role(access: Access) -> None:
    """What stands against the table is in no token."""
    told = await access.person("li", roles={"operator": "*"})
    access.rows("UPDATE grants SET role = 'desk' WHERE account = %s RETURNING 1", told["account"])
    answer = await access.post("refresh", {"refresh_token": told["refresh_token"]})
    assert (await access.get("me", answer.json()["access_token"])).json()["granted_roles"] == []


async def test_of_administrators_who_end_each_other_s_grants_at_once_one_is_left(access: Access) -> None:
    """The second waits for the first, and is refused; so for accounts that are disabled."""
    both = [await access.person(login, roles={"administrator": "*"}) for login in ("one", "two")]
    grants = {
        one["account"]: one["grant"]
        for one in (await access.get("grants", both[0]["access_token"])).json()["grants"]
    }
    accounts = access.service.accounts
    with psycopg.connect(connection_info(access.dsn, schema="access")) as first:
        first.execute(SQL["hold_administrators"])
        first.execute(SQL["end_grant"], {"grant": grants[both[0]["account"]], "now": datetime.now(UTC)})
        ending = asyncio.create_task(
            asyncio.to_thread(accounts.end_grant, grants[both[1]["account"]], By(None))
        )
        disabling = asyncio.create_task(
            asyncio.to_thread(accounts.disable, both[1]["account"], True, By(None))
        )
        waiting = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await until(lambda: access.rows(waiting)[0][0] == 2)
    done = await asyncio.gather(ending, disabling, return_exceptions=True)
    assert [type(one) for one in done] == [AccessConflictError] * 2
    assert accounts.has_administrator()


async def test_an_administrator_who_cannot_sign_in_is_not_the_last_one(access: Access) -> None:
    """An account that was never set up lets nobody in: the one who can stays."""
    token = (await access.person("boss", roles={"administrator": "*"}))["access_token"]
    access.made("new", roles={"administrator": "*"})
    (own,) = [one for one in (await access.get("grants", token)).json()["grants"] if one["login"] == "boss"]
    assert (await access.post(f"grants/{own['grant']}", None, token, "DELETE")).status_code == 409


@pytest.mark.parametrize("role", ["administrator", "service"])
async def test_what_is_of_no_scope_is_granted_over_every_one(access: Access, role: str) -> None:
    """Accounts are kept and services ask for a whole deployment: a grant that names scopes says less than it is."""
    boss = await access.person("boss", roles={"administrator": "*"})
    kind = {"administrator": "person", "service": "machine"}[role]
    made = await access.post("accounts", {"login": "zhou", "kind": kind}, boss["access_token"])
    asked = {"account": made.json()["account"], "role": role, "scopes": ["east"]}
    for scopes, status in ((["east"], 409), (["*", "east"], 201), (["*"], 201)):
        answer = await access.post("grants", asked | {"scopes": scopes}, boss["access_token"])
        assert answer.status_code == status, answer.text


async def test_keys_are_rotated_while_it_runs(access: Access, tmp_path: Path) -> None:
    """Tokens of before stay good, new ones are under the new key, and what was sealed is still read."""
    told = await access.person("zhou")
    path = tmp_path / "keys" / "access.json"
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700
    before = (await access.client.get("/.well-known/jwks.json")).json()["keys"]
    new = rotate_keys(path, access.service.machine.now().timestamp())
    assert path.stat().st_mode & 0o777 == 0o600
    after = (await access.client.get("/.well-known/jwks.json")).json()["keys"]
    assert [one["kid"] for one in after] == [new, before[0]["kid"]]
    assert (await access.get("me", told["access_token"])).status_code == 200
    await roles(access, told)
    assert (await access.get("me", told["access_token"])).status_code == 200


async def test_a_file_of_keys_that_others_can_read_is_not_used(access: Access, tmp_path: Path) -> None:
    """While it runs too: nobody is let in by keys that others may have."""
    path = tmp_path / "keys" / "access.json"
    made = access.made("zhou")
    path.chmod(0o644)
    answer = await access.post("set-up", {"code": made.set_up_code, "password": PASSWORD})
    assert answer.status_code == 503
    assert str(path) not in answer.text, "where it lies is for operators"
    ready = (await access.client.get("/readyz")).json()
    assert "chmod 600" in ready["failing"]["keys"]
    path.chmod(0o600)
    access.forgive()
    assert (await access.post("set-up", {"code": made.set_up_code, "password": PASSWORD})).status_code == 200


async def test_another_file_of_keys_is_refused_at_the_start(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Gone, another one, readable by all, or no such file: the start says which, and no new one is begun in silence."""
    settings = settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path)
    path = Path(settings.access_keys)
    async with serving(settings):
        kept = path.read_bytes()  # noqa: ASYNC240

    def opened() -> None:
        service = create_service(settings)
        with service.database:
            service._open_keys()
        service.hashing.close()
        service.threads.close()

    opened()
    path.chmod(0o640)  # noqa: ASYNC240
    with pytest.raises(SettingsError, match="640"):
        opened()
    path.unlink()  # noqa: ASYNC240
    with pytest.raises(SettingsError, match="PANKE_ACCESS_KEYS"):
        opened()
    assert not path.exists()  # noqa: ASYNC240
    make_keys(path, 0.0)
    with pytest.raises(SettingsError, match="none of the keys"):
        opened()
    path.write_bytes(b"{}")  # noqa: ASYNC240
    with pytest.raises(SettingsError, match="no file of keys"):
        opened()
    path.write_bytes(kept)  # noqa: ASYNC240
    opened()


def test_a_rotated_file_forgets_keys_whose_tokens_are_over(tmp_path: Path) -> None:
    """An old key is published until its last token has expired, and is then gone from set and file."""
    path = tmp_path / "keys.json"
    assert make_keys(path, 0.0) and not make_keys(path, 0.0)
    now = [0.0]
    ring = Keyring(path, lambda: now[0])
    first = ring.kids()[0]
    second = rotate_keys(path, 10.0)
    assert [one["kid"] for one in ring.published()] == [second, first]
    assert ring.key(first) is not None
    now[0] = 2000.0
    assert [one["kid"] for one in ring.published()] == [second]
    assert ring.key(first) is None
    third = rotate_keys(path, 2000.0)
    assert ring.kids() == [third, second]
    assert len(read_keys(path).signing) == 2


def test_what_is_sealed_is_of_one_owner_and_one_file(tmp_path: Path) -> None:
    """A sealed secret that is put at another account, or read with another file, opens nothing."""
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    make_keys(one, 0.0)
    make_keys(other, 0.0)
    ring = Keyring(one, lambda: 0.0)
    sealed = ring.seal(b"secret", "a")
    assert ring.unseal(sealed, "a") == b"secret"
    with pytest.raises(KeyFileError):
        ring.unseal(sealed, "b")
    with pytest.raises(KeyFileError):
        Keyring(other, lambda: 0.0).unseal(sealed, "a")


async def test_accounts_hold_no_names_and_no_contacts(access: Access) -> None:
    """A login and staff ids: there is no column for anything else of a person."""
    access.service.accounts.make("person", "zhou", (("east", "zhou"),), By(None))
    columns = access.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'access' AND table_name = 'accounts'"
    )
    assert {name for (name,) in columns} == {
        "id", "kind", "login", "password", "totp", "totp_offered", "totp_step", "made_at", "disabled_at"
    }  # fmt: skip
