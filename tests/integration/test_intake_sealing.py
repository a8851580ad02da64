"""The journal behind the seal: what it keeps, how repetitions are known, and what is left of who was erased."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from services.intake.cli import AT_ONCE
from services.intake.journal.committer import GroupCommitter
from services.intake.journal.journal import WrongDeploymentError, declare_deployment
from services.intake.journal.sealing import SealingJournal
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import Accepted, Conflict, Duplicate, Outcome
from services.intake.privacy.keyless import KeysNeeded
from shared.platform.postgres.database import connection_info, migrate
from shared.platform.telemetry.telemetry import new_registry
from shared.sealing.keys import KeyFile
from shared.sealing.person import PersonKey
from shared.sealing.vault import PACKAGE, SCHEMA, Vault, destroy
from tests.support.intake import admitted, new_journal, prepare, visit
from tests.support.keys import key_file
from tests.support.panke import panke
from tests.support.patience import PATIENCE


class Sealing:
    """A journal under seal, its vault, and a look at what is kept."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.dsn = prepare(dsn)
        migrate(dsn, PACKAGE, SCHEMA)
        self.vault_dsn = connection_info(dsn, schema=SCHEMA)
        self.vault = Vault(KeyFile(Path(key_file(folder))))
        self.journal = SealingJournal(new_journal(self.dsn), self.vault, self.vault_dsn, beside_journal=True)

    def record(self, event: dict[str, Any]) -> Outcome:
        (outcome,) = self.journal.append([admitted(event)])
        return outcome

    def kept(self, id_: str) -> dict[str, Any]:
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT body FROM intake.facts WHERE id = %s::uuid", [id_]).fetchone()
        assert row is not None
        found: dict[str, Any] = msgspec.json.decode(row[0])
        return found

    def people(self) -> list[str]:
        with psycopg.connect(self.vault_dsn) as connection:
            return [id_ for (id_,) in connection.execute("SELECT id FROM vault.people ORDER BY id")]

    def erase(self, *ids: str) -> None:
        with psycopg.connect(self.vault_dsn) as connection:
            assert sorted(destroy(connection, ids)) == sorted(ids)


@pytest.fixture
def sealing(database: str, tmp_path: Path) -> Iterator[Sealing]:
    opened = Sealing(database, tmp_path)
    yield opened
    opened.journal.close()


def contact(event: dict[str, Any]) -> str:
    return str(event["data"]["customer"]["phones"][0])


def erasure(*people: str) -> dict[str, Any]:
    said = {"people": people, "reason": "asked", "asked_by": "subject", "by": "zhou"}
    return visit() | {"id": str(uuid.uuid4()), "type": "person.erased", "data": said}


def test_facts_are_kept_under_seal(sealing: Sealing) -> None:
    """Two visits of one phone have one contact id, and neither name nor phone stands in the journal."""
    first, second = visit(), visit()
    assert isinstance(sealing.record(first), Accepted)
    assert isinstance(sealing.record(second), Accepted)
    assert contact(sealing.kept(first["id"])) == contact(sealing.kept(second["id"]))
    text = msgspec.json.encode(sealing.kept(first["id"])).decode()
    assert "张伟" not in text and "0000" not in text


@pytest.mark.parametrize("phones", [["138 0000 0001"], [], ["138****0001"]])
def test_repetitions_are_known_by_their_proof(sealing: Sealing, phones: list[str]) -> None:
    """The same content is a repetition and another is none, whether or not the customer has a contact."""
    event = visit()
    event["data"]["customer"] = {"name": "张伟", "phones": phones}
    assert isinstance(sealing.record(event), Accepted)
    assert isinstance(sealing.record(event), Duplicate)
    other = event | {"data": event["data"] | {"notes": "另外"}}
    assert isinstance(sealing.record(other), Conflict)


def test_who_was_erased_is_nobody_any_more(sealing: Sealing) -> None:
    """A repetition is answered as the first was, and the phone stands for a new person from then on."""
    event = visit()
    first = sealing.record(event)
    assert isinstance(first, Accepted)
    gone = contact(sealing.kept(event["id"]))
    sealing.erase(gone)
    again = sealing.record(event)
    assert isinstance(again, Duplicate)
    assert again.place == first.place
    later = visit(id=str(uuid.uuid4()))
    assert isinstance(sealing.record(later), Accepted)
    assert contact(sealing.kept(later["id"])) != gone


def test_nobody_is_remembered_whom_the_vault_lost_with_its_server(sealing: Sealing) -> None:
    """A server that crashed, or one that lagged and took over, lacks the last people: what is recorded of them from
    then on stands under keys that it has."""
    assert isinstance(sealing.record(visit()), Accepted)
    with psycopg.connect(sealing.vault_dsn) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'panke-intake-vault'"
        )
        connection.execute("DELETE FROM vault.people")
    with pytest.raises(psycopg.OperationalError):
        sealing.record(visit())
    later = visit()
    assert isinstance(sealing.record(later), Accepted)
    assert contact(sealing.kept(later["id"])) in sealing.people()


