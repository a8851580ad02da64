"""The words of a report on a schedule: which one, of which days, and its figures.

hazards.md#personal-data-in-messages: figures are totals, so that no customer is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.notifier.messages.words import harmless, is_late
from services.notifier.model.alert import LeasedAlert, MessageText
from services.notifier.model.kinds import ReportEvery
from shared.contract.times import parse_instant
from shared.i18n import Text, translated
from shared.i18n.times import moment
from shared.platform.place_names import PlaceNames

_OF_PERIOD: Final = {
    ReportEvery.DAY: translated("daily report"),
    ReportEvery.WEEK: translated("weekly report"),
    ReportEvery.MONTH: translated("monthly report"),
}
_TITLE: Final = translated("[Panke] {office}: {kind}, {period}")
_HEAD: Final = translated("{title} of {office}, {period}")
_SPAN: Final = translated("{first} to {last}")
_AS_KNOWN: Final = translated("As known at {known}.")
_NOT_WHOLE: Final = translated("(What was recorded lately may not be counted yet.)")
_NO_FIGURES: Final = translated("(Its figures could not be had; they stand in the registers.)")
_LATE: Final = translated("(This report was due at {due} and is late.)")


def report_words(
    alert: LeasedAlert, now: datetime, zone: ZoneInfo, late_after: timedelta, names: PlaceNames
) -> MessageText:
    """The message about one report."""
    detail: Mapping[str, Any] = alert.detail or {}
    made, name = detail.get("made"), names.office(str(detail["office"]))
    office = Text(harmless(name.zh), harmless(name.en))
    kind, period = _OF_PERIOD[ReportEvery(str(detail["every"]))], _period(detail)
    title = kind if made is None else Text(harmless(made["zh"]), harmless(made["en"]))
    lines = [_HEAD.format(title=title, office=office, period=period)]
    if made is None:
        lines.append(_NO_FIGURES)
    else:
        lines += [_figure(one) for one in made["figures"]]
        lines.append(_AS_KNOWN.format(known=moment(parse_instant(str(detail["known_at"])), zone)))
        lines += [] if made["whole"] else [_NOT_WHOLE]
    if is_late(alert, now, late_after):
        lines.append(_LATE.format(due=moment(alert.due_at, zone)))
    body = Text("\n".join(line.zh for line in lines), "\n".join(line.en for line in lines))
    return MessageText.of(_TITLE.format(office=office, kind=kind, period=period), body)


def _figure(said: Mapping[str, str]) -> Text:
    value = said["value"]
    return Text(f"{harmless(said['zh'])}：{value}", f"{harmless(said['en'])}: {value}")


def _period(detail: Mapping[str, Any]) -> Text:
    first, last = (date.fromisoformat(str(detail[name])) for name in ("first", "last"))
    if first == last:
        return Text(last.isoformat(), last.isoformat())
    return _SPAN.format(first=first.isoformat(), last=last.isoformat())
