"""An evidence pack: what is in it and what is not, what the command says of it, and people who are erased."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.cli import command
from shared.contract.sealed import person_id
from shared.evidence.content import EvidenceContent
from shared.evidence.making import InClearError, NoSuchCustomerError, pack_files
from shared.evidence.plain_zip import MOST_FILES
from shared.evidence.verdict import UnverifiableError
from tests.rules.form import contact, event_id, expand
from tests.support.evidence import (
    DISPUTED,
    KEY,
    OTHERS_NAME,
    OTHERS_PHONE,
    SCOPE,
    MemoryLog,
    customer_of,
    kinds,
    made_pack,
    told_events,
    told_log,
    trust,
    verified,
    whole,
    written,
    zipped,
)
from tests.support.tampering import relisted

PHONE = contact(DISPUTED)


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return told_log()


@pytest.fixture(scope="module")
def pack(log: MemoryLog) -> dict[str, bytes]:
    return made_pack(log)


def test_readme(pack: dict[str, bytes]) -> None:
    """The first thing that a pack says is how to verify it."""
    assert pack["README.md"].decode().splitlines()[0].strip().startswith("panke verify PACK")


def test_same_bytes(log: MemoryLog) -> None:
    """The same state gives the same bytes."""
    assert zipped(made_pack(log)) == zipped(made_pack(log))


def test_others(pack: dict[str, bytes]) -> None:
    """Of other customers there is no name, no contact and no word; of this one there are."""
    everything = b"".join(pack.values()).decode("utf-8", "replace")
    for text in (OTHERS_NAME, OTHERS_PHONE, contact("3"), contact("9"), "另一位客户的话"):
        assert text not in everything
    for text in (PHONE, "客户1", "预算 300 万，看中三期"):
        assert text in everything


def test_mixed(pack: dict[str, bytes]) -> None:
    """A record that names another customer's person too stays under seal whole."""
    shown = {json.loads(line)["id"] for line in pack["opened.ndjson"].splitlines()}
    assert event_id("v1") in shown
    assert event_id("v3") not in shown


def test_left_out(pack: dict[str, bytes], tmp_path: Path) -> None:
    """A record that could stand in clear and does not is told; it is no proof of anything by itself."""
    assert verified(tmp_path, pack).notices == []
    fewer = pack | {"opened.ndjson": b"".join(pack["opened.ndjson"].splitlines(keepends=True)[1:])}
    verdict = verified(tmp_path, relisted(fewer))
    assert (verdict.exit_code, ["1 records" in text.en for text in verdict.notices]) == (0, [True])


def test_much_in_clear(pack: dict[str, bytes], tmp_path: Path) -> None:
    """More words in clear than a pack can have are refused before they are held."""
    line = b'{"id":"%d","x":"' + b"x" * 250_000 + b'"}\n'
    much = pack | {"opened.ndjson": b"".join(line % number for number in range(280))}
    assert "opened.unreadable" in kinds(verified(tmp_path, relisted(much)))


def test_keys_read_nothing(log: MemoryLog, pack: dict[str, bytes]) -> None:
    """No key of a person by which anything could be read stands in a pack."""
    from shared.sealing.person import base64, derived

    everything = b"".join(pack.values())
    for person in log.vault.people.values():
        for key in (person.key, derived(person.key, "parts"), derived(person.key, "names", 64)):
            assert base64(key).encode() not in everything


def test_judge(log: MemoryLog, pack: dict[str, bytes], tmp_path: Path) -> None:
    """`panke judge` on the facts of a pack gives its decisions."""
    facts = tmp_path / "facts.ndjson"
    facts.write_bytes(pack["facts.ndjson"])
    done = CliRunner().invoke(command(), ["judge", "--rulebook", "base@1", "--jobs", "1", str(facts)])
    given, said = json.loads(done.output), json.loads(pack["decisions.json"])
    customer = said["customers"][0]["customer"]
    assert [one for one in given["customers"] if one["customer"] == customer] == said["customers"]
    assert given["disputes"] == said["disputes"]
    assert said["as_of"] == given["as_of"]


