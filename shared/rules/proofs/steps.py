"""What may happen in a small history: each step as the event that records it, and as words.

Only what the rulebook looks at is tried: nobody is asked for at the door where that is not honoured. A visit, a deal
or a complaint is of the customer of its number; consultants are named in the order in which they come up, so that two
histories that differ in names alone are one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from shared.i18n import Text, translated
from shared.rules.domain.rulebook import Rulebook

CONSULTANTS: Final = ("li", "wang", "zhao")
STAFF: Final = (*((staff, "consultant") for staff in CONSULTANTS), ("chen", "manager"), ("zhou", "director"))
SCOPE: Final = "proof"
PHONES: Final = ("13800000001", "13800000002")
NAMES: Final = ("A", "B")
GROUNDS: Final = ("designated", "named", "assist", "referral")
"""What may say at one visit whose the customer is, besides who receives."""
VISITS: Final = ("plain", "never_here", "present", "brochure", *GROUNDS)
_SPACE: Final = uuid5(NAMESPACE_URL, "panke:proofs")


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """Something that happens: its kind, who does it, whom it names besides, which customer, which earlier step."""

    kind: str
    by: str = "chen"
    other: str | None = None
    second: str | None = None
    """Of a visit with two grounds, whom the second one names."""
    customer: int = 0
    about: int = 0
    """The number of the visit or the deal that it refers to, from 1."""
    grounds: tuple[str, ...] = ()

    @property
    def is_registration(self) -> bool:
        return self.kind in VISITS or self.kind in ("call", "outreach", "both", "grounds")

    @property
    def people(self) -> tuple[str, ...]:
        """The consultants whom it names, in order."""
        named = (self.by, self.other, self.second)
        return tuple(one for one in named if one in CONSULTANTS)


def event_of(step: HistoryStep, number: int, occurred: str, recorded: str) -> dict[str, Any]:
    """The event of a step that is the history's so-manieth, from 1."""
    type_, data = _recorded_as(step, number)
    return {
        "id": str(uuid5(_SPACE, str(number))),
        "type": type_,
        "scope": SCOPE,
        "office": f"{SCOPE}-office",
        "actor": step.by,
        "occurred_at": occurred,
        "recorded_at": recorded,
        "data": data,
    }


def enrolments(at: str) -> Iterator[dict[str, Any]]:
    """Who works there, recorded before all else."""
    for staff, role in STAFF:
        yield {
            "id": str(uuid5(_SPACE, staff)),
            "type": "staff.enrolled",
            "scope": SCOPE,
            "office": f"{SCOPE}-office",
            "actor": "chen",
            "occurred_at": at,
            "recorded_at": at,
            "data": {"staff": staff, "name": staff, "role": role},
        }


def party(customer: int) -> dict[str, Any]:
    return {"name": NAMES[customer], "phones": [PHONES[customer]]}


def _recorded_as(step: HistoryStep, number: int) -> tuple[str, dict[str, Any]]:
    customer = party(step.customer)
    if step.is_registration and step.kind not in ("call", "outreach"):
        return "visit.registered", _visit(step, number)
    simple: dict[str, tuple[str, dict[str, Any]]] = {
        "call": ("call.registered", {"customer": customer, "answered_by": step.by}),
        "outreach": ("outreach.registered", {"customer": customer, "by": step.by, "method": "web"}),
        "follow_up": (
            "followup.recorded",
            {"customer": customer, "by": step.by, "method": "phone", "subject": "x", "content": "x"},
        ),
        "recognised": (
            "customer.recognised",
            {"visit": f"v{step.about}", "by": step.by, "evidence": ["x"], "confirmed_by": "chen"},
        ),
        "complaint": (
            "complaint.upheld",
            {"customer": customer, "against": step.other, "decided_by": "chen", "reason": "x"},
        ),
        "concealment": (
            "concealment.found",
            {"visit": f"v{step.about}", "decided_by": "chen", "reason": "x"},
        ),
        "transfer": (
            "claim.transferred",
            {"customer": customer, "to": step.other, "requested_by": "chen", "approved_by": ["chen"], "reason": "x"},
        ),
        "departed": ("staff.departed", {"staff": step.other}),
        "household": (
            "household.linked",
            {"members": [party(0), party(1)], "relation": "spouse"},
        ),
        "subscribed": (
            "deal.subscribed",
            {"deal": f"d{number}", "customer": customer, "closed_by": step.by, "project": "x", "unit": "1",
             "amount": "1000000.00"},
        ),
        "signed": ("deal.signed", {"deal": f"d{step.about}"}),
        "cancelled": ("deal.cancelled", {"deal": f"d{step.about}", "reason": "x"}),
    }  # fmt: skip
    return simple[step.kind]