def test_people_whose_keys_an_older_vault_lacks_are_known(sealing: Sealing) -> None:
    """Of whom the facts of a topic name: not who is there, and not who was erased, by the journal or by the topic."""
    phones = [f"138 0000 000{n}" for n in range(4)]
    visits = [visit() | {"id": str(uuid.uuid4())} for _ in phones]
    for event, phone in zip(visits, phones, strict=True):
        event["data"] = event["data"] | {"customer": {"name": "张伟", "phones": [phone]}}
        assert isinstance(sealing.record(event), Accepted)
    there, lost, erased, erased_later = (contact(sealing.kept(event["id"])) for event in visits)
    needed = KeysNeeded()
    needed.take(msgspec.json.encode(sealing.kept(event["id"])) for event in visits)
    needed.take([msgspec.json.encode(erasure(erased_later) | {"recorded_at": "2026-03-02T06:30:00Z"})])
    assert isinstance(sealing.record(erasure(erased)), Accepted)
    with (
        psycopg.connect(sealing.vault_dsn, autocommit=True) as vault,
        psycopg.connect(sealing.dsn) as journal,
    ):
        assert needed.lost(journal, vault) == set()
        vault.execute("DELETE FROM vault.people WHERE id <> %s", [there])
        assert needed.lost(journal, vault) == {lost}
        vault.execute("DROP SCHEMA vault CASCADE")
        assert needed.lost(journal, vault) == {there, lost}


def test_a_repetition_brings_nobody_back(sealing: Sealing) -> None:
    """What a client sends again of an erased person is answered, and leaves neither the contact nor a key behind."""
    event, other = visit(), visit()
    event["data"]["customer"] = {"name": "张伟", "phones": ["138 0000 0007"]}
    nameless = visit()
    nameless["data"]["customer"] = {"name": "张伟"}
    places = [sealing.record(one) for one in (event, nameless, other)]
    with psycopg.connect(sealing.vault_dsn, autocommit=True) as connection:
        everybody = [id_ for (id_,) in connection.execute("SELECT id FROM vault.people")]
        destroy(connection, everybody)
        again = [sealing.record(one) for one in (event, nameless)]
        assert [one.place for one in again if isinstance(one, Duplicate)] == [one.place for one in places[:2]]
        assert connection.execute("SELECT id FROM vault.people").fetchall() == []
        assert isinstance(sealing.record(event | {"data": event["data"] | {"notes": "另外"}}), Duplicate)
        assert connection.execute("SELECT id FROM vault.people").fetchall() == []


def test_a_repetition_brings_nobody_back_who_was_named_beside(sealing: Sealing) -> None:
    """Of two people of an event one is erased: the other still tells repetitions from other content."""
    event = visit()
    event["data"]["referred_by"] = [{"phone": "13800000077"}]
    first = sealing.record(event)
    assert isinstance(first, Accepted)
    with psycopg.connect(sealing.vault_dsn, autocommit=True) as connection:
        known = sealing.vault.known(connection, [("demo", "+8613800000077")])
        destroy(connection, [person.id for person in known.values()])
        again = sealing.record(event)
        assert isinstance(again, Duplicate) and again.place == first.place
        other = event | {"data": event["data"] | {"notes": "另外"}}
        assert isinstance(sealing.record(other), Conflict)
        assert sealing.vault.known(connection, [("demo", "+8613800000077")]) == {}


async def test_who_is_erased_is_forgotten_where_no_event_comes(sealing: Sealing) -> None:
    """An intake that has nothing to do looks whether anybody was erased, and no key of them is left in the process."""
    await asyncio.to_thread(sealing.record, visit())
    gone = await asyncio.to_thread(sealing.people)
    assert keys_at_hand(gone)
    committer = GroupCommitter(
        sealing.journal, IntakeMetrics(new_registry("t", "0")), group_size=9, queue_size=9, rest=0.01
    )
    await asyncio.to_thread(sealing.erase, *gone)
    committer.start()
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while keys_at_hand(gone):
        assert asyncio.get_running_loop().time() < deadline, "a key is remembered"
        await asyncio.sleep(0.01)
    await committer.close()


def keys_at_hand(people: list[str]) -> list[str]:
    """Whose keys are anywhere in this process."""
    return [one.id for one in gc.get_objects() if isinstance(one, PersonKey) and one.id in people]


@pytest.mark.parametrize("sealed", [True, False])
def test_a_journal_is_of_one_kind_for_good(database: str, sealed: bool) -> None:
    """One that was begun in clear refuses keys, and one under seal does not go on without."""
    with psycopg.connect(prepare(database)) as connection:
        declare_deployment(connection, demonstration=False, sealed=sealed)
        declare_deployment(connection, demonstration=False, sealed=sealed)
        with pytest.raises(WrongDeploymentError, match="PANKE_KEYS"):
            declare_deployment(connection, demonstration=False, sealed=not sealed)


def test_an_export_in_clear_without_keys_is_refused_in_one_line(sealing: Sealing) -> None:
    """It says what to give, and nothing of what the program was doing when it noticed."""
    sealing.journal.append([admitted(visit()) for _ in range(AT_ONCE + 1)])
    refused = panke("journal", "export", "demo", "--database-url", sealing.dsn)
    (told,) = refused.stderr.decode().splitlines()
    assert refused.returncode == 1
    assert told.startswith("Error: 台账已密封")
