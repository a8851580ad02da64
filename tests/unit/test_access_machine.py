"""A service calls another as the machine that it is."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from shared.access.machine import AsMachine, MachineTokenError, MachineTokens


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