def test_ids_stand_for_contacts(pack: dict[str, bytes]) -> None:
    """The ids of the decisions lead to the customer's contacts."""
    people = json.loads(pack["people.json"])
    ids = json.loads(pack["decisions.json"])["customers"][0]["contacts"]
    assert [people[id_]["contact"] for id_ in ids if person_id(id_)] == [PHONE]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(".5Z", ".50001Z", set()), ("Z", ".5Z", set()), (".5Z", "Z", {"fact.backdated"}),
     (".50001Z", ".5Z", {"fact.backdated"})],
)  # fmt: skip
def test_parts_of_a_second(first: str, second: str, expected: set[str], tmp_path: Path) -> None:
    """What was recorded first is told by the time and not by how it is written."""
    log = told_log()
    for number, ending in enumerate((first, second)):
        event = expand({"follow": f"g{number}", "at": "03-07 10:00", "who": "1", "by": "li", "content": "好"})
        log.take(event | {"recorded_at": f"2026-03-07T02:00:09{ending}"})
    assert kinds(verified(tmp_path, made_pack(log))) == expected


def test_no_such_customer(log: MemoryLog) -> None:
    """Of a customer whom the rules do not know there is no pack."""
    with pytest.raises(NoSuchCustomerError):
        pack_files(log.source("0195a000-0000-7000-8000-000000000006"))


def test_in_clear() -> None:
    """Facts in clear are no pack's: it would hand out everybody's data."""
    log = MemoryLog()
    log.vault.sealed = lambda line: line  # type: ignore[method-assign]
    for event in told_events():
        log.take(event)
    from shared.rules.judge.judge import judge

    books = log.registry.books
    result = judge((body + b"\n" for body in log.facts[SCOPE]), books["base", 1], books)
    with pytest.raises(InClearError):
        pack_files(log.source(str(result.customers[0].customer)))


