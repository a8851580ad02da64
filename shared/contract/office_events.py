"""Who works where, by which books an office goes, and the boards of the day."""

from typing import ClassVar

from shared.contract.event_parts import (
    AwayReason,
    Model,
    Role,
    StaffContacts,
)
from shared.contract.fields import (
    Label,
    Remark,
    RulebookName,
    SchemeName,
    StaffId,
    StaffList,
    Version,
)
from shared.contract.times import Instant


class StaffEnrolled(Model, frozen=True):
    TYPE: ClassVar = "staff.enrolled"
    staff: StaffId
    name: Label
    role: Role
    contacts: StaffContacts | None = None
    number: Remark | None = None
    title: Remark | None = None
    team: Remark | None = None


class StaffDeparted(Model, frozen=True):
    TYPE: ClassVar = "staff.departed"
    staff: StaffId


class RulebookAdopted(Model, frozen=True):
    TYPE: ClassVar = "rulebook.adopted"
    rulebook: RulebookName
    version: Version
    effective_from: Instant


class ShiftOpened(Model, frozen=True):
    TYPE: ClassVar = "shift.opened"
    order: StaffList
    duty_manager: StaffId | None = None


class StaffAway(Model, frozen=True):
    TYPE: ClassVar = "staff.away"
    staff: StaffId
    reason: AwayReason


class StaffBack(Model, frozen=True):
    TYPE: ClassVar = "staff.back"
    staff: StaffId


class SchemeAdopted(Model, frozen=True):
    """The office's registers and reports go by this scheme (登记方案) from then on."""

    TYPE: ClassVar = "scheme.adopted"
    scheme: SchemeName
    version: Version
    effective_from: Instant
