"""The rulebooks of a pack: each text is the one that the log says was adopted."""

from __future__ import annotations

import hashlib
import re
from typing import Final

import msgspec
from msgspec import Struct

from shared.evidence import form
from shared.evidence.archive import DamagedError, PackArchive
from shared.evidence.form import Manifest
from shared.evidence.log import unpacked
from shared.evidence.pack_facts import fact_lines, leaves_of
from shared.evidence.verdict import Discrepancy, UnverifiableError, Verdict
from shared.i18n import translated
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.loading import Book, book_of_texts
from shared.tlog.checkpoints import encode_hash
from shared.tlog.errors import TlogError
from shared.tlog.hashing import leaf_hash
from shared.tlog.leaves import RulebookLeaf, decode_entry

_NAME: Final = re.compile(
    r"rulebooks/([a-z0-9][a-z0-9._-]{0,63})@(0|[1-9][0-9]{0,8})/(0|[1-9][0-9]{0,2})\.yaml"
)
MOST_TEXT: Final = 1024 * 1024


class _AdoptedText(Struct):
    rulebook: str
    version: int


class _AdoptionFact(Struct):
    type: str
    data: _AdoptedText


_adoption: Final = msgspec.json.Decoder(_AdoptionFact).decode


def check_rulebooks(
    archive: PackArchive, manifest: Manifest, verdict: Verdict, *, fits: bool
) -> dict[BookId, Book]:
    """The rulebooks that can be read; where the log names another text, that is found."""
    files, books = _files(archive), dict[BookId, Book]()
    logged = _logged(archive, manifest.scope, verdict)
    for leaf in logged:
        book = _checked(leaf, files.get((leaf.name, leaf.version)), archive, verdict)
        if book is not None:
            books[leaf.name, leaf.version] = book
    if fits:  # each line is the fact of its leaf
        _check_adoptions(archive, manifest, logged, verdict)
    else:
        _check_beginning(manifest, [leaf for leaf in logged if leaf.seq == 1], verdict)
    named = {(leaf.name, leaf.version) for leaf in logged}
    for known in sorted(files.keys() - named):
        told = translated("the log knows of no adoption of {name}@{version}", name=known[0], version=known[1])
        verdict.find(Discrepancy("rulebook.unlogged", told, _folder(known), scope=manifest.scope))
    return books


def _checked(
    leaf: RulebookLeaf, files: list[str] | None, archive: PackArchive, verdict: Verdict
) -> Book | None:
    """The adopted rulebook: its texts are read as such only where their digest is the one in the log."""
    known, place = (leaf.name, leaf.version), {"scope": leaf.scope, "seq": leaf.seq}
    if files is None:
        told = translated(
            "the text of the rulebook {name}@{version} is missing", name=known[0], version=known[1]
        )
        verdict.find(Discrepancy("rulebook.missing", told, _folder(known), **place))  # type: ignore[arg-type]
        return None
    try:
        digest = _digest(archive, files)
        if digest == leaf.sha256:
            return _book(known, [archive.read(name, MOST_TEXT) for name in files], verdict)
    except DamagedError:
        return None  # found with the manifest
    except UnverifiableError as error:
        verdict.find(Discrepancy("rulebook.text", error.text, _folder(known), **place))  # type: ignore[arg-type]
        return None
    told = translated(
        "the text of {name}@{version} is not the one that was adopted: its digest is {found}, in the log stands "
        "{logged}",
        name=known[0], version=known[1], found=digest[:12], logged=leaf.sha256[:12],
    )  # fmt: skip
    verdict.find(Discrepancy("rulebook.text", told, _folder(known), **place))  # type: ignore[arg-type]
    return None


def _digest(archive: PackArchive, files: list[str]) -> str:
    """Over the bytes of a chain, root first, of which one is held at a time."""
    sha = hashlib.sha256()
    for name in files:
        sha.update(archive.read(name, MOST_TEXT))
    return sha.hexdigest()


def _book(known: BookId, texts: list[bytes], verdict: Verdict) -> Book | None:
    try:
        book = book_of_texts(texts, _folder(known))
    except OfficeFileError as error:
        told = translated("the text is no rulebook: {error}", error=error)
        verdict.find(Discrepancy("rulebook.text", told, _folder(known)))
        return None
    if (book.rulebook.name, book.rulebook.version) != known:
        told = translated("the text is of another rulebook, {name}@{version}",
                          name=book.rulebook.name, version=book.rulebook.version)  # fmt: skip
        verdict.find(Discrepancy("rulebook.text", told, _folder(known)))
    return book


