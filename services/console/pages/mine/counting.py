"""Whether a follow-up counts: what it decided or would decide, until when, by which clause, or why not."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from msgspec import Struct, UnsetType

from services.console.frame.trade_words import FLAGS, word
from services.console.frame.words import instant
from shared.contract.answers.desk import PreviewAnswer
from shared.contract.answers.history import FactDecision, HistoryAnswer, PreviewDecision
from shared.contract.answers.scopes import ListedCustomer
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text
from shared.i18n.times import deadline


class Counted(Struct, frozen=True, kw_only=True):
    """What a follow-up brings. `until` is None where the claim does not run out, or there is none."""

    counts: bool
    owner: str | None
    until: Text | None
    expires_at: str | None
    reasons: list[Text | str]
    clause: str | None
    clause_text: BothLanguages | None
    explanation: BothLanguages | None


def counted_of_preview(told: PreviewAnswer, event: str, zone: ZoneInfo) -> Counted:
    """What it would bring."""
    flags = [one.flag for one in told.flags if one.event == event]
    return _counted(told.customer, told.decisions, flags, zone)


def counted_of_history(
    customer: ListedCustomer, history: Iterable[HistoryAnswer], event: str, zone: ZoneInfo
) -> Counted:
    """What it brought, as it was folded."""
    found = next((one for page in history for one in page.events if one.id == event), None)
    if found is None or isinstance(found.decided, UnsetType):
        return _counted(customer, [], [], zone)
    return _counted(customer, found.decided.decisions, found.decided.flags, zone)


def _counted(
    customer: ListedCustomer | None,
    decisions: Iterable[PreviewDecision | FactDecision],
    flags: Iterable[str],
    zone: ZoneInfo,
) -> Counted:
    mine = [one for one in decisions if customer is None or one.customer == customer.customer]
    last = mine[-1] if mine else None
    expires_at = customer.expires_at if customer is not None else None
    return Counted(
        counts=last is not None and last.decision in ("renewed", "established", "kept"),
        owner=customer.owner if customer is not None else None,
        until=deadline(instant(expires_at), zone) if expires_at is not None else None,
        expires_at=expires_at,
        reasons=[word(FLAGS, one) for one in flags],
        clause=last.clause if last is not None else None,
        clause_text=last.clause_text if last is not None else None,
        explanation=last.explanation if last is not None else None,
    )