def _visit(step: HistoryStep, number: int) -> dict[str, Any]:
    data: dict[str, Any] = {
        "visit": f"v{number}",
        "customer": party(step.customer),
        "received_by": step.by,
        "capacity": "on_turn",
    }
    if step.kind == "both":
        data["customer"] = {"name": NAMES[0], "phones": list(PHONES)}
    kinds = step.grounds or (step.kind,)
    for kind, other in zip(kinds, (step.other, step.second), strict=False):
        _put_ground(data, kind, other)
    return data


def _put_ground(data: dict[str, Any], kind: str, other: str | None) -> None:
    if kind == "designated":
        data["designated"] = other
    elif kind == "named":
        data["asked"] = {"visited_before": "yes", "named_consultant": other}
    elif kind == "assist":
        data |= {"capacity": "assist", "on_behalf_of": other}
    elif kind == "referral":
        data["referred_by"] = [{"consultant": other}]
    elif kind == "never_here":
        data["asked"] = {"visited_before": "no"}
    elif kind == "present":
        data["present"] = [other]
    elif kind == "brochure":
        data["brochure_only"] = True


def grounds_of(book: Rulebook) -> tuple[str, ...]:
    """Which of them give a customer to somebody in this rulebook."""
    honoured = {
        "designated": book.designated.honoured,
        "named": book.named.honoured,
        "assist": book.assist.new_customers == "on_behalf_of",
        "referral": book.referral.single.effect == "referrer_consultant",
    }
    return tuple(ground for ground in GROUNDS if honoured[ground])


def kinds_of(book: Rulebook) -> tuple[str, ...]:
    """Kinds of visit that the rulebook tells apart."""
    looked_at = {
        "plain": True,
        "never_here": book.discovery.concealed != book.discovery.after_deal,
        "present": book.present_unrecognised.effect == "forfeits",
        "brochure": book.deal.brochure_only is not None,
        "assist": True,
    }
    return tuple(kind for kind in VISITS if looked_at.get(kind, kind in grounds_of(book)))


def steps_after(
    book: Rulebook, past: Sequence[HistoryStep], people: int, customers: int
) -> Iterator[HistoryStep]:
    """Every step that may come next; of consultants who did not come up yet, only the next."""
    for step in _all_steps(book, past, CONSULTANTS[:people], customers):
        if _in_turn(past, step):
            yield step


def _in_turn(past: Sequence[HistoryStep], step: HistoryStep) -> bool:
    seen = len({one for each in past for one in each.people})
    for one in step.people:
        place = CONSULTANTS.index(one)
        if place > seen:
            return False
        seen += place == seen
    known = max((each.customer for each in past), default=-1)
    return step.customer <= known + 1


