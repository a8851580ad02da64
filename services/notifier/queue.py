"""The dispatcher's side of the timers: claim what is due, store an attempt before its call and its answer
after.

Hazards, "Timers and alerts": `FOR UPDATE SKIP LOCKED` on a partial index by due time, so that several
notifiers share the work; leases longer than all attempts of a round; the last look at the claim is one
statement with the record of the attempt. Synchronous, to be called in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from services.notifier.alert import LeasedAlert, Outcome, Person, State
from services.notifier.derive import alert_id
from services.notifier.ladder import Audience, Rung, Step
from services.notifier.plan import Plans
from shared.database import Database, queries

_Connection = psycopg.Connection[tuple[object, ...]]

# By scope and staff id.
People = Mapping[tuple[str, str], Person]


@dataclass(frozen=True)
class Terms:
    """How long a lease is, and how long a due alert waits for the watermark (both machine time)."""

    lease: timedelta
    patience: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Verdict:
    """How a round ended: the new state, why, and when to try again (machine time).

    `unreachable` goes with a dead alert that nobody could be told of.
    """

    state: State
    reason: str | None = None
    retry_at: datetime | None = None
    unreachable: bool = False


@dataclass(frozen=True)
class Call:
    """What is about to be sent: by which channel, where to, which words, and to whom (staff id)."""

    channel: str
    destination: str
    message: str
    recipient: str


class Queue:
    """The timers, as the dispatcher sees them."""

    def __init__(self, database: Database, terms: Terms) -> None:
        self._database = database
        self._terms = terms
        self._sql = queries("services.notifier")

    def claim(self, limit: int, business_now: datetime, machine_now: datetime) -> list[LeasedAlert]:
        """Up to `limit` alerts to be sent now, under a lease of their own; each is made out to one person."""
        lease = uuid4()
        given = {
            "lease": lease,
            "limit": limit,
            "business_now": business_now,
            "machine_now": machine_now,
            "term": self._terms.lease,
            "patience": self._terms.patience,
        }
        with self._database.connection() as connection:
            found = self._fetch(connection, "claim_due", given)
            if len(found) < limit:
                connection.execute(self._sql["mark_waiting"].encode(), given)
                found += self._fetch(connection, "claim_retries", {**given, "limit": limit - len(found)})
            if not found:
                return []
            gone = {row[0] for row in connection.execute(self._sql["overtaken"].encode(), given)}
            standing = [alert for alert in found if alert.id not in gone]
            return self._addressed(connection, standing, business_now)

    def recover(self, machine_now: datetime, resend: Iterable[str]) -> list[tuple[UUID, State]]:
        """Take back leases that ran out; an attempt without an answer makes its alert `unknown`."""
        given = {"machine_now": machine_now, "resend": list(resend)}
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["recover"].encode(), given).fetchall()
        return [(row[0], State(row[1])) for row in rows]

    def people(self, alerts: Sequence[LeasedAlert], plans: Plans | None = None) -> People:
        """Whom these alerts are for, whose claims they are of, and who may stand in."""
        wanted = {
            (one.scope, staff) for one in alerts for staff in (one.staff, one.owner) if staff is not None
        }
        if not wanted:
            return {}
        roles = sorted(plans.stand_in_roles()) if plans is not None else []
        named = {
            (scope, other)
            for scope, staff in wanted
            for other in (plans.person(staff).stand_in if plans is not None else ())
        }
        asked = sorted(wanted | named)
        given = {"scopes": [scope for scope, _ in asked], "staff": [staff for _, staff in asked]}
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(self._sql["people"].encode(), given).fetchall()
            if roles:
                of_roles = {"scopes": sorted({scope for scope, _ in wanted}), "roles": roles}
                rows += connection.execute(self._sql["of_roles"].encode(), of_roles).fetchall()
        enrolled = {(scope, staff): Person(staff, *rest) for scope, staff, *rest in rows}
        return enrolled | {key: Person(key[1]) for key in wanted if key not in enrolled}

    def begin_attempt(self, alert: LeasedAlert, call: Call, at: tuple[datetime, datetime]) -> int | None:
        """Store that the call is about to be made; None when the alert no longer holds or the lease is
        lost."""
        business_now, machine_now = at
        given = {
            "id": alert.id,
            "lease": alert.lease,
            "channel": call.channel,
            "destination": call.destination,
            "message": call.message,
            "recipient": call.recipient,
            "machine_now": machine_now,
            "business_now": business_now,
            "known_at": alert.watermark,
            "behind": alert.behind,
        }
        with self._database.connection() as connection:
            row: Any = connection.execute(self._sql["begin_attempt"].encode(), given).fetchone()
        return None if row is None else int(row[0])

    def end_attempt(
        self, alert: UUID, number: int, outcome: Outcome, answer: str, machine_now: datetime
    ) -> None:
        given = {
            "id": alert,
            "number": number,
            "outcome": outcome.value,
            "answer": answer,
            "machine_now": machine_now,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["end_attempt"].encode(), given)

    def settle(self, alert: LeasedAlert, verdict: Verdict, business_now: datetime) -> None:
        """End the round; a lease that was lost meanwhile leaves the row to who has it now."""
        given = {
            "id": alert.id,
            "lease": alert.lease,
            "state": verdict.state.value,
            "reason": verdict.reason,
            "retry_at": verdict.retry_at,
            "unreachable": verdict.unreachable,
            "business_now": business_now,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["settle"].encode(), given)

    def release(self, alert: LeasedAlert) -> None:
        with self._database.connection() as connection:
            connection.execute(self._sql["release"].encode(), {"id": alert.id, "lease": alert.lease})

    def next_times(self) -> tuple[datetime | None, datetime | None]:
        """When the next alert is due (business time) and the next retry (machine time)."""
        with self._database.connection() as connection:
            due: Any = connection.execute(self._sql["next_due"].encode()).fetchone()
            retry: Any = connection.execute(self._sql["next_retry"].encode()).fetchone()
        return due[0], retry[0]

    def _fetch(self, connection: _Connection, query: str, given: dict[str, object]) -> list[LeasedAlert]:
        rows: list[Any] = connection.execute(self._sql[query].encode(), given).fetchall()
        return sorted(
            (_leased(row, given["lease"]) for row in rows), key=lambda alert: (alert.due_at, alert.id)
        )

    def _addressed(
        self, connection: _Connection, alerts: list[LeasedAlert], business_now: datetime
    ) -> list[LeasedAlert]:
        made_out: list[LeasedAlert] = []
        for alert in alerts:
            if alert.staff is not None:
                made_out.append(alert)
            else:
                made_out += self._make_out(connection, alert, business_now)
        return made_out

    def _make_out(
        self, connection: _Connection, alert: LeasedAlert, business_now: datetime
    ) -> list[LeasedAlert]:
        """One alert for each person who answers for the scope; with nobody, a dead one that says so."""
        given = {"scope": alert.scope, "owner": alert.owner}
        rows: list[Any] = connection.execute(self._sql["supervisors"].encode(), given).fetchall()
        people = [row[0] for row in rows if row[1] == "supervisor"] or [row[0] for row in rows]
        if not people:
            verdict = {
                "id": alert.id,
                "lease": alert.lease,
                "state": State.DEAD.value,
                "reason": "no supervisor or manager is enrolled in the scope",
                "retry_at": None,
                "unreachable": True,
                "business_now": business_now,
            }
            connection.execute(self._sql["settle"].encode(), verdict)
            return []
        made = [_for(alert, staff) for staff in people]
        for one in made:
            row = {"id": one.id, "staff": one.staff, "from": alert.id}
            connection.execute(self._sql["put_for"].encode(), row)
        connection.execute(self._sql["drop_unaddressed"].encode(), {"id": alert.id})
        return made


def _for(alert: LeasedAlert, staff: str) -> LeasedAlert:
    step = Step(alert.rung, alert.audience, alert.due_at)
    return replace(alert, id=alert_id(alert.scope, alert.customer, alert.claim_seq, step, staff), staff=staff)


def _leased(row: Any, lease: object) -> LeasedAlert:
    """A row of `claim_due` or `claim_retries`, whose columns stand in the order of the fields."""
    assert isinstance(lease, UUID)
    identity, scope, customer, claim_seq, rung, audience, *rest = row
    staff, owner, due_at, deadline, state, rounds, traceparent, watermark = rest
    return LeasedAlert(
        identity,
        lease,
        scope,
        customer,
        claim_seq,
        Rung(rung),
        Audience(audience),
        staff,
        owner,
        due_at,
        deadline,
        State(state),
        rounds,
        traceparent,
        watermark,
    )
