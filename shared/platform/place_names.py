"""What offices and scopes are called: by a file of the deployment, since the journal knows them by their ids alone.

Pages, workbooks, messages and the printed reports of evidence packs call them so. What programs read keeps the ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from shared.i18n import Text
from shared.platform.officefile.conversion import convert, named
from shared.platform.officefile.document import Document, parse_file
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.mistake_words import bilingual_line
from shared.platform.settings import SettingsError, variable

SETTING: Final = "place_names"
"""The one setting that names the file, of every service that shows an office to somebody."""
_PLACE: Final = r"[a-z0-9-]{1,64}"
_Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]


class _NameInFile(Struct, frozen=True, forbid_unknown_fields=True):
    zh: _Words
    en: _Words


class _NamesInFile(Struct, frozen=True, forbid_unknown_fields=True):
    scopes: dict[str, object] = {}
    offices: dict[str, object] = {}


class PlaceNames(Struct, frozen=True):
    """Names by id; what has none is called by its id."""

    scopes: Mapping[str, Text] = {}
    offices: Mapping[str, Text] = {}

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
        return self.offices.get(office) or Text(office, office)

    def scope(self, scope: str) -> Text:
        """What a scope is called."""
        return self.scopes.get(scope) or Text(scope, scope)

    def office_with_id(self, office: str) -> Text:
        """The same with the id behind it, on papers that are held against records."""
        return _with_id(self.offices.get(office), office)

    def scope_with_id(self, scope: str) -> Text:
        """The scope likewise."""
        return _with_id(self.scopes.get(scope), scope)


def place_names_of(path: str) -> PlaceNames:
    """The names of the file that a deployment set. Raises `SettingsError`."""
    try:
        return PlaceNames.read(path)
    except OfficeFileError as error:
        raise SettingsError(f"{variable(SETTING)}: {bilingual_line(error)}") from None


def _with_id(name: Text | None, place: str) -> Text:
    return Text(place, place) if name is None else Text(f"{name.zh}（{place}）", f"{name.en} ({place})")


def _texts(document: Document, key: str) -> dict[str, Text]:
    texts: dict[str, Text] = {}
    for place, given in named(document, key, _PLACE):
        one: _NameInFile = convert(document, f"{key}.{place}", given, _NameInFile)
        texts[place] = Text(one.zh, one.en)
    return texts