def _check_adoptions(
    archive: PackArchive, manifest: Manifest, logged: list[RulebookLeaf], verdict: Verdict
) -> None:
    """The log must say which text the scope began under and which one each adoption meant, and nothing besides."""
    at: dict[int, list[RulebookLeaf]] = {}
    for leaf in logged:
        at.setdefault(leaf.seq, []).append(leaf)
    for seq, line in enumerate(fact_lines(archive), start=1):
        leaves, adopted = at.pop(seq, []), _adopted_in(line)
        others = [leaf for leaf in leaves if (leaf.name, leaf.version) != adopted]
        if (seq == 1 and not leaves) or (adopted is not None and len(others) == len(leaves)):
            told = translated("the proofs leave out which text of the rulebook counts from this fact on")
            verdict.find(Discrepancy("rulebook.unlogged", told, form.LEAVES, scope=manifest.scope, seq=seq))
        if seq == 1:
            _check_beginning(manifest, others or leaves, verdict)
        else:
            _find_strange(others, verdict)
    for left in at.values():
        _find_strange(left, verdict)


def _check_beginning(manifest: Manifest, leaves: list[RulebookLeaf], verdict: Verdict) -> None:
    """What the log has first counts: who could choose among several could choose the decisions."""
    first = [f"{leaf.name}@{leaf.version}" for leaf in leaves[:1]]
    if first and first != [manifest.rulebook]:
        told = translated(
            "the log says that the scope began under {logged}, and the pack says {said}",
            logged=first[0], said=manifest.rulebook,
        )  # fmt: skip
        verdict.find(Discrepancy("rulebook.default", told, form.MANIFEST, scope=manifest.scope))


def _find_strange(leaves: list[RulebookLeaf], verdict: Verdict) -> None:
    for leaf in leaves:
        told = translated(
            "the log names the rulebook {name}@{version} at a fact that does not adopt it",
            name=leaf.name, version=leaf.version,
        )  # fmt: skip
        verdict.find(Discrepancy("rulebook.unlogged", told, form.LEAVES, scope=leaf.scope, seq=leaf.seq))


def _adopted_in(line: bytes) -> BookId | None:
    """Which rulebook a fact adopts."""
    if b'"rulebook.adopted"' not in line:
        return None
    try:
        said = _adoption(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # of another type, or found as no fact
    return (said.data.rulebook, said.data.version) if said.type == "rulebook.adopted" else None


def _folder(known: BookId) -> str:
    return f"rulebooks/{known[0]}@{known[1]}"


def _files(archive: PackArchive) -> dict[BookId, list[str]]:
    """The names of the texts of each rulebook, root first."""
    found: dict[BookId, dict[int, str]] = {}
    for name in archive.names():
        parts = _NAME.fullmatch(name)
        if parts is not None:
            found.setdefault((parts[1], int(parts[2])), {})[int(parts[3])] = name
    return {known: [names[number] for number in sorted(names)] for known, names in found.items()}


def _logged(archive: PackArchive, scope: str, verdict: Verdict) -> list[RulebookLeaf]:
    """The adoptions that the log has of the scope, as their leaves say."""
    found = []
    for leaf in leaves_of(archive):
        if leaf.kind != "rulebook":
            continue
        entry = (leaf.data or "").encode()
        if encode_hash(leaf_hash(entry)) != leaf.hash or unpacked(leaf.hash) is None:
            told = translated("the leaf of a rulebook is not the one in the log")
            verdict.find(Discrepancy("rulebook.text", told, form.LEAVES, scope=scope, index=leaf.index))
            continue
        try:
            said = decode_entry(entry)
        except TlogError as error:
            told = translated("the leaf cannot be read: {error}", error=error)
            verdict.find(Discrepancy("leaf.unreadable", told, form.LEAVES, index=leaf.index))
            continue
        if isinstance(said, RulebookLeaf) and said.scope == scope:
            found.append(said)
        else:  # whatever is listed here is looked at nowhere else
            told = translated("the leaf is listed as that of a rulebook, and is none of this scope")
            verdict.find(Discrepancy("leaf.altered", told, form.LEAVES, scope=scope, index=leaf.index))
    return found
