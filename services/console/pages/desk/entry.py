"""What is registered at the desk: the event that a form is, and where in the form each of its fields was typed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from services.console.frame.forms import Form, Wrong
from shared.contract.contacts import WECHAT, contact_of
from shared.contract.errors import BadEvent
from shared.contract.times import format_instant
from shared.i18n import translated

EntryKind: TypeAlias = Literal["visit", "call", "outreach"]
KINDS: Final[tuple[EntryKind, ...]] = get_args(EntryKind)
TYPES: Final[Mapping[EntryKind, str]] = {
    "visit": "visit.registered", "call": "call.registered", "outreach": "outreach.registered",
}  # fmt: skip
RECEIVER: Final[Mapping[EntryKind, str]] = {"visit": "received_by", "call": "answered_by", "outreach": "by"}
METHODS: Final = ("field", "sms", "web")
_of_day = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)").fullmatch
_phone_within = re.compile(r"[+＋]?[\d０-９][\d０-９\s()（）·.\-－—]{5,}[\d０-９]").search


class DeskEntry(Struct, frozen=True):
    """The data of an event, and the fields of the form by their paths in it."""

    kind: EntryKind
    data: dict[str, Any]
    fields: dict[str, str]

    @property
    def digest(self) -> str:
        """What is said, in short: whether it is what was checked before."""
        return hashlib.sha256(msgspec.json.encode([self.kind, self.data], order="deterministic")).hexdigest()

    @property
    def contact(self) -> str | None:
        """By which contact the customer is looked up: a phone first."""
        party = self.data["customer"]
        contact: str | None = next(iter(party.get("phones", ())), party.get("wechat"))
        return contact


def entry_of(kind: EntryKind, form: Form, event: str, wrong: Wrong) -> DeskEntry:
    """The entry that a form is; what this page knows to be wrong goes to `wrong`, the rest is said by intake."""
    fields: dict[str, str] = {}
    data: dict[str, Any] = {"customer": _party(form, fields)}
    if not form["receiver"]:
        wrong.fields["receiver"] = translated("Choose who receives.")
    data[RECEIVER[kind]] = form["receiver"]
    fields[f"data.{RECEIVER[kind]}"] = "receiver"
    if kind == "outreach":
        data["method"] = form["method"] or METHODS[0]
        fields["data.method"] = "method"
    else:
        data["asked"] = _asked(form, fields)
        for name in ("channel", "no_contact_reason"):
            data[name] = form.given(name)
    data["notes"] = form.given("notes")
    if kind == "visit":
        data["visit"] = event
        _visit(form, data, wrong)
        fields |= {"data.referred_by[0].phone": "ref_phone", "data.referred_by": "ref_consultant"}
    said = (form["contact"], form["name"], form["wechat"], form["phone_2"], form["no_contact_reason"])
    if not any(said):
        wrong.fields["contact"] = translated(
            "Enter a phone or a name; or say under More why there is neither."
        )
    for name in (*data, "occurred_at"):
        fields.setdefault(f"data.{name}", name)
    fields["occurred_at"] = "when"
    fields["data.customer"] = "contact"
    return DeskEntry(kind, {name: value for name, value in data.items() if value is not None}, fields)


def time_of_day(form: Form, at: str, now: datetime, zone: ZoneInfo, wrong: Wrong) -> str:
    """When it happened: at the hour of this day that was typed, else as the form has it."""
    typed = form["when"]
    if not typed:
        return at
    found = _of_day(typed)
    if found is None:
        wrong.fields["when"] = translated("An hour and a minute of today, such as 14:05.")
        return at
    local = now.astimezone(zone).replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    if local > now + timedelta(minutes=1):
        wrong.fields["when"] = translated("That is later than now.")
        return at
    return format_instant(local)


def wechat_in(typed: str) -> str | None:
    """The WeChat id that was typed as a contact; None of a phone, and of what is neither."""
    try:
        found = contact_of(typed)
    except BadEvent:
        return None
    return found.removeprefix(WECHAT) if found.startswith(WECHAT) else None


def _party(form: Form, fields: dict[str, str]) -> dict[str, Any]:
    party: dict[str, Any] = {}
    phones, wechat, wechat_at = [], form["wechat"], "wechat"
    if form["contact"]:
        found = wechat_in(form["contact"])
        if found is not None and not wechat:
            wechat, wechat_at = found, "contact"
        else:
            phones.append(("contact", form["contact"]))
    if form["phone_2"]:
        phones.append(("phone_2", form["phone_2"]))
    for number, (name, _) in enumerate(phones):
        fields[f"data.customer.phones[{number}]"] = name
    fields |= {
        "data.customer.wechat": wechat_at,
        "data.customer.name": "name",
        "data.customer.relation": "relation",
    }
    if form["name"]:
        party["name"] = form["name"]
    if phones:
        party["phones"] = [typed for _, typed in phones]
    if wechat:
        party["wechat"] = wechat
    if form["relation"]:
        party["relation"] = form["relation"]
    return party


def _asked(form: Form, fields: dict[str, str]) -> dict[str, str] | None:
    """What the customer answered; who named somebody and was not asked about earlier visits is unsure of them."""
    given = {name: form[name] for name in ("named_consultant", "contacted_by") if form[name]}
    for name in ("visited_before", "named_consultant", "contacted_by"):
        fields[f"data.asked.{name}"] = name
    fields["data.asked"] = "visited_before"
    if not given and not form["visited_before"]:
        return None
    return {"visited_before": form["visited_before"] or "unsure", **given}


def _visit(form: Form, data: dict[str, Any], wrong: Wrong) -> None:
    data["capacity"] = form["capacity"] or "on_turn"
    if data["capacity"] == "assist":
        data["on_behalf_of"] = form.given("on_behalf_of")
    data["designated"] = form.given("designated")
    data["purpose"] = form.given("purpose")
    data["present"] = form.all("present") or None
    referrer = {"phone": form.given("ref_phone"), "consultant": form.given("ref_consultant")}
    data["referred_by"] = [_without_none(referrer)] if any(referrer.values()) else None
    data["companions"] = list(_companions(form["companions"])) or None
    if form["party_size"]:
        if form["party_size"].isdecimal() and 1 <= int(form["party_size"]) <= 1000:
            data["party_size"] = int(form["party_size"])
        else:
            wrong.fields["party_size"] = translated("A whole number from 1 to 1000.")


def _companions(text: str) -> Iterator[dict[str, Any]]:
    """Who came along, a line each: a name, and a phone where one is there."""
    for line in text.splitlines():
        found = _phone_within(line)
        name = (line[: found.start()] + line[found.end() :] if found else line).strip(" \t,，、:：;；")
        party = _without_none({"name": name or None, "phones": [found[0].strip()] if found else None})
        if party:
            yield party


def _without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
