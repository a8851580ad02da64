"""The rulebooks and schemes of this deployment: those that ship, and those of its own folders.

What a scope goes by is what the services say; here are its texts, to be told in words.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, translated
from shared.rules.rulebooks.loading import Book
from shared.rules.rulebooks.registry import Registry, UnknownNamedError
from shared.rules.schemes.loading import SchemeRegistry
from shared.rules.schemes.scheme import Scheme

_CLAUSE: Final = re.compile(
    r"(?<![\w./@-])[a-z][a-z0-9_-]*\.[a-z0-9_]+(?![a-z0-9_.@/-]*[a-z0-9_@/])", re.ASCII
)
"""Where a sentence names a clause by its id, such as `base.dispute`; no part of an address or of a file's name."""


class OfficeBooks:
    """Read when they are first asked for. Raises `OfficeFileError` of a file that is wrong."""

    def __init__(self, rulebook_folder: str = "", scheme_folder: str = "") -> None:
        self._folders = rulebook_folder, scheme_folder
        self._cited: dict[str, Text] = {}

    @cached_property
    def rulebooks(self) -> Registry:
        """Every rulebook of which there is a text here."""
        return Registry(self._folders[0])

    @cached_property
    def schemes(self) -> SchemeRegistry:
        """Every scheme of which there is a text here."""
        return SchemeRegistry(self._folders[1])

    def cited(self, clause: str) -> Text:
        """A clause as people cite it: by the title of its rulebook and its number there; by its id where neither text
        is here. A clause that has a name instead of a number is cited by its rulebook alone."""
        found = self._cited.get(clause)
        if found is None:
            found = self._cited[clause] = self._citation(clause)
        return found

    def cites(self, sentence: Text | BothLanguages) -> Text:
        """A sentence of a service with the clauses in it as people cite them; those of unknown rulebooks stand."""
        return Text(
            _CLAUSE.sub(lambda found: self.cited(found[0]).zh, sentence.zh),
            _CLAUSE.sub(lambda found: self.cited(found[0]).en, sentence.en),
        )

    def _citation(self, clause: str) -> Text:
        name, _, place = clause.rpartition(".")
        book = self.book(name)
        if book is None:
            return Text(clause, clause)
        title = book.rulebook.title
        if not place[:1].isdigit():
            return Text(f"《{title.zh}》", title.en)
        return translated("{rulebook}, clause {place}", rulebook=title, place=place)

    def title(self, name: str, version: int) -> Text:
        """A rulebook as people call it, with which version of it; name and version of one whose text is not here."""
        book = self.book(name, version)
        if book is None:
            return Text(f"{name} {version}", f"{name} {version}")
        return translated("{rulebook}, version {version}", rulebook=book.rulebook.title, version=version)

    def book(self, name: str, version: int | None = None, sha256: str = "") -> Book | None:
        """A rulebook by its digest, else by name and version; None where its text is not here."""
        wanted = [f"{name}@{sha256}"] if sha256 else []
        wanted.append(name if version is None else f"{name}@{version}")
        for one in wanted:
            try:
                return self.rulebooks.known(one)
            except UnknownNamedError:
                continue
        return None

    def scheme(self, said: str) -> Scheme | None:
        """A scheme as the registers name it, `name version`; None where its text is not here."""
        name, _, version = said.partition(" ")
        found = [
            one for (known, of), one in self.schemes.items() if known == name and version in ("", str(of))
        ]
        return max(found, key=lambda one: one.version, default=None)
