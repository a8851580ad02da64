"""An export of the journal, line by line against the files of the log (evidence.md#exports)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from shared.evidence.fact_places import PlacedFact, classify
from shared.evidence.form import LeafLine
from shared.evidence.log import Trust, check_checkpoint
from shared.evidence.tiles import CHECKPOINT, VOUCHERS, Entry, LogFiles, checked_entries
from shared.evidence.verdict import Discrepancy, UnverifiableError, Verdict
from shared.i18n import translated
from shared.rules.judge.files import UnreadableFileError, open_events
from shared.tlog.checkpoints import Checkpoint, encode_hash
from shared.tlog.leaves import FactLeaf, SetAsideLeaf

_ASIDE: Final = b'{"set_aside"'


class _ExportedLine(Struct):
    id: str | None = None
    scope: str | None = None
    set_aside: str | None = None


_fact: Final = msgspec.json.Decoder(_ExportedLine).decode


def verify_export(path: Path, trust: Trust) -> Verdict:
    """All that is wrong with an export, of one scope. Raises `UnverifiableError`."""
    verdict = Verdict("export", str(path))
    if trust.tiles is None:
        raise UnverifiableError(
            translated("an export holds no proofs: give the log's files beside it, --tiles FOLDER")
        )
    files = LogFiles(trust.tiles)
    trust.take_vouchers(files.vouchers(), verdict, f"--tiles/{VOUCHERS}")
    checkpoint = check_checkpoint(files.checkpoint(), trust, verdict, f"--tiles/{CHECKPOINT}")
    if checkpoint is None:
        return verdict
    try:
        return _ExportCheck(path, files, checkpoint, trust, verdict).run()
    except UnreadableFileError as error:
        raise UnverifiableError(translated("it cannot be read: {error}", error=error)) from None


class _ExportCheck:
    def __init__(
        self, path: Path, files: LogFiles, checkpoint: Checkpoint, trust: Trust, verdict: Verdict
    ) -> None:
        self._path, self._files, self._checkpoint = path, files, checkpoint
        self._trust, self._verdict = trust, verdict
        self._scope = self._scope_of_first_fact()
        self._asides: dict[bytes, Entry] = {}
        self._unknown_asides: list[tuple[int, bytes]] = []
        self._younger = 0

    def run(self) -> Verdict:
        verdict, scope = self._verdict, self._scope
        verdict.scopes = [scope]
        log = Verdict("tiles", str(self._files.folder))
        entries = checked_entries(self._files, self._checkpoint, self._trust, log)
        fits = self._fit(self._facts_of_log(entries))
        for _ in entries:
            pass  # what is wrong behind the last fact of the scope is found as well
        for finding in log.findings:
            verdict.find(finding)
        verdict.origin, verdict.size, verdict.root = log.origin, log.size, log.root
        verdict.leaves = log.leaves
        if not fits:
            classify(scope, list(self._expected()), self._placed(), verdict, str(self._path))
        self._check_asides()
        if self._younger and fits:
            verdict.unknown.append(
                translated(
                    "the last {count} facts came after the checkpoint: they stand under no proof yet",
                    count=self._younger,
                )
            )
        return verdict

    def _fit(self, logged: Iterator[Entry]) -> bool:
        """Whether the facts of the export are those of the log, in their order; younger ones may follow."""
        seen = set[int]()
        for fact, entry in zip_longest(self._placed(), logged):
            if entry is None:
                if fact.event is None or fact.scope != self._scope:
                    return False
                self._younger += 1
                continue
            if fact is None or fact.body != entry.body:
                self._demand_sealed(fact, entry)
                for _ in logged:
                    pass
                return False
            self._verdict.facts += 1
            self._demand_once(fact, seen)
        return True

    def _demand_once(self, fact: PlacedFact, seen: set[int]) -> None:
        """The log's own files are read in bounded memory; of one scope every id can be kept in mind."""
        if hash(fact.event) in seen:
            told = translated("the event stands in the scope twice")
            place = str(self._path)
            self._verdict.find(
                Discrepancy("fact.repeated", told, place, fact.line, self._scope, event=fact.event)
            )
        seen.add(hash(fact.event))

    def _demand_sealed(self, fact: PlacedFact | None, entry: Entry) -> None:
        sealed = b'"sealed":{'
        if fact is not None and sealed in entry.body and sealed not in fact.body and self._is_first(fact):
            raise UnverifiableError(
                translated(
                    "this export was opened, and the log has what is under seal: panke journal export --sealed"
                )
            )

    def _is_first(self, fact: PlacedFact) -> bool:
        """Whether no line of the export is under seal: it was opened, and not one line of it put in."""
        return not any(b'"sealed":{' in line for _, line in self._lines())

    def _facts_of_log(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        for entry in entries:
            if isinstance(entry.leaf, FactLeaf) and entry.leaf.scope == self._scope:
                yield entry
            elif isinstance(entry.leaf, SetAsideLeaf) and entry.leaf.scope == self._scope:
                self._asides[entry.body] = entry

    def _expected(self) -> Iterator[LeafLine]:
        again = checked_entries(self._files, self._checkpoint, Trust(self._trust.keys), Verdict("tiles", ""))
        for entry in self._facts_of_log(again):
            if isinstance(entry.leaf, FactLeaf):
                event = _read(entry.body).id
                yield LeafLine(entry.place, encode_hash(entry.hash), "fact", entry.leaf.seq, event)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        with open_events(str(self._path)) as lines:
            for number, line in enumerate(lines, start=1):
                yield number, line.rstrip(b"\r\n")

    def _placed(self) -> Iterator[PlacedFact]:
        self._unknown_asides.clear()
        for number, line in self._lines():
            if line.startswith(_ASIDE):
                self._unknown_asides.append((number, line))
                continue
            said = _read(line)
            yield PlacedFact(number, line, said.id, said.scope)

    def _check_asides(self) -> None:
        for number, line in self._unknown_asides:
            if self._asides.pop(line, None) is None:
                told = translated("the log has no such line: somebody set a fact aside that counts")
                event = _read(line).set_aside
                place = str(self._path)
                self._verdict.find(
                    Discrepancy("set_aside.inserted", told, place, number, self._scope, event=event)
                )
        for body, entry in self._asides.items():
            told = translated("the log says that a fact is set aside, and the file does not")
            event, index = _read(body).set_aside, entry.place
            found = Discrepancy(
                "set_aside.removed", told, str(self._path), scope=self._scope, event=event, index=index
            )
            self._verdict.find(found)

    def _scope_of_first_fact(self) -> str:
        for _, line in self._lines():
            scope = _read(line).scope
            if scope is not None:
                return scope
        raise UnverifiableError(translated("there is no fact in it"))


def _read(line: bytes) -> _ExportedLine:
    """What a line says; nothing where it is none of a journal."""
    try:
        return _fact(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _ExportedLine()
