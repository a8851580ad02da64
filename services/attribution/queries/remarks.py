"""Corrections and approvals as a history tells them: who asked, who approved, and what changed, contacts masked.

A correction takes from a customer what is another's, or gives it; whoever may read the one history need not know the
other's number (procedure.md#corrections).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from services.attribution.queries.explained import both
from services.attribution.queries.recorded import recorded
from services.attribution.queries.snapshot import Snapshot
from shared.contract.answers import CorrectedField, HistoryEvent, RecordedEvent
from shared.contract.answers.values import extended
from shared.contract.field_words import field_word
from shared.contract.masking import mask_typed, mask_words, wechat_ids
from shared.i18n import Text, listed, translated

EventData: TypeAlias = dict[str, Any]
"""As recorded, by the type of the event."""
Party: TypeAlias = dict[str, Any]

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
    "returned": translated("returned"),
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


def with_remarks(snapshot: Snapshot, events: Sequence[tuple[int, RecordedEvent]]) -> list[HistoryEvent]:
    """The events of a page, its corrections and approvals with their words and what they changed."""
    corrections = [event.data for _, event in events if event.type == CORRECTED]
    approvals = [event.data["by"] for _, event in events if event.type == APPROVED]
    parties = _Parties(snapshot, {data["record"] for data in corrections})
    asked = [staff for data in corrections for staff in (data["requested_by"], *data["approved_by"])]
    names = snapshot.staff_names({*asked, *approvals}) if asked or approvals else {}
    return [
        extended(HistoryEvent, event, seq=seq, **_remark(seq, event, parties, names)) for seq, event in events
    ]


def _remark(seq: int, event: RecordedEvent, parties: _Parties, names: Mapping[str, str]) -> dict[str, Any]:
    """What a correction or an approval has besides, by the fields of the answer."""
    if event.type == CORRECTED:
        return _correction(seq, event.data, parties, names)
    if event.type == APPROVED:
        stage, by = _STAGES[event.data["stage"]], names.get(event.data["by"], event.data["by"])
        return {"explanation": both(_APPROVAL.format(by=by, stage=stage))}
    return {}


def _correction(seq: int, data: EventData, parties: _Parties, names: Mapping[str, str]) -> dict[str, Any]:
    given = _masked(data["customer"])
    before, taken = parties.before(data["record"], seq)
    changed = {
        field: CorrectedField(before.get(field), value or None)
        for field, value in given.items()
        if parties.changes(data, field, seq)
    }
    shown = {"customer": given, "reason": _reason(data)}
    words = both(_words(data, changed, taken, names))
    return {"data": data | shown, "changed": changed, "taken": taken, "explanation": words}


def _words(
    data: EventData, changed: Mapping[str, CorrectedField], taken: bool, names: Mapping[str, str]
) -> Text:
    changes = [
        _CHANGE.format(
            field=field_word(field) or field, before=_shown(change.before), after=_shown(change.after)
        )
        for field, change in changed.items()
    ]
    approved = [names.get(staff, staff) for staff in data["approved_by"]]
    words = _CORRECTION.format(
        asked=names.get(data["requested_by"], data["requested_by"]),
        approved=listed(approved) if approved else _NOBODY,
        changes=listed(changes, Text("；", "; ")) if changes else _NO_CHANGE,
        reason=_reason(data),
    ).ended()
    return words if taken else Text(f"{words.zh}{_NOT_TAKEN.zh}", f"{words.en} {_NOT_TAKEN.en}")


def _reason(data: EventData) -> str:
    return mask_words(data["reason"], tuple(wechat_ids(CORRECTED, data)))


def _shown(value: Any) -> str | Text:
    return ", ".join(value) if isinstance(value, list) and value else str(value) if value else _NOTHING


class _Parties:
    """The parties of records as each correction found them."""

    def __init__(self, snapshot: Snapshot, records: Iterable[str]) -> None:
        wanted = list(records)
        self._first: dict[str, Party] = {}
        self._corrections: dict[str, list[tuple[int, bool, Party]]] = {record: [] for record in wanted}
        if not wanted:
            return
        for _, body in snapshot.opened(snapshot.facts(wanted)):
            event = recorded(body)
            self._first[event.id] = event.data.get("customer", {})
        rows = snapshot.ask("corrections_of", [snapshot.head.scope, wanted])
        bodies = snapshot.opener.bodies([row[3] for row in rows])
        for (record, seq, taken, _), body in zip(rows, bodies, strict=True):
            self._corrections[record].append((seq, taken, recorded(body).data["customer"]))

    def before(self, record: str, seq: int) -> tuple[Party, bool]:
        """The party in masked form as the correction `seq` found it, and whether that one was taken."""
        taken = any(own and at == seq for at, own, _ in self._corrections[record])
        return _masked(self._before(record, seq)), taken

    def changes(self, correction: EventData, field: str, seq: int) -> bool:
        """Whether the correction says something else of the field than was there."""
        before = self._before(correction["record"], seq).get(field)
        return (before or None) != (correction["customer"][field] or None)

    def _before(self, record: str, seq: int) -> Party:
        party = dict(self._first.get(record, {}))
        for at, taken, given in self._corrections[record]:
            if taken and at < seq:
                party |= given
        return party


def _masked(party: Party) -> Party:
    """A party whose contacts need not be known by who reads it."""
    shown = dict(party)
    if "phones" in party:
        shown["phones"] = [mask_typed("phone", phone) for phone in party["phones"]]
    if party.get("wechat"):
        shown["wechat"] = mask_typed("wechat", party["wechat"])
    return shown
