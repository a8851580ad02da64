"""The words of a digest: the day's list, one line for each customer, by what is to be done.

As everywhere a case number stands for the customer. Lines are short: the smallest message of the chat
providers must hold them all, in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.messages.event import event_line
from services.notifier.messages.words import case_number, counted_from, is_late, name_of
from services.notifier.model.alert import LeasedAlert, MessageText, Person
from services.notifier.model.kinds import Audience, Rung
from shared.i18n import Text, translated, translated_in
from shared.i18n.times import deadline, moment, span
from shared.ids import StaffId

Owners = Mapping[StaffId, Person]

_TITLE = translated("[Panke] {count} alerts")
_COUNT = translated("You have {count} alerts.")
_ENDING = translated("Ending; contact the customer before then and record a follow-up that counts:")
_ENDED = translated("Ended; the customer went to the pool:")
_BESIDES = translated("Besides:")
_LATE = translated("(The earliest was due at {due} and is late.)")
_BEHIND = translated("(What was recorded lately may not be counted yet.)")
_TO_END = translated("{case} {whose}{until}, {left}")
_HAS_ENDED = translated_in("line of a digest", "{case} {whose}{until}")


def compose_digest(
    alerts: Sequence[LeasedAlert],
    owners: Owners,
    reader: str,
    now: datetime,
    zone: ZoneInfo,
    late_after: timedelta,
) -> MessageText:
    """One message about several alerts to `reader`, at business time `now`; hours and lateness as in a single one."""
    ending = [one for one in alerts if one.kind == "claim" and one.rung is not Rung.LAPSED]
    ended = [one for one in alerts if one.rung is Rung.LAPSED]
    others = [one for one in alerts if one.kind == "event"]
    lines = [_COUNT.format(count=len(alerts))]
    to_end = [_ending(one, owners, reader, counted_from(one, now, late_after), zone) for one in ending]
    lines += _listed(_ENDING, to_end)
    lines += _listed(_ENDED, [_ended(one, owners, reader, zone) for one in ended])
    lines += _listed(_BESIDES, [event_line(one, zone) for one in others])
    late = [one.due_at for one in (*ending, *ended) if is_late(one, now, late_after)]
    if late:
        lines.append(_LATE.format(due=moment(min(late), zone)))
    if any(one.behind for one in alerts):
        lines.append(_BEHIND)
    body = Text("\n".join(line.zh for line in lines), "\n".join(line.en for line in lines))
    return MessageText.of(_TITLE.format(count=len(alerts)), body)


def _listed(heading: Text, lines: Sequence[Text]) -> list[Text]:
    """The heading and a line each, or nothing where there are none."""
    return [heading, *(Text(f"· {line.zh}", f"· {line.en}") for line in lines)] if lines else []


def _ending(alert: LeasedAlert, owners: Owners, reader: str, since: datetime, zone: ZoneInfo) -> Text:
    return _TO_END.format(
        case=case_number(alert.customer),
        whose=_whose(alert, owners, reader),
        until=deadline(alert.deadline, zone),
        left=span(alert.deadline - since),
    )


def _ended(alert: LeasedAlert, owners: Owners, reader: str, zone: ZoneInfo) -> Text:
    return _HAS_ENDED.format(
        case=case_number(alert.customer),
        whose=_whose(alert, owners, reader),
        until=deadline(alert.deadline, zone),
    )


def _whose(alert: LeasedAlert, owners: Owners, reader: str) -> str:
    if alert.owner is None or (alert.audience is Audience.OWNER and alert.owner == reader):
        return ""
    return f"{name_of(owners.get(alert.owner) or Person(alert.owner))} "
