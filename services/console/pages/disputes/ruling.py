"""The ruling form: what is typed as the event that it records, and what each ruling would come to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import FormEntry, actor_at, envelope, preview
from services.console.frame.refused import in_one_line
from services.console.frame.trade_words import FLAGS, word
from services.console.pages.disputes.case import DisputeCase
from shared.contract.answers.desk import PreviewAnswer
from shared.contract.answers.lists import ListedDeal
from shared.i18n import Text, translated
from shared.ids import StaffId
from shared.rules.domain.rulebook import Rulebook

WHOLE: Final = 10_000
PREVIEW: Final = translated("preview")
ROWS: Final = 4
"""How many people a form has room for; of more, shares are ruled on with the contract's event."""
FIELDS: Final = {
    "data.owner": "owner", "data.shares": "shares", "data.reason": "reason", "data.ruled_by": "ruled_by",
    "data.approved_by": "approved_by",
}  # fmt: skip


class ShareRow(Struct, frozen=True):
    """A line of the form: who, and how much in per cent, as it was typed."""

    staff: str = ""
    percent: str = ""


class RulingTyped(Struct, frozen=True):
    """The form as it was typed."""

    owner: str
    rows: list[ShareRow]
    reason: str
    clause: str
    ruled_by: str
    approved_by: list[str]

    @classmethod
    def of(cls, form: Form) -> RulingTyped:
        rows = [ShareRow(form[f"share_{row}_staff"], form[f"share_{row}_percent"]) for row in range(ROWS)]
        return cls(
            form["owner"], rows, form["reason"], form["clause"], form["ruled_by"], form.all("approved_by")
        )

    @classmethod
    def fresh(cls, case: DisputeCase) -> RulingTyped:
        """Empty, with both sides where shares may go; as the last ruling said where that only lacks approvals."""
        pending = case.pending
        if pending is None:
            rows = [ShareRow(staff) for staff in case.parties]
            return cls("", [*rows, *[ShareRow()] * (ROWS - len(rows))], "", "", "", [])
        rows = [ShareRow(staff, percent_of(part)) for staff, part in pending.shares.items()][:ROWS]
        approved = [staff for staff, _ in pending.approved]
        empty = [ShareRow()] * (ROWS - len(rows))
        return cls(pending.owner or "", [*rows, *empty], pending.reason, "", pending.by, approved)


class RulingOutcome(Struct, frozen=True):
    """What a ruling would come to: the owner, each deal's shares before and after, or why it would not count."""

    name: Text
    owner: str | None
    deals: list[tuple[str, dict[str, int], dict[str, int]]]
    flags: list[Text | str]
    explanation: Text | None
    refused: Text | str = ""
    fills: dict[str, Any] | None = None
    """The owner and each share in per cent as the form has them; None of what stands in the form already."""

    @property
    def counts(self) -> bool:
        return not self.refused and self.explanation is not None


def percent_of(basis_points: int) -> str:
    """A share as it is typed: 3333 is 33.33."""
    return f"{basis_points / 100:.2f}".rstrip("0").rstrip(".")


def basis_points_of(typed: str) -> int | None:
    """Per cent as people type it, with two decimals at most; None for what is none from 0 to 100."""
    try:
        value = Decimal(unicodedata.normalize("NFKC", typed).replace("%", "").strip()) * 100
    except InvalidOperation:
        return None
    if not value.is_finite() or value != value.to_integral_value() or not 0 <= value <= WHOLE:
        return None
    return int(value)


def shares_of(rows: Iterable[ShareRow], wrong: Wrong) -> dict[str, int]:
    """Shares in basis points that sum to the whole, or what is wrong with them, line by line."""
    shares: dict[str, int] = {}
    for number, row in enumerate(rows):
        name = f"share_{number}"
        if not row.percent:
            continue
        part = basis_points_of(row.percent)
        if part is None:
            wrong.fields[f"{name}_percent"] = translated(
                "a share is a number from 0 to 100, with two decimals at most"
            )
        elif not row.staff:
            wrong.fields[f"{name}_staff"] = translated("say whose share this is")
        elif row.staff in shares:
            wrong.fields[f"{name}_staff"] = translated("this person has a line already")
        elif part:
            shares[row.staff] = part
    total = sum(shares.values())
    if shares and not wrong and total != WHOLE:
        wrong.fields["shares"] = translated(
            "shares sum to 100%; these sum to {percent}%", percent=percent_of(total)
        )
    return shares


