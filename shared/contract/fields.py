"""The kinds of fields of the contract, each with its size: what is longer is refused, never cut.

A text that no pattern and no closed list confines says by its type whether it is personal, and of which kind
(privacy.md#personal): `personal` reads that off, so that no event type can forget it.
"""

from datetime import date
from typing import Annotated, Final, Literal

from msgspec import Meta

from shared import ids
from shared.contract.plain import UNSEEN_LETTERS
from shared.contract.sealed import PersonId

MAX_EVENT_BYTES: Final = 65_536
MAX_SEALED_BYTES: Final = 4 * MAX_EVENT_BYTES
"""A sealed event holds each personal text in base64, and each name twice."""
MAX_DEPTH: Final = 8

UUID_PATTERN: Final = r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
"""In any case on the way in; `decode` makes it lower case."""

ID_PATTERN: Final = rf"^(?:[0-9A-Za-z._:@-]{{1,64}}|(?:[^\W{UNSEEN_LETTERS}]|[.:@-]){{1,64}})$"
"""Letters of any script, digits and a few signs. What most ids are made of comes first: it is matched in a third."""
ID_SCHEMA_PATTERN: Final = (
    r"^[^\u0000-,/;-?\[-^`{-\u00a0\u00ad\u115f\u1160\u2000-\u206f\u3000\u3164\ufeff\uffa0]{1,64}$"
)
"""Nearly the same for readers of JSON Schema, to some of whom `\\w` is ASCII alone; `decode` is stricter."""

PLACE_PATTERN: Final = "^[a-z0-9-]{1,64}$"

PERSONAL: Final = "x-personal"
"""The keyword under which a schema says of a text whether it is personal, and of which kind."""
TYPED: Final = "x-typed-length"
"""The keyword under which it says how long one may be as it is typed, where one under seal may be longer."""

PersonalKind = Literal["name", "phone", "wechat", "text", "evidence", "address"]


def _personal(kind: PersonalKind, limit: int | None = None) -> Meta:
    """A text that says who somebody is, how they are reached, or what was said of them.

    `limit` is the length as it is typed, which `checks` holds; under seal it is longer.
    """
    return Meta(extra_json_schema={PERSONAL: kind} | ({} if limit is None else {TYPED: limit}))


_OPEN: Final = Meta(extra_json_schema={PERSONAL: False})
"""A text that names things or staff; nothing of a customer belongs into it."""

EventId = Annotated[ids.EventId, Meta(pattern=UUID_PATTERN, description="UUID; UUIDv7 is advised")]
ScopeId = Annotated[ids.ScopeId, Meta(pattern=PLACE_PATTERN, description="ownership scope 判客范围")]
OfficeId = Annotated[ids.OfficeId, Meta(pattern=PLACE_PATTERN, description="sales office 案场")]
StaffId = Annotated[
    ids.StaffId,
    Meta(
        pattern=ID_PATTERN,
        description="staff id, unique within the system: 1 to 64 letters, digits or . _ : @ -",
    ),
]
_IN_SCOPE: Final = Meta(
    pattern=ID_PATTERN, description="unique within the scope: 1 to 64 letters, digits or . _ : @ -"
)
VisitId = Annotated[ids.VisitId, _IN_SCOPE]
DealId = Annotated[ids.DealId, _IN_SCOPE]
DisputeId = Annotated[ids.DisputeId, _IN_SCOPE]
PlanId = Annotated[ids.PlanId, _IN_SCOPE]
FeedbackId = Annotated[ids.FeedbackId, _IN_SCOPE]
ReservationId = Annotated[ids.ReservationId, _IN_SCOPE]
RequestId = Annotated[ids.RequestId, _IN_SCOPE]
CheckId = Annotated[ids.CheckId, _IN_SCOPE]
RulebookName = Annotated[str, Meta(min_length=1, max_length=64), _OPEN]
SchemeName = Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$", description="scheme of the registers")]
Label = Annotated[str, Meta(min_length=1, max_length=200), _OPEN]
Remark = Annotated[str, Meta(max_length=200, description="may be empty: nothing was said"), _OPEN]
MAX_NAME: Final = 200
MAX_ADDRESS: Final = 320
MAX_PHONE: Final = 64

