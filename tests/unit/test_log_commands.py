"""The commands on the keys of the log: what they show, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.audit.cli import log
from services.audit.keys.keyfile import LogKeys, make_log_key
from services.audit.publishing.files import StaticFiles
from shared.tlog.notes import read_vkey


class Keys:
    """A file of keys and a folder of files, and the commands on them."""

    def __init__(self, folder: Path) -> None:
        self.path, self.files = folder / "log.keys", folder / "log"
        make_log_key(self.path, "log.example/panke")

    def run(self, command: str) -> Result:
        options = ["--keys", str(self.path)] + (["--files", str(self.files)] if command != "rotate" else [])
        return CliRunner().invoke(log, ["keys", command, *options])

    def vkeys(self) -> list[str]:
        return [one.verifier.vkey for one in LogKeys(self.path).signers()]


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def test_a_rotated_key_signs_first_and_the_one_before_goes_once_it_is_vouched_for(keys: Keys) -> None:
    """Until then nobody who trusts the one before could follow, and retiring it is refused."""
    (first,) = keys.vkeys()
    made = keys.run("rotate").stdout.split("\n")[0]
    assert keys.vkeys() == [made, first]
    refused = keys.run("retire")
    assert (refused.exit_code, keys.vkeys()) == (1, [made, first])
    StaticFiles(keys.files).put_voucher(read_vkey(made).key_id, b"voucher")
    told = keys.run("status").stdout.splitlines()
    assert [line.split("  ")[0] for line in told] == [made, first]
    assert ("vouched for" in told[0], "vouched for" in told[1]) == (True, False)
    assert (keys.run("retire").exit_code, keys.vkeys()) == (0, [made])
    assert keys.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ["status", "rotate", "retire"])
@pytest.mark.parametrize("wrong", ["missing", "open", "other"])
def test_a_file_of_keys_that_cannot_be_worked_with_is_refused_in_words(
    keys: Keys, command: str, wrong: str
) -> None:
    """One that is missing, that others may read, or that is something else; none is made in its place."""
    if wrong == "missing":
        keys.path.unlink()
    elif wrong == "open":
        keys.path.chmod(0o640)
    else:
        keys.path.write_bytes(b"PRIVATE+KEY+x+00000000+AAAA\n")
    told = keys.run(command)
    assert (told.exit_code, "Traceback" in told.output) == (1, False)
    assert {"missing": "log.keys", "open": "640", "other": "no file of keys"}[wrong] in told.output
    assert keys.path.exists() == (wrong != "missing")
