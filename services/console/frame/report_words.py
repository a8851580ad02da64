"""What reports are called, in the rooms that name one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, translated

REPORTS: Final[Mapping[str, Text]] = {
    "traffic": translated("Traffic"),
    "daily": translated("Daily report"),
    "period": translated("Weekly and monthly report"),
    "consultants": translated("Consultants"),
    "work": translated("Work"),
    "activity": translated("Sales activity"),
    "levels": translated("Level board"),
    "due": translated("Due and overdue"),
    "conversion": translated("Conversion"),
    "losses": translated("Losses"),
    "overdue": translated("Subscriptions overdue for signing"),
    "contracts": translated("Contracts and receipts"),
    "referrals": translated("Referrals"),
    "timeliness": translated("Timeliness and approvals"),
    "satisfaction": translated("Satisfaction"),
    "complaints": translated("Complaints"),
    "reservations": translated("Reservations"),
    "consistency": translated("Consistency of the registers"),
    "checks": translated("Checks of customer data"),
    "targets": translated("Targets"),
}


def report_name(report: str) -> Text | str:
    """The name of a report; of one that this console does not know its own word."""
    return REPORTS.get(report, report)
