"""Which approved template an SMS is, and what stands in its variables.

hazards.md#personal-data-in-messages: SMS goes to staff only, with a case number and a deadline, never a customer's
name or phone: templates that carry them are refused by the providers. A message is a template and a few short
variables; a value that is longer than the provider takes is never cut, since half a case number is another one:
without words here, another channel tells it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.notifier.channels import RefusedError
from services.notifier.channels.provider_verdict import Reason
from services.notifier.model.alert import LeasedAlert, RenderedMessage
from services.notifier.model.kinds import SHARES_STATUS, Audience, EventKind, Rung
from services.notifier.schedule.plan import SmsTemplate
from shared.i18n import Text, all_of, listed, translated, translated_in
from shared.i18n.times import day_and_clock, largest

REMINDER, SUPERVISOR, LAPSED, DIGEST = "reminder", "supervisor", "lapsed", "digest"
# Without these a consultant would lose a claim unwarned.
NEEDED: Final = (REMINDER, SUPERVISOR, LAPSED)
KINDS: Final = (*NEEDED, DIGEST, *(kind.value for kind in EventKind))
# How many characters each variable may come to.
VARIABLES: Final[Mapping[str, int]] = {
    "case": 9, "case_a": 4, "case_b": 4, "count": 4, "day": 6, "time": 5, "deadline": 11, "left": 4, "result": 4,
    "share": 6,
}  # fmt: skip
_CASE: Final = frozenset({"case", "case_a", "case_b"})
_WHEN: Final = frozenset({"day", "time", "deadline"})
_RESULTS: Mapping[tuple[EventKind, bool], Text] = {
    (EventKind.KEPT, True): translated_in("in four characters", "stays yours"),
    (EventKind.SUPERSEDED, True): translated_in("in four characters", "is yours"),
    (EventKind.SUPERSEDED, False): translated_in("in four characters", "is somebody else's"),
    (EventKind.RETURNED, True): translated_in("in four characters", "is returned to you"),
    (EventKind.RETURNED, False): translated_in("in four characters", "is returned to another"),
    (EventKind.TRANSFERRED, True): translated_in("in four characters", "is transferred to you"),
    (EventKind.TRANSFERRED, False): translated_in("in four characters", "is transferred to another"),
    (EventKind.DISPUTED, True): translated_in("in four characters", "disputed"),
    (EventKind.DISPUTED, False): translated_in("in four characters", "disputed"),
    (EventKind.RULED, True): translated_in("in four characters", "is yours by ruling"),
    (EventKind.RULED, False): translated_in("in four characters", "is not yours"),
}


_FINER = {"case": ("case_a", "case_b"), "deadline": ("day", "time")}
"""Shorter variables that together say the same."""


class TemplateError(ValueError):
    """A template cannot be what it is said to be; `variable` is the place of the wrong one among them."""

    def __init__(self, reason: Text, variable: int) -> None:
        self.reason = reason
        self.variable = variable
        super().__init__(str(reason))


def allowed(kind: str) -> frozenset[str]:
    """The variables that say something in a message of this kind."""
    if kind in (REMINDER, SUPERVISOR):
        return _CASE | _WHEN | {"left"}
    if kind == LAPSED:
        return _CASE | _WHEN
    if kind == DIGEST:
        return _WHEN | {"count", "left"}
    return _CASE | _WHEN | ({"result", "share"} if kind == EventKind.SHARES else {"result"})


def check(kind: str, names: Sequence[str], longest: int) -> None:
    """TemplateError where a variable says nothing in such a message, stands twice, or may be too long."""
    for number, name in enumerate(names):
        known = allowed(kind)
        if name not in known:
            there = listed(one for one in VARIABLES if one in known)
            raise TemplateError(
                translated("no such variable: {name}; there are {known}", name=name, known=there), number
            )
        if name in names[:number]:
            raise TemplateError(translated("{name} stands twice", name=name), number)
        if VARIABLES[name] > longest:
            may = {"name": name, "count": VARIABLES[name], "longest": longest}
            finer = _FINER.get(name)
            reason = (
                translated("{name} may have {count} characters, and {longest} are allowed", **may)
                if finer is None
                else translated(
                    "{name} may have {count} characters, and {longest} are allowed; take {finer}",
                    **may,
                    finer=all_of(finer),
                )
            )
            raise TemplateError(reason, number)


@dataclass(frozen=True)
class Templates:
    """The provider's ids of the approved templates by kind of message, each with its variables in order."""

    templates: Mapping[str, SmsTemplate]
    longest: int

    @classmethod
    def usual(
        cls,
        ids: Sequence[str],
        variables: Sequence[str],
        longest: int,
        more: Mapping[str, SmsTemplate] | None = None,
    ) -> Templates:
        """Those of reminder, supervisor, lapse and perhaps digest with variables in common, and `more` of others.

        The template of a lapse has no `left`: nothing is. That of a digest has `count` in the place of the case
        number.
        """
        if ids:
            check(REMINDER, variables, longest)
        found = dict(more or {})
        for kind, template in zip((*NEEDED, DIGEST), ids, strict=False):
            first = ("count",) if kind == DIGEST else ()
            names = (*first, *(name for name in variables if name in allowed(kind)))
            found.setdefault(kind, SmsTemplate(template, names))
        return cls(found, longest)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.templates.values())

    def says(self, members: Sequence[LeasedAlert], *, standing_in: bool = False) -> bool:
        """Whether there are words for a message about these alerts; of events, only for whom they concern."""
        if len(members) > 1:
            return DIGEST in self.templates and all(one.is_reminder for one in members)
        (one,) = members
        if one.kind == "event" and standing_in:
            return False
        return kind_of(one.rung, one.audience, one.detail) in self.templates

    def of(self, notice: RenderedMessage, zone: ZoneInfo) -> tuple[str, dict[str, str]]:
        """The template of a notice and its variables, or Refused where none was approved for what is to be said."""
        kind = _kind(notice)
        template = self.templates.get(kind)
        if template is None:
            raise RefusedError(f"{Reason.TEMPLATE}: there is none for {kind}")
        known = variables(notice, zone)
        for name in template.variables:
            if not 0 < len(known.get(name, "")) <= self.longest:
                raise RefusedError(
                    f"{Reason.TEMPLATE}: {name} is empty or longer than {self.longest} characters"
                )
        return template.id, {name: known[name] for name in template.variables}


