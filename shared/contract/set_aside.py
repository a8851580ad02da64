"""A fact of the journal that does not count: one line at the end of an export, which `panke judge` honours too.

The journal is never altered (contract.md#setting-aside): a fact on which the fold fails stays where it stands, and
a record beside it says that it is left out, why, and who answers for that.
"""

from datetime import datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from shared.contract.decode import decode_document
from shared.contract.fields import EventId, Prose, ScopeId, StaffId
from shared.contract.times import Instant, format_instant


class SettingAside(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody asks of intake: to leave out the event `id`."""

    id: EventId
    reason: Prose
    by: StaffId


class SetAside(Struct, frozen=True, forbid_unknown_fields=True):
    """The event that is left out, why, who answers for it, and since when."""

    set_aside: EventId
    reason: Prose
    by: StaffId
    at: Instant

    def line(self) -> bytes:
        """As it stands in an export."""
        at: datetime = self.at
        told = {
            "set_aside": self.set_aside,
            "reason": self.reason,
            "by": self.by,
            "at": format_instant(at),
        }
        return msgspec.json.encode(told)


class SetAsidesAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """The events of a scope that are left out, in the order in which they were."""

    set_asides: tuple[SetAside, ...]


class JournalSetAside(Struct, frozen=True, forbid_unknown_fields=True):
    """A set-aside of any scope; `line` is what the export of its scope says of it, byte for byte."""

    scope: ScopeId
    line: str


class JournalSetAsidesAnswer(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out in all scopes since a time, in the order in which it was."""

    set_asides: tuple[JournalSetAside, ...]


def decode_setting_aside(raw: bytes) -> SettingAside:
    """The body of the request, or `BadEvent`."""
    asked = decode_document(raw, SettingAside)
    return replace(asked, id=asked.id.lower())


def decode_set_aside(raw: bytes) -> SetAside:
    """A line of an export, or `BadEvent`."""
    told = decode_document(raw, SetAside)
    return replace(told, set_aside=told.set_aside.lower())
