"""The commands of access against a served one: from no account at all to a verified record."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.access import OTHER, PASSWORD, Access, serving, settings_of
from tests.support.panke import COMMAND


class Shell:
    """A shell of somebody: an environment, and what the commands said."""

    def __init__(self, access: Access, folder: Path, keys: Path) -> None:
        self.file = folder / "session.json"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PANKE_SESSION_FILE": str(self.file),
            "PANKE_ACCESS_ADDRESS": str(access.client.base_url), "PANKE_DATABASE_URL": access.dsn,
            "PANKE_ACCESS_KEYS": str(keys),
        }  # fmt: skip

    async def run(self, *words: str, typed: str = "", code: int = 0) -> str:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "access", *words, env=self.environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        out, _ = await process.communicate(typed.encode())
        assert process.returncode == code, out.decode()
        return out.decode()


@pytest.fixture
async def shell(database: str, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Shell]:
    settings = settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path)
    async with serving(settings) as access:
        yield Shell(access, tmp_path, Path(settings.access_keys))


def code_in(said: str) -> str:
    found = re.search(r"set-up code: ([a-z0-9-]+)", said)
    assert found, said
    return found[1]


async def test_from_nobody_to_a_verified_record(shell: Shell) -> None:
    """The first administrator is made once, with a code and no password; what is done is on the record."""
    assert "panke access sign-in" in await shell.run("whoami", code=1)
    lost = code_in(await shell.run("bootstrap"))
    assert await shell.run("bootstrap", "--if-none") == ""
    await shell.run("bootstrap", code=1)
    code = code_in(await shell.run("bootstrap", "--renew"))
    await shell.run("set-up", typed=f"{lost}\n{PASSWORD}\n{PASSWORD}\n", code=1)
    await shell.run("set-up", typed=f"{code}\n{PASSWORD}\n{PASSWORD}\n")
    assert shell.file.stat().st_mode & 0o777 == 0o600
    assert "administrator  *" in await shell.run("whoami")

    made = await shell.run("people", "add", "li", "--staff", "east/li")
    assert code_in(made)
    assert "secret: pm_" in await shell.run("machines", "add", "desk-east")
    assert "li  east/li" in await shell.run("people", "list")
    assert "desk-east" in await shell.run("machines", "list")
    grant = (await shell.run("grants", "add", "desk-east", "desk", "--scope", "east")).strip()
    assert grant in await shell.run("grants", "list")
    await shell.run("grants", "end", grant)
    assert grant not in await shell.run("grants", "list")
    await shell.run("people", "link", "li", "--staff", "east/li2", "--identity", "corp=x")
    await shell.run("people", "disable", "li")
    assert "disabled" in await shell.run("people", "list")
    await shell.run("people", "enable", "li")
    assert code_in(await shell.run("people", "renew", "li"))
    assert "nobody" in await shell.run("people", "renew", "nobody", code=1)

    assert "a new key signs" in await shell.run("keys", "rotate")
    await shell.run("grants", "add", "admin", "group_auditor", "--scope", "*")
    session = json.loads(shell.file.read_text())
    session["expires_at"] = 0
    shell.file.write_text(json.dumps(session))
    said = await shell.run("log", "list", "--json")
    acts = [json.loads(line)["act"] for line in said.splitlines() if line.startswith("{")]
    assert {
        "account_made",
        "granted",
        "grant_ended",
        "account_disabled",
        "keys_rotated",
        "record_read",
    } <= set(acts)
    head = said.splitlines()[-1].rpartition(" ")[2]
    assert "entries" in await shell.run("log", "verify", "--expect", head)
    await shell.run("log", "verify", "--expect", f"1:{'00' * 32}", code=1)

    await shell.run("password", typed=f"{PASSWORD}\n{OTHER}\n{OTHER}\n")
    await shell.run("sign-out")
    assert not shell.file.exists()
    await shell.run("sign-in", "--login", "admin", typed=f"{PASSWORD}\n", code=1)
    assert "admin" in await shell.run("sign-in", "--login", "admin", typed=f"{OTHER}\n")
