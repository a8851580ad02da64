"""The words of an alert: case number, deadline, how long that is, what to do. Chinese first, English beside
it.

hazards.md#personal-data-in-messages: never a customer's name or phone: a case number stands for the customer. A chat
may put a masked name behind it on its way out. Deadlines are told in the office's time, as a person there would say
them: a claim that ends at midnight is valid until 24:00 of the day before.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifier.model.alert import LeasedAlert, MessageText, Person
from services.notifier.model.kinds import Audience, Rung, Unavailable
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated, translated_in
from shared.i18n.times import deadline, moment, span
from shared.platform.text.plain import one_line

__all__ = ["case_number"]

_WHY = {
    Unavailable.DEPARTED: translated("has left"),
    Unavailable.AWAY: translated("is away"),
    Unavailable.NO_CONTACT: translated("cannot be reached"),
}
_STANDING_IN = translated("({name} {why}: this alert comes to you instead.)")
_TO_OWNER = (
    translated("[Panke] Customer {case} is yours until {until}: {left} left"),
    translated(
        "Your claim on customer {case} is valid until {until}: {left} left.\n"
        "Contact the customer before then and record, on the same day, a follow-up that counts under the"
        " rules of your office. Without one the customer goes to the pool."
    ),
)
_TO_SUPERVISOR = (
    translated("[Panke] {who}'s claim on customer {case} is valid until {until}, not followed up"),
    translated(
        "{who}'s claim on customer {case} is valid until {until}: {left} left, and no new"
        " follow-up that counts is recorded.\nRemind the consultant to contact the customer and record it the"
        " same day, or have the customer transferred as the rules allow."
    ),
)
_LAPSED_TITLE = translated("[Panke] The claim on customer {case} has ended: the customer went to the pool")
_LAPSED_NEXT = translated(
    "Whose the customer is next goes by the rules of your office. Who thinks this wrong, brings the"
    " follow-up record of the day to the supervisor."
)
_YOURS_LAPSED = translated(
    "Your claim on customer {case} was valid until {until}; the customer went to the pool then."
)
_LAPSED = translated(
    "{who}'s claim on customer {case} was valid until {until}; the customer went to the pool then."
)
_LATE = translated("(This alert was due at {due} and is late.)")
_AS_KNOWN = translated("(As known at {known}; what was recorded since may not be counted yet.)")
_UNCONFIRMED = translated(
    "(As known at an unconfirmed time; what was recorded lately may not be counted yet.)"
)
_FORMER = translated("The former consultant")
_CONSULTANT = translated_in("of an alert", "{name}")


# What an office enters as a name or an id may be long; in a message it is not.
_LONGEST_NAME = 40
_HARMLESS = str.maketrans("<>@[]", "＜＞＠［］")
# The dots of what chats take for a host and link, also without `http://` before it.
_OF_HOST = re.compile(r"(?<=[^\W_])\.(?=[^\W\d_]{2})")


def compose(
    alert: LeasedAlert,
    owner: Person | None,
    now: datetime,
    zone: ZoneInfo,
    late_after: timedelta,
    instead_of: tuple[Person, Unavailable] | None = None,
) -> MessageText:
    """The message of an alert that is sent at business time `now`, to the person or `instead_of` another.

    In time, what is left is counted from the hour at which the alert was due: seven hours are told as seven, and
    an alert reads the same however quickly it was sent. What is late counts from when it is sent.
    """
    late = is_late(alert, now, late_after)
    now = counted_from(alert, now, late_after)
    case = case_number(alert.customer)
    to_owner = alert.audience is Audience.OWNER and instead_of is None
    if alert.rung is Rung.LAPSED:
        words = _lapsed(alert, case, None if to_owner else (owner,), zone)
    elif to_owner:
        words = _to_owner(alert, case, now, zone)
    else:
        words = _to_supervisor(alert, case, owner, now, zone)
    words = _with_notes(words, alert, zone, late=late)
    return words if instead_of is None else standing_in(words, *instead_of)


def is_late(alert: LeasedAlert, now: datetime, late_after: timedelta) -> bool:
    """Whether it goes out so long after its hour that it must say so."""
    return now - alert.due_at > late_after


def counted_from(alert: LeasedAlert, now: datetime, late_after: timedelta) -> datetime:
    """From when what is left is told: in time the hour at which it was due, else now."""
    return now if is_late(alert, now, late_after) else alert.due_at


def standing_in(words: MessageText, person: Person, why: Unavailable) -> MessageText:
    return _with_note(words, _STANDING_IN.format(name=name_of(person), why=_WHY[why]))


def _to_owner(alert: LeasedAlert, case: str, now: datetime, zone: ZoneInfo) -> MessageText:
    until, left = deadline(alert.deadline, zone), span(alert.deadline - now)
    subject, body = (template.format(case=case, until=until, left=left) for template in _TO_OWNER)
    return MessageText.of(subject, body)


def _to_supervisor(
    alert: LeasedAlert, case: str, owner: Person | None, now: datetime, zone: ZoneInfo
) -> MessageText:
    until, left, who = deadline(alert.deadline, zone), span(alert.deadline - now), _named(owner)
    subject, body = (
        template.format(who=who, case=case, until=until, left=left) for template in _TO_SUPERVISOR
    )
    return MessageText.of(subject, body)


def _lapsed(alert: LeasedAlert, case: str, other: tuple[Person | None] | None, zone: ZoneInfo) -> MessageText:
    """`other` is whose claim it was, when the reader is somebody else."""
    until = deadline(alert.deadline, zone)
    if other is None:
        lapsed = _YOURS_LAPSED.format(case=case, until=until)
    else:
        lapsed = _LAPSED.format(who=_named(*other), case=case, until=until)
    body = Text(f"{lapsed.zh}\n{_LAPSED_NEXT.zh}", f"{lapsed.en}\n{_LAPSED_NEXT.en}")
    return MessageText.of(_LAPSED_TITLE.format(case=case), body)


def _with_notes(words: MessageText, alert: LeasedAlert, zone: ZoneInfo, *, late: bool) -> MessageText:
    if late:
        words = _with_note(words, _LATE.format(due=moment(alert.due_at, zone)))
    if alert.behind and alert.watermark is not None:
        return _with_note(words, _AS_KNOWN.format(known=moment(alert.watermark, zone)))
    return _with_note(words, _UNCONFIRMED) if alert.behind else words


def _with_note(words: MessageText, note: Text) -> MessageText:
    return replace(words, body_zh=f"{words.body_zh}\n{note.zh}", body_en=f"{words.body_en}\n{note.en}")


def _named(owner: Person | None) -> Text:
    if owner is None:
        return _FORMER
    return _CONSULTANT.format(name=name_of(owner))


def name_of(person: Person) -> str:
    """How a person is called in a message: by name, else by id."""
    return harmless(person.name) or harmless(person.staff)


def harmless(text: str) -> str:
    """What an office has entered, as it may stand in a message: one line, not endless, no mention, markup or address.

    Each channel makes its own markup inert; a receiver of webhooks passes words on to nobody knows where.
    """
    plain = one_line(text).translate(_HARMLESS).replace("://", "：//")
    return _OF_HOST.sub("．", plain)[:_LONGEST_NAME]
