"""Records with their amendments: fields that no rule reads say something else, or an entry is withdrawn."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from msgspec.structs import replace

from shared.contract import Data, RecordAmended
from shared.ids import EventId


class Amendments:
    """What was amended of which record; an amendment may be withdrawn itself."""

    def __init__(self) -> None:
        self._of: dict[EventId, list[EventId]] = defaultdict(list)
        self._made: dict[EventId, RecordAmended] = {}
        self._withdrawn: set[EventId] = set()

    def add(self, id_: EventId, amendment: RecordAmended) -> EventId:
        """Take an amendment in; answers the record that says something else now."""
        self._made[id_] = amendment
        before = self._made.get(amendment.record)
        if before is not None:
            if amendment.withdrawn:
                self._withdrawn.add(amendment.record)
            return before.record
        self._of[amendment.record].append(id_)
        return amendment.record

    def amended(self, record: EventId, data: Data) -> Data | None:
        """What a record says with its amendments; None of one that was withdrawn."""
        for id_ in self._of.get(record, ()):
            if id_ not in self._withdrawn:
                amendment = self._made[id_]
                if amendment.withdrawn:
                    return None
                data = _with(data, amendment)
        return data


def _with(data: Data, amendment: RecordAmended) -> Data:
    defaults = {field.name: field.default for field in msgspec.structs.fields(type(data))}
    said: dict[str, Any] = {name: defaults[name] for name in amendment.cleared if name in defaults}
    if amendment.set is not None:
        told = {name: getattr(amendment.set, name) for name in amendment.set.__struct_fields__}
        said |= {name: value for name, value in told.items() if value is not None and name in defaults}
    return replace(data, **said)
