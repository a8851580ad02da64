"""Which rulebooks may be adopted: known by name and version (contract.md#rulebook-adopted).

Intake reads the offices' folder as attribution does: a file under which nobody could be judged stops the service by
name, before an adoption of it could be taken in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError, variable
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry

FOLDER = variable("rulebook_folder")


def parse_rulebook(text: str) -> tuple[str, int]:
    """`base@1` is version 1 of `base`."""
    name, at, version = text.strip().partition("@")
    if not name or (at and not version.isdecimal()):
        raise ValueError(f"a rulebook is named like base@1, not {text!r}")
    return name, int(version) if at else 1


class AdoptableRulebooks:
    """The rulebooks that this deployment knows: those that are named, and those of the offices' folder.

    Raises `SettingsError` for a folder that cannot be read, and for a file that is no good rulebook.
    """

    def __init__(self, rulebooks: Iterable[str], folder: str = "") -> None:
        named = (parse_rulebook(rulebook) for rulebook in rulebooks)
        self._everywhere = frozenset(named)
        self._of_folder = _texts_of_folder(folder) if folder else {}
        self._known = self._everywhere | self._of_folder.keys()

    def has_everywhere(self, name: str, version: int) -> bool:
        """Whether every installation has it, so that no folder can lack it or have it in another text."""
        return (name, version) in self._everywhere

    def texts(self, name: str, version: int) -> Sequence[str]:
        """The digests under which the folder's file may be kept, today's first; none for a book that ships.

        What ships is the release's own, and attribution may be of another release while both are brought up to date.
        """
        return self._of_folder.get((name, version), ())

    def __call__(self, name: str, version: int) -> bool:
        return (name, version) in self._known


def _texts_of_folder(folder: str) -> dict[BookId, list[str]]:
    try:
        registry = Registry(folder)
        known = {book: [registry.books[book].sha256] for book in registry.of_folder()}
        for earlier in registry.earlier():
            known.get((earlier.rulebook.name, earlier.rulebook.version), []).append(earlier.rulebook.sha256)
    except OfficeFileError as error:
        raise SettingsError(f"{FOLDER}: {mistake_line(error)}") from None
    return known
