"""What stands against an erasure: an open dispute, an unsigned deal, and words that would outlive it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from services.intake.privacy.holdings import Holdings
from shared.contract.answers import StaffMember
from shared.i18n import Text, bilingual, listed, translated

MAY_SAY_DESPITE: Final = ("manager", "director", "admin_manager", "general_manager")
_between: Final = re.compile(r"[\s\-()]+")


class ErasureRefusedError(Exception):
    """The erasure did not begin, and why."""


def obstacles(holdings: Holdings) -> list[Text]:
    """For what the person is needed still (privacy.md#erasure)."""
    found = [
        translated("the dispute {dispute} is open", dispute=one.dispute)
        for one in holdings.disputes
        if one.status == "open"
    ]
    if not found and holdings.customer.status == "disputed":
        found.append(translated("a dispute is open"))
    found += [
        translated("the deal {deal} stands and is not signed", deal=deal.deal)
        for deal in holdings.deals
        if deal.status != "cancelled" and deal.signed_at is None
    ]
    return found


def demand_free(holdings: Holdings, despite_by: str | None, staff: dict[str, StaffMember]) -> None:
    """Raise `ErasureRefusedError` where something stands against it, unless a manager says despite it."""
    against = obstacles(holdings)
    if despite_by is None and against:
        raise ErasureRefusedError(
            bilingual(
                "the person is needed still: {reasons}. A manager can say so despite it: --despite-by",
                reasons=listed(against),
            )
        )
    if despite_by is not None:
        member = staff.get(despite_by)
        if member is None or member.status != "enrolled" or member.role not in MAY_SAY_DESPITE:
            raise ErasureRefusedError(
                bilingual(
                    "--despite-by {staff} is not enrolled as a manager or above in this scope",
                    staff=despite_by,
                )
            )


def demand_nameless(words: dict[str, str], names: Iterable[str], contacts: Iterable[str]) -> None:
    """Raise `ErasureRefusedError` where words that stay would tell who it was."""
    telling = [_squeezed(text) for text in (*names, *_typed(contacts))]
    for option, text in words.items():
        if not text.strip():
            raise ErasureRefusedError(bilingual("{option} must not be blank", option=option))
        if any(len(one) > 1 and one in _squeezed(text) for one in telling):
            raise ErasureRefusedError(
                bilingual(
                    "{option} names the person; it is kept for good, so say it without name and contact",
                    option=option,
                )
            )


def _typed(contacts: Iterable[str]) -> Iterator[str]:
    for contact in contacts:
        yield contact.removeprefix("wechat:").removeprefix("+86")


def _squeezed(text: str) -> str:
    return _between.sub("", unicodedata.normalize("NFKC", text)).lower()
