"""Every register by its name, as calls ask for it: what it is made of, its columns, and the action of who sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from shared.contract import (
    CallRegistered,
    CheckRecorded,
    DealProgressed,
    DealTermsSet,
    DocumentAttached,
    FeedbackReceived,
    FollowUpRecorded,
    OpportunityLost,
    OutreachRegistered,
    PlanMade,
    ProfileRecorded,
    RequestSubmitted,
    ReservationMade,
    SurveyRecorded,
    TargetSet,
    VisitRegistered,
    WorklogSubmitted,
)
from shared.i18n import Text, translated

DATA_CHANGE: Final = "data_change"


class RegisterKind(Struct, frozen=True):
    """A register that may be asked for: the records of `data` that `holds` takes, with these of their fields."""

    action: str
    title: Callable[[], Text]
    fields: tuple[str, ...]
    data: type[Any] | None = None
    holds: Callable[[Any], bool] = lambda data: True


def _of(
    action: str,
    title: Callable[[], Text],
    data: type[Any],
    fields: str,
    holds: Callable[[Any], bool] | None = None,
) -> RegisterKind:
    kind = RegisterKind(f"register.{action}", title, tuple(fields.split()), data)
    return kind if holds is None else RegisterKind(kind.action, title, kind.fields, data, holds)


_CONTACT: Final = "channel level category purpose notes next_on next_step started_at ended_at project"

REGISTERS: Final[dict[str, RegisterKind]] = {
    "visits": _of(
        "reception", lambda: translated("Register of visits"), VisitRegistered,
        f"visit capacity {_CONTACT} place party_size no_contact_reason",
    ),
    "calls": _of(
        "reception", lambda: translated("Register of calls"), CallRegistered, f"{_CONTACT} no_contact_reason"
    ),
    "outreach": _of(
        "reception", lambda: translated("Register of outreach"), OutreachRegistered,
        "method channel project place level notes next_on",
    ),
    "follow-ups": _of(
        "work", lambda: translated("Register of follow-ups"), FollowUpRecorded,
        "method medium subject content reached level category stage obstacle achieved met gift important next_on "
        "next_step started_at ended_at project plan",
    ),
    "plans": _of(
        "work", lambda: translated("Register of plans"), PlanMade,
        "plan kind on purpose method place needs project done",
    ),
    "logs": _of(
        "work", lambda: translated("Register of work logs"), WorklogSubmitted,
        "kind from to done problems planned plans counts",
    ),
    "profiles": _of(
        "work", lambda: translated("Register of profiles"), ProfileRecorded, "set none cleared source"
    ),
    "losses": _of(
        "work", lambda: translated("Register of losses"), OpportunityLost, "cause competitor detail project"
    ),
    "reservations": _of(
        "work", lambda: translated("Register of reservations"), ReservationMade,
        "reservation project kind number amount until wants state",
    ),
    "documents": _of(
        "work", lambda: translated("Register of documents"), DocumentAttached,
        "kind title sha256 bytes media_type deal record",
    ),
    "customers": RegisterKind(
        "register.customers", lambda: translated("Register of customers"),
        ("owner", "status", "level", "level_before", "category", "channel", "first_on", "last_on", "due_on", "overdue"),
    ),
    "deals": RegisterKind(
        "register.deals", lambda: translated("Register of deals"),
        ("deal", "project", "unit", "state", "amount", "area", "unit_kind", "payment", "sign_by", "signed_at",
         "cancelled_at", "reason", "shares", "pending", "reservation"),
    ),
    "terms": _of(
        "deal_terms", lambda: translated("Register of terms"), DealTermsSet,
        "deal amount list_price area unit_kind payment deposit due reason approved_by request",
    ),
    "progress": _of(
        "deal_terms", lambda: translated("Register of loans and payments"), DealProgressed,
        "deal what done amount missing reason",
    ),
    "surveys": _of(
        "surveys", lambda: translated("Register of surveys"), SurveyRecorded, "score answers suggestion via visit"
    ),
    "feedback": _of(
        "feedback", lambda: translated("Register of complaints and suggestions"), FeedbackReceived,
        "feedback kind content against department via visit state answered_by action",
    ),
    "requests": _of(
        "requests", lambda: translated("Register of requests"), RequestSubmitted,
        "request kind reason record deal proposed", lambda data: data.kind != DATA_CHANGE,
    ),
    "data-changes": _of(
        "data_changes", lambda: translated("Register of changes of data"), RequestSubmitted,
        "request kind reason record deal proposed", lambda data: data.kind == DATA_CHANGE,
    ),
    "checks": _of(
        "checks", lambda: translated("Register of checks"), CheckRecorded, "check kind from to items score"
    ),
    "targets": _of(
        "targets", lambda: translated("Register of targets"), TargetSet, "metric from to value staff"
    ),
}  # fmt: skip
"""By name; one without `data` is of customers or deals themselves."""


class UnknownRegisterError(LookupError):
    """No register has that name."""


def find_register(name: str) -> RegisterKind:
    """A register by its name. Raises `UnknownRegisterError`."""
    try:
        return REGISTERS[name]
    except KeyError:
        raise UnknownRegisterError(name) from None


def register_of(data: Any) -> str | None:
    """The register in which records of this type stand; None of what is in none."""
    return next((name for name, one in REGISTERS.items() if one.data is type(data) and one.holds(data)), None)
