"""The rulebooks of a deployment, by name and version: those that ship, and those of the offices' own folder.

ADR 0012: an office checks and tries a file of its own and puts it into the folder; from then on it
may be adopted. What was adopted is never changed: another text needs another version. The text that was adopted is
stored, and stands for its name and version wherever no file of the folder says otherwise; where one does, the book is
refused by name, and nobody is judged by either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.i18n import bilingual
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.building import UNSAID
from shared.rules.rulebooks.folder import rulebook_files
from shared.rules.rulebooks.in_words import differences
from shared.rules.rulebooks.loading import (
    Book,
    book_of_texts,
    earlier_books,
    load_book,
    shipped,
)

_DIGEST = re.compile("[0-9a-f]{8,64}")


class NoSuchTextError(LookupError):
    """A rulebook by which this process cannot judge; the message names it and what is to be done."""


class UnknownBookError(NoSuchTextError):
    """A rulebook that was adopted, or named for a scope, and that this deployment does not have."""

    def __init__(self, book: BookId) -> None:
        super().__init__(
            bilingual(
                "there is no rulebook {name}@{version} here: put its file into PANKE_RULEBOOK_FOLDER and "
                "restart; then `panke quarantine retry`",
                name=book[0],
                version=book[1],
            )
        )


class UnknownNamedError(LookupError):
    """No book of this deployment has the name, version or digest."""


class OtherTextError(NoSuchTextError):
    """The rulebook was adopted with another text than the one that this process has of it."""

    def __init__(self, name: str, version: int, stored: str, found: str) -> None:
        super().__init__(
            bilingual(
                "rulebook {name}@{version} was adopted with another text, {adopted}, than the one here, "
                "{found}: put that text back, give the changed file a new version, restart, then "
                "`panke quarantine retry` where a scope waits",
                name=name,
                version=version,
                adopted=stored[:12],
                found=found[:12],
            )
        )


class UnwantedTextError(NoSuchTextError):
    """Whoever is about to adopt the rulebook has another text of it than the one by which it would be judged."""

    def __init__(self, name: str, version: int, found: str, wanted: str) -> None:
        super().__init__(
            bilingual(
                "rulebook {name}@{version} has another text where it is judged, {found}, than where it is to be "
                "adopted, {wanted}: give attribution and intake the same PANKE_RULEBOOK_FOLDER and restart them, "
                "or give the changed file a new version",
                name=name,
                version=version,
                found=found[:12],
                wanted=wanted[:12],
            )
        )


class UnreadableTextError(NoSuchTextError):
    """The stored text of a rulebook is none that this version can read."""

    def __init__(self, book: BookId, reason: object) -> None:
        super().__init__(
            bilingual(
                "the stored text of rulebook {name}@{version} cannot be read by this version of Panke: {reason}",
                name=book[0],
                version=book[1],
                reason=reason,
            )
        )


@dataclass(frozen=True, slots=True)
class StoredText:
    """A rulebook as it was adopted: the texts of its chain, root first, where they can be told apart."""

    name: str
    version: int
    sha256: str = ""
    texts: tuple[bytes, ...] = ()


class KnownBooks(dict[BookId, Rulebook]):
    """Rulebooks by name and version; one that lacks is looked for among the stored ones."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[BookId, NoSuchTextError] = {}
        self.look: Callable[[], object] = lambda: None

    def __missing__(self, book: BookId) -> Rulebook:
        if book not in self.refused:
            self.look()
        found = self.get(book)
        if found is None:
            raise self.refused.get(book) or UnknownBookError(book)
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets what is known, and does not look."""
        return dict, (dict(self),)


class Registry:
    """Raises `OfficeFileError` for a file that is wrong, and for a name and version that two books have.

    What ships has been amended under its name and version. A deployment in which an earlier text was adopted
    keeps that one: `keep` puts it in its place, as it does with what no file has.
    """

    def __init__(self, folder: str | Path = "") -> None:
        self._books: dict[BookId, Book] = {}
        self._rulebooks = KnownBooks()
        self._sources: dict[BookId, str | Path] = {}
        for name in shipped():
            self._add(load_book(name), "", name)
        for path in _files(folder) if folder else ():
            self._add(load_book(path), str(path), path)

    @property
    def books(self) -> KnownBooks:
        """Every rulebook that may be adopted; the mapping follows what is kept, and says what to do where one lacks."""
        return self._rulebooks

    def of_folder(self) -> frozenset[BookId]:
        """What the deployment's folder adds to the books that ship."""
        return frozenset(known for known, source in self._sources.items() if isinstance(source, Path))

    def all(self) -> Iterable[Book]:
        """Every rulebook with what it was made from: those that ship first."""
        return self._books.values()

    def earlier(self) -> Iterator[Book]:
        """The same books with the texts that shipped before, where these differ."""
        for known, book in self._books.items():
            if known not in self._sources:
                continue  # it is stored, and no file has it
            others = (other for other in earlier_books(self._sources[known]) if _id(other) == known)
            yield from (other for other in others if other.rulebook.sha256 != book.rulebook.sha256)

    def find(self, name_or_path: str) -> Book:
        """The book that a person names, by `riverside`, `riverside@1` or `riverside@` and a digest, or of a file."""
        try:
            return self.known(name_or_path)
        except UnknownNamedError:
            return load_book(name_or_path)

    def known(self, name: str) -> Book:
        """The book that is named, and no file. Raises `UnknownNamedError`."""
        known = named(name, self._books)
        if known is not None:
            return self._books[known]
        wanted, _, digest = name.partition("@")
        for book in (*self._books.values(), *self.earlier()) if _DIGEST.fullmatch(digest) else ():
            if book.rulebook.name == wanted and book.rulebook.sha256.startswith(digest):
                return book
        raise UnknownNamedError(name)

    def texts_of(self, known: BookId) -> tuple[bytes, ...]:
        """The texts over which the rulebook's digest is made: its chain, root first."""
        return self._books[known].texts

    def put(self, book: Book) -> None:
        """Let this text be what its name and version mean."""
        self._books[_id(book)] = book
        self._rulebooks[_id(book)] = book.rulebook

    def keep(self, adopted: Iterable[StoredText]) -> list[str]:
        """Go by the texts that were adopted; what cannot be is refused from then on, a sentence each.

        Without a digest the first text is meant that shipped, where it decides otherwise than today's.
        """
        refused: dict[BookId, NoSuchTextError] = {}
        chosen: dict[BookId, str] = {}
        earlier = [*self.earlier()]
        for stored in sorted(adopted, key=lambda one: (one.name, one.version, one.sha256)):
            known = stored.name, stored.version
            try:
                if stored.sha256 and chosen.setdefault(known, stored.sha256) != stored.sha256:
                    raise OtherTextError(*known, stored.sha256, chosen[known])
                self.put(self._meant(stored, [other for other in earlier if _id(other) == known]))
            except NoSuchTextError as error:
                refused[known] = error
        self._rulebooks.refused = refused
        for known in refused:
            self._rulebooks.pop(known, None)
        return [str(error) for error in refused.values()]

    def _meant(self, stored: StoredText, olds: list[Book]) -> Book:
        """The book of the stored text: from a file that has it, else, where no file of the folder differs, from it."""
        known = stored.name, stored.version
        book = self._books.get(known)
        if not stored.sha256 and book is not None:
            return olds[-1] if olds and _decides_otherwise(olds[-1], book) else book
        for other in olds if book is None else [book, *olds]:
            if other.rulebook.sha256 == stored.sha256:
                return other
        if book is not None and known in self.of_folder():
            raise OtherTextError(*known, stored.sha256, book.rulebook.sha256)
        if not stored.texts:
            raise (
                UnknownBookError(known)
                if book is None
                else OtherTextError(*known, stored.sha256, book.rulebook.sha256)
            )
        return _built(known, stored)

    def _add(self, book: Book, file: str, source: str | Path) -> None:
        known = _id(book)
        other = self._books.setdefault(known, book)
        if other is not book:
            at = other.sheets[-1].file
            reason = f"{known[0]} {known[1]} is also {at}; one of them needs another name or version"
            raise OfficeFileError(file, 1, "version", reason)
        self._rulebooks[known] = book.rulebook
        self._sources[known] = source