def _all_steps(
    book: Rulebook, past: Sequence[HistoryStep], people: Sequence[str], customers: int
) -> Iterator[HistoryStep]:
    pairs = [(one, other) for one in people for other in people if one != other]
    named = ("present", *GROUNDS)
    for customer in range(customers):
        for kind in kinds_of(book):
            if kind in named:
                yield from (HistoryStep(kind, by, other, customer=customer) for by, other in pairs)
            else:
                yield from (HistoryStep(kind, by, customer=customer) for by in people)
        for kind in ("call", "outreach"):
            if book.honour[kind].by != "none":
                yield from (HistoryStep(kind, by, customer=customer) for by in people)
        if past:
            yield from _later_steps(past, people, customer)
    if past:
        yield from _steps_of_ids(past, people)
        yield from (HistoryStep("departed", other=one) for one in people)
        if customers > 1:
            yield from (HistoryStep("both", by) for by in people)
            yield HistoryStep("household")


def _later_steps(past: Sequence[HistoryStep], people: Sequence[str], customer: int) -> Iterator[HistoryStep]:
    yield from (HistoryStep("follow_up", by, customer=customer) for by in people)
    yield from (HistoryStep("complaint", other=one, customer=customer) for one in people)
    yield from (HistoryStep("transfer", other=one, customer=customer) for one in people)
    if not any(one.kind == "subscribed" and one.customer == customer for one in past):
        yield from (HistoryStep("subscribed", by, customer=customer) for by in people)


def _steps_of_ids(past: Sequence[HistoryStep], people: Sequence[str]) -> Iterator[HistoryStep]:
    """Of the last visit, and of a deal that is open."""
    visits = [
        n for n, one in enumerate(past, 1) if one.is_registration and one.kind not in ("call", "outreach")
    ]
    if visits:
        yield from (HistoryStep("recognised", by, about=visits[-1]) for by in people)
        yield HistoryStep("concealment", about=visits[-1])
    ended = {one.about for one in past if one.kind in ("signed", "cancelled")}
    for n, one in enumerate(past, 1):
        if one.kind == "subscribed" and n not in ended:
            yield HistoryStep("signed", about=n)
            yield HistoryStep("cancelled", about=n)


def in_words(step: HistoryStep) -> Text:
    """What happens, in a sentence without its time."""
    told = {"by": step.by, "other": step.other or "", "customer": NAMES[step.customer], "about": step.about}
    if step.grounds:
        first, second = (
            _GROUND_WORDS[ground].format(other=other)
            for ground, other in zip(step.grounds, (step.other, step.second), strict=True)
        )
        return translated("{by} receives {customer}: {first}; {second}", **told, first=first, second=second)
    return _WORDS[step.kind].format(**told)


_GROUND_WORDS: Final = {
    "designated": translated("the customer asks for {other}"),
    "named": translated("the customer names {other}"),
    "assist": translated("on behalf of {other}"),
    "referral": translated("sent by a customer of {other}"),
}
_WORDS: Final = {
    "plain": translated("{by} receives {customer}"),
    "never_here": translated("{by} receives {customer}, who says to have never been here"),
    "present": translated("{by} receives {customer} while {other} stands by"),
    "brochure": translated("{by} receives {customer}, who only takes a brochure"),
    "designated": translated("{by} receives {customer}, who asks for {other}"),
    "named": translated("{by} receives {customer}, who names {other}"),
    "assist": translated("{by} receives {customer} on behalf of {other}"),
    "referral": translated("{by} receives {customer}, whom a customer of {other} sent"),
    "both": translated("{by} receives both customers as one"),
    "call": translated("{by} answers a call of {customer}"),
    "outreach": translated("{by} reaches out to {customer}"),
    "follow_up": translated("{by} follows up {customer}"),
    "recognised": translated("{by} recognises the customer of visit v{about}"),
    "complaint": translated("a complaint of {customer} against {other} is upheld"),
    "concealment": translated(
        "it is found that whoever received visit v{about} concealed whose the customer was"
    ),
    "transfer": translated("{customer} is transferred to {other}, as the manager approves"),
    "departed": translated("{other} leaves"),
    "household": translated("both customers are linked as spouses"),
    "subscribed": translated("{by} closes a deal with {customer}"),
    "signed": translated("deal d{about} is signed"),
    "cancelled": translated("deal d{about} is cancelled"),
}
