"""How a pack is made: the scope from the log, the keys of its people from the vault, the rest asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryFile
from typing import IO

from services.audit.evidence.gathering import Gathering, NotGatheredError
from services.audit.evidence.rows import ScopeOfRows
from services.audit.keys.keyfile import LogKeys
from services.audit.proofs.reading import LogReader, NothingShownError
from shared.evidence.archive import write_archive
from shared.evidence.log import signed_manifest
from shared.evidence.making import PackSource, pack_files
from shared.evidence.report import reports
from shared.i18n import bilingual
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.place_names import PlaceNames
from shared.platform.postgres.database import Database
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.loading import book_of_texts
from shared.rules.rulebooks.registry import Registry
from shared.sealing.person import PersonKey
from shared.sealing.vault import Vault
from shared.tlog.checkpoints import parse_checkpoint
from shared.tlog.notes import parse_note


class NotCoveredError(Exception):
    """No checkpoint holds all facts of the scope yet."""


class BusyError(Exception):
    """Another pack is being made."""


class NoEvidenceError(Exception):
    """A pack cannot be made here; the text says what lacks."""


class PackMaker:
    """Makes one pack at a time: each judges a whole scope."""

    def __init__(
        self,
        database: Database,
        reader: LogReader,
        keys: LogKeys,
        vault: Vault | None,
        people: Database,
        addresses: Mapping[str, str | None],
        rulebook_folder: str,
        names: PlaceNames,
    ) -> None:
        self._database = database
        self._reader = reader
        self._keys = keys
        self._vault = vault
        self._people = people
        self._addresses = addresses
        self._folder = rulebook_folder
        self._names = names
        self._one = threading.Lock()

    @contextmanager
    def made(self, scope: str, customer: str, headers: Mapping[str, str]) -> Iterator[IO[bytes]]:
        """The pack as a file of its own, from its beginning.

        Raises `NotCoveredError`, `BusyError`, `NoEvidenceError`, `NotGatheredError`, and what making one raises.
        """
        if not self._one.acquire(blocking=False):
            raise BusyError
        try:
            with Gathering(self._addresses, headers) as gathering:
                files = pack_files(self._source(scope, customer, gathering))
                file = TemporaryFile()  # noqa: SIM115, closed below
                write_archive(file, files)
        finally:
            self._one.release()
        with file:
            file.seek(0)
            yield file

    def _source(self, scope: str, customer: str, gathering: Gathering) -> PackSource:
        if self._vault is None:
            raise NoEvidenceError(
                bilingual(
                    "a pack needs facts under seal and the file of keys (PANKE_KEYS); this log has neither"
                )
            )
        raw, found = self._scope(scope, gathering)
        texts = self._texts(found, gathering)
        if found.begun_under is None:
            raise NotCoveredError
        signers = self._keys.signers()
        placed = found.in_log(raw, signers[0].verifier.vkey, self._reader.files.vouchers())
        return PackSource(
            scope=scope,
            customer=customer,
            facts=found.facts,
            count=found.count,
            set_asides=found.set_asides,
            rulebook=found.begun_under,
            texts=texts,
            log=placed,
            keys_of=self._keys_of,
            alerts=gathering.alerts(scope, customer),
            access=gathering.access(scope, customer),
            sign=lambda manifest: signed_manifest(manifest, signers),
            report=partial(reports, names=self._names),
        )

    def _scope(self, scope: str, gathering: Gathering) -> tuple[bytes, ScopeOfRows]:
        try:
            raw = self._reader.checkpoint()
        except NothingShownError:
            raise NotCoveredError from None
        checkpoint = parse_checkpoint(parse_note(raw).text)
        found = ScopeOfRows(checkpoint, scope, database=self._database, files=self._reader.files)
        judged = gathering.folded(scope)
        found.look_through()
        if found.count < judged:
            raise NotCoveredError
        return raw, found

    def _texts(self, found: ScopeOfRows, gathering: Gathering) -> dict[BookId, tuple[bytes, ...]]:
        """The texts of the scope's rulebooks that the log names.

        Raises `NotCoveredError` while the log does not say yet which text a fact adopted.
        """
        said = {leaf.seq for leaf in found.leaves if leaf.kind == "rulebook"}
        adopting = b'"type":"rulebook.adopted"'
        for seq, body in enumerate(found.facts(), start=1):
            if (seq == 1 or adopting in body) and seq not in said:
                raise NotCoveredError
        registry = Registry(self._folder)
        return {
            known: _text_here(registry, known, digest) or _text_kept(gathering, known, digest)
            for known, digest in found.adopted.items()
        }

    def _keys_of(self, ids: set[str]) -> Mapping[str, PersonKey]:
        assert self._vault is not None, "asked before"
        with self._people.connection() as connection:
            return self._vault.people(connection, ids)


def _text_here(registry: Registry, known: BookId, digest: str) -> tuple[bytes, ...] | None:
    """The text that was adopted, where a file that ships or one of the folder is it."""
    try:
        book = registry.find(f"{known[0]}@{digest}")
    except (OfficeFileError, OSError):
        return None
    return book.texts if (book.rulebook.name, book.rulebook.version) == known else None


def _text_kept(gathering: Gathering, known: BookId, digest: str) -> tuple[bytes, ...]:
    """The text that attribution stored when it was adopted, if it is the one that the log names."""
    name, version = known
    texts = gathering.rulebook_texts(name, version)
    try:
        found = book_of_texts(texts, f"{name}@{version}").rulebook
    except OfficeFileError:
        found = None
    if found is None or (found.name, found.version, found.sha256) != (name, version, digest):
        told = bilingual(
            "the text of the rulebook {name}@{version} that was adopted is neither in a file nor kept by attribution",
            name=name, version=version,
        )  # fmt: skip
        raise NoEvidenceError(told)
    return texts


__all__ = ["BusyError", "NoEvidenceError", "NotCoveredError", "NotGatheredError", "PackMaker"]
