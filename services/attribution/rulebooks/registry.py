"""The rulebooks of a deployment, by name and version: those that ship, and those of the offices' own folder.

Architecture, choice 9. An office checks and tries a file of its own and puts it into the folder; from then on it
may be adopted. What was adopted is never changed: another text needs another version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId
from services.attribution.rulebooks.building import UNSAID
from services.attribution.rulebooks.loading import BadRulebook, Book, earlier_books, load_book, shipped
from services.attribution.rulebooks.telling import differences
from shared.rulebook_folder import rulebook_files

_DIGEST = re.compile("[0-9a-f]{8,64}")


class UnknownBook(LookupError):
    """A rulebook that was adopted, or named for a scope, and that this deployment does not have."""

    def __init__(self, book: BookId) -> None:
        super().__init__(
            f"没有规则书 {book[0]}@{book[1]} (there is no rulebook {book[0]}@{book[1]} here: put its file into"
            " PANKE_RULEBOOK_FOLDER and restart; then `panke quarantine retry`)"
        )


class KnownBooks(dict[BookId, Rulebook]):
    """Rulebooks by name and version."""

    def __missing__(self, book: BookId) -> Rulebook:
        raise UnknownBook(book)


class Registry:
    """Raises `BadRulebook` for a file that is wrong, and for a name and version that two books have.

    What ships has been amended under its name and version. A deployment in which an earlier text was adopted
    keeps that one: `keep` puts it in its place.
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
    def books(self) -> Mapping[BookId, Rulebook]:
        """Every rulebook that may be adopted; the mapping follows what is kept, and says what to do where one lacks."""
        return self._rulebooks

    def all(self) -> Iterable[Book]:
        """Every rulebook with what it was made from: those that ship first."""
        return self._books.values()

    def earlier(self) -> Iterator[Book]:
        """The same books with the texts that shipped before, where these differ."""
        for known, book in self._books.items():
            others = (other for other in earlier_books(self._sources[known]) if _id(other) == known)
            yield from (other for other in others if other.rulebook.sha256 != book.rulebook.sha256)

    def find(self, name_or_path: str) -> Book:
        """The book that a person names, by `riverside`, `riverside@1` or `riverside@` and a digest, or of a file."""
        known = named(name_or_path, self._books)
        if known is not None:
            return self._books[known]
        name, _, digest = name_or_path.partition("@")
        for book in (*self._books.values(), *self.earlier()) if _DIGEST.fullmatch(digest) else ():
            if book.rulebook.name == name and book.rulebook.sha256.startswith(digest):
                return book
        return load_book(name_or_path)

    def text_of(self, known: BookId) -> bytes:
        """The bytes over which the rulebook's digest is made: its chain, root first."""
        return b"".join(self._books[known].texts)

    def put(self, book: Book) -> None:
        """Let this text be what its name and version mean."""
        self._books[_id(book)] = book
        self._rulebooks[_id(book)] = book.rulebook

    def keep(self, adopted: Iterable[tuple[str, int, str]]) -> list[str]:
        """Go by the texts that were adopted, by name, version and digest; what cannot be is a sentence each.

        Without a digest the first text is meant that shipped, where it decides otherwise than today's.
        """
        wrong = []
        earlier = [*self.earlier()]
        for name, version, sha256 in sorted(adopted):
            book = self._books.get((name, version))
            if book is None:
                wrong.append(f"{name} {version} was adopted, and no file has it any more: put it back")
                continue
            olds = [other for other in earlier if _id(other) == (name, version)]
            found = next((other for other in (book, *olds) if other.rulebook.sha256 == sha256), None)
            if not sha256 and olds and _decides_otherwise(olds[-1], book):
                found = olds[-1]
            if found is not None:
                self.put(found)
            elif sha256:
                wrong.append(
                    f"{name} {version} was adopted with another text ({sha256[:12]}, now "
                    f"{book.rulebook.sha256[:12]}): put that back, and give the changed file a new version"
                )
        return wrong

    def _add(self, book: Book, file: str, source: str | Path) -> None:
        known = _id(book)
        other = self._books.setdefault(known, book)
        if other is not book:
            at = other.sheets[-1].file
            reason = f"{known[0]} {known[1]} is also {at}; one of them needs another name or version"
            raise BadRulebook(file, 1, "version", reason)
        self._rulebooks[known] = book.rulebook
        self._sources[known] = source


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
    return max((one for one in books if one[0] == name and version in ("", str(one[1]))), default=None)


def _files(folder: str | Path) -> list[Path]:
    try:
        return rulebook_files(folder)
    except OSError as error:
        file = str(error.filename or folder)
        told = "the folder cannot be read" if file == str(folder) else "the file cannot be read"
        raise BadRulebook(file, 1, "", f"{told} ({error.strerror})") from error
