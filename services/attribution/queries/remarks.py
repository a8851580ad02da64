"""Corrections and approvals as a history tells them: who asked, who approved, and what changed, contacts masked.

A correction takes from a customer what is another's, or gives it; whoever may read the one history need not know the
other's number (procedure.md#corrections).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from services.attribution.queries.explained import both
from services.attribution.queries.queries import Snapshot
from shared.contract import is_masked, mask, mask_contact
from shared.contract.contacts import wechat_contact
from shared.contract.phones import normalise_phone
from shared.i18n import Text, listed, translated
from shared.rules.judge.result import Json

CORRECTED: Final = "record.corrected"
APPROVED: Final = "record.approved"

_CORRECTION = translated("{asked} asked for a correction, {approved} approved: {changes}. Reason: {reason}")
_CHANGE = translated("{field} {before} → {after}")
_NOT_TAKEN = translated("Without the approvals that the rules ask for it had no effect.")
_APPROVAL = translated("{by} {stage} the record")
_STAGES: Final = {
    "reviewed": translated("reviewed"),
    "approved": translated("approved"),
    "filed": translated("filed"),
}
_FIELDS: Final = {
    "name": translated("name"),
    "phones": translated("phones"),
    "wechat": translated("WeChat"),
    "relation": translated("relation"),
}
_NOTHING = translated("none")
_NO_CHANGE = translated("nothing changes")
_NOBODY = translated("nobody")


def remarks_on(snapshot: Snapshot, records: Sequence[str]) -> list[str]:
    """The corrections and approvals of these records, and those of the corrections themselves."""
    return [
        str(id_)
        for (id_,) in snapshot.ask("remarks_on", {"scope": snapshot.head.scope, "records": list(records)})
    ]


def with_remarks(snapshot: Snapshot, events: list[Json]) -> list[Json]:
    """The events of a page, its corrections and approvals with their words and what they changed."""
    corrections = [event for event in events if event["type"] == CORRECTED]
    approvals = [event["data"]["by"] for event in events if event["type"] == APPROVED]
    if not corrections and not approvals:
        return events
    parties = _Parties(snapshot, {event["data"]["record"] for event in corrections})
    asked = [staff for event in corrections for staff in _people(event)]
    names = snapshot.staff_names({*asked, *approvals})
    return [_worded(event, parties, names) for event in events]


def _worded(event: Json, parties: _Parties, names: Mapping[str, str]) -> Json:
    if event["type"] == CORRECTED:
        return _correction(event, parties, names)
    if event["type"] == APPROVED:
        stage, by = _STAGES[event["data"]["stage"]], names.get(event["data"]["by"], event["data"]["by"])
        told = _APPROVAL.format(by=by, stage=stage)
        return event | {"explanation": both(told)}
    return event


def _correction(event: Json, parties: _Parties, names: Mapping[str, str]) -> Json:
    data = event["data"]
    given = _masked(data["customer"])
    before, taken = parties.before(data["record"], event["seq"])
    changed = {
        field: {"before": before.get(field), "after": value or None}
        for field, value in given.items()
        if parties.changes(data, field, event["seq"])
    }
    shown = {"customer": given, "reason": mask(data["reason"])}
    words = _words(data, changed, taken, names)
    return event | {
        "data": data | shown, "changed": changed, "taken": taken, "explanation": both(words)
    }  # fmt: skip


def _words(data: Json, changed: Json, taken: bool, names: Mapping[str, str]) -> Text:
    changes = [
        _CHANGE.format(field=_FIELDS[field], before=_shown(change["before"]), after=_shown(change["after"]))
        for field, change in changed.items()
    ]
    approved = [names.get(staff, staff) for staff in data["approved_by"]]
    told = _CORRECTION.format(
        asked=names.get(data["requested_by"], data["requested_by"]),
        approved=listed(approved) if approved else _NOBODY,
        changes=listed(changes, Text("；", "; ")) if changes else _NO_CHANGE,
        reason=mask(data["reason"]),
    ).ended()
    return told if taken else Text(f"{told.zh}{_NOT_TAKEN.zh}", f"{told.en} {_NOT_TAKEN.en}")


def _shown(value: Any) -> str | Text:
    return ", ".join(value) if isinstance(value, list) and value else str(value) if value else _NOTHING


def _people(correction: Json) -> Iterable[str]:
    return (correction["data"]["requested_by"], *correction["data"]["approved_by"])


class _Parties:
    """The parties of records as each correction found them."""

    def __init__(self, snapshot: Snapshot, records: Iterable[str]) -> None:
        wanted = list(records)
        self._first: dict[str, Json] = {}
        for _, body in snapshot.facts(wanted):
            event: Json = msgspec.json.decode(body)
            self._first[event["id"]] = event["data"].get("customer", {})
        self._corrections: dict[str, list[tuple[int, bool, Json]]] = {record: [] for record in wanted}
        for record, seq, taken, body in snapshot.ask("corrections_of", [snapshot.head.scope, wanted]):
            given: Json = msgspec.json.decode(body)["data"]["customer"]
            self._corrections[record].append((seq, taken, given))

    def before(self, record: str, seq: int) -> tuple[Json, bool]:
        """The party in masked form as the correction `seq` found it, and whether that one was taken."""
        taken = any(own and at == seq for at, own, _ in self._corrections[record])
        return _masked(self._before(record, seq)), taken

    def changes(self, correction: Json, field: str, seq: int) -> bool:
        """Whether the correction says something else of the field than was there."""
        before = self._before(correction["record"], seq).get(field)
        return (before or None) != (correction["customer"][field] or None)

    def _before(self, record: str, seq: int) -> Json:
        party = dict(self._first.get(record, {}))
        for at, taken, given in self._corrections[record]:
            if taken and at < seq:
                party |= given
        return party


def _masked(party: Json) -> Json:
    """A party whose contacts need not be known by who reads it."""
    shown = dict(party)
    if "phones" in party:
        shown["phones"] = [_masked_phone(phone) for phone in party["phones"]]
    if party.get("wechat"):
        shown["wechat"] = _masked_wechat(party["wechat"])
    return shown


def _masked_phone(phone: str) -> str:
    found = None if is_masked(phone) else normalise_phone(phone)
    return mask_contact(found) if found is not None else mask(phone)


def _masked_wechat(wechat: str) -> str:
    found = wechat_contact(wechat)
    return mask_contact(found) if found is not None else mask(wechat)
