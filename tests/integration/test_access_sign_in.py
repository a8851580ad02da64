"""Signing in, going on and signing out, against a real database: what is given, what is refused, what is on record."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.access.credentials.totp import code_at
from shared.access.tokens import TokenVerifier
from tests.support.access import OTHER, PASSWORD, Access, serving, settings_of


@pytest.fixture
async def access(database: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Access]:
    """No broker is there: people sign in all the same."""
    async with serving(settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path)) as made:
        yield made


def checks(access: Access) -> float:
    """How many passwords were held against a hash."""
    found = access.service.metrics.registry.get_sample_value("panke_access_password_checks_total")
    assert found is not None
    return found


async def test_an_account_is_set_up_by_a_code_once_and_then_signs_in(access: Access) -> None:
    """The code is good once; afterwards the password is what lets in, whatever the case of the login."""
    made = access.made("zhou")
    before = await access.sign_in("zhou")
    assert before.status_code == 401, "no account has a password that nobody chose"
    set_up = {"code": made.set_up_code, "password": PASSWORD}
    assert (await access.post("set-up", set_up)).status_code == 200
    assert (await access.post("set-up", set_up)).status_code == 401
    answer = await access.sign_in(" Zhou ")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert told["token_type"] == "Bearer" and told["expires_in"] == 600
    who = (await access.get("me", told["access_token"])).json()
    assert (who["login"], who["kind"]) == ("zhou", "person")


async def test_a_token_is_verified_by_the_published_keys(access: Access) -> None:
    """What another service fetches is enough to know who calls; nothing private is in it."""
    told = await access.person("zhou", roles={"head_office": "*"})
    published = await access.client.get("/.well-known/jwks.json")
    assert all("d" not in key for key in published.json()["keys"])
    from shared.access.keys import public_keys

    keys = public_keys(published.content)

    class Keys:
        def key(self, kid: str) -> Any:
            return keys.get(kid)

    import time

    caller = TokenVerifier(Keys(), "panke", time.time).verify(told["access_token"])
    assert (caller.login, caller.granted_roles[0].role) == ("zhou", "head_office")


async def test_a_wrong_password_and_an_unknown_login_answer_alike_for_the_same_work(access: Access) -> None:
    """Byte for byte the same refusal, and one hash each: neither the words nor the work tell which logins there are."""
    await access.person("zhou")
    disabled = access.made("gone")
    access.rows("UPDATE accounts SET disabled_at = now() WHERE id = %s RETURNING 1", disabled.account)
    answers = []
    for login in ("zhou", "nobody", "gone"):
        begun = checks(access)
        answers.append(await access.sign_in(login, OTHER))
        assert checks(access) - begun == 1, login
    assert {one.status_code for one in answers} == {401}
    assert len({one.content for one in answers}) == 1
    names = [set(one.headers) for one in answers]
    assert names[0] == names[1] == names[2]


async def test_unknown_logins_are_locked_as_known_ones_are(access: Access) -> None:
    """After five failures from one address both wait as long, and the right password waits too."""
    await access.person("zhou")
    for login in ("zhou", "nobody"):
        answers = [await access.sign_in(login, OTHER) for _ in range(6)]
        assert [one.status_code for one in answers] == [401] * 5 + [429]
        assert 0 < int(answers[-1].headers["retry-after"]) <= 30
    begun = checks(access)
    assert (await access.sign_in("zhou")).status_code == 429
    assert checks(access) == begun, "who is locked out costs no hash"


async def test_many_at_once_are_no_way_around_the_lock(access: Access) -> None:
    """Each attempt is counted before it is looked at."""
    await access.person("zhou")
    begun = checks(access)
    answers = await asyncio.gather(*(access.sign_in("zhou", OTHER) for _ in range(20)))
    assert {one.status_code for one in answers} <= {401, 429, 503}
    assert checks(access) - begun <= 5


async def test_spellings_of_a_login_are_one_login_to_the_lock(access: Access) -> None:
    """Capitals and spaces around are no fresh start."""
    await access.person("zhou")
    for login in ("zhou", "ZHOU", " zhou", "Zhou ", "zHou"):
        assert (await access.sign_in(login, OTHER)).status_code == 401
    assert (await access.sign_in("ZHOU ")).status_code == 429


async def test_a_lock_ends_and_grows_when_it_is_met_again(access: Access) -> None:
    """After the wait one attempt is free; the next wait is twice as long."""
    await access.person("zhou")
    for _ in range(5):
        await access.sign_in("zhou", OTHER)
    access.rows("UPDATE attempts SET locked_until = now() - interval '1 second' RETURNING 1")
    assert (await access.sign_in("zhou", OTHER)).status_code == 401
    locked = await access.sign_in("zhou")
    assert locked.status_code == 429
    assert 30 < int(locked.headers["retry-after"]) <= 60
    access.rows("UPDATE attempts SET locked_until = now() - interval '1 second' RETURNING 1")
    assert (await access.sign_in("zhou")).status_code == 200
    assert (await access.sign_in("zhou", OTHER)).status_code == 401, "who was let in starts anew"


async def test_who_signs_in_from_one_address_all_day_is_not_locked(access: Access) -> None:
    """An office behind one address: attempts that were right count for nothing."""
    await access.person("zhou")
    for _ in range(3):
        assert (await access.sign_in("zhou")).status_code == 200
    assert access.rows("SELECT max(failures) FROM attempts")[0][0] == 0


async def test_a_refresh_token_is_good_once_and_a_copy_ends_the_session(access: Access) -> None:
    """Shown a second time, by whom is not known: nobody goes on with that session, the thief neither."""
    first = await access.person("zhou")
    second = await access.post("refresh", {"refresh_token": first["refresh_token"]})
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    again = await access.post("refresh", {"refresh_token": first["refresh_token"]})
    assert again.status_code == 401
    after = await access.post("refresh", {"refresh_token": second.json()["refresh_token"]})
    assert after.status_code == 401
    assert (await access.get("me", second.json()["access_token"])).status_code == 401
    assert [one["act"] for one in access.entries("session_ended")] == ["session_ended"]


async def test_two_who_refresh_at_once_get_one_set_of_tokens(access: Access) -> None:
    """Of the same refresh token one request is served, whatever the order."""
    told = await access.person("zhou")
    both = await asyncio.gather(
        *(access.post("refresh", {"refresh_token": told["refresh_token"]}) for _ in range(2))
    )
    assert sorted(one.status_code for one in both) == [200, 401]


async def test_a_sign_out_ends_the_session_at_once_here(access: Access) -> None:
    """The token that is replayed afterwards is refused although it has not expired, and no new one is had."""
    told = await access.person("zhou")
    other = (await access.sign_in("zhou")).json()
    assert (await access.post("sign-out", {}, told["access_token"])).status_code == 204
    assert (await access.get("me", told["access_token"])).status_code == 401
    assert (await access.post("refresh", {"refresh_token": told["refresh_token"]})).status_code == 401
    assert (await access.get("me", other["access_token"])).status_code == 200
    assert (await access.post("sign-out", {"everywhere": True}, other["access_token"])).status_code == 204
    assert (await access.post("refresh", {"refresh_token": other["refresh_token"]})).status_code == 401


async def test_every_sign_in_is_a_session_of_its_own(access: Access) -> None:
    """Nothing that was there before a sign-in is taken over by it."""
    first, second = await access.person("zhou"), (await access.sign_in("zhou")).json()
    sessions = [(await access.get("me", one["access_token"])).json()["session"] for one in (first, second)]
    assert len(set(sessions)) == 2


@pytest.mark.parametrize("column", ["ends_at", "idle"])
async def test_a_session_that_is_over_is_not_carried_on(access: Access, column: str) -> None:
    """Neither past its whole length, nor after nobody did anything in it for long."""
    told = await access.person("zhou")
    table = "sessions" if column == "ends_at" else "refresh_tokens"
    access.rows(f"UPDATE {table} SET ends_at = now() - interval '1 second' RETURNING 1")
    assert (await access.post("refresh", {"refresh_token": told["refresh_token"]})).status_code == 401


@pytest.mark.parametrize(
    "password",
    [
        "short", "aaaaaaaaaaaaaaaa", "123456789012345", "qwertyuiopqwerty", "abcabcabcabcabc", "Password1234!",
        "P@ssw0rd2026!!", "zhou-zhou-zhou", "panke2026panke", "x" * 200, "mnbvcxzlkjhg1"[:11],
    ],
)  # fmt: skip
async def test_a_password_that_would_be_guessed_is_refused_and_the_code_stays_good(
    access: Access, password: str
) -> None:
    """By length and by what is guessed first, not by kinds of characters; the refusal does not use the code up."""
    made = access.made("zhou")
    answer = await access.post("set-up", {"code": made.set_up_code, "password": password})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0] == {
        "path": "password",
        "rule": "strength",
        "message": answer.json()["errors"][0]["message"],
    }
    assert password not in answer.text
    access.forgive()
    assert (await access.post("set-up", {"code": made.set_up_code, "password": PASSWORD})).status_code == 200


async def test_a_changed_password_ends_the_other_sessions(access: Access) -> None:
    """It asks for the old one, so that a copied token changes nothing."""
    told = await access.person("zhou")
    other = (await access.sign_in("zhou")).json()
    wrong = {"password": OTHER, "new_password": OTHER}
    assert (await access.post("password", wrong, told["access_token"])).status_code == 401
    right = {"password": PASSWORD, "new_password": OTHER}
    assert (await access.post("password", right, told["access_token"])).status_code == 204
    assert (await access.get("me", told["access_token"])).status_code == 200
    assert (await access.get("me", other["access_token"])).status_code == 401
    assert (await access.sign_in("zhou")).status_code == 401
    assert (await access.sign_in("zhou", OTHER)).status_code == 200


async def with_second_factor(access: Access, told: dict[str, Any] | None = None) -> tuple[bytes, list[str]]:
    """Somebody signed in with an authenticator: its secret, and the recovery codes."""
    import base64
    import time
    from urllib.parse import parse_qs, urlsplit

    token = (told or await access.person("zhou"))["access_token"]
    offer = (await access.post("second-factor", {"password": PASSWORD}, token)).json()["otpauth"]
    text = parse_qs(urlsplit(offer).query)["secret"][0]
    secret = base64.b32decode(text + "=" * (-len(text) % 8))
    code = code_at(secret, int(time.time()) // 30)
    answer = await access.post("second-factor/confirmation", {"code": code}, token)
    assert answer.status_code == 200, answer.text
    return secret, answer.json()["recovery_codes"]


async def test_a_second_factor_is_asked_for_and_each_code_is_taken_once(access: Access) -> None:
    """The password alone says that a code is needed; the code that was typed once lets nobody in again."""
    import time

    secret, _ = await with_second_factor(access)
    without = await access.sign_in("zhou")
    assert without.status_code == 401
    assert without.json()["errors"][0]["path"] == "code"
    assert (await access.sign_in("zhou", OTHER)).json().get("errors") is None, (
        "not before the password is right"
    )
    code = code_at(secret, int(time.time()) // 30 + 1)
    assert (await access.sign_in("zhou", code=code)).status_code == 200
    assert (await access.sign_in("zhou", code=code)).status_code == 401
    assert (await access.sign_in("zhou", code="000000")).status_code == 401
    kept = access.rows("SELECT totp FROM accounts WHERE login = 'zhou'")[0][0]
    assert secret not in bytes(kept), "the database alone does not give the second factor away"


async def test_a_recovery_code_lets_in_once(access: Access) -> None:
    _, codes = await with_second_factor(access)
    assert len(codes) == len(set(codes)) == 10
    assert (await access.sign_in("zhou", code=codes[0].upper().replace("-", " "))).status_code == 200
    assert (await access.sign_in("zhou", code=codes[0])).status_code == 401
    assert (await access.sign_in("zhou", code=codes[1])).status_code == 200


async def test_a_changed_second_factor_ends_the_other_sessions(access: Access) -> None:
    """Put on or taken off: whoever is signed in elsewhere came in by what no longer holds."""
    told = await access.person("zhou")
    before = (await access.sign_in("zhou")).json()
    _, codes = await with_second_factor(access, told)
    assert (await access.get("me", before["access_token"])).status_code == 401
    beside = (await access.sign_in("zhou", code=codes[0])).json()
    removal = {"password": PASSWORD, "code": codes[1]}
    assert (await access.post("second-factor/removal", removal, told["access_token"])).status_code == 204
    assert (await access.get("me", beside["access_token"])).status_code == 401
    assert (await access.get("me", told["access_token"])).status_code == 200


async def test_who_has_a_second_factor_shows_it_to_change_what_proves_them(access: Access) -> None:
    """A token that was copied and a password that was seen take neither the authenticator away nor put another on."""
    told = await access.person("zhou")
    _, codes = await with_second_factor(access, told)
    token, proof = told["access_token"], {"password": PASSWORD}
    changed = {**proof, "new_password": OTHER}
    for path, body in (("password", changed), ("second-factor", proof), ("second-factor/removal", proof)):
        without = await access.post(path, body, token)
        assert without.status_code == 401
        assert without.json()["errors"][0]["path"] == "code"
        assert (await access.post(path, {**body, "code": "000000"}, token)).status_code == 401
        access.forgive()
    assert (await access.post("second-factor", {**proof, "code": codes[0]}, token)).status_code == 200
    assert (await access.post("password", {**changed, "code": codes[1]}, token)).status_code == 204


async def test_nothing_secret_is_kept_as_it_is(access: Access) -> None:
    """Passwords, codes, refresh tokens and machines' secrets are not in the database in clear."""
    from services.access.accounts.accounts import By

    made = access.made("zhou")
    told = (await access.post("set-up", {"code": made.set_up_code, "password": PASSWORD})).json()
    machine = access.service.accounts.make("machine", "robot", (), By(None))
    kept = ""
    for (table,) in access.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'access'"):
        kept += str(access.rows(f"SELECT t::text FROM access.{table} t"))
    kept += str(access.entries())
    for secret in (PASSWORD, made.set_up_code, told["refresh_token"], told["access_token"], machine.secret):
        assert secret and secret not in kept
    assert "argon2id" in kept


