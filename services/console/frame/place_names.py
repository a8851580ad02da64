"""What offices and scopes are called: by a file of the deployment, since the journal knows them by their ids alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from shared.i18n import Text
from shared.platform.officefile.conversion import convert, named
from shared.platform.officefile.document import Document, parse_file

_PLACE: Final = r"[a-z0-9-]{1,64}"
_Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]


class _NameInFile(Struct, frozen=True, forbid_unknown_fields=True):
    zh: _Words
    en: _Words


class _NamesInFile(Struct, frozen=True, forbid_unknown_fields=True):
    scopes: dict[str, object] = {}
    offices: dict[str, object] = {}


class PlaceNames:
    """Names by id; what has none is called by its id."""

    def __init__(
        self, scopes: Mapping[str, Text] | None = None, offices: Mapping[str, Text] | None = None
    ) -> None:
        self._scopes = scopes or {}
        self._offices = offices or {}

    @classmethod
    def read(cls, path: str) -> PlaceNames:
        """The names of a file; none where no file is named. Raises `OfficeFileError`."""
        if not path:
            return cls()
        document = parse_file(Path(path))
        convert(document, "", document.values, _NamesInFile)
        return cls(_texts(document, "scopes"), _texts(document, "offices"))

    def office(self, office: str) -> Text:
        """What an office is called."""
        return self._offices.get(office) or Text(office, office)

    def scope(self, scope: str) -> Text:
        """What a scope is called."""
        return self._scopes.get(scope) or Text(scope, scope)


def _texts(document: Document, key: str) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for place, given in named(document, key, _PLACE):
        one: _NameInFile = convert(document, f"{key}.{place}", given, _NameInFile)
        texts[place] = Text(one.zh, one.en)
    return texts
