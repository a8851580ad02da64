"""The words of what else a person must know: what became of a customer, by a case number, and under which clause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.notifier.messages.words import case_number, harmless
from services.notifier.model.alert import LeasedAlert, MessageText
from services.notifier.model.kinds import SHARES_STATUS, EventKind
from shared.i18n import Text, translated
from shared.i18n.times import moment

_FULL = 10_000
# By what happened, and whether the reader has the customer now: what to say of it.
_SAID: Mapping[tuple[EventKind, bool], Text] = {
    (EventKind.KEPT, True): translated("was received by somebody else and stays yours"),
    (EventKind.SUPERSEDED, True): translated("is yours now by rule"),
    (EventKind.SUPERSEDED, False): translated("is somebody else's now by rule"),
    (EventKind.RETURNED, True): translated("is returned to you by rule"),
    (EventKind.RETURNED, False): translated("is returned by rule to whose it was"),
    (EventKind.TRANSFERRED, True): translated("is transferred to you"),
    (EventKind.TRANSFERRED, False): translated("is transferred to somebody else"),
    (EventKind.DISPUTED, True): translated("is disputed; a ruling is to come"),
    (EventKind.DISPUTED, False): translated("is disputed; a ruling is to come"),
    (EventKind.RULED, True): translated("is yours by a ruling"),
    (EventKind.RULED, False): translated("is not yours, by a ruling"),
}
_TITLE = translated("[Panke] Customer {case} {became}")
_BODY = translated(
    "Customer {event}\nThe decision and its grounds are in the customer's history. Who thinks it wrong,"
    " raises it as the rules of the office say."
)
_LINE = translated("{case} {became} ({at}, clause {clause})")
_SHARES = translated("shares of the deal: {status}")
_YOUR_SHARE = translated("your share of the deal is {percent}: {status}")


def event_words(alert: LeasedAlert, zone: ZoneInfo) -> MessageText:
    """The message about one event."""
    return MessageText.of(
        _TITLE.format(case=case_number(alert.customer), became=_became(alert)),
        _BODY.format(event=event_line(alert, zone)),
    )


def event_line(alert: LeasedAlert, zone: ZoneInfo) -> Text:
    """The event in one line."""
    return _LINE.format(
        case=case_number(alert.customer),
        became=_became(alert),
        at=moment(alert.deadline, zone),
        clause=harmless(str((alert.detail or {}).get("clause", ""))),
    )


def _became(alert: LeasedAlert) -> Text:
    detail = alert.detail or {}
    if detail.get("event") == EventKind.SHARES:
        return _shares(detail)
    return _SAID[EventKind(str(detail["event"])), bool(detail.get("mine"))]


def _shares(detail: Mapping[str, Any]) -> Text:
    status, share = SHARES_STATUS[str(detail["status"])], detail.get("share")
    if share is None:
        return _SHARES.format(status=status)
    return _YOUR_SHARE.format(percent=f"{100 * int(share) / _FULL:g}%", status=status)
