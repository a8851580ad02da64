"""Loads rulebooks: a shipped name or a file, with every book that it extends, checked, merged and cited.

procedure.md#rulebook-files fixes the form. The digest of a rulebook is over the bytes of its chain, root first,
so a decision that names name, version and digest names exactly one set of rules.

What ships has been amended. Each set of texts that shipped before stands whole in a folder of `earlier/`, byte for
byte, so that what was adopted under it can be found by its digest and goes on deciding.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import MAX_BYTES
from shared.rules.domain.rulebook import Rulebook
from shared.rules.rulebooks.building import build, merge
from shared.rules.rulebooks.sheet import Sheet, read_sheet

__all__ = ["Book", "book_of_texts", "earlier_books", "load", "load_book", "shipped"]

_SHIPPED = Path(__file__).parent
EARLIER = tuple(sorted((path for path in (_SHIPPED / "earlier").iterdir() if path.is_dir()), reverse=True))
"""The sets of texts that shipped before, the last one first."""


@dataclass(frozen=True, slots=True)
class Book:
    """A rulebook with what it was made from: the texts of its chain and the sheets, root first."""

    rulebook: Rulebook
    texts: tuple[bytes, ...]
    sheets: tuple[Sheet, ...]
    merged: Sheet


@functools.cache
def shipped() -> tuple[str, ...]:
    """The names of the rulebooks that ship, `base` first."""
    names = sorted(path.stem for path in _SHIPPED.glob("*.yaml"))
    return ("base", *(name for name in names if name != "base"))


def earlier_books(name_or_path: str | Path) -> Iterator[Book]:
    """The book as it was with each earlier set of the texts that ship, the last one first; as far as it loads."""
    ships = isinstance(name_or_path, str) and name_or_path in shipped()
    for folder in EARLIER:
        try:
            if not ships:
                yield _read_book(Path(name_or_path), str(name_or_path), (), folder)
            elif (folder / f"{name_or_path}.yaml").is_file():
                yield _shipped_book(str(name_or_path), folder)
        except OfficeFileError:  # it needs what ships only since
            continue


def book_of_texts(texts: Iterable[bytes], shown: str) -> Book:
    """The book of the texts of its chain, root first, without any file; raises `OfficeFileError`."""
    book: Book | None = None
    for raw in texts:
        book = _book_on(book, raw, read_sheet(raw, shown), shown)
    if book is None:
        raise OfficeFileError(shown, 1, "", "there is no text")
    return book


def load(name_or_path: str | Path) -> Rulebook:
    """The rulebook of a shipped name or of a file; raises `OfficeFileError`."""
    return load_book(name_or_path).rulebook


def load_book(name_or_path: str | Path) -> Book:
    """As `load`, with the texts and sheets that it was made from."""
    if isinstance(name_or_path, str) and name_or_path in shipped():
        return _shipped_book(name_or_path)
    return _read_book(Path(name_or_path), str(name_or_path), ())


@functools.cache
def _shipped_book(name: str, folder: Path = _SHIPPED) -> Book:
    return _read_book(folder / f"{name}.yaml", f"{name}.yaml", (), folder)


def _read_book(path: Path, shown: str, inside: tuple[Path, ...], folder: Path = _SHIPPED) -> Book:
    """Reads one file and, before it, what it extends; `inside` led here, `folder` has the texts that ship."""
    raw = _read_bytes(path, shown)
    sheet = read_sheet(raw, shown)
    return _book_on(_parent(path, sheet, (*inside, path.resolve()), folder), raw, sheet, shown)


def _book_on(parent: Book | None, raw: bytes, sheet: Sheet, shown: str) -> Book:
    """The book of one more text, and of those that it extends."""
    texts = (*(parent.texts if parent else ()), raw)
    sheets = (*(parent.sheets if parent else ()), sheet)
    if any(sheet.name == other.name for other in sheets[:-1]):
        raise OfficeFileError(
            shown, 1, "rulebook", f"{sheet.name} is also the name of a rulebook that it extends"
        )
    merged = merge(list(sheets))
    digest = hashlib.sha256(b"".join(texts)).hexdigest()
    return Book(build(merged, digest), texts, sheets, merged)


def _parent(path: Path, sheet: Sheet, inside: tuple[Path, ...], folder: Path) -> Book | None:
    if sheet.extends is None:
        return None
    wanted, line = str(sheet.extends.value), sheet.extends.line
    if wanted in shipped() and path.resolve() != folder / f"{wanted}.yaml":
        return _shipped_book(wanted, folder)
    target = path.parent / wanted
    if target.resolve() in inside:
        circle = " → ".join(p.name for p in (*inside[inside.index(target.resolve()) :], target))
        raise OfficeFileError(sheet.file, line, "extends", f"a circle: {circle}")
    if not target.is_file():
        known = ", ".join(shipped())
        reason = f"no rulebook {wanted}: neither one that ships ({known}) nor a file beside this one"
        raise OfficeFileError(sheet.file, line, "extends", reason)
    return _read_book(target, str(Path(sheet.file).parent / wanted), inside, folder)


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        known = ", ".join(shipped())
        reason = f"cannot be read ({error.strerror}); rulebooks that ship: {known}"
        raise OfficeFileError(shown, 1, "", reason) from error