PersonName = Annotated[
    str,
    Meta(max_length=1200, description="may be empty: nothing was said"),
    _personal("name", MAX_NAME),
]
WechatId = Annotated[
    str, Meta(max_length=200, description="may be empty: nothing was said"), _personal("wechat")
]
Phone = Annotated[
    str,
    Meta(
        max_length=64,
        description="as people write it, with its extension; stars mask it; may be empty: nothing was said",
    ),
    _personal("phone"),
]
Address = Annotated[str, Meta(min_length=1, max_length=2000), _personal("address", MAX_ADDRESS)]
PhoneAddress = Annotated[
    str,
    Meta(
        max_length=2000,
        description="as people write it, with its extension; stars mask it; may be empty: nothing was said",
    ),
    _personal("address", MAX_PHONE),
]
Subject = Annotated[str, Meta(min_length=1, max_length=200), _personal("text")]
Aside = Annotated[str, Meta(max_length=200, description="may be empty: nothing was said"), _personal("text")]
Prose = Annotated[str, Meta(min_length=1, max_length=4000), _personal("text")]
Note = Annotated[str, Meta(max_length=4000, description="may be empty: nothing was said"), _personal("text")]
PlainAnswer = Annotated[str, Meta(min_length=1, max_length=200), _OPEN]
PersonalAnswer = Annotated[str, Meta(min_length=1, max_length=1000), _personal("text")]
"""What is said under a key of a profile."""
Amount = Annotated[str, Meta(pattern=r"^(?:0|[1-9]\d{0,14})(?:\.\d{1,4})?$", description="decimal, CNY")]
Area = Annotated[
    str, Meta(pattern=r"^(?:0|[1-9]\d{0,8})(?:\.\d{1,4})?$", description="decimal, square metres")
]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
MediaType = Annotated[
    str, Meta(pattern=r"^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$")
]
Bytes = Annotated[int, Meta(ge=0, le=1_000_000_000_000)]
Day = Annotated[date, Meta(description="in the years 2000 to 2100")]
Version = Annotated[int, Meta(ge=1, le=1_000_000)]
Row = Annotated[int, Meta(ge=1, le=10_000_000)]
Score = Annotated[int, Meta(ge=1, le=5)]
BasisPoints = Annotated[int, Meta(ge=0, le=10_000)]

PartySize = Annotated[int, Meta(ge=1, le=1000)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Percentage = Annotated[int, Meta(ge=0, le=100)]

PersonNames = Annotated[tuple[PersonName, ...], Meta(max_length=20)]
PlanIds = Annotated[tuple[PlanId, ...], Meta(max_length=200)]
Phones = Annotated[tuple[Phone, ...], Meta(max_length=20)]
StaffList = Annotated[tuple[StaffId, ...], Meta(max_length=100)]
MAX_ERASED: Final = 1000
People = Annotated[tuple[PersonId, ...], Meta(min_length=1, max_length=MAX_ERASED)]
Evidence = Annotated[
    tuple[Annotated[str, Meta(min_length=1, max_length=4000), _personal("evidence")], ...],
    Meta(max_length=100),
]

PROSE_FIELDS: Final = frozenset(
    {
        "notes", "content", "reason", "suggestion", "text", "next_step", "note", "needs", "done", "problems",
        "planned", "action", "detail", "wants", "missing", "proposed",
    }
)  # fmt: skip
"""The fields in which a line break or a tab is part of the text."""

LOOSE_FIELDS: Final = PROSE_FIELDS | {
    "name", "wechat", "relation", "phones", "phone", "subject", "evidence", "register", "channel", "purpose",
    "level", "project", "unit", "sms", "dingtalk", "wecom", "feishu", "email", "no_contact_reason", "place",
    "stage", "kind", "met", "gift", "remark", "number", "title", "team", "department", "via", "cause", "competitor",
    "unit_kind", "source", "field",
}  # fmt: skip
"""The fields in which white space at an end does no harm; an id with some would be another id."""

EMPTY_FIELDS: Final = frozenset(
    {
        "name", "wechat", "phones", "phone", "relation", "channel", "purpose", "notes", "level", "suggestion",
        "next_step", "no_contact_reason", "place", "stage", "text", "gift", "remark", "department", "via", "note",
        "needs", "problems", "planned", "competitor", "detail", "wants", "missing", "proposed", "source",
    }
)  # fmt: skip
"""The fields that a form may send empty: an empty one says what a missing one says."""

RULED_FIELDS: Final = frozenset(
    {
        "customer", "members", "companions", "visit", "received_by", "answered_by", "by", "consultant", "capacity",
        "on_behalf_of", "designated", "asked", "referred_by", "brochure_only", "present", "started_at", "ended_at",
        "occurred_at", "method", "reached", "registration", "evidence", "confirmed_by", "relation", "against",
        "decided_by", "rightful", "to", "requested_by", "approved_by", "deal", "closed_by", "unit", "amount", "dispute",
        "opened_by", "ruled_by", "owner", "shares", "record", "staff", "name", "role", "order", "rulebook",
        "version", "effective_from",
    }
)  # fmt: skip
"""What a rule reads of a record, or what says which record it is: corrected where it can be, and never amended."""
