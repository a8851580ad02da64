"""The templates, once for each language: texts are escaped, and what is in both languages goes in by the page's.

`t('English')` in a template is a message of the catalogue, as `translated` is in code, and `t_in('context', 'English')`
one of a word that Chinese tells apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.console.frame.contact_words import contact_words
from services.console.frame.trade_words import (
    AWAITED,
    BREACHES,
    DEALS,
    FLAGS,
    REGISTERS,
    STATUSES,
    kind_word,
    role_word,
    word,
)
from services.console.frame.words import LANGUAGES, Language, in_language, instant, line_in, worded, worded_in
from shared.contract.case_numbers import case_number
from shared.contract.value_words import ABSENCES, STAGES
from shared.i18n import Text, all_of, any_of, translated
from shared.i18n.times import (
    calendar_day,
    calendar_days,
    calendar_month,
    clock,
    dated,
    deadline,
    moment,
    span,
)

UTC_ZONE: Final = ZoneInfo("UTC")
LONGEST_LINE: Final = 16
MARKS: Final[Mapping[Language, Mapping[str, str]]] = {
    "zh": {
        "colon": "：", "comma": "，", "pause": "；", "stop": "。", "between": "、", "opening": "（", "closing": "）",
    },
    "en": {
        "colon": ": ", "comma": ", ", "pause": "; ", "stop": ". ", "between": ", ", "opening": " (", "closing": ")",
    },
}  # fmt: skip
"""Marks between parts of a line that a template puts together."""


def environment_of(language: Language) -> Environment:
    """The templates of one language. A name that is not given is an error, never an empty place."""
    made = Environment(
        loader=PackageLoader("services.console", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=partial(in_language, language),
        auto_reload=False,
    )
    made.globals.update(MARKS[language])
    made.globals.update(lang=language, t=partial(worded, language), t_in=partial(worded_in, language))
    made.filters.update(
        line=partial(line_in, language),
        text=partial(in_language, language),
        local=partial(_local, language),
        short=partial(_short, language),
        clock=partial(_clock, language),
        until=partial(_until, language),
        ahead=partial(_ahead, language),
        day=_day,
        weekday=partial(_weekday, language),
        days_to=partial(_days_to, language),
        month=partial(_month, language),
        share=_share,
        case=case_number,
        contact=partial(_contact, language),
        unbroken=_unbroken,
        head=partial(_head, language),
        any_of=partial(_joined, language, any_of),
        all_of=partial(_joined, language, all_of),
        role=role_word,
        kind=kind_word,
        flag=partial(word, FLAGS),
        absence=partial(word, ABSENCES),
        deal_status=partial(word, DEALS),
        stage=partial(word, STAGES),
        status=partial(word, STATUSES),
        breach=partial(word, BREACHES),
        register=partial(word, REGISTERS),
        awaited=partial(word, AWAITED),
    )
    return made


def rendered(language: Language, template: str, values: Mapping[str, Any]) -> str:
    """A page, or a part of one."""
    return ENVIRONMENTS[language].get_template(template).render(values)


def _at(given: str | datetime) -> datetime:
    return instant(given) if isinstance(given, str) else given


def _local(language: Language, given: str | datetime | None, zone: ZoneInfo) -> str:
    """The local time with its year, to the minute."""
    return "" if given is None else str(getattr(dated(_at(given), zone), language))


def _short(language: Language, given: str | datetime | None, zone: ZoneInfo) -> str:
    """The local time with its day of the week, to the minute."""
    return "" if given is None else str(getattr(moment(_at(given), zone), language))


def _clock(language: Language, given: str | datetime | None, zone: ZoneInfo, now: datetime) -> str:
    """The time of day of what is of today, with its day of whatever else."""
    if given is None:
        return ""
    at = _at(given)
    of_today = at.astimezone(zone).date() == now.astimezone(zone).date()
    return clock(at, zone) if of_today else _short(language, at, zone)


def _until(language: Language, given: str | datetime | None, zone: ZoneInfo) -> str:
    """The time until which something holds, as people say it: midnight is 24:00 of the day before."""
    return "" if given is None else str(getattr(deadline(_at(given), zone), language))


def _ahead(language: Language, given: str | datetime | None, now: datetime) -> str:
    """How long it is until then, or how long ago it was."""
    if given is None:
        return ""
    left = _at(given) - now
    if abs(left) < timedelta(minutes=1):
        told = translated("just now")
    elif left > timedelta():
        told = translated("in {span}", span=span(left))
    else:
        told = translated("{span} ago", span=span(-left))
    return str(in_language(language, told))


def _day(given: str | datetime | None, zone: ZoneInfo) -> str:
    """The local day, as a date field has it."""
    return "" if given is None else _at(given).astimezone(zone).date().isoformat()


def _weekday(language: Language, given: str | date | None, zone: ZoneInfo, now: datetime) -> str:
    """A day, as answers write it, with that of the week, and with its year where that is another."""
    if given is None:
        return ""
    return str(getattr(calendar_day(_date(given), now.astimezone(zone).date()), language))


def _days_to(language: Language, first: str | date, last: str | date) -> str:
    """The days from one to another, with their year."""
    return str(getattr(calendar_days(_date(first), _date(last)), language))


def _month(language: Language, given: date) -> str:
    """The month of a day, with its year."""
    return str(getattr(calendar_month(given), language))


def _date(given: str | date) -> date:
    return date.fromisoformat(given) if isinstance(given, str) else given


def _contact(language: Language, given: str | None) -> str:
    """A phone or a WeChat id as people of the office write it."""
    return "" if given is None else str(in_language(language, contact_words(given)))


def _unbroken(name: str) -> str:
    """A name that stays on one line, unless it is longer than a line of a phone may be."""
    return Markup('<span class="whole">{}</span>').format(name) if 0 < len(name) <= LONGEST_LINE else name


def _head(language: Language, given: object) -> str:
    """Words as a heading: English begins with a capital letter."""
    told = str(in_language(language, given))
    return told[:1].upper() + told[1:] if language == "en" else told


def _joined(language: Language, join: Callable[[Iterable[object]], Text], items: Iterable[object]) -> str:
    """Items in a row as a sentence has them."""
    return str(getattr(join(items), language))


def _share(basis_points: int) -> str:
    """A share in per cent, as people say it: 3333 is 33.33%."""
    return f"{basis_points / 100:.2f}".rstrip("0").rstrip(".") + "%"


ENVIRONMENTS: Final[Mapping[Language, Environment]] = {one: environment_of(one) for one in LANGUAGES}
