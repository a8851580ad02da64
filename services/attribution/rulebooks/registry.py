"""The rulebooks of a deployment, by name and version: those that ship, and those of the offices' own folder.

Architecture, choice 9. An office checks and tries a file of its own and puts it into the folder; from then on it
may be adopted. What was adopted is never changed: another text needs another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId
from services.attribution.rulebooks.loading import BadRulebook, Book, load_book, shipped
from shared.rulebook_folder import rulebook_files


class Registry:
    """Raises `BadRulebook` for a file that is wrong, and for a name and version that two books have."""

    def __init__(self, folder: str | Path = "") -> None:
        self._books: dict[BookId, Book] = {}
        for name in shipped():
            self._add(load_book(name), "")
        for path in _files(folder) if folder else ():
            self._add(load_book(path), str(path))

    @property
    def books(self) -> Mapping[BookId, Rulebook]:
        """Every rulebook that may be adopted."""
        return {known: book.rulebook for known, book in self._books.items()}

    def all(self) -> Iterable[Book]:
        """Every rulebook with what it was made from: those that ship first."""
        return self._books.values()

    def find(self, name_or_path: str) -> Book:
        """The book that a person names, or the one of a file."""
        known = named(name_or_path, self._books)
        return load_book(name_or_path) if known is None else self._books[known]

    def text_of(self, known: BookId) -> bytes:
        """The bytes over which the rulebook's digest is made: its chain, root first."""
        return b"".join(self._books[known].texts)

    def changed(self, adopted: Iterable[tuple[str, int, str]]) -> list[str]:
        """What is wrong with books that were adopted, by name, version and digest: one sentence each."""
        found = []
        for name, version, sha256 in sorted(adopted):
            book = self._books.get((name, version))
            if book is None:
                found.append(f"{name} {version} was adopted, and no file has it any more: put it back")
            elif book.rulebook.sha256 != sha256:
                found.append(
                    f"{name} {version} was adopted with another text ({sha256[:12]}, now "
                    f"{book.rulebook.sha256[:12]}): put that back, and give the changed file a new version"
                )
        return found

    def _add(self, book: Book, file: str) -> None:
        known = book.rulebook.name, book.rulebook.version
        other = self._books.setdefault(known, book)
        if other is not book:
            at = other.sheets[-1].file
            reason = f"{known[0]} {known[1]} is also {at}; one of them needs another name or version"
            raise BadRulebook(file, 1, "version", reason)


def named(text: str, books: Iterable[BookId]) -> BookId | None:
    """Which of the books is meant: `riverside` in its newest version, or `riverside@1`."""
    name, _, version = text.partition("@")
    return max((one for one in books if one[0] == name and version in ("", str(one[1]))), default=None)


def _files(folder: str | Path) -> list[Path]:
    try:
        return rulebook_files(folder)
    except OSError as error:
        raise BadRulebook(str(folder), 1, "", f"the folder cannot be read ({error.strerror})") from error
