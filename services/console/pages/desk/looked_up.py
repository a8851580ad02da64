"""What the look-up found, in the order in which a receptionist needs it."""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, Struct

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson
from services.console.frame.refused import in_one_line
from services.console.frame.trade_words import STATUSES, word
from shared.contract.answers.desk import AskedAbout, DeskAdvice, DeskQuestion, LookupAnswer
from shared.contract.contacts import contact_of
from shared.contract.errors import BadEvent
from shared.i18n import Text, translated

TOO_MANY: Final = 429
SHORTEST_WECHAT: Final = 6
_FIELDS: Final[dict[AskedAbout, tuple[str, ...]]] = {
    "visited_before": ("visited_before", "named_consultant"),
    "contacted_by": ("contacted_by",),
    "designated": ("designated",),
    "referred_by": ("ref_phone", "ref_consultant"),
    "owner": ("visited_before", "named_consultant"),
    "unprompted": ("named_consultant", "contacted_by"),
}
"""Into which fields of the form the answer to a question goes."""
CALLED: Final = ("visited_before", "named_consultant", "contacted_by")
"""What a call holds of these."""


class AskedQuestion(Struct, frozen=True):
    """A question with the fields for its answer, each field at the first question that it answers."""

    words: DeskQuestion
    fields: tuple[str, ...]


class LookedUpCustomer(Struct, frozen=True):
    """A contact that was looked up; `answer` is None where it could not be, and `told` says why."""

    answer: LookupAnswer | None
    told: Text | str = ""

    @property
    def known(self) -> bool:
        return self.answer is not None and self.answer.known

    @property
    def names(self) -> tuple[str, ...]:
        names = self.answer.names if self.answer is not None else UNSET
        return () if names is UNSET else names

    @property
    def status(self) -> Text | str:
        status = self.answer.status if self.answer is not None else UNSET
        return "" if status is UNSET else word(STATUSES, status)

    @property
    def owner(self) -> str:
        """The id of the owner; empty where there is none."""
        owner = self.answer.owner if self.answer is not None else UNSET
        return "" if owner is UNSET or owner is None else owner

    @property
    def since(self) -> str | None:
        since = self.answer.since if self.answer is not None else UNSET
        return None if since is UNSET else since

    @property
    def expires_at(self) -> str | None:
        until = self.answer.expires_at if self.answer is not None else UNSET
        return None if until is UNSET else until

    @property
    def do(self) -> list[DeskAdvice]:
        return [] if self.answer is None else self.answer.do

    def questions(self, kind: str) -> list[AskedQuestion]:
        """What to ask; at a call only what a call can hold."""
        told: list[AskedQuestion] = []
        placed: set[str] = set()
        for one in self.answer.ask if self.answer is not None else ():
            wanted = [name for name in _FIELDS[one.about] if kind == "visit" or name in CALLED]
            fields = tuple(name for name in wanted if name not in placed)
            placed.update(fields)
            if wanted or not _FIELDS[one.about]:
                told.append(AskedQuestion(one, fields))
        return told


async def look_up(
    services: ServicesAsPerson, scope: str, contact: str, min_seq: int | None = None
) -> LookedUpCustomer:
    """What is known of a contact; nothing typed is lost where it cannot be looked up."""
    try:
        answer = await services.post(
            "attribution", f"/v1/scopes/{scope}/lookup", {"contact": contact}, LookupAnswer, min_seq=min_seq
        )
    except ServiceRefusedError as error:
        return LookedUpCustomer(None, refused_kindly(error))
    return LookedUpCustomer(answer)


def refused_kindly(error: ServiceRefusedError) -> Text | str:
    """Why something cannot be told now, and what to do meanwhile."""
    if error.status == TOO_MANY:
        return translated(
            "Too many look-ups at once: again in {seconds} seconds. You may register without; nothing is lost.",
            seconds=error.retry_after or "60",
        )
    return in_one_line(error)


def cannot_be_asked(contact: str) -> Text | str | None:
    """What a contact lacks to be looked up; None of one that can be."""
    try:
        found = contact_of(contact)
    except BadEvent as bad:
        return bad.message
    if found.startswith("wechat:") and len(found) < len("wechat:") + SHORTEST_WECHAT:
        return translated("Go on typing: a WeChat id has 6 characters at least.")
    return None
