"""What intake answers about a record (contract.md#recording-an-event), and what is told of one in lists."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.answers.values import InstantText
from shared.contract.warnings import MESSAGES, Warned, WarningRule
from shared.ids import EventId, OfficeId, ScopeId, StaffId

EventData = Annotated[dict[str, Any], Meta(description="as recorded, by `type`")]
CarriedData = Annotated[dict[str, Any], Meta(description="of an entry that stood in an older register")]


class RecordWarning(Struct, frozen=True):
    """What a record names though nobody enrolled it (contract.md#warnings): where, by which rule, which value."""

    path: str
    rule: WarningRule
    value: str
    message: str

    @classmethod
    def of(cls, warned: Warned) -> RecordWarning:
        """A warning with its words."""
        return cls(*warned, MESSAGES[warned.rule])


class EventPlace(Struct, frozen=True):
    """Where an event stands in the order of its scope, and when it was recorded; `warnings` where there are any."""

    id: EventId
    scope: ScopeId
    seq: Annotated[int, Meta(ge=1)]
    recorded_at: InstantText
    warnings: list[RecordWarning] | UnsetType = UNSET


class RecordedEvent(Struct, frozen=True, kw_only=True):
    """An event as it was recorded: its envelope (contract.md#envelope), keys sorted, values as they were written."""

    actor: StaffId
    carried: (
        Annotated[dict[str, Any], Meta(description="of an entry that stood in an older register")] | UnsetType
    ) = UNSET
    data: Annotated[dict[str, Any], Meta(description="by `type`")]
    id: EventId
    occurred_at: InstantText
    office: OfficeId
    recorded_at: InstantText
    scope: ScopeId
    type: str