def _built(known: BookId, stored: StoredText) -> Book:
    try:
        book = book_of_texts(stored.texts, f"{stored.name}@{stored.version}")
    except OfficeFileError as error:
        raise UnreadableTextError(known, error) from error
    if _id(book) != known or book.rulebook.sha256 != stored.sha256:
        raise UnreadableTextError(
            known, f"its digest is {book.rulebook.sha256[:12]}, not {stored.sha256[:12]}"
        )
    return book


def _decides_otherwise(before: Book, after: Book) -> bool:
    """Whether a value differs, or its clause; of a value that only the later text writes, the value alone."""
    told = (d for d in differences(before, after) if d.path in UNSAID)
    same = {d.path for d in told if d.before and d.after and d.before.value == d.after.value}
    return any(d.path not in same for d in differences(before, after))


def _id(book: Book) -> BookId:
    return book.rulebook.name, book.rulebook.version


def named(text: str, books: Iterable[BookId]) -> BookId | None:
    """Which of the books is meant: `riverside` in its newest version, or `riverside@1`."""
    name, _, version = text.partition("@")
    return max((one for one in list(books) if one[0] == name and version in ("", str(one[1]))), default=None)


def _files(folder: str | Path) -> list[Path]:
    try:
        return rulebook_files(folder)
    except OSError as error:
        file = str(error.filename or folder)
        told = "the folder cannot be read" if file == str(folder) else "the file cannot be read"
        raise OfficeFileError(file, 1, "", f"{told} ({error.strerror})") from error
