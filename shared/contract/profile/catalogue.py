"""The catalogue of profile keys as it ships."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec
from msgspec import Struct

from shared.i18n import Text

FILE: Final = "catalogue.yaml"

KeyKind = Literal["plain", "personal", "sensitive"]
ValueType = Literal["text", "date", "choice"]


class ProfileCatalogueError(ValueError):
    """The file of profile keys contradicts itself."""


class ProfileKeyEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One key: its labels, how it is held, what values it takes, and the forms that ask for it.

    `by_scheme`: it cannot be recorded until the scheme of the office turns it on, with a purpose and how consent is
    taken.
    """

    zh: str
    en: str
    kind: KeyKind
    forms: tuple[str, ...]
    type: ValueType = "text"
    values: tuple[str, ...] = ()
    by_scheme: bool = False

    @property
    def label(self) -> Text:
        return Text(self.zh, self.en)

    @property
    def is_sealed(self) -> bool:
        """Whether its values say who somebody is, and so stand under seal."""
        return self.kind != "plain"


class _Catalogue(Struct, frozen=True, forbid_unknown_fields=True):
    keys: dict[str, ProfileKeyEntry]


@cache
def catalogue() -> Mapping[str, ProfileKeyEntry]:
    """Every key in the order of the file."""
    keys = msgspec.yaml.decode(files(__package__).joinpath(FILE).read_bytes(), type=_Catalogue).keys
    for name, entry in keys.items():
        if not entry.forms or not name.isidentifier():
            raise ProfileCatalogueError(f"{name}: not cited, or no name of a field")
        if entry.is_sealed and entry.type != "text":
            raise ProfileCatalogueError(f"{name}: what stands under seal is a text")
        if entry.kind == "sensitive" and not entry.by_scheme:
            raise ProfileCatalogueError(f"{name}: what is sensitive is off until a scheme turns it on")
        if (entry.type == "choice") != bool(entry.values):
            raise ProfileCatalogueError(f"{name}: a choice has values, and nothing else has")
    return keys


PROFILE_KEYS: Final = frozenset(catalogue())
BY_SCHEME: Final = frozenset(name for name, entry in catalogue().items() if entry.by_scheme)
"""What is off until the scheme of the office turns it on."""
