"""What a form sends, and what is wrong with it: nothing typed is lost by an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from shared.i18n import Text, bilingual
from shared.platform.http.problem import ProblemError

MOST: Final = 500


class Form:
    """The fields of a form as they were typed, without blanks around them; a field that is not there is empty."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        self._fields = fields

    @classmethod
    def read(cls, body: bytes) -> Form:
        """The fields of a body, as `application/x-www-form-urlencoded`. Raises `ProblemError`."""
        try:
            return cls(parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST, errors="strict"))
        except (UnicodeDecodeError, ValueError):
            raise ProblemError(422, bilingual("the form cannot be read")) from None

    def __getitem__(self, name: str) -> str:
        return self._fields.get(name, [""])[0].strip()

    def raw(self, name: str) -> str:
        """The field as it was typed, blanks and all: a password has what it has."""
        return self._fields.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """What was given under a name, each that is not empty."""
        return [one.strip() for one in self._fields.get(name, ()) if one.strip()]

    def names(self) -> list[str]:
        """Every field that was sent, in its order."""
        return list(self._fields)

    def given(self, name: str) -> str | None:
        """The field, or None where nothing was typed."""
        return self[name] or None


class Wrong:
    """What is wrong with a form: by field, and on the whole."""

    def __init__(self) -> None:
        self.fields: dict[str, Text | str] = {}
        self.whole: list[Text | str] = []

    def __bool__(self) -> bool:
        return bool(self.fields or self.whole)

    def of(self, name: str) -> Text | str | None:
        """What is wrong with a field."""
        return self.fields.get(name)
