"""A disputed history of the invented office is handed over, and verified by somebody who has nothing else."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

from tests.support.console import ConsoleUnderTest
from tests.support.panke import COMMAND, panke


def test_a_disputed_history_is_verified_where_there_is_nothing_but_it(
    console: ConsoleUnderTest, tmp_path: Path
) -> None:
    """In an empty folder, by the pack, the public key and the command that the pack's README names."""
    disputed = console.ask(f"/v1/scopes/{console.scope}/disputes", limit=1)["disputes"][0]["customer"]
    pack = tmp_path / "made" / "pack.zip"
    pack.parent.mkdir()
    given = ("--audit", console.services["audit"], "--machine", console.machine)
    environment = os.environ | {"PANKE_ACCESS_ADDRESS": console.services["access"]}
    made = panke("evidence", console.scope, disputed, "-o", str(pack), *given, environment=environment)
    assert made.returncode == 0, made.stderr.decode()
    with console.desk() as http:
        (key,) = http.get(f"{console.services['audit']}/v1/log/keys").json()["keys"]
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    (empty / "pack.zip").write_bytes(pack.read_bytes())
    (empty / "log.vkey").write_text(key)
    with zipfile.ZipFile(pack) as archive:
        told = archive.read("README.md").decode()
    assert "panke verify" in told
    command = [*COMMAND, "verify", "pack.zip", "--key", "log.vkey"]
    verified = subprocess.run(
        command, cwd=empty, capture_output=True, check=False, timeout=300, env={"PATH": "/bin"}
    )
    assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()
    altered = bytearray(pack.read_bytes())
    altered[len(altered) // 2] ^= 1
    (empty / "pack.zip").write_bytes(altered)
    refused = subprocess.run(
        command, cwd=empty, capture_output=True, check=False, timeout=300, env={"PATH": "/bin"}
    )
    assert refused.returncode in (1, 2)
