"""A service calls another as the machine that it is."""

from __future__ import annotations

from pathlib import Path

import httpx
import msgspec
import pytest
from click.testing import CliRunner, Result

from services.access.cli import access as access_commands
from shared.access.client import CallRefusedError, headers_of_caller
from shared.access.machine import AsMachine, MachineTokenError, MachineTokens
from tests.support.tokens import Issuer, admission


class Access:
    """Gives tokens one after another, and lets in the last one alone, as after the keys were changed."""

    def __init__(self) -> None:
        self.given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        good = request.headers.get("authorization") == f"Bearer token-{self.given}"
        return httpx.Response(200 if good else 401)


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Access:
    made = Access()

    def signed_in(tokens: MachineTokens, text: bytes, address: str) -> object:
        made.given += 1
        return type("Given", (), {"access_token": f"token-{made.given}", "expires_in": 600})()

    monkeypatch.setattr(MachineTokens, "_signed_in", signed_in)
    return made


@pytest.fixture
def machine(tmp_path: Path) -> AsMachine:
    (tmp_path / "machine.json").write_text('{"client_id": "services", "client_secret": "s"}')
    return AsMachine(MachineTokens(tmp_path / "machine.json", "http://access", lambda: 0.0))


def test_a_call_whose_token_is_no_longer_good_is_made_with_another(
    access: Access, machine: AsMachine
) -> None:
    with httpx.Client(transport=httpx.MockTransport(access), auth=machine) as client:
        assert client.put("http://there/", json={"a": 1}).status_code == 200
        access.given += 1  # what was given before is good no more
        assert client.put("http://there/", json={"a": 1}).status_code == 200


async def test_so_is_one_that_waits_for_nobody(access: Access, machine: AsMachine) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(access), auth=machine) as client:
        assert (await client.get("http://there/")).status_code == 200
        access.given += 1
        assert (await client.get("http://there/")).status_code == 200


@pytest.mark.usefixtures("access")
def test_a_call_that_is_refused_again_is_not_made_for_ever(machine: AsMachine) -> None:
    refusing = httpx.MockTransport(lambda request: httpx.Response(401))
    with httpx.Client(transport=refusing, auth=machine) as client:
        assert client.get("http://there/").status_code == 401


def test_without_a_token_no_call_is_made(tmp_path: Path) -> None:
    gone = AsMachine(MachineTokens(tmp_path / "gone.json", "http://access", lambda: 0.0))
    with (
        httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200)), auth=gone) as client,
        pytest.raises(MachineTokenError, match="PANKE_MACHINE"),
    ):
        client.get("http://there/")


def printed(file: Path) -> Result:
    return CliRunner().invoke(
        access_commands, ["token", "--machine", str(file), "--address", "http://[::1]:9"]
    )


def of_a_person() -> str:
    return Issuer().token()


NO_TOKENS = {
    "nothing": "",
    "blanks": " \n",
    "a word": "hunter2",
    "Chinese": "判客",
    "three parts": "a.b.c",
    "a token of a person": of_a_person(),
    "a token without its end": admission().machine.read_text()[:-9],
    "credentials without a secret": '{"client_id": "services"}',
    "half of the credentials": '{"client_id": "services", "client_sec',
    "a list": '["client_id"]',
}


@pytest.mark.parametrize("text", NO_TOKENS.values(), ids=NO_TOKENS.keys())
def test_a_file_that_holds_no_token_of_a_machine_is_named_with_the_rule(tmp_path: Path, text: str) -> None:
    """By the command that prints a token, by the commands that call with one, and by a service that asks another."""
    (tmp_path / "wrong").write_text(text)
    told = printed(tmp_path / "wrong")
    assert told.exit_code == 1 and told.stdout == ""
    for part in (str(tmp_path / "wrong"), "没有", "holds no token of a machine", "client_id"):
        assert part in told.stderr
    with pytest.raises(CallRefusedError, match="holds no token of a machine"):
        headers_of_caller({}, "http://[::1]:9", tmp_path / "wrong")
    with pytest.raises(MachineTokenError, match="holds no token of a machine"):
        MachineTokens(tmp_path / "wrong", None, lambda: 0.0).headers()


def test_a_token_of_a_machine_is_printed_as_it_stands(tmp_path: Path) -> None:
    """Also with a line's end behind it."""
    token = admission().machine.read_text()
    (tmp_path / "token").write_text(f"{token}\n")
    assert printed(tmp_path / "token").output == f"{token}\n"


def test_an_id_and_a_secret_are_shown_to_nobody_but_access(tmp_path: Path) -> None:
    """Where the settings name keys in place of access, the file is refused instead of being sent as a token."""
    given = {"client_id": "services", "client_secret": "never-shown"}
    (tmp_path / "machine.json").write_bytes(msgspec.json.encode(given))
    with pytest.raises(MachineTokenError, match="PANKE_TOKENS_FROM") as caught:
        MachineTokens(tmp_path / "machine.json", None, lambda: 0.0).headers()
    assert "never-shown" not in str(caught.value)