def ruling_of(
    typed: RulingTyped, dispute: str, actor: str, wanted: Iterable[str], citation: str = ""
) -> tuple[dict[str, Any], Wrong]:
    """The data of `dispute.ruled`, with what is wrong with the form.

    `wanted`: who may approve, where anybody must. `citation`: the clause that is chosen, as people cite it.
    """
    wrong = Wrong()
    shares = shares_of(typed.rows, wrong)
    if not wrong and not typed.owner and not shares:
        wrong.fields["owner"] = translated("a ruling names an owner, shares, or both")
    if not typed.reason:
        wrong.fields["reason"] = translated("the reason is wanted: both sides will read it")
    reason = typed.reason
    if citation and citation not in reason:
        reason = f"{reason}（{citation}）"
    approving = set(wanted)
    approved = [*typed.approved_by, *([actor] if actor in approving else [])]
    data = {
        "dispute": dispute,
        "ruled_by": typed.ruled_by or actor,
        "owner": typed.owner or None,
        "shares": shares or None,
        "reason": reason,
        "approved_by": list(dict.fromkeys(approved)) or None,
    }
    return data, wrong


def approvers(facts: SeenScope, book: Rulebook | None) -> dict[str, list[str]]:
    """Who may approve a ruling, by the roles whose approval the rulebook wants."""
    wanted = book.disputes.approved_by if book is not None else ()
    here = [one for one in facts.people.values() if one.departed_at is None]
    return {role: [one.staff for one in here if one.role == role] for role in wanted}


def unit_of(deal: ListedDeal) -> str:
    """What was sold, as people speak of it."""
    return f"{deal.project or ''} {deal.unit or deal.deal}".strip()


def plain(shares: Mapping[StaffId, int]) -> dict[str, int]:
    return {str(staff): part for staff, part in shares.items()}


async def outcomes(
    page: PageRequest, place: OfficePlace, case: DisputeCase, book: Rulebook | None
) -> list[RulingOutcome]:
    """What it would come to if each side won, and if both had half; nothing for whoever may not rule."""
    if not page.may("event.decide", place) or case.told.status == "ruled" or not case.parties:
        return []
    facts = await page.scope(place.scope)
    choices: list[tuple[Text, Mapping[str, Any]]] = [
        (translated("The customer is {name}'s", name=facts.name(staff)), {"owner": staff})
        for staff in case.parties
    ]
    if len(case.parties) == 2 and any(one.status != "cancelled" for one in case.deals):
        halves = dict.fromkeys(case.parties, WHOLE // 2)
        names = [facts.name(staff) for staff in case.parties]
        split = translated("Half each for {one} and {other}", one=names[0], other=names[1])
        choices.append((split, {"shares": halves}))
    actor = actor_at(page.caller, place)
    approved = _as_if_approved(page, place, facts, book, actor)
    asked = {"dispute": case.told.dispute, "ruled_by": actor, "reason": str(PREVIEW), "approved_by": approved}
    return [
        replace(await outcome(page, place, case, name, {**asked, **said}), fills=_fills(said))
        for name, said in choices
    ]


def _fills(said: Mapping[str, Any]) -> dict[str, Any]:
    """A ruling as the form has it."""
    shares: Mapping[str, int] = said.get("shares", {})
    return {
        "owner": said.get("owner", ""),
        "shares": [[staff, percent_of(part)] for staff, part in shares.items()],
    }


def _as_if_approved(
    page: PageRequest, place: OfficePlace, facts: SeenScope, book: Rulebook | None, actor: str
) -> list[str] | None:
    """One of each role that has to agree, for whoever may enter that others did; else oneself where one has to."""
    wanted = approvers(facts, book)
    if page.may("event.name_decider", place):
        return [people[0] for people in wanted.values() if people] or None
    return [actor] if any(actor in people for people in wanted.values()) else None


async def outcome(
    page: PageRequest, place: OfficePlace, case: DisputeCase, name: Text, data: Mapping[str, Any]
) -> RulingOutcome:
    """What one ruling would come to, as attribution tells it."""
    event = envelope(page, place, "dispute.ruled", data, FormEntry.fresh(page.now))
    try:
        answer = await preview(page, event)
    except ServiceRefusedError as error:
        if error.status >= 500:
            raise
        return RulingOutcome(name, case.customer.owner, [], [], None, in_one_line(error))
    return outcome_of(name, case, answer)


def outcome_of(name: Text, case: DisputeCase, answer: PreviewAnswer) -> RulingOutcome:
    """The answer beside what stands now."""
    after = {one.deal: one.shares for one in answer.deals}
    owner = case.customer.owner
    for one in answer.decisions:
        if one.customer == case.customer.customer:
            owner = one.owner
    deals = [
        (unit_of(one), plain(one.shares), plain(after.get(one.deal, one.shares)))
        for one in case.deals
        if one.status != "cancelled"
    ]  # fmt: skip
    counts = bool(answer.decisions or answer.deals)
    words = Text(answer.explanation.zh, answer.explanation.en) if counts else None
    flags = [word(FLAGS, one.flag) for one in answer.flags]
    return RulingOutcome(name, owner, deals, flags, words)