async def test_a_role_that_asks_for_a_second_factor_is_had_with_one_alone(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Signed in by the password, or by the first code, one may set the authenticator up and nothing else; from the next
    token on the role is there, until the authenticator is taken away."""
    asked = settings_of(
        database, "127.0.0.1:1", topic_prefix, tmp_path, access_second_factor_for=("head_office", "manager")
    )
    async with serving(asked) as access:
        free = await access.person("li", roles={"operator": "*"})
        assert "second_factor_needed" not in free

        async def roles(told: dict[str, Any]) -> list[str]:
            who = (await access.get("me", told["access_token"])).json()
            return [one["role"] for one in who["granted_roles"]]

        assert await roles(free) == ["operator"]
        told = await access.person("zhou", roles={"head_office": "*", "group_auditor": "*"})
        assert told["second_factor_needed"] is True and await roles(told) == []
        again = (await access.sign_in("zhou")).json()
        assert again["second_factor_needed"] is True and await roles(again) == []
        next_ = (await access.post("refresh", {"refresh_token": again["refresh_token"]})).json()
        assert next_["second_factor_needed"] is True and await roles(next_) == []
        assert (await access.get("log", next_["access_token"])).status_code == 403

        token = next_["access_token"]
        offer = (await access.post("second-factor", {"password": PASSWORD}, token)).json()["otpauth"]
        secret = base64.b32decode(parse_qs(urlsplit(offer).query)["secret"][0])
        step = int(access.service.machine.now().timestamp()) // 30
        done = await access.post("second-factor/confirmation", {"code": code_at(secret, step)}, token)
        assert done.status_code == 200, done.text
        full = (await access.post("refresh", {"refresh_token": next_["refresh_token"]})).json()
        assert "second_factor_needed" not in full and await roles(full) == ["head_office", "group_auditor"]
        (recovery, *_) = done.json()["recovery_codes"]
        proof = {"password": PASSWORD, "code": recovery}
        assert (await access.post("second-factor/removal", proof, full["access_token"])).status_code == 204
        bare = (await access.post("refresh", {"refresh_token": full["refresh_token"]})).json()
        assert await roles(bare) == []


async def test_a_disabled_account_is_out_at_once(access: Access) -> None:
    """Its tokens, its refresh tokens and its password."""
    boss = await access.person("boss", roles={"administrator": "*"})
    told = await access.person("zhou")
    url = f"accounts/{told['account']}"
    done = await access.post(url, {"disabled": True}, boss["access_token"], "PATCH")
    assert done.status_code == 204
    assert (await access.get("me", told["access_token"])).status_code == 401
    assert (await access.post("refresh", {"refresh_token": told["refresh_token"]})).status_code == 401
    assert (await access.sign_in("zhou")).status_code == 401
    assert (await access.post(url, {"disabled": False}, boss["access_token"], "PATCH")).status_code == 204
    access.forgive()
    assert (await access.sign_in("zhou")).status_code == 200
    own = await access.post(f"accounts/{boss['account']}", {"disabled": True}, boss["access_token"], "PATCH")
    assert own.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"login":"a","password":"b","extra":1}',
        b'{"login":1,"password":"b"}',
        b"\xff",
        b"[" * 100_000,
    ],
)
async def test_a_body_that_is_none_is_told_by_its_field(access: Access, body: bytes) -> None:
    """422, and nothing of it is repeated."""
    answer = await access.client.post(
        "/v1/access/sign-in", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


async def test_what_was_typed_as_a_login_is_not_on_the_record(access: Access) -> None:
    """It may be a password; only logins that there are stand there."""
    await access.person("zhou")
    await access.sign_in("my secret password 1234", OTHER)
    await access.sign_in("zhou", OTHER)
    told = access.entries("sign_in_refused")
    assert [one.get("login") for one in told] == [None, "zhou"]
    assert "secret password" not in str(access.entries())


def test_a_session_lasts_longer_than_it_may_rest() -> None:
    """The defaults: a week, and twelve hours without anything."""
    from services.access.settings import AccessSettings

    usual = AccessSettings(database_url="x", kafka="x", access_keys="x")
    assert timedelta(hours=usual.access_session_hours) == timedelta(days=7)
    assert timedelta(hours=usual.access_idle_hours) == timedelta(hours=12)
