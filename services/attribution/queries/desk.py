"""The question at the door: has this customer been here, whose is it, and what to do now, in the desk's words.

contract.md#look-up: contacts are masked: who asks knows the number, who looks over a shoulder should
not learn another. Of a customer whom the caller may not read it hands out no contact but the one that was asked by, and
of each name as much as tells whether it is the right person. What is asked and done follows
procedure.md#visits-table with the values of the rulebook: of the one that the claim stands under, or for a customer
without a claim of the one in force.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from msgspec import UNSET, UnsetType

from services.attribution.explanations import desk_words as say
from services.attribution.queries.customers import SHOWN, standing_of
from services.attribution.queries.snapshot import Snapshot
from shared.contract import mask_contact
from shared.contract.answers import CustomerResult, DeskAdvice, DeskQuestion, LookupAnswer
from shared.contract.answers.desk import AskedAbout
from shared.contract.masking import mask_name
from shared.contract.sealed import ERASED
from shared.i18n import Text
from shared.ids import Contact, StaffId
from shared.rules.domain.calendar import local_day
from shared.rules.domain.discovery import honoured, stood_by
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.domain.state import Claim, Customer


class _Person(TypedDict):
    names: tuple[str, ...]
    names_in_all: int | UnsetType
    contacts: list[str]
    contacts_in_all: int | UnsetType


Advice = tuple[Text, Clause]
"""Words, and the clause that they follow."""
Question = tuple[Text, Clause, AskedAbout]
"""Words, the clause that they follow, and what they ask for."""


@dataclass(frozen=True, slots=True)
class _Door:
    """What is known when the customer stands at the door."""

    book: Rulebook
    now: datetime
    timezone: str
    owner: str

    def last_day(self, claim: Claim) -> date | None:
        """Through when a claim by this registration is honoured; None where that has no end."""
        honour = self.book.honour.get(claim.basis)
        if honour is None or honour.within is None:
            return None
        return honour.within.last_day(local_day(claim.registered, self.timezone))

    def honoured(self, claim: Claim) -> bool:
        """Whether the claim counts although the customer names nobody."""
        return honoured(self.book.honour, claim.basis, claim.registered, self.now, self.timezone)


def look_up(snapshot: Snapshot, contact: Contact, now: datetime) -> LookupAnswer:
    """What the desk needs to know of a contact."""
    name = snapshot.faces().customer_of(contact)
    if name is not None:
        return _known(snapshot, contact, name, now)
    book = snapshot.book_at(now)
    return LookupAnswer(
        contact=mask_contact(contact),
        known=False,
        customer=None,
        ask=_asked(_ask_new(book)),
        do=_worded(_do_new(book)),
        clause=book.registration.first,
        clause_text=snapshot.clause_text(book.registration.first, book),
        **snapshot.head.answer_head(),
    )


def _known(snapshot: Snapshot, contact: Contact, name: str, now: datetime) -> LookupAnswer:
    stands = standing_of(snapshot, name, SHOWN)
    known = snapshot.find(name)
    claim = known.claim
    owner = stands.owner or _lapsed_owner(snapshot, claim)
    shown = snapshot.staff_names([owner]).get(owner, owner) if owner else ""
    book = snapshot.book(claim.book) if claim is not None else snapshot.book_at(now)
    door = _Door(book, now, snapshot.scope.timezone, shown)
    clause = stands.clause or book.registration.first
    return LookupAnswer(
        contact=mask_contact(contact),
        known=True,
        customer=stands.customer,
        **_person(snapshot, contact, known, stands),
        owner=stands.owner,
        owner_name=shown if stands.owner else None,
        status=stands.status,
        basis=stands.basis,
        since=stands.since,
        expires_at=stands.expires_at,
        ask=_asked(_ask(door, claim if owner else None), shown),
        do=_worded(_do(door, stands.status, claim), shown),
        clause=clause,
        clause_text=snapshot.clause_text(clause, book),
        **snapshot.head.answer_head(),
    )


def _lapsed_owner(snapshot: Snapshot, claim: Claim | None) -> StaffId | None:
    """Who may have the customer back when named; nothing is kept for who has left."""
    if claim is None or not claim.lapsed or snapshot.scope.departed(claim.owner):
        return None
    return claim.owner


def _person(snapshot: Snapshot, contact: Contact, known: Customer, stands: CustomerResult) -> _Person:
    """Names and contacts, as far as they are the caller's to know; of very many the first, and how many there are."""
    read = snapshot.reach.knows(stands.customer)
    contacts = stands.contacts if read else (contact,)
    return {
        "names": stands.names if read else masked_names(stands.names),
        "names_in_all": _in_all(known.names),
        "contacts": [mask_contact(one) for one in contacts],
        "contacts_in_all": _in_all(known.contacts) if read else UNSET,
    }


