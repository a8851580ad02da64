"""What an entry would decide, before it is recorded: whose the customer would be, why, and what is the matter."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form
from services.console.frame.trade_words import FLAGS, word
from services.console.pages.desk.entry import DeskEntry
from services.console.pages.desk.looked_up import LookedUpCustomer, refused_kindly
from shared.contract import parse_instant
from shared.contract.answers.desk import PreviewAnswer
from shared.i18n import Text, listed, translated
from shared.i18n.times import moment


class CheckedEntry(Struct, frozen=True):
    """A preview for the desk; `answer` is None where none could be made, and `told` says why. `digest` is of what was
    checked: what is recorded must be that."""

    digest: str
    answer: PreviewAnswer | None
    found: LookedUpCustomer | None = None
    told: Text | str = ""

    @property
    def owner(self) -> str | None:
        """Whose the customer would be."""
        customer = self.answer.customer if self.answer is not None else None
        return customer.owner if customer is not None else None

    @property
    def status(self) -> str:
        customer = self.answer.customer if self.answer is not None else None
        return customer.status if customer is not None else ""

    @property
    def remarks(self) -> list[Text | str]:
        """What is the matter with the entry, in words, with what mends it."""
        if self.answer is None:
            return []
        return remarks_on([one.flag for one in self.answer.flags])

    def doubts(self, kind: str, typed: Form, now: datetime, zone: ZoneInfo) -> list[Text]:
        """What makes the entry look like a repetition, like another person's contact, or made without asking."""
        if self.found is None or self.found.answer is None:
            return []
        told: list[Text] = []
        since = self.found.since
        if since is not None and parse_instant(since).astimezone(zone).date() == now.astimezone(zone).date():
            at = moment(parse_instant(since), zone)
            told.append(
                translated("This customer was registered today already, at {at}: is it a visit anew?", at=at)
            )
        known, name = self.found.names, typed["name"]
        if name and known and not any(one[:1] == name[:1] for one in known):
            names = listed(known)
            told.append(
                translated("The contact is on record as {names}: is it the same person?", names=names)
            )
        fields = [field for one in self.found.questions(kind) for field in one.fields]
        if fields and not any(typed[field] for field in fields):
            told.append(translated("Nobody was asked yet: an answer may make the customer another's."))
        return told


def checked_of(entry: DeskEntry, answer: PreviewAnswer, found: LookedUpCustomer | None) -> CheckedEntry:
    """What the preview says of an entry."""
    return CheckedEntry(entry.digest, answer, found)


def unchecked(entry: DeskEntry, error: ServiceRefusedError) -> CheckedEntry:
    """An entry that cannot be previewed now; it may be recorded all the same."""
    return CheckedEntry(entry.digest, None, None, refused_kindly(error))


_MENDING = {
    "incomplete": translated("It gives no claim until name and contact are there: add them now if you can."),
    "unknown_customer": translated("Without a contact nobody can be told by it: add a phone if you can."),
    "out_of_turn": translated("Another is on turn: choose who is next, or go on if that is meant."),
    "late_entry": translated("It counts from now, since its day is over."),
}


def remarks_on(flags: list[str]) -> list[Text | str]:
    """Each flag in words, and what mends it where the desk can."""
    told: list[Text | str] = []
    for flag in flags:
        words, mending = word(FLAGS, flag), _MENDING.get(flag)
        if isinstance(words, Text) and mending is not None:
            words = Text(f"{words.zh}。{mending.zh}", f"{words.en}. {mending.en}")
        told.append(words)
    return told
