"""The vault in PostgreSQL: whom contacts stand for, by which keys, and that who is erased is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.platform.postgres.database import Database, connection_info, migrate
from shared.sealing.keys import KeyFile, KeysError, add_key, read_keys
from shared.sealing.opener import Opener
from shared.sealing.vault import PACKAGE, SCHEMA, SQL, Connection, Vault, destroy, scrub
from tests.support.keys import key_file
from tests.support.panke import panke

PHONE, WECHAT = ("demo", "+8613800000001"), ("demo", "wechat:zhang")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return Path(key_file(tmp_path))


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    migrate(database, PACKAGE, SCHEMA)
    with psycopg.connect(connection_info(database, schema=SCHEMA), autocommit=True) as opened:
        yield opened


def vault(keys: Path, connection: Connection) -> Vault:
    made = Vault(KeyFile(keys))
    made.demand_own_keys(connection)
    return made


def test_a_contact_stands_for_one_person_in_a_scope(keys: Path, connection: Connection) -> None:
    """Asked again, also by another process, it is the same one; in another scope it is somebody else."""
    first = vault(keys, connection).people_of(connection, [PHONE, WECHAT])
    again = vault(keys, connection).people_of(connection, [WECHAT, PHONE])
    assert {one: person.id for one, person in again.items()} == {one: p.id for one, p in first.items()}
    assert [first[PHONE].id[:2], first[WECHAT].id[:2]] == ["p:", "w:"]
    (other,) = vault(keys, connection).people_of(connection, [("east", PHONE[1])]).values()
    assert other.id not in {person.id for person in first.values()}


def test_rows_name_nobody(keys: Path, connection: Connection) -> None:
    """Neither contacts nor keys stand in the vault as they are."""
    (person,) = vault(keys, connection).people_of(connection, [PHONE]).values()
    text = repr(connection.execute("SELECT * FROM people").fetchall())
    for secret in (PHONE[1], PHONE[1][3:], person.key.hex(), repr(person.key)[2:-1]):
        assert secret not in text


def test_who_is_erased_stands_in_no_file_of_the_vault(keys: Path, connection: Connection) -> None:
    """After scrubbing, neither the wrapped key nor the sealed contact is left in the file of the table."""
    kept = vault(keys, connection)
    kept.people_of(connection, [("demo", f"+86138{number:08d}") for number in range(200)])
    rows = connection.execute("SELECT id, wrapped_key, contact FROM people ORDER BY id").fetchall()
    gone = rows[::20]
    destroy(connection, [id_ for id_, _, _ in gone])
    scrub(connection)
    connection.execute("CHECKPOINT")
    (file,) = connection.execute(
        "SELECT pg_read_binary_file(pg_relation_filepath('vault.people'))"
    ).fetchone() or (b"",)
    assert [id_ for id_, key, contact in gone if bytes(key) in file or contact.encode() in file] == []
    assert bytes(rows[1][1]) in file


def test_people_are_read_with_their_contacts(keys: Path, connection: Connection) -> None:
    """By their ids, each with the contact; one who was erased is not there, and the contact is a new person's."""
    kept = vault(keys, connection)
    people = kept.people_of(connection, [PHONE, WECHAT])
    ids = [person.id for person in people.values()]
    assert [kept.people(connection, ids)[id_].contact for id_ in ids] == [PHONE[1], WECHAT[1]]
    before = kept.erasures(connection)
    assert destroy(connection, ids[:1]) == ids[:1]
    assert kept.erasures(connection) == before + 1
    assert set(kept.people(connection, ids)) == {ids[1]}
    assert kept.people_of(connection, [PHONE])[PHONE].id != ids[0]


def test_keys_of_others_are_refused(keys: Path, tmp_path: Path, connection: Connection) -> None:
    """A vault that has people is not opened by another file of keys, and the refusal names which keys are missing."""
    vault(keys, connection).people_of(connection, [PHONE])
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(KeysError, match="wrapping/1"):
        vault(Path(key_file(other)), connection)


def test_a_readable_file_of_keys_is_refused(keys: Path) -> None:
    """Keys that others may read are none."""
    keys.chmod(0o640)
    with pytest.raises(KeysError, match="chmod 600"):
        read_keys(keys)
    with pytest.raises(KeysError, match="cannot be read"):
        read_keys(keys.with_name("none.json"))
    keys.write_text(json.dumps({"panke_keys": 1}))
    keys.chmod(0o600)
    with pytest.raises(KeysError, match="no file of keys"):
        read_keys(keys)


@pytest.mark.parametrize("which", ["wrapping", "index"])
def test_keys_rotate(keys: Path, connection: Connection, which: Any) -> None:
    """With one more key everybody is found as before; rotated, the former key is needed no more."""
    people = vault(keys, connection).people_of(connection, [PHONE, WECHAT])
    running = vault(keys, connection)
    add_key(keys, which)
    assert running.people_of(connection, [("demo", "wechat:li")])
    new = vault(keys, connection)
    assert {one: p.id for one, p in new.known(connection, people).items()} == {
        o: p.id for o, p in people.items()
    }
    assert new.rotate(connection) == 2
    assert new.rotate(connection) == 0
    document = json.loads(keys.read_bytes())
    del document[which]["keys"]["1"]
    keys.write_text(json.dumps(document))
    connection.execute(SQL["drop_fingerprint"], {"name": f"{which}/1"})
    alone = vault(keys, connection)
    assert {one: p.id for one, p in alone.known(connection, people).items()} == {
        o: p.id for o, p in people.items()
    }