def _in_all(texts: Sequence[str]) -> int | UnsetType:
    """How many there are, where not all are shown."""
    return len(texts) if len(texts) > SHOWN else UNSET


def masked_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """Of each name as much as tells whether it is the right person."""
    return tuple(dict.fromkeys(name if name == ERASED else mask_name(name) for name in names))


def _worded(advice: Iterator[Advice], owner: str = "") -> list[DeskAdvice]:
    return [DeskAdvice(*_with_owner(text, owner), clause) for text, clause in advice]


def _asked(questions: Iterator[Question], owner: str = "") -> list[DeskQuestion]:
    return [DeskQuestion(*_with_owner(text, owner), clause, about) for text, clause, about in questions]


def _with_owner(text: Text, owner: str) -> tuple[str, str]:
    return text.zh.replace("{owner}", owner), text.en.replace("{owner}", owner)


def _ask_new(book: Rulebook) -> Iterator[Question]:
    """Whatever could make somebody else's customer of a new one."""
    yield say.ASK_BEFORE, book.registration.first, "visited_before"
    for basis in ("call", "outreach"):
        if book.honour[basis].by == "named":
            yield say.ASK_CONTACTED, book.honour[basis].clause, "contacted_by"
            break
    if book.designated.honoured:
        yield say.ASK_DESIGNATED, book.designated.clause, "designated"
    if book.referral.single.effect == "referrer_consultant":
        yield say.ASK_REFERRER, book.referral.single.clause, "referred_by"


def _do_new(book: Rulebook) -> Iterator[Advice]:
    yield say.DO_NEW, book.registration.first
    if book.designated.honoured:
        yield say.DO_DESIGNATED, book.designated.clause
    if book.named.honoured:
        yield say.DO_NAMED, book.named.clause
    if book.referral.single.effect == "referrer_consultant":
        yield say.DO_REFERRED, book.referral.single.clause


def _ask(door: _Door, claim: Claim | None) -> Iterator[Question]:
    """A name that must come from the customer is not put into the customer's mouth."""
    if claim is None:
        yield from _ask_new(door.book)
    elif claim.lapsed:
        yield say.ASK_UNPROMPTED, door.book.follow_up.clause, "unprompted"
    elif not door.honoured(claim):
        yield say.ASK_UNPROMPTED, door.book.honour[claim.basis].clause, "unprompted"
    else:
        yield say.ASK_OWNER, door.book.kept, "owner"


def _do(door: _Door, status: str, claim: Claim | None) -> Iterator[Advice]:
    book = door.book
    match status:
        case "disputed":
            yield say.DO_DISPUTED, book.disputes.clause
        case "closed":
            stands = claim is not None and not claim.lapsed
            yield say.DO_CLOSED if stands else say.DO_CLOSED_UNOWNED, book.deal.clause
        case "lapsed" if door.owner:
            yield say.DO_LAPSED, book.follow_up.clause
        case "owned" if claim is not None:
            yield from _do_owned(door, claim)
        case _:
            yield say.DO_UNOWNED, book.registration.first
            yield from list(_do_new(book))[1:]


def _do_owned(door: _Door, claim: Claim) -> Iterator[Advice]:
    """The rows of the visit table that a visit to somebody else could meet."""
    book, last = door.book, door.last_day(claim)
    if not door.honoured(claim):
        honour = book.honour[claim.basis]
        yield say.DO_IF_NAMED if honour.by == "named" else _until(say.DO_TOO_OLD, last), honour.clause
        return
    yield say.DO_OWNED, book.kept
    if last is not None:
        yield _until(say.DO_UNTIL, last), book.honour[claim.basis].clause
    if stood_by(book, claim, (claim.owner,), followed_up=claim.followed_up is not None):
        yield say.DO_PRESENT, book.present_unrecognised.clause


def _until(text: Text, last: date | None) -> Text:
    shown = "" if last is None else last.isoformat()
    return Text(text.zh.replace("{until}", shown), text.en.replace("{until}", shown))
