"""What a fact of the topic must be for the journal to take it back: the one that stood there, as far as can be told."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from services.intake.journal.numbering import KnownEvent, ScopeHead
from services.intake.journal.topic_tail import TopicFact
from services.intake.model.submission import Submission
from shared.contract import digest_of, stamp_canonical
from shared.i18n import bilingual


class RecoveryRefusalError(Exception):
    """Why a fact does not continue the journal, nor fills a place in it."""


class Around(NamedTuple):
    """When the facts before and after a place were recorded; None where there is none."""

    before: datetime | None = None
    after: datetime | None = None


def demand_place(head: ScopeHead | None, fact: TopicFact, *, taken: bool) -> None:
    """Raise `RecoveryRefusalError` unless the fact is the next of its scope, or its place is empty."""
    following = 1 if head is None else head.seq + 1
    if taken:
        raise RecoveryRefusalError(bilingual("the journal has another fact under this seq"))
    if fact.seq > following:
        raise RecoveryRefusalError(
            bilingual("seq {following} is missing in front of it", following=following)
        )


def demand_form(submission: Submission, recorded_at: datetime, fact: TopicFact) -> None:
    """Raise `RecoveryRefusalError` unless the fact is written as the journal writes it."""
    if stamp_canonical(submission.body, recorded_at) != fact.body:
        raise RecoveryRefusalError(bilingual("not written as the journal writes"))


def demand_id(known: KnownEvent | None, submission: Submission, fact: TopicFact) -> None:
    """Raise `RecoveryRefusalError` unless the id is new, or was kept from this fact when its row was lost."""
    if known is None:
        return
    if (known.place.scope, known.place.seq) != (fact.scope, fact.seq):
        raise RecoveryRefusalError(bilingual("this id is recorded at another place"))
    if known.digest not in (submission.digest, digest_of(submission.body)):
        raise RecoveryRefusalError(bilingual("this id is recorded with another content"))


def demand_time(around: Around, recorded_at: datetime) -> None:
    """Raise `RecoveryRefusalError` unless the fact was recorded between those before and after it."""
    if around.before is not None and recorded_at < around.before:
        raise RecoveryRefusalError(bilingual("recorded before the fact in front of it"))
    if around.after is not None and recorded_at > around.after:
        raise RecoveryRefusalError(bilingual("recorded after the fact behind it"))
