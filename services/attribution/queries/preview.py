"""What would this decide? An event is folded as intake would record it now, on a slice that is thrown away.

The desk asks before it sends: whose the customer would be, by which clause, what would be flagged, and who would
be next. The very functions of the fold answer, in one snapshot of the database, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from services.attribution.fold.intake_record import JournalFact
from services.attribution.fold.scope_fold import Rules, ScopeFold
from services.attribution.fold.warned import warned_of
from services.attribution.queries.customers import customers_of, paged
from services.attribution.queries.decisions_page import first_of_all, last_decision, stored
from services.attribution.queries.desk import masked_names
from services.attribution.queries.explained import DecisionWords, both, explained
from services.attribution.queries.reader import ScopeReader
from services.attribution.queries.snapshot import FoldedHead, Snapshot, UnknownNameError
from services.attribution.queries.unseen import forget_unseen
from services.attribution.store.batch import BatchRows
from services.attribution.store.store import Store, opening_book
from services.attribution.store.table_rows import DecisionWritten
from shared.access.extent import EVERYTHING, Sight
from shared.access.recording import Forbidden, RecordingRights
from shared.contract import (
    BadEvent,
    ConcealmentFound,
    Event,
    RecordCorrected,
    RulebookAdopted,
    bad,
    contacts_of,
    decode_event,
    format_instant,
    mask_contact,
    parse_instant,
    parties,
    stamp,
)
from shared.contract.answers import (
    DealDecision,
    FlagResult,
    ListedCustomer,
    OfficeTurns,
    OwnershipDecision,
    PenaltyResult,
    PreviewAnswer,
    PreviewDealDecision,
    PreviewDecision,
    RecordWarning,
)
from shared.contract.answers.values import extended
from shared.i18n import Text, bilingual, translated
from shared.ids import DealId, ScopeId, StaffId, VisitId
from shared.rules.domain.facts import Party
from shared.rules.domain.state import Key
from shared.sealing.sealing import Draft

T = TypeVar("T")

NOTHING = translated("This record decides nothing about a customer.")
BEHIND = translated(
    "The scope has waited in quarantine since {since}; this follows from its state before that."
)
REPEATED = bilingual("this id is recorded already and decides nothing more")
OF_SCOPE = bilingual("is another scope than that of the path")
ONE_SCOPE = bilingual("this office belongs to another scope")
UNKNOWN_RULEBOOK = bilingual("no rulebook of this name and version is known")


class RepeatedError(Exception):
    """The id of the event is taken."""


class ForbiddenPreviewError(Exception):
    """The caller may not record the event, and so is not told what it would decide."""

    def __init__(self, forbidden: Forbidden) -> None:
        super().__init__(forbidden.message)
        self.forbidden = forbidden


class WouldParkError(Exception):
    """The fold fails on this event: recorded, it would stop its scope."""


class _WhomNamed(Struct, frozen=True):
    """Whom an event names: by contacts as they were typed, and by a record that it corrects."""

    typed: frozenset[str]
    corrected: tuple[str, ...] | None


class Previewer:
    """Asks the rules without keeping what they say."""

    def __init__(self, questions: ScopeReader, rules: Rules, default_book: str) -> None:
        self._questions = questions
        self._rules = rules
        self._default_book = default_book

    def preview(
        self,
        scope: ScopeId,
        raw: bytes,
        now: datetime,
        sight: Sight = EVERYTHING,
        rights: RecordingRights | None = None,
    ) -> tuple[FoldedHead, PreviewAnswer]:
        """Raises `BadEvent`, `ForbiddenPreviewError`, `RepeatedError` and `WouldParkError`."""
        asked = decode_event(raw, recorded=False)
        body = stamp(raw, now)
        event = decode_event(body, recorded=True)  # the rule of five minutes needs both times
        if asked.scope != scope:
            raise BadEvent("scope", "of_path", OF_SCOPE)
        if rights is not None and (forbidden := rights.against(asked)) is not None:
            raise ForbiddenPreviewError(forbidden)
        opening = opening_book(self._default_book, self._rules.books)
        with self._questions.of(scope, opening, sight) as snapshot:
            forget_unseen(snapshot, asked)
            self._check(snapshot, scope, asked)
            named = _WhomNamed(_contacts(asked), _corrected(snapshot, asked))
            body = _as_kept(snapshot, body, event)
            event = decode_event(body, recorded=True)
            fact = JournalFact(0, scope, snapshot.head.seq + 1, body, None, now, event)
            return snapshot.head, self._folded(snapshot, fact, event, named)

    def _check(self, snapshot: Snapshot, scope: ScopeId, event: Event) -> None:
        """What intake knows of its journal, as far as attribution has it."""
        try:
            if self._questions.scope_of(event.office) != scope:
                raise BadEvent("office", "one_scope", ONE_SCOPE)
        except UnknownNameError:
            pass  # a new office begins with this event
        data = event.data
        if isinstance(data, RulebookAdopted) and (data.rulebook, data.version) not in self._rules.books:
            raise BadEvent("data.rulebook", "known_rulebook", UNKNOWN_RULEBOOK)
        if isinstance(data, ConcealmentFound) and data.rightful is not None:
            _check_rightful(snapshot, data.visit, data.rightful)
        if snapshot.facts([event.id]):
            raise RepeatedError(event.id)

    def _folded(
        self, snapshot: Snapshot, fact: JournalFact, event: Event, named: _WhomNamed
    ) -> PreviewAnswer:
        before = snapshot.boards(event.office)
        warned = warned_of(event, snapshot.scope)
        batch = BatchRows()
        error = ScopeFold(Store(snapshot), self._rules).fold(snapshot.work, fact, batch)
        if error is not None:
            raise WouldParkError(error)
        decided = [(row.customer, stored(row.body).answer()) for row in batch.decisions]
        dealt = [(row.deal, _decoded(row.body, DealDecision)) for row in batch.deal_decisions]
        dealt = _of_known_deals(snapshot, dealt, getattr(event.data, "deal", None))
        words = explained(snapshot, [made for _, made in decided], [fact.body])
        deal_words = explained(snapshot, [made for _, made in dealt], [fact.body])
        return PreviewAnswer(
            recorded_at=format_instant(fact.recorded_at),
            decisions=[
                extended(PreviewDecision, made, customer=customer, **told)
                for (customer, made), told in zip(decided, words, strict=True)
            ],
            deals=[
                extended(PreviewDealDecision, made, deal=deal, **told)
                for (deal, made), told in zip(dealt, deal_words, strict=True)
            ],
            flags=[_decoded(row.body, FlagResult) for row in batch.flags],
            penalties=[_decoded(row.body, PenaltyResult) for row in batch.penalties],
            warnings=[RecordWarning.of(one) for one in warned],
            turns=OfficeTurns(event.office, before, snapshot.boards(event.office)),
            customer=_customer(snapshot, event, batch, named),
            explanation=both(_summary(snapshot.head, [*words, *deal_words])),
            **snapshot.head.answer_head(),
        )


def _as_kept(snapshot: Snapshot, body: bytes, event: Event) -> bytes:
    """The event as intake would keep it; people whom nobody knows are known while this is answered."""
    draft = Draft(body, event.type)
    people = snapshot.opener.person_of(event.scope, draft.contacts()) if draft.is_personal else None
    if people is None:
        return body
    snapshot.opener = snapshot.opener.beside({person.id: person for person in people.values()})
    return draft.sealed(b"", people)[0]


def _check_rightful(snapshot: Snapshot, visit: VisitId, rightful: StaffId) -> None:
    """Who received the visit concealed it."""
    if snapshot.receiver_of(visit) == rightful:
        raise bad("data.rightful", "receiver")


def _decoded(body: bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind)


def _of_known_deals(
    snapshot: Snapshot, dealt: list[tuple[DealId, DealDecision]], named: str | None
) -> list[tuple[DealId, DealDecision]]:
    """Without those on deals that stand and are not the caller's to read.

    What is told of the deal that the event names says nothing of the one that stands under its id, if that is unseen.
    """
    stored = snapshot.ask("these_deals", [snapshot.head.scope, [deal for deal, _ in dealt]]) if dealt else []
    hidden = {deal for born, deal, _ in stored if not snapshot.reach.knows_deal(born, deal)} - {named}
    return [(deal, made) for deal, made in dealt if deal not in hidden]


def _contacts(event: Event) -> frozenset[str]:
    """The contacts that an event names, as they were typed."""
    return frozenset(contact for _, party in parties(event.data) for contact in contacts_of(party))


def _corrected(snapshot: Snapshot, event: Event) -> tuple[str, ...] | None:
    """The customers whom a record names that is to be corrected: what it holds of them goes along with it.

    None where nobody can tell whose it is: then it is for who reads the whole scope.
    """
    if not isinstance(event.data, RecordCorrected):
        return ()
    snapshot.load({Key("record", event.data.record)})
    filed = snapshot.work.slice.filed(event.data.record)
    if filed is None:
        return ()
    party = getattr(filed.fact.matter, "customer", None)
    contacts = party.contacts if isinstance(party, Party) else ()
    homes = (snapshot.pointed("contact", contact) for contact in contacts)
    return tuple(home for home in homes if home is not None) or None


def _customer(snapshot: Snapshot, event: Event, batch: BatchRows, named: _WhomNamed) -> ListedCustomer | None:
    """The customer whom the event is about, as it would stand, with the decisions of all its parts.

    Whose it is now counts, not whose it would be. Of one who is not the caller's to read, what the look-up tells.
    """
    name = _whom(snapshot, event, batch.decisions)
    if name is None:
        return None
    parts = [name, *(gone for (_, gone), into in batch.joined.items() if into == name)]
    stood = snapshot.reach.standing([*parts, *(named.corrected or ())])
    known = all(map(snapshot.reach.knows, stood)) and (
        named.corrected is not None or snapshot.reach.knows_all
    )
    (shown,) = customers_of(snapshot, [name], {name} if known and snapshot.reach.masked(stood) else set())
    new = [stored(row.body).answer() for row in batch.decisions if row.customer == name]
    if not known:
        contacts = tuple(mask_contact(one) for one in shown.contacts if one in named.typed)
        shown = replace(shown, names=masked_names(shown.names), contacts=contacts)
    told = parts if known else []
    page, following = first_of_all(snapshot.ask, snapshot.head.scope, told, new)
    return paged(replace(shown, clause=_last_clause(snapshot, told, new), cursor=UNSET), page, following)


def _last_clause(snapshot: Snapshot, parts: Iterable[str], new: Iterable[OwnershipDecision]) -> str | None:
    stood = (last_decision(snapshot.ask, snapshot.head.scope, part) for part in parts)
    last = sorted((one for one in (*stood, *new) if one is not None), key=lambda one: parse_instant(one.at))
    return last[-1].clause if last else None


def _whom(snapshot: Snapshot, event: Event, decisions: Iterable[DecisionWritten]) -> str | None:
    """By a contact, by what the event names, else the first of whom something is decided."""
    found = snapshot.work.slice.pointed
    for _, party in parties(event.data):
        for contact in contacts_of(party):
            if name := found("contact", contact):
                return name
    for kind in ("visit", "deal"):
        id_ = getattr(event.data, kind, None)
        if isinstance(id_, str) and (name := found(kind, id_)):
            return name
    return next((str(row.customer) for row in decisions), None)


def _summary(head: FoldedHead, explanations: list[DecisionWords]) -> Text:
    words = [Text(one["explanation"].zh, one["explanation"].en) for one in explanations] or [NOTHING]
    if head.behind_since is not None:
        since = format_instant(head.behind_since)
        words.insert(0, BEHIND.format(since=since))
    return Text("".join(one.zh for one in words), " ".join(one.en for one in words))
