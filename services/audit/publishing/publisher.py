"""Shows the log: files, signatures, cosignatures, then the checkpoint, within seconds of a fact. One process does it.

Nothing is signed that does not go on from what was signed before, and nothing is shown that lacks the cosignatures
that the policy wants: what was shown to somebody cannot be unmade, so whatever is in doubt is held back and told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

import psycopg
import structlog
from msgspec import Struct

from services.audit.keys.keyfile import LogKeyError, LogKeys
from services.audit.model.metrics import AuditMetrics
from services.audit.publishing.building import LogDamagedError, TreeFiles
from services.audit.sequencing.append import SQL, NewEntry, append_once, frontier_of
from services.audit.witnesses.asking import Witnesses
from shared.i18n import bilingual
from shared.platform.kafka.record_processor import OpeningRefusedError
from shared.platform.liveness import Progress
from shared.platform.postgres.leader_lock import Leader, NotLeadingError, SessionLead
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.keys import Voucher
from shared.tlog.leaves import KeyLeaf, decode_entry
from shared.tlog.notes import NoteSigner, SignedNote
from shared.tlog.proofs import prove_consistency, prove_inclusion
from shared.tlog.tiles import TileReader, TileSource
from shared.tlog.tlog_proof import TlogProof

log: Final = structlog.get_logger()

# Advisory locks are one space per database, which the services may share: intake has 01 and 02, attribution 11.
PUBLISH_LOCK: Final = 0x70616E6B65_31
DAMAGES: Final = (LogDamagedError, LogKeyError, TlogError)
RETRY: Final = 1.0


class NotSignedError(LogDamagedError):
    """What is to be signed does not go on from what was signed before."""


class HeldBackError(Exception):
    """The policy wants cosignatures that were not to be had."""


class Prepared(Struct, frozen=True):
    """A checkpoint that is signed, and the proof of any earlier size that leads to it."""

    size: int
    note: SignedNote
    source: TileSource

    @property
    def tree(self) -> TileReader:
        """One for each who reads: it keeps what it has read."""
        return TileReader(self.size, self.source)


@dataclass(frozen=True, slots=True)
class PublishingTerms:
    """How often there is a checkpoint at most, in seconds."""

    every: float
    lead_retry: float = RETRY


class Publisher(Leader):
    """Publishes for as long as this process leads."""

    failures: tuple[type[Exception], ...] = (NotLeadingError, HeldBackError, psycopg.Error, OSError, *DAMAGES)

    def __init__(
        self,
        dsn: str,
        files: TreeFiles,
        keys: LogKeys,
        witnesses: Witnesses,
        metrics: AuditMetrics,
        progress: Progress,
        terms: PublishingTerms,
        now: Callable[[], datetime],
        take_back: Callable[[], None],
    ) -> None:
        """`take_back` has the rows hold all that was signed; raises `OpeningRefusedError` where they cannot."""
        self._session = SessionLead(dsn, PUBLISH_LOCK, "panke-audit-publisher")
        super().__init__(
            self._session, metrics.leading, progress, lead_retry=terms.lead_retry, failure_pause=RETRY
        )
        self._files = files
        files.step = progress.step
        self._keys = keys
        self._witnesses = witnesses
        self._metrics = metrics
        self._terms = terms
        self._now = now
        self._take_back = take_back
        self._wake = asyncio.Event()
        self._behind_since: datetime | None = None
        self.shown: Callable[[bytes], None] = lambda _: None
        """Is told each checkpoint that is shown."""

    def wake(self) -> None:
        """There is something new; may be called from any thread's loop of this process."""
        self._wake.set()

    def ready(self) -> str | None:
        """Why the newest entries are not shown."""
        return self.progress.problem

    async def work(self) -> None:
        """Publish whenever there is something new."""
        while not self.stopping.is_set():
            self._wake.clear()
            if await self.in_thread(self._has_new):
                self.progress.working()
                await self._publish()
            self._behind_since = None
            self._metrics.unpublished.set(0)
            self.progress.moved()
            await self.pause(self._terms.every)
            await self._rest()

    def failed(self, error: Exception) -> None:
        """Told once; what is damaged or held back is no reason for a new process."""
        self._metrics.errors.labels(type(error).__name__).inc()
        known = self.progress.problem
        if isinstance(error, (HeldBackError, *DAMAGES)):
            self.progress.blocked(str(error))
        else:
            self.progress.failed(type(error).__name__)
        if self.progress.problem != known:
            log.error("log_not_published", error=type(error).__name__, detail=str(error))

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._terms.every):
                await self._wake.wait()
        except TimeoutError:
            return

    def _has_new(self) -> bool:
        connection = self._session.leading()
        tree = frontier_of(connection.execute(SQL["tree"]).fetchone())
        row = connection.execute(SQL["published"]).fetchone()
        shown = self._files.files.checkpoint()
        self._metrics.size.set(tree.size)
        self._metrics.published.set(0 if row is None else row[0])
        behind = row is None or int(row[0]) != tree.size or shown != bytes(row[1])
        if behind:
            self._behind_since = self._behind_since or self._now()
            self._metrics.unpublished.set((self._now() - self._behind_since).total_seconds())
        return behind or self._new_key(connection) is not None

    async def _publish(self) -> None:
        prepared = await self.in_thread(self._prepare)
        prove = partial(_prove, prepared)
        note, names = await self._witnesses.cosigned(prepared.note, prepared.size, prove)
        policy = self._witnesses.policy
        self._metrics.cosignatures.set(len(policy.witnesses) - len(names))
        if not policy.met_by(names):
            told = "; ".join(f"{name}: {why}" for name, why in sorted(self._witnesses.problems.items()))
            raise HeldBackError(
                bilingual(
                    "the checkpoint is held back, it lacks cosignatures that the policy wants: {told}",
                    told=told,
                )
            )
        await self.in_thread(self._show, prepared, note)
        self.shown(bytes(note))

    def _prepare(self) -> Prepared:
        connection = self._session.leading()
        last = self._keys.last_signed()
        self._demand_size(connection, last)
        self._name_new_key(connection)
        tree = frontier_of(connection.execute(SQL["tree"]).fetchone())
        with connection.transaction():
            connection.execute(SQL["wait_for_the_disk"])
            connection.execute(SQL["flush"])
        row = connection.execute(SQL["published"]).fetchone()
        since = 0 if row is None or self._files.files.checkpoint() is None else int(row[0])
        self._files.bring_to(connection, tree, since)
        self._metrics.clear_bundles.set(len(self._files.clear))
        if last is not None and self._files.root(last.size, tree.size) != last.root:
            raise NotSignedError(
                bilingual(
                    "the log does not go on from the checkpoint of {size} that was signed", size=last.size
                )
            )
        checkpoint = Checkpoint(self._keys.origin, tree.size, tree.root())
        return Prepared(tree.size, self._keys.sign(checkpoint), self._files.files.tile)

    def _demand_size(self, connection: psycopg.Connection[Any], last: Checkpoint | None) -> None:
        """Rows that came back older while this process ran take back what they lost, also where no fact comes."""
        tree = frontier_of(connection.execute(SQL["tree"]).fetchone())
        if last is not None and last.size > tree.size:
            try:
                self._take_back()
            except OpeningRefusedError as error:
                raise NotSignedError(str(error)) from None

    def _show(self, prepared: Prepared, note: SignedNote) -> None:
        connection = self._session.leading()
        self._vouch(connection, prepared, note)
        self._files.files.put_checkpoint(bytes(note))
        given = {"size": prepared.size, "note": bytes(note), "at": self._now()}
        connection.execute(SQL["put_published"], given)

    def _new_key(self, connection: psycopg.Connection[Any]) -> NoteSigner | None:
        """The key that signs now, where the log does not know it yet. Raises `LogKeyError` for another log's."""
        signers = self._keys.signers()
        known = {str(row[0]) for row in connection.execute(SQL["signing_keys"]).fetchall()}
        if known and not known & {one.verifier.vkey for one in signers}:
            raise LogKeyError(
                bilingual(
                    "the file of keys {path} has none of the keys that signed this log", path=self._keys.path
                )
            )
        return None if signers[0].verifier.vkey in known else signers[0]

    def _name_new_key(self, connection: psycopg.Connection[Any]) -> None:
        """A key that follows another becomes an entry, under a checkpoint that the other one signs too."""
        with connection.transaction():
            new = self._new_key(connection)
            if new is None:
                return
            vkey = new.verifier.vkey
            if connection.execute(SQL["signing_keys"]).fetchone() is not None:
                append_once(connection, NewEntry.of("key", KeyLeaf(vkey).encode()), self._keys.last_signed)
            connection.execute(SQL["put_signing_key"], {"vkey": vkey, "at": self._now()})
        log.info("log_key", vkey=vkey)

    def _vouch(self, connection: psycopg.Connection[Any], prepared: Prepared, note: SignedNote) -> None:
        """Write the voucher of each key that is an entry by now, under this checkpoint."""
        for index, entry in connection.execute(SQL["key_entries"]).fetchall():
            leaf = decode_entry(bytes(entry))
            assert isinstance(leaf, KeyLeaf), "asked for by its kind"
            verifier = leaf.verifier
            if int(index) < prepared.size and not self._files.files.has_voucher(verifier.key_id):
                proof = prove_inclusion(int(index), prepared.size, prepared.tree.subtree)
                voucher = Voucher(leaf.vkey, TlogProof(int(index), proof, bytes(note)))
                self._files.files.put_voucher(verifier.key_id, bytes(voucher))


def _prove(prepared: Prepared, old: int) -> tuple[bytes, ...]:
    return prove_consistency(old, prepared.size, prepared.tree.subtree)
