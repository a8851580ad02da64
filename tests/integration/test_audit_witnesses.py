"""A log that witnesses sign for: shown only with their cosignatures, and never with two faces."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.ports import free_port
from services.audit.publishing.publisher import HeldBackError
from services.witness.cli import witness
from services.witness.http import witness_app
from services.witness.keeping import KnownLogs, WitnessBook, WitnessFolderError
from shared.platform.http.connections import Limits
from shared.platform.whole_file import read_private
from shared.tlog.checkpoints import Checkpoint, open_checkpoint
from shared.tlog.hashing import EMPTY_ROOT, leaf_hash
from shared.tlog.notes import Cosigner, NoteSigner, read_vkey, sign_note
from shared.tlog.policy import WitnessPolicy, parse_policy
from shared.tlog.private_keys import read_private_key
from shared.tlog.witnessing import AddCheckpoint
from tests.support.attribution import Journal
from tests.support.logging_facts import ORIGIN, TestLog, opened_log
from tests.support.panke import COMMAND
from tests.support.parts import eventually, fresh_database
from tests.support.serving import running

pytestmark = pytest.mark.anyio

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[TestLog]:
    with opened_log(database, tmp_path) as opened:
        yield opened


class OurWitness:
    """A witness made by its commands, in a folder of its own."""

    def __init__(self, folder: Path, log: TestLog, name: str = "w1") -> None:
        self.folder = folder / name
        self.keys, self.logs = self.folder / "witness.key", self.folder / "logs"
        made = CliRunner().invoke(
            witness, ["keys", "new", str(self.keys), "--name", f"witness.example/{name}"]
        )
        assert made.exit_code == 0, made.output
        self.vkey = made.stdout.strip()
        vkey = log.keys.signers()[0].verifier.vkey
        self.logs.write_text(f"log {vkey}\nquorum none\n")

    def line(self, name: str, url: str) -> str:
        return f"witness {name} {self.vkey} {url}\n"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        key = read_private_key(read_private(self.keys).decode())
        book = WitnessBook(
            self.folder / "book", Cosigner(*key), KnownLogs(self.logs), lambda: datetime.now(UTC)
        )
        try:
            async with running(witness_app(book), Limits()) as ((host, port), _):
                yield f"http://{host}:{port}"
        finally:
            book.close()


def with_policy(log: TestLog, text: str) -> TestLog:
    return TestLog(log.database, log.folder, parse_policy(text))


def grow(log: TestLog, journal: Journal, count: int) -> None:
    first = journal.offset
    records = [journal.event("shift.opened", {"order": ["li"]}) for _ in range(count)]
    assert records[0].offset == first
    log.take(records)


async def test_a_checkpoint_is_shown_with_the_cosignature_that_the_policy_wants(
    log: TestLog, tmp_path: Path
) -> None:
    """Grown since, it is signed again by the proof of that; a log that starts anew asks for the size and goes on."""
    ours, journal = OurWitness(tmp_path, log), Journal()
    async with ours.serving() as url:
        log = with_policy(log, ours.line("w", url) + "quorum w\n")
        for size in (5, 300):
            grow(log, journal, size - journal.offset)
            assert (await log.published()).size == size
            assert log.policy.demand(log.shown().note) == ["w"]
        log = log.restarted()
        grow(log, journal, 7)
        assert (await log.published()).size == 307
        kept = f"{url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
        async with httpx.AsyncClient() as client:
            told = await client.get(kept)
            unknown = await client.get(f"{url}/{'0' * 64}/checkpoint")
    signed = open_checkpoint(told.content, [read_vkey(ours.vkey)], ORIGIN)
    assert (signed.checkpoint, unknown.status_code) == (log.shown().checkpoint, 404)
    assert signed.verified[0].signed_at is not None


async def test_a_witness_that_is_down_holds_the_checkpoint_back(log: TestLog, tmp_path: Path) -> None:
    """What was shown stays, the figure and the words tell which is missing; back again, the log goes on."""
    ours, other, journal = OurWitness(tmp_path, log), OurWitness(tmp_path, log, "w2"), Journal()
    lines = ours.line("up", NOWHERE) + other.line("down", NOWHERE)
    async with ours.serving() as url, other.serving() as there:
        policy = (
            lines.replace(NOWHERE, url, 1).replace(NOWHERE, there) + "group both all up down\nquorum both\n"
        )
        log = with_policy(log, policy)
        grow(log, journal, 3)
        assert (await log.published()).size == 3
    async with ours.serving() as url:
        half = with_policy(log, lines.replace(NOWHERE, url, 1) + "group both all up down\nquorum both\n")
        grow(half, journal, 4)
        with pytest.raises(HeldBackError, match="down: "):
            await half.published()
        assert half.shown().checkpoint.size == 3
        assert half.metrics.cosignatures._value.get() == 1
        any_of = with_policy(log, lines.replace(NOWHERE, url, 1) + "group one any up down\nquorum one\n")
        assert (await any_of.published()).size == 7


async def test_a_forked_log_is_signed_by_no_witness(log: TestLog, tmp_path: Path) -> None:
    """Another tree under the same key, larger, smaller or as large: refused, and what the witness keeps stays."""
    ours, journal = OurWitness(tmp_path, log), Journal()
    signer = log.keys.signers()[0]
    async with ours.serving() as url:
        log = with_policy(log, ours.line("w", url) + "quorum w\n")
        grow(log, journal, 10)
        shown = await log.published()
        other = leaf_hash(b"another")
        async with httpx.AsyncClient(base_url=url) as client:

            async def asked(
                old: int, size: int, root: bytes, *proof: bytes, by: NoteSigner = signer
            ) -> httpx.Response:
                note = bytes(sign_note(Checkpoint(by.verifier.name, size, root).text, [by]))
                return await client.post("/add-checkpoint", content=bytes(AddCheckpoint(old, proof, note)))

            strangers = NoteSigner(ORIGIN, Ed25519PrivateKey.generate())
            unknown = NoteSigner("elsewhere", Ed25519PrivateKey.generate())
            for answer, status in [
                (await asked(10, 10, other), 422), (await asked(10, 11, other, other), 422),
                (await asked(10, 11, other), 422), (await asked(9, 11, other, other), 409),
                (await asked(0, 5, other), 409), (await asked(11, 10, other), 400),
                (await asked(10, 11, other, other, by=strangers), 403), (await asked(0, 1, other, by=unknown), 404),
                (await client.post("/add-checkpoint", content=b"old 10\n"), 400),
                (await client.post("/add-checkpoint", content=b"old 010\n\nx\n1\n"), 400),
            ]:  # fmt: skip
                assert answer.status_code == status, (answer.status_code, answer.text)
                if status == 409:
                    assert (answer.text, answer.headers["content-type"].split(";")[0]) == (
                        "10\n",
                        "text/x.tlog.size",
                    )
            again = await asked(10, 10, shown.root)
    assert again.status_code == 200
    book = WitnessBook(ours.folder / "book", _cosigner(ours), KnownLogs(ours.logs), lambda: datetime.now(UTC))
    kept = book.checkpoint(hashlib.sha256(ORIGIN.encode()).hexdigest())
    assert kept is not None
    assert open_checkpoint(kept, [read_vkey(ours.vkey)]).checkpoint == shown
    with pytest.raises(WitnessFolderError):
        WitnessBook(ours.folder / "book", _cosigner(ours), KnownLogs(ours.logs), lambda: datetime.now(UTC))
    book.close()


@contextmanager
def witness_process(ours: OurWitness, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """`panke witness serve` as its operator starts it: nothing of the deployment is in its environment."""
    asked = ["--keys", ours.keys, "--logs", ours.logs, "--folder", ours.folder / "book", "--port", port]
    environment = {"PATH": os.environ["PATH"], "HOME": str(ours.folder)}
    process = subprocess.Popen(
        [*COMMAND, "witness", "serve", *map(str, asked)],
        cwd=ours.folder,
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), "the witness answers")
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def other_face(log: TestLog, dsn: str, folder: Path) -> Iterator[TestLog]:
    """What whoever has the key could show to somebody else: rows and files of their own, and no memory of what was
    signed."""
    (folder / "keys").mkdir(parents=True, mode=0o700)
    shutil.copy2(log.keys.path, folder / "keys" / "log.keys")
    with opened_log(dsn, folder, log.policy) as other:
        yield other


async def held_back(log: TestLog, journal: Journal, size: int) -> None:
    """The tree is grown to this size, and the witness does not sign for it."""
    grow(log, journal, size - journal.offset)
    with pytest.raises(HeldBackError):
        await log.published()
    assert log.files.checkpoint() is None


async def test_a_witness_that_is_a_process_signs_one_face_alone_also_after_a_kill(
    log: TestLog, postgres_dsn: str, tmp_path: Path
) -> None:
    """`panke witness serve` cosigns over HTTP what goes on; another tree under the same key, smaller or larger, is held
    back, and so it is when the process was killed and serves again."""
    ours, journal, port = OurWitness(tmp_path, log), Journal(), free_port(())
    log = with_policy(log, ours.line("w", f"http://127.0.0.1:{port}") + "quorum w\n")
    another = Journal()
    first = another.event("shift.opened", {"order": ["wang"]}, scope="elsewhere")
    with fresh_database(postgres_dsn) as dsn, other_face(log, dsn, tmp_path / "other") as other:
        other.take([first])
        with witness_process(ours, port) as process:
            for size in (3, 300):
                grow(log, journal, size - journal.offset)
                assert (await log.published()).size == size
            signed = open_checkpoint(log.files.checkpoint() or b"", [read_vkey(ours.vkey)])
            assert signed.verified[0].signed_at is not None
            await held_back(other, another, 200)
            await held_back(other, another, 400)
            process.kill()
            process.wait(30)
        grow(log, journal, 1)
        with pytest.raises(HeldBackError):
            await log.published()
        with witness_process(ours, port):
            await held_back(other, another, 500)
            assert (await log.published()).size == 301
            kept = f"http://127.0.0.1:{port}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
            async with httpx.AsyncClient(trust_env=False) as client:
                told = (await client.get(kept)).content
    assert open_checkpoint(told, [read_vkey(ours.vkey)]).checkpoint == log.shown().checkpoint


def _cosigner(ours: OurWitness) -> Cosigner:
    return Cosigner(*read_private_key(read_private(ours.keys).decode()))


async def test_a_witness_that_cannot_read_what_it_signed_signs_nothing(log: TestLog, tmp_path: Path) -> None:
    """Not even a checkpoint that would be right: it does not know that."""
    ours = OurWitness(tmp_path, log)
    (ours.folder / "book").mkdir()
    name = hashlib.sha256(ORIGIN.encode()).hexdigest()
    (ours.folder / "book" / f"{name}.checkpoint").write_bytes(b"lost")
    note = bytes(sign_note(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text, log.keys.signers()))
    async with ours.serving() as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.post("/add-checkpoint", content=bytes(AddCheckpoint(0, (), note)))
    assert answer.status_code == 503


@pytest.mark.parametrize(
    "text",
    [
        "", "quorum w\n", "quorum none\nquorum none\n", "log x\nquorum none\n", "group g 2 a\nquorum g\n", "nonsense\n",
        "witness none VKEY\nquorum none\n", "witness a VKEY\nwitness b VKEY\nquorum a\n",
        "witness a VKEY\ngroup g 0 a\nquorum g\n", "witness a VKEY\ngroup g 2 a\nquorum g\n",
        "witness a VKEY\ngroup g all a a\nquorum g\n", "log VKEY\nquorum none\n",
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_gone_by_is_refused(text: str) -> None:
    """With the number of the line."""
    vkey = Cosigner("witness.example", Ed25519PrivateKey.generate()).verifier.vkey
    with pytest.raises(ValueError, match=r"line \d|quorum"):
        parse_policy(text.replace("VKEY", vkey))


def test_a_quorum_counts_groups_of_groups() -> None:
    """The example of the specification: two of three here, and any of two there."""
    keys = {name: Cosigner(name, Ed25519PrivateKey.generate()).verifier.vkey for name in "abcde"}
    lines = "".join(f"witness {name} {vkey}\n" for name, vkey in keys.items())
    policy = parse_policy(
        f"# ours\n{lines}group x 2 a b c\n\tgroup  y any d e\ngroup all-of all x y\nquorum all-of\n"
    )
    verdicts = {names: policy.met_by(names) for names in ("ab", "abd", "acE", "ade", "bce", "abcde", "")}
    assert verdicts == {
        "ab": False, "abd": True, "acE": False, "ade": False, "bce": True, "abcde": True, "": False,
    }  # fmt: skip
    assert WitnessPolicy().met_by([])
