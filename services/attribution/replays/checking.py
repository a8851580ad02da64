"""A replay that somebody asks for, checked before it is a job: what is wrong is told by field and rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from services.attribution.queries.snapshot import Snapshot, UnknownNameError
from services.attribution.replays.jobs import AskedReplay, NewReplay
from shared.contract import BadEvent, decode_event
from shared.contract.answers.result import RulebookDigest
from shared.i18n import bilingual
from shared.ids import CustomerId, EventId, ScopeId
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.rulebooks.changed import with_values
from shared.rules.rulebooks.loading import Book, book_of_texts
from shared.rules.rulebooks.registry import Registry, UnknownNamedError
from shared.rules.rulebooks.sheet import read_sheet
from shared.sealing.sealing import Draft

DRAFT: Final = "draft.yaml"
UNKNOWN_RULEBOOK: Final = bilingual("no rulebook of this name, version or digest is known")


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """What is asked for, as it came."""

    scope: ScopeId
    rulebook: str | None = None
    draft: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    drop: Sequence[str] = ()
    add: Sequence[dict[str, Any]] = ()
    customers: Sequence[str] | None = None
    as_of: datetime | None = None
    known_at: datetime | None = None


def checked(wish: ReplayWish, snapshot: Snapshot, registry: Registry, caller: str, login: str) -> NewReplay:
    """The job. Raises `BadEvent` with the field and the rule."""
    book = _book(wish, snapshot, registry)
    drop = [EventId(id_.lower()) for id_ in wish.drop]
    if book is None and not drop and not wish.add:
        told = bilingual("nothing is changed: give rulebook, draft, values, drop or add")
        raise BadEvent("rulebook", "change", told)
    known = {msgspec.json.decode(body)["id"] for _, body in snapshot.facts(drop)}
    for n, id_ in enumerate(drop):
        if id_ not in known:
            told = bilingual("the scope has no event {id}", id=id_)
            raise BadEvent(f"drop[{n}]", "known_fact", told)
    added = [_fact(wish, snapshot, n, told) for n, told in enumerate(wish.add)]
    asked = AskedReplay(
        opening=snapshot.head.book,
        rulebook=None if book is None else _digest(book),
        drop=sorted(set(drop)),
        add=[EventId(id_) for id_, _ in added],
        customers=_customers(wish, snapshot),
        as_of=wish.as_of,
        known_at=wish.known_at,
        watermark=snapshot.watermark(),
    )
    texts = None if book is None else book.texts
    bodies = tuple(body for _, body in added)
    return NewReplay(wish.scope, caller, login, asked, texts, bodies, snapshot.head.seq)


def _digest(book: Book) -> RulebookDigest:
    known = book.rulebook
    return RulebookDigest(known.name, known.version, known.sha256)


def _book(wish: ReplayWish, snapshot: Snapshot, registry: Registry) -> Book | None:
    """The book under which all is judged: one that is known, or a draft; with other values where those are given."""
    if wish.rulebook is not None and wish.draft is not None:
        raise BadEvent("draft", "one_rulebook", bilingual("give rulebook or draft, not both"))
    try:
        book = None if wish.rulebook is None else registry.known(wish.rulebook)
    except UnknownNamedError:
        raise BadEvent("rulebook", "known_rulebook", UNKNOWN_RULEBOOK) from None
    at = "draft"
    try:
        if wish.draft is not None:
            book = _drafted(wish.draft.encode(), registry)
        if wish.values:
            at = "values"
            name, version = snapshot.head.book
            book = with_values(book or registry.known(f"{name}@{version}"), wish.values)
    except OfficeFileError as error:
        raise BadEvent(at, "rulebook", str(error)) from None
    return book


def _drafted(text: bytes, registry: Registry) -> Book:
    """The book of a text; what it extends must be known here."""
    sheet = read_sheet(text, DRAFT)
    if sheet.extends is None:
        return book_of_texts([text], DRAFT)
    parent = str(sheet.extends.value)
    try:
        return book_of_texts([*registry.known(parent).texts, text], DRAFT)
    except UnknownNamedError:
        raise OfficeFileError(DRAFT, sheet.extends.line, "extends", UNKNOWN_RULEBOOK) from None


def _fact(wish: ReplayWish, snapshot: Snapshot, n: int, told: dict[str, Any]) -> tuple[str, bytes]:
    """A fact that is put in, as intake would keep it."""
    at = f"add[{n}]"
    body = msgspec.json.encode(told)
    try:
        event = decode_event(body, recorded=True)
    except BadEvent as error:
        raise BadEvent(f"{at}.{error.path}" if error.path else at, error.rule, error.message) from None
    if event.scope != wish.scope:
        raise BadEvent(f"{at}.scope", "one_scope", bilingual("is another scope than that of the replay"))
    if snapshot.facts([event.id]):
        raise BadEvent(f"{at}.id", "repeated", bilingual("the scope has an event {id} already", id=event.id))
    draft = Draft(body, event.type)
    people = snapshot.opener.person_of(event.scope, draft.contacts()) if draft.is_personal else None
    return event.id, body if people is None else draft.sealed(b"", people)[0]


def _customers(wish: ReplayWish, snapshot: Snapshot) -> list[CustomerId] | None:
    if wish.customers is None:
        return None
    found = []
    for n, name in enumerate(wish.customers):
        try:
            found.append(snapshot.readable(name).id)
        except UnknownNameError:
            told = bilingual("the scope has no customer {name}", name=name)
            raise BadEvent(f"customers[{n}]", "known_customer", told) from None
    return sorted(set(found))
