"""What the report of a pack says: its parts and columns, and in one language people by name, times of the office, and
closed lists in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from shared.contract.alert_words import channel_word
from shared.contract.field_words import field_word
from shared.contract.staff_fields import names_staff
from shared.contract.value_words import value_word
from shared.evidence.content import EvidenceContent, Json
from shared.evidence.form import Language
from shared.i18n import Text, translated, translated_in
from shared.i18n.times import dated

PARTS: Final[Mapping[str, Text]] = {
    "title": translated("Evidence on a customer"),
    "page": translated("page"),
    "verify": translated(
        "This report is for reading. What proves it is the pack that it stands in: panke verify PACK --key KEY"
    ),
    "standing": translated("How the customer stands"),
    "timeline": translated("What was recorded"),
    "decisions": translated("What was decided, and why"),
    "deals": translated("deals"),
    "disputes": translated("disputes"),
    "known": translated("Who knew what, and when"),
    "closed": translated("under seal: it names another customer's person too, or the person was erased"),
    "entered": translated("entered it"),
    "nobody": translated("nobody"),
    "none": translated("nothing"),
}
ACTS: Final[Mapping[str, Text]] = {
    "opened": translated("looked at it"),
    "exported": translated("took data out"),
    "privileged": translated("did something that few may"),
}
"""What the record of access tells of a customer."""
HEADS: Final[Mapping[str, Text]] = {
    "no.": translated("no."),
    "happened at": translated("happened at"),
    "recorded at": translated("recorded at"),
    "entered by": translated("entered by"),
    "record": translated("record"),
    "what it says": translated("what it says"),
    "at": translated("at"),
    "decision": translated("decision"),
    "owner": translated("owner"),
    "before": translated("before"),
    "clause": translated("clause"),
    "because of no.": translated("because of no."),
    "deal": translated("deal"),
    "status": translated("status"),
    "shares": translated("shares"),
    "dispute": translated_in("of a record", "dispute"),
    "opened by": translated("opened by"),
    "who": translated("who"),
    "how": translated("how"),
    "of what": translated("of what"),
}
NOTHING: Final = "–"


class EvidenceWords:
    """The words of one report."""

    def __init__(self, content: EvidenceContent, language: Language) -> None:
        self._content = content
        self._language = language

    def part(self, name: str) -> str:
        return self.text(PARTS[name])

    def text(self, text: Text) -> str:
        return text.zh if self._language == "zh" else text.en

    def said(self, data: Json) -> str:
        said = (f"{self._label(path)}: {self._value(path, value)}" for path, value in _flat("", data))
        return "; ".join(said) or NOTHING

    def _label(self, path: str) -> str:
        """The field of a path in words, where it has any."""
        known = field_word(path)
        return path if known is None else self.text(known)

    def _value(self, path: str, value: Any) -> str:
        """What stands in a field: people by their names besides, in words what is of a closed list."""
        if isinstance(value, list):
            return "  ".join(self._value(path, one) for one in value)
        if names_staff(path):
            return self.staff(str(value))
        known = value_word(path, value)
        return str(value) if known is None else self.text(known)

    def known(self, words: Mapping[str, Text], said: str | None) -> str:
        """What a list calls a value; what it does not have stands as it is."""
        if said is None:
            return ""
        known = words.get(said)
        return said if known is None else self.text(known)

    def channel(self, channel: str | None) -> str:
        if channel is None:
            return ""
        known = channel_word(channel)
        return known if isinstance(known, str) else self.text(known)

    def clause(self, clause: str | None) -> str:
        if clause is None:
            return NOTHING
        text = self._content.clauses.get(clause)
        return clause if text is None else f"{clause}  {self.text(text)}"

    def staff(self, staff: str | None) -> str:
        if staff is None:
            return self.part("nobody")
        name = self._content.staff.get(staff)
        return staff if name is None else f"{name} ({staff})"

    def time(self, at: str | None) -> str:
        if not at:
            return NOTHING
        return self.text(dated(datetime.fromisoformat(at), self._content.zone))


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every value of a record by its path; a list of plain values is one."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{path}.{name}" if path else name, each)
    elif isinstance(value, list):
        if any(isinstance(each, dict | list) for each in value):
            for number, each in enumerate(value):
                yield from _flat(f"{path}[{number}]", each)
        else:
            yield path, value
    elif value is not None:
        yield path, value
