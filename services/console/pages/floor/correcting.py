"""The form by which the party of a record is corrected, or a correction is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from services.console.frame.forms import Form, Wrong
from shared.contract.answers.records import RecordedEvent
from shared.i18n import Text, translated

LINES: Final = {"name": translated("Name"), "phones": translated("Phones"), "wechat": translated("WeChat id")}
"""How a request writes what is proposed, a field a line; read again where somebody approves it."""
FIELDS: Final = {
    "data.customer.name": "name", "data.customer.phones": "phones", "data.customer.wechat": "wechat",
    "data.reason": "reason", "data.proposed": "phones", "data.record": "name",
}  # fmt: skip


class CorrectionTyped(Struct, frozen=True):
    """What is to stand instead, as it was typed; `phones` with commas between."""

    name: str
    phones: str
    wechat: str
    reason: str

    @classmethod
    def of(cls, form: Form) -> CorrectionTyped:
        return cls(form["name"], form["phones"], form["wechat"], form["reason"])

    @classmethod
    def as_recorded(cls, event: RecordedEvent) -> CorrectionTyped:
        party = event.data.get("customer", {})
        return cls(party.get("name", ""), "，".join(party.get("phones", ())), party.get("wechat", ""), "")

    @property
    def numbers(self) -> list[str]:
        """The phones, one by one."""
        return phones_of(self.phones)

    def with_proposed(self, proposed: str, reason: str) -> CorrectionTyped:
        """As a request proposes it; what it does not say stays."""
        said = proposals(proposed)
        return CorrectionTyped(
            said.get("name", self.name),
            said.get("phones", self.phones),
            said.get("wechat", self.wechat),
            reason,
        )


def correctable(event: RecordedEvent) -> bool:
    """Whether a record names a customer and is no correction itself."""
    return "customer" in event.data and event.type != "record.corrected"


def corrected_party(typed: CorrectionTyped, event: RecordedEvent) -> dict[str, Any]:
    """What changes of the party: a field that stays is left out, one that was emptied is taken away."""
    was = CorrectionTyped.as_recorded(event)
    party: dict[str, Any] = {}
    if typed.name != was.name:
        party["name"] = typed.name
    if phones_of(typed.phones) != phones_of(was.phones):
        party["phones"] = phones_of(typed.phones)
    if typed.wechat != was.wechat:
        party["wechat"] = typed.wechat
    return party


def phones_of(typed: str) -> list[str]:
    """Numbers with a comma, a semicolon or a line between them."""
    for mark in "，、；;\n":
        typed = typed.replace(mark, ",")
    return [one.strip() for one in typed.split(",") if one.strip()]


def checked(typed: CorrectionTyped, party: Mapping[str, Any]) -> Wrong:
    """What lacks before anything is sent."""
    wrong = Wrong()
    if not party:
        wrong.fields["name"] = translated("nothing differs from what is recorded")
    if any("*" in one for one in (typed.phones, typed.wechat) if "phones" in party or "wechat" in party):
        wrong.fields["phones"] = translated("a masked number cannot stand: type the whole one")
    if not typed.reason:
        wrong.fields["reason"] = translated("the reason is wanted: the auditor reads it")
    return wrong


def proposed(party: Mapping[str, Any]) -> str:
    """What a request proposes, a field a line."""
    lines = []
    for name, label in LINES.items():
        if name in party:
            value = party[name]
            lines.append(f"{label.zh}：{'，'.join(value) if isinstance(value, list) else value}")
    return "\n".join(lines)


def proposed_words(text: str) -> list[Text | str]:
    """What is proposed, line by line in the reader's language; what somebody typed otherwise as it was typed."""
    by_label = {label.zh: label for label in LINES.values()}
    told: list[Text | str] = []
    for line in text.splitlines():
        label, colon, value = line.partition("：")
        known = by_label.get(label.strip()) if colon else None
        told.append(
            line if known is None else Text(f"{known.zh}：{value.strip()}", f"{known.en}: {value.strip()}")
        )
    return told


def proposals(text: str) -> dict[str, str]:
    """What `proposed` wrote, by field; other words say nothing."""
    names = {label.zh: name for name, label in LINES.items()}
    found: dict[str, str] = {}
    for line in text.splitlines():
        label, colon, value = line.partition("：")
        if colon and label.strip() in names:
            found[names[label.strip()]] = value.strip()
    return found
