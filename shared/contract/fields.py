"""The kinds of fields of the contract, each with its size: what is longer is refused, never cut."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta

MAX_EVENT_BYTES: Final = 65_536
MAX_DEPTH: Final = 8

UUID_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"

PLACE_PATTERN: Final = "^[a-z0-9-]{1,64}$"

EventId = Annotated[str, Meta(pattern=UUID_PATTERN, description="UUID, lower case; UUIDv7 is advised")]
ScopeId = Annotated[str, Meta(pattern=PLACE_PATTERN, description="ownership scope 判客范围")]
OfficeId = Annotated[str, Meta(pattern=PLACE_PATTERN, description="sales office 案场")]
StaffId = Annotated[str, Meta(min_length=1, max_length=64, description="staff id, unique within the system")]
RecordId = Annotated[str, Meta(min_length=1, max_length=128, description="unique within the scope")]
RulebookName = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Label = Annotated[str, Meta(min_length=1, max_length=64)]
Prose = Annotated[str, Meta(min_length=1, max_length=4000)]
Remark = Annotated[str, Meta(max_length=200, description="may be empty: nothing was said")]
Note = Annotated[str, Meta(max_length=4000, description="may be empty: nothing was said")]
Phone = Annotated[str, Meta(min_length=1, max_length=64, description="as people write it; stars mask it")]
Address = Annotated[str, Meta(min_length=1, max_length=320)]
Amount = Annotated[str, Meta(pattern=r"^(?:0|[1-9]\d{0,14})(?:\.\d{1,4})?$", description="decimal, CNY")]
Day = Annotated[date, Meta(description="in the years 2000 to 2100")]
Version = Annotated[int, Meta(ge=1, le=1_000_000)]
Row = Annotated[int, Meta(ge=1, le=10_000_000)]
Score = Annotated[int, Meta(ge=1, le=5)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]

Phones = Annotated[tuple[Phone, ...], Meta(max_length=20)]
StaffList = Annotated[tuple[StaffId, ...], Meta(max_length=100)]
Evidence = Annotated[tuple[Prose, ...], Meta(max_length=100)]

PROSE_FIELDS: Final = frozenset({"notes", "content", "reason", "suggestion"})
"""The fields in which a line break or a tab is part of the text."""

LOOSE_FIELDS: Final = PROSE_FIELDS | {
    "name", "wechat", "relation", "phones", "phone", "subject", "evidence", "register", "channel", "purpose",
    "level", "project", "unit", "sms", "dingtalk", "wecom", "feishu", "email",
}  # fmt: skip
"""The fields in which white space at an end does no harm; an id with some would be another id."""

EMPTY_FIELDS: Final = frozenset(
    {"name", "wechat", "relation", "channel", "purpose", "notes", "level", "suggestion"}
)
"""The fields that a form may send empty: an empty one says what a missing one says."""