# The command


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(command(), ["verify", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def test_command(pack: dict[str, bytes], tmp_path: Path) -> None:
    """The command says that nothing is wrong, or what is and where, in Chinese and English."""
    path = tmp_path / "pack.zip"
    path.write_bytes(zipped(pack))
    code, said = run(path, "--key", KEY.verifier.vkey)
    assert (code, "未发现问题" in said, "nothing is wrong" in said) == (0, True, True)
    key = tmp_path / "log.vkey"
    key.write_text(KEY.verifier.vkey + "\n")
    path.write_bytes(zipped(pack | {"alerts.json": b"{}"}))
    code, said = run(path, "--key", key)
    assert code == 1
    assert "[manifest.digest] file=alerts.json" in said


def test_forged_line(pack: dict[str, bytes], tmp_path: Path) -> None:
    """A name with a line break in it makes no line of its own out of what the command says."""
    path = tmp_path / "pack.zip"
    path.write_bytes(zipped(pack | {"x\nnothing is wrong": b""}))
    code, said = run(path, "--key", KEY.verifier.vkey)
    assert (code, "nothing is wrong" in said) == (1, True)
    assert not [line for line in said.splitlines() if line.startswith("nothing is wrong")]


def test_command_json(pack: dict[str, bytes], tmp_path: Path) -> None:
    """What was found is also had as JSON."""
    path = tmp_path / "pack.zip"
    path.write_bytes(zipped(pack | {"alerts.json": b"{}"}))
    code, said = run(path, "--key", KEY.verifier.vkey, "--json")
    found = json.loads(said)
    assert (code, found["exit"]) == (1, 1)
    assert [(one["kind"], one["file"], set(one["text"])) for one in found["findings"]] == [
        ("manifest.digest", "alerts.json", {"zh", "en"})
    ]


def test_name_that_is_no_text(pack: dict[str, bytes], tmp_path: Path) -> None:
    """A file whose name is no UTF-8 is verified as any other, and named as far as it can be."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/pack-\xb0\xfc.zip"))
    path.write_bytes(zipped(pack))
    code, said = run(path, "--key", KEY.verifier.vkey, "--json")
    assert (code, json.loads(said)["path"].endswith("pack-\\udcb0\\udcfc.zip")) == (0, True)


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"PK\x03\x04" + b"x" * 300])
def test_no_pack(raw: bytes, tmp_path: Path) -> None:
    """What is no pack cannot be told, in words and with an exit code of its own."""
    path = tmp_path / "pack.zip"
    path.write_bytes(raw)
    code, said = run(path, "--key", KEY.verifier.vkey)
    assert code in (1, 2)
    assert "Traceback" not in said


def test_no_key(pack: dict[str, bytes], tmp_path: Path) -> None:
    """Without a key, and with one that is none, nothing can be told."""
    path = tmp_path / "pack.zip"
    path.write_bytes(zipped(pack))
    assert run(path)[0] == 2
    assert run(path, "--key", "a+b+c")[0] == 2
    assert run(path, "--key", tmp_path / "none")[0] == 2
    assert run(tmp_path / "nothing.zip", "--key", KEY.verifier.vkey)[0] == 2


# What anybody may have made


def test_many_files(pack: dict[str, bytes], tmp_path: Path) -> None:
    """A zip of more files than a pack can have is refused before its list is read."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as packed:
        for number in range(MOST_FILES + 1):
            packed.writestr(f"rulebooks/a@{number}/0.yaml", b"")
    with pytest.raises(UnverifiableError):
        verified(tmp_path, target.getvalue())


def test_bomb(pack: dict[str, bytes], tmp_path: Path) -> None:
    """A file that unpacks to far more than it should is found, and is not read to its end."""
    bomb = pack | {"people.json": b" " * (70 * 1024 * 1024)}
    assert "manifest.digest" in kinds(verified(tmp_path, bomb))


# People who are erased


def later(log: MemoryLog) -> None:
    """The customer is erased whole, as the command does it."""
    whose = PHONE, f"event:{event_id('e1')}", f"event:{event_id('r1')}"
    log.take(expand({"erase": "x1", "at": "03-20 10:00", "people": sorted(log.vault.ids(*whose))}))
    log.vault.erase(*whose)


def test_erased_since(tmp_path: Path) -> None:
    """A pack that shows somebody who was erased since says so by the later log, and is true all the same."""
    log = told_log()
    pack = made_pack(log)
    later(log)
    verdict = verified(tmp_path, pack, trust(tiles=written(tmp_path / "log", log.files())))
    assert (verdict.findings, verdict.exit_code) == ([], 0)
    assert [event_id("x1") in text.en for text in verdict.notices] == [True]


def test_made_after_erasure(tmp_path: Path) -> None:
    """A pack that is made after an erasure holds no trace of the person, and verifies."""
    log = told_log()
    id_ = customer_of(log)
    later(log)
    pack = whole(pack_files(log.source(id_)))
    everything = b"".join(pack.values()).decode("utf-8", "replace")
    for text in (PHONE, "客户1", "预算 300 万"):
        assert text not in everything
    verdict = verified(tmp_path, pack)
    assert (verdict.findings, verdict.notices, verdict.exit_code) == ([], [], 0)


def test_erased_and_shown(tmp_path: Path) -> None:
    """A pack that shows somebody whom its own facts erased is found out."""
    log = told_log()
    id_, before = customer_of(log), made_pack(log)
    later(log)
    pack = whole(pack_files(log.source(id_)))
    shown = pack | {name: before[name] for name in ("people.json", "opened.ndjson")}
    assert kinds(verified(tmp_path, relisted(shown))) == {"person.erased"}


def test_records_of_the_erased() -> None:
    """What was recorded of somebody who is erased is still told as theirs, with its times and without its words."""
    log = told_log()
    id_, told = customer_of(log), list[EvidenceContent]()
    later(log)

    def reported(content: EvidenceContent) -> dict[str, bytes]:
        told.append(content)
        return {}

    pack_files(log.source(id_, report=reported))
    assert [record.seq for record in told[0].records if record.said is None] == [10, 12, 14, 16, 17, 18, 20]
    assert (told[0].contacts, told[0].names) == ([], [])
