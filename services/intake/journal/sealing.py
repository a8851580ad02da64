"""Facts are sealed before the journal sees them (privacy.md#sealed).

One look into the vault for a whole group, and none for people who are remembered. Nobody of a group can be erased
between the look and the commit, and who was erased since the last group is remembered no more. Nor is anybody over a
loss of the connection: the vault that answers next may never have had them, and nobody could read what goes under a
key that it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from msgspec.structs import replace

from services.intake.journal.journal import Journal
from services.intake.model.submission import Conflict, Duplicate, Outcome, Submission
from shared.platform.postgres.dedicated import Link
from shared.sealing.person import PersonKey
from shared.sealing.sealing import Draft
from shared.sealing.vault import ERASURE_LOCK, SQL, ScopedContact, Vault

REMEMBERED: Final = 20_000
"""People whose keys are at hand."""


class SealingJournal:
    """Seals groups, and appends them to the journal behind. Used by one thread at a time."""

    def __init__(self, journal: Journal, vault: Vault, dsn: str, *, beside_journal: bool) -> None:
        """`beside_journal`: vault and journal are written to one log, so that the journal's commit saves both."""
        self._journal = journal
        self._vault = vault
        self._link = Link(dsn, "panke-intake-vault")
        self._lazily = beside_journal
        self._connection: Any = None
        self._known: dict[ScopedContact, PersonKey] = {}
        self._erasures = -1

    def close(self) -> None:
        self._link.close()
        self._journal.close()

    def append(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """As the journal's; a repetition of what an erased person alone could prove is one by its id."""
        connection = self._open()
        with self._held(connection):
            drafts = [Draft(submission.body, submission.type) for submission in submissions]
            repeated = self._repetitions(connection, submissions, drafts) if self._erasures else {}
            pairs = [pair for pair in zip(submissions, drafts, strict=True) if pair[0].id not in repeated]
            placed = self._journal.append(self._sealed(connection, pairs)) if pairs else []
        told = iter([self._repeated(connection, one) if type(one) is Conflict else one for one in placed])
        return [repeated.get(submission.id) or next(told) for submission in submissions]

    def rest(self) -> None:
        """Forget who was erased, without waiting for the next group."""
        if self._known:
            with self._held(self._open()):
                pass

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._link.get()
        if connection is not self._connection:
            if self._lazily:
                connection.execute("SET synchronous_commit = off")
            self._known.clear()
            self._connection = connection
        return connection

    @contextmanager
    def _held(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """While an erasure waits; who was erased meanwhile is forgotten."""
        connection.execute(SQL["hold_erasures"], {"key": ERASURE_LOCK})
        try:
            erasures = self._vault.erasures(connection)
            if erasures != self._erasures or len(self._known) > REMEMBERED:
                self._known.clear()
                self._erasures = erasures
            yield
        finally:
            if not connection.broken:
                connection.execute(SQL["let_erasures"], {"key": ERASURE_LOCK})

    def _repetitions(
        self, connection: psycopg.Connection[Any], submissions: Sequence[Submission], drafts: Sequence[Draft]
    ) -> dict[str, Outcome]:
        """What is recorded already and names somebody who is not at hand: whoever was erased is not made a person
        again by a repetition. What erased people alone could prove is one by its id."""
        strange = {
            submission.id: submission.digest
            for submission, draft in zip(submissions, drafts, strict=True)
            if any((submission.scope, contact) not in self._known for contact in draft.contacts())
        }
        found = self._journal.sealed_by(list(strange)) if strange else {}
        there = self._vault.people(connection, [by for _, by in found.values()]) if found else {}
        return {
            id_: Duplicate(known.place)
            if by not in there or there[by].proof(strange[id_]) == known.digest
            else Conflict(id_)
            for id_, (known, by) in found.items()
        }

    def _sealed(
        self, connection: psycopg.Connection[Any], pairs: Sequence[tuple[Submission, Draft]]
    ) -> list[Submission]:
        new = {
            (submission.scope, contact): None
            for submission, draft in pairs
            for contact in draft.contacts()
            if (submission.scope, contact) not in self._known
        }
        if new:
            self._known |= self._vault.people_of(connection, new)
        return [self._sealed_one(*pair) if pair[1].is_personal else pair[0] for pair in pairs]

    def _sealed_one(self, submission: Submission, draft: Draft) -> Submission:
        people = {contact: self._known[submission.scope, contact] for contact in draft.contacts()}
        body, proof = draft.sealed(submission.digest, people)
        return replace(submission, body=body, digest=proof, contacts=None)

    def _repeated(self, connection: psycopg.Connection[Any], outcome: Conflict) -> Outcome:
        """A conflict with what an erased person alone could prove is a repetition."""
        found = self._journal.sealed_by([outcome.id]).get(outcome.id)
        if found is None or self._vault.people(connection, (found[1],)):
            return outcome
        return Duplicate(found[0].place)