def test_staff_are_reached_where_the_vault_can_read(
    keys: Path, connection: Connection, database: str
) -> None:
    """An address under seal is read for whoever sends; one whose key is gone is left out, one in clear stays."""
    kept = vault(keys, connection)
    people = kept.people_of(connection, [("demo", "staff:li"), ("demo", "staff:wang")])
    li, wang = people.values()
    destroy(connection, [wang.id])
    given = [{"sms": li.name("13900000001"), "email": "li@example.com"}, {"sms": wang.name("13900000002")}]
    with Database(database, schema=SCHEMA) as pool:
        assert Opener(kept, pool).addresses(given) == [{"sms": "13900000001", "email": "li@example.com"}, {}]
    assert Opener().addresses(given) == [{"email": "li@example.com"}, {}]


def test_keys_are_made_shown_and_rotated_by_command(
    keys: Path, connection: Connection, database: str
) -> None:
    """A new file is its owner's alone and never overwritten; status counts people by their keys, rotate moves them."""
    made = keys.with_name("more.json")
    assert panke("keys", "new", str(made)).returncode == 0
    assert made.stat().st_mode & 0o777 == 0o600
    assert panke("keys", "new", str(made)).returncode == 1
    assert panke("keys", "new", "--if-missing", str(made)).returncode == 0
    vault(keys, connection).people_of(connection, [PHONE, WECHAT])
    where = ("--keys", str(keys), "--database-url", database)
    assert b"wrapping/1 index/1\t2" in panke("keys", "status", *where).stdout
    for _ in ("wrapping", "twice"):
        assert panke("keys", "rotate", *where).returncode == 0
    told = panke("keys", "status", *where).stdout
    assert b"wrapping/3 index/1\t2" in told and b"wrapping/1 index" not in told
    assert keys.stat().st_mode & 0o777 == 0o600
    refused = panke("keys", "status", "--keys", str(made), "--database-url", database)
    assert refused.returncode == 1
    assert b"wrapping/" in refused.stderr


def test_former_keys_are_retired_when_nobody_stands_under_them(
    keys: Path, connection: Connection, database: str
) -> None:
    """Told with counts and kept while anybody does; then gone from the file, and everybody is read as before."""
    one = vault(keys, connection).people_of(connection, [PHONE, WECHAT])[PHONE]
    where = ("--keys", str(keys), "--database-url", database)
    assert panke("keys", "retire", *where).stdout.strip()
    before = keys.read_bytes()
    add_key(keys, "wrapping")
    add_key(keys, "index")
    refused = panke("keys", "retire", *where)
    assert refused.returncode == 1 and b"index/1 2, wrapping/1 2" in refused.stderr
    assert {"wrapping/1", "index/1"} <= read_keys(keys).fingerprints.keys()
    assert panke("keys", "rotate", "--finish", *where).returncode == 0
    told = panke("keys", "retire", *where)
    assert told.returncode == 0 and b"wrapping/1" in told.stdout and b"index/1" in told.stdout, told.stderr
    assert set(read_keys(keys).fingerprints) == {"wrapping/2", "index/2"}
    assert vault(keys, connection).people(connection, [one.id])[one.id].contact == PHONE[1]
    assert panke("keys", "status", *where).returncode == 0
    keys.write_bytes(before)
    former = panke("keys", "status", *where)
    assert former.returncode == 1 and b"wrapping/2" in former.stderr, (
        "a copy of before is another file of keys"
    )


FULL = """
import resource, sys
from shared.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
sys.argv = ["panke", *sys.argv[1:]]
main()
"""
"""The command on a disk on which no more than some bytes of a file have room."""


@pytest.mark.parametrize("command", ["new", "rotate", "retire"])
def test_a_full_disk_leaves_no_half_written_file_of_keys(
    keys: Path, connection: Connection, database: str, command: str
) -> None:
    """Refused in words; what was there is there, and what was not is not."""
    vault(keys, connection).people_of(connection, [PHONE])
    where = ["--keys", str(keys), "--database-url", database]
    if command == "retire":
        assert panke("keys", "rotate", *where).returncode == 0
    before, fresh = keys.read_bytes(), keys.with_name("fresh.json")
    given = [str(fresh)] if command == "new" else where
    done = subprocess.run(
        [sys.executable, "-B", "-c", FULL, "keys", command, *given],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and b"File too large" in done.stderr, done.stderr
    assert keys.read_bytes() == before and not fresh.exists()
    assert list(keys.parent.glob("*.partial")) == []
    assert panke("keys", "status", *where).returncode == 0, "the vault goes by the keys that the file has"
