"""The commands of keys tell what is wrong with their file, in both languages, before any database is asked."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
import pytest
from click.testing import CliRunner

from shared.platform.options import database_refused
from shared.sealing.cli import keys as key_commands
from shared.sealing.keys import make_keys

NOWHERE = "postgresql://u:p@127.0.0.1:1/x"
COMMANDS = ("status", "rotate", "rotate --finish", "rotate --index", "retire")


@pytest.mark.parametrize("words", COMMANDS)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("junk", ("不是密钥文件", "is no file of keys")),
        ("", ("不是密钥文件", "is no file of keys")),
        ('{"panke_keys": 1}', ("不是密钥文件", "is no file of keys")),
        (None, ("无法读取", "cannot be read")),
    ],
    ids=("junk", "empty", "another file", "missing"),
)
def test_a_bad_file_of_keys_is_told_as_what_it_is(
    tmp_path: Path, words: str, text: str | None, said: tuple[str, str]
) -> None:
    """By its path and the reason, with status 1, and not as a refusal of the database; the file stays as it is."""
    file = tmp_path / "keys.json"
    if text is not None:
        file.write_text(text)
        file.chmod(0o600)
    told = _told(words, file)
    assert all(part in told for part in (*said, str(file)))
    assert file.exists() is (text is not None) and (text is None or file.read_text() == text)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_file_of_keys_that_others_may_read_is_told_with_what_mends_it(tmp_path: Path, words: str) -> None:
    make_keys(tmp_path / "keys.json")
    (tmp_path / "keys.json").chmod(0o644)
    assert "chmod 600" in _told(words, tmp_path / "keys.json")


@pytest.mark.parametrize("words", COMMANDS)
def test_a_path_that_leads_through_a_file_is_told(tmp_path: Path, words: str) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be read" in _told(words, tmp_path / "file" / "keys.json")


def test_a_refusal_of_the_database_is_told_in_both_languages() -> None:
    with pytest.raises(click.ClickException) as caught, database_refused():
        raise psycopg.errors.UndefinedTable("relation people does not exist")
    assert caught.value.message.startswith("数据库拒绝了请求 the database refused: UndefinedTable: ")


def _told(words: str, file: Path) -> str:
    told = CliRunner().invoke(key_commands, [*words.split(), "--keys", str(file), "--database-url", NOWHERE])
    assert (told.exit_code, told.exception.__class__, told.stdout) == (1, SystemExit, "")
    assert "KeysError" not in told.stderr and "PANKE_DATABASE_URL" not in told.stderr
    return told.stderr