def kind_of(rung: Rung, audience: Audience, detail: Mapping[str, Any] | None) -> str:
    """What kind of message tells of one alert."""
    if rung is Rung.EVENT:
        return str((detail or {}).get("event", ""))
    if rung is Rung.REPORT:
        return Rung.REPORT.value
    if rung is Rung.LAPSED:
        return LAPSED
    return REMINDER if audience is Audience.OWNER else SUPERVISOR


def missing(kinds: Iterable[str], templates: Iterable[str]) -> list[str]:
    """Of these kinds those without a template, in the usual order."""
    lacking = frozenset(kinds) - frozenset(templates)
    return [kind for kind in KINDS if kind in lacking]


def _kind(notice: RenderedMessage) -> str:
    if len(notice.items) > 1:
        rungs = {item.rung for item in notice.items}
        return "mixed" if rungs & {Rung.LAPSED, Rung.EVENT} else DIGEST
    (rung, audience) = (
        (notice.items[0].rung, notice.items[0].audience) if notice.items else (notice.rung, notice.audience)
    )
    owner = notice.items[0].owner if notice.items else notice.owner
    # Who stands in reads of a colleague's customer, as a supervisor does.
    if owner not in (None, notice.to.staff):
        audience = Audience.SUPERVISOR
    return kind_of(rung, audience, notice.detail)


def variables(notice: RenderedMessage, zone: ZoneInfo) -> dict[str, str]:
    """All that may stand in an SMS: which case, until when (or since when), how long that is, what became of it."""
    case = notice.case or (notice.items[0].case if len(notice.items) == 1 else "")
    head, _, tail = case.partition("-")
    day, time = day_and_clock(notice.deadline, zone)
    detail = notice.detail or {}
    return {
        "case": case,
        "case_a": head,
        "case_b": tail,
        "count": str(len(notice.items) or 1),
        "day": day.zh,
        "time": time,
        "deadline": f"{day.zh}{time}",
        "left": largest(notice.deadline - (notice.counted_from or notice.composed_at)).zh,
        "result": _result(detail),
        "share": "" if detail.get("share") is None else f"{int(detail['share']) / 100:g}%",
    }


def _result(detail: Mapping[str, Any]) -> str:
    if detail.get("event") == EventKind.SHARES:
        status = SHARES_STATUS.get(str(detail.get("status")))
        return "" if status is None else status.zh
    event, mine = detail.get("event"), detail.get("mine")
    words = (text.zh for (kind, of_reader), text in _RESULTS.items() if (kind, of_reader) == (event, mine))
    return next(words, "")
