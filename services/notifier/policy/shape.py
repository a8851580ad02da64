"""What a policy file may hold, as types; docs/schemas/alerts.schema.json is written from them.

    python -m services.notifier.policy.shape docs/schemas

A key of a scope stands in place of the same key of `defaults`, whole.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, field

from services.notifier.model.kinds import EventKind, ReportEvery
from services.notifier.policy.shape_senders import ROBOT, OwnRobots, Robots, SmsProviders
from shared.contract.events import Role
from shared.ids import StaffId
from shared.platform.officefile.strict import Strict, publish, schema_of

SCHEMA: Final = "alerts.schema.json"

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM in the office")]
_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
Day = Annotated[str, Meta(pattern=f"^{_DATE}$", description="YYYY-MM-DD")]
Days = Annotated[
    str, Meta(pattern=rf"^{_DATE}(\.\.{_DATE})?$", description="a day, or FIRST..LAST with both within")
]
ChannelId = Annotated[
    str,
    Meta(
        pattern=rf"^[a-z][a-z0-9_-]{{0,31}}(/{ROBOT})?$",
        description="a channel of the settings, or PROVIDER/ROBOT",
    ),
]
Preference = Annotated[tuple[ChannelId, ...], Meta(min_length=1, description="the preferred one first")]
LanguageName = Literal["zh", "en", "both"]
WEEKDAYS: Final[tuple[str, ...]] = get_args(Weekday)


class Hours(Strict, frozen=True):
    """The hours of the office. What is left out is that of the settings."""

    opening: Hour | None = None
    afternoon: Hour | None = None
    last_call: Hour | None = None
    closing: Hour | None = None


class Quiet(Strict, frozen=True):
    """When nobody is disturbed: a reminder goes out before it, everything else after it."""

    begin: Hour
    end: Hour


class Closed(Strict, frozen=True):
    """When the office is closed: a reminder goes out before it, everything else after it."""

    weekdays: tuple[Weekday, ...] = ()
    dates: tuple[Days, ...] = ()
    worked: Annotated[tuple[Day, ...], Meta(description="make-up days (调休) that are open")] = ()


class StepSection(Strict, frozen=True):
    """A reminder: `days_before` the last valid day, `at` an hour."""

    step: Literal["early", "day_before", "last_morning", "last_afternoon", "last_call"]
    to: Literal["owner", "supervisor"]
    days_before: Annotated[int, Meta(ge=0, le=30)]
    at: Hour | Literal["opening"] = "opening"


class Channels(Strict, frozen=True):
    """Channels in order of preference by role; `default` for roles that are not named."""

    default: Preference | None = None
    consultant: Preference | None = None
    supervisor: Preference | None = None
    manager: Preference | None = None
    director: Preference | None = None
    back_office: Preference | None = None
    admin_manager: Preference | None = None
    general_manager: Preference | None = None
    reception: Preference | None = None
    auditor: Preference | None = None


ReportName = Literal[
    "traffic", "daily", "period", "consultants", "work", "activity", "levels", "due", "conversion", "losses",
    "overdue", "contracts", "referrals", "timeliness", "satisfaction", "complaints", "reservations",
    "consistency", "checks", "targets",
]  # fmt: skip
"""Those of the registers; a test holds the two together."""
Roles = Annotated[tuple[Role, ...], Meta(description="roles of the scope, asked one after another")]


class StandIn(Strict, frozen=True):
    """Who is told in place of somebody who cannot be, by the reason."""

    departed: Roles = ()
    away: Roles = ()
    no_contact: Roles = ()


class Digest(Strict, frozen=True):
    """One message with several alerts."""

    at_opening: Annotated[bool, Meta(description="the day's list at opening, in one message")] = False
    threshold: Annotated[
        Annotated[int, Meta(ge=2, le=1000)] | None, Meta(description="from so many that are due at once")
    ] = None


class ReadersSection(Strict, frozen=True):
    """Who reads a report: those of these roles at the office, or in the scope where the office has none; and these."""

    roles: tuple[Role, ...] = ()
    staff: Annotated[tuple[StaffId, ...], Meta(description="staff ids")] = ()


class ReportSection(Strict, frozen=True):
    """A report that goes out by itself."""

    report: Annotated[ReportName, Meta(description="as `panke report` calls it")]
    every: ReportEvery
    to: ReadersSection
    offices: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$")], ...],
        Meta(description="left out: every office of the scope, each its own"),
    ] = ()
    at: Annotated[
        str,
        Meta(
            pattern=r"^(opening|closing|([01][0-9]|2[0-3]):[0-5][0-9])$",
            description="HH:MM in the office, or one of its hours",
        ),
    ] = "closing"
    days_after: Annotated[
        int, Meta(ge=0, le=10, description="how many days behind the last of the period")
    ] = 0
    ends: Annotated[Weekday, Meta(description="with which weekday a week ends")] = "sunday"
    attach: Annotated[
        bool, Meta(description="whether a mail carries the workbook, with the names of customers")
    ] = False


class Office(Strict, frozen=True):
    """What holds in a scope, or in all of them."""

    timezone: str | None = None
    hours: Hours | None = None
    quiet: Quiet | None = None
    closed: Closed | None = None
    ladder: Annotated[tuple[StepSection, ...], Meta(min_length=1)] | None = None
    channels: Channels | None = None
    robots: OwnRobots | None = None
    language: LanguageName | None = None
    stand_in: StandIn | None = None
    digest: Digest | None = None
    events: Annotated[
        tuple[EventKind, ...] | None, Meta(description="what else is told; left out: all of them")
    ] = None
    masked_names: Annotated[
        bool | None,
        Meta(description="whether chats show a masked name behind each case number; SMS never does"),
    ] = None
    reports: Annotated[
        tuple[ReportSection, ...] | None, Meta(description="the reports that go out by themselves")
    ] = None


class PersonSection(Strict, frozen=True):
    """What one person has asked for. Reminders and the notice of a lapse cannot be declined."""

    language: LanguageName | None = None
    channels: Preference | None = None
    robots: Annotated[OwnRobots | None, Meta(description="those of the person's team")] = None
    opt_out: Annotated[
        tuple[EventKind, ...],
        Meta(
            description="events this person is not told of",
            extra={"hint": "reminders and the notice of a lapse cannot be declined"},
        ),
    ] = ()
    stand_in: Annotated[tuple[StaffId, ...], Meta(description="staff ids, asked one after another")] = ()
    away: tuple[Days, ...] = ()
    supervisors: Annotated[
        tuple[StaffId, ...],
        Meta(description="staff ids of who answers for the person's team, in place of the office's"),
    ] = ()


class PolicyFile(Strict, frozen=True):
    """Who is told, when and how."""

    version: Literal[1]
    robots: Robots = Robots()
    sms: SmsProviders = SmsProviders()
    defaults: Office = Office()
    scopes: dict[Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}$")], Office] = field(default_factory=dict)
    people: dict[Annotated[str, Meta(min_length=1, max_length=64)], PersonSection] = field(
        default_factory=dict
    )


def schema() -> dict[str, Any]:
    """JSON Schema of a policy file."""
    return schema_of(PolicyFile, SCHEMA, "Panke alert policy 判客提醒策略")


def main(folder: str = "docs/schemas") -> None:
    """Write the schema where it is published."""
    publish(schema(), Path(folder) / SCHEMA)


if __name__ == "__main__":
    main(*sys.argv[1:])
