"""The dispatcher's side of the timers: claim what is due, store an attempt before its call and its answer
after.

hazards.md#two-senders-of-one-alert: `FOR UPDATE SKIP LOCKED` on a partial index by due time, so that several
notifiers share the work; leases longer than all attempts of a round; the last look at the claim is one
statement with the record of the attempt. Synchronous, to be called in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import psycopg

from services.notifier.delivery.history import AttemptHistory
from services.notifier.delivery.rows import (
    LockedRow,
    MovedRow,
    NumberRow,
    PersonRow,
    ReaderRow,
    StaffRow,
    SupervisorRow,
)
from services.notifier.delivery.work import QueueState, RoundResult, SendAttempt, Terms
from services.notifier.model.alert import AttemptOutcome, LeasedAlert, People, Person, State, Step, alert_id
from services.notifier.model.scope_zone import ScopeZone
from services.notifier.schedule.plan import Plans
from shared.ids import ScopeId, StaffId
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of, the_row
from shared.sealing.opener import Opener

__all__ = ["Queue", "QueueState", "RoundResult", "SendAttempt", "Terms"]

_Connection = psycopg.Connection[tuple[object, ...]]

# The most that is gathered in one claim.
_MOST = 500


class Queue:
    """The timers, as the dispatcher sees them."""

    def __init__(self, database: Database, terms: Terms, opener: Opener | None = None) -> None:
        self._database = database
        self._opener = opener or Opener()
        self._terms = terms
        self.history = AttemptHistory(database, self._opener)
        self._sql = queries("services.notifier")

    @property
    def lease(self) -> timedelta:
        """How long a lease lasts that is not kept."""
        return self._terms.lease

    def claim(
        self, limit: int, business_now: datetime, machine_now: datetime, plans: Plans | None = None
    ) -> list[LeasedAlert]:
        """Up to `limit` alerts to be sent now, under a lease of their own; each is made out to one person.

        With plans that gather, whatever else is due to the same persons comes with them.
        """
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
            taken = connection.execute(self._sql["claim_due"], given).rowcount
            if taken < limit:
                connection.execute(self._sql["mark_waiting"], given)
                rest = {**given, "limit": limit - taken}
                taken += connection.execute(self._sql["claim_retries"], rest).rowcount
            if not taken:
                return []
            connection.execute(self._sql["claim_members"], given)
            connection.execute(self._sql["leave_parts"], given)
            self._companions(connection, given, plans)
            self._say_when(connection, business_now)
            connection.execute(self._sql["overtaken"], given)
            standing = rows_of(connection.execute(self._sql["leased"], given), LeasedAlert)
            self._learn(connection, standing, plans)
            return self._addressed(connection, standing, business_now, plans)

    def recover(
        self,
        machine_now: datetime,
        resend: Iterable[str],
        business_now: datetime | None = None,
        hold: Iterable[str] | None = None,
    ) -> list[tuple[UUID, State]]:
        """Take back leases that ran out; an attempt without an answer makes its alert `unknown`.

        With `hold`, what a channel left unknown that is not named there is sent again, also when the channel is gone.
        """
        given = {
            "machine_now": machine_now,
            "resend": list(resend),
            "others": hold is not None,
            "hold": list(hold or ()),
        }
        with self._database.connection() as connection:
            if not the_row(connection.execute(self._sql["lock_recovery"]), LockedRow).locked:
                return []
            if business_now is not None:
                self._say_when(connection, business_now)
            moved = rows_of(connection.execute(self._sql["recover"], given), MovedRow)
        return [(one.id, one.state) for one in moved]

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
            for other in (plans.person(staff).beside if plans is not None else ())
        }
        asked = sorted(wanted | named)
        given = {"scopes": [scope for scope, _ in asked], "staff": [staff for _, staff in asked]}
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(self._sql["people"], given), PersonRow)
            if roles:
                of_roles = {"scopes": sorted({scope for scope, _ in wanted}), "roles": roles}
                rows += rows_of(connection.execute(self._sql["of_roles"], of_roles), PersonRow)
        reached = self._opener.addresses([row.contacts for row in rows])
        enrolled = {
            (row.scope, row.staff): row.reached_by(contacts)
            for row, contacts in zip(rows, reached, strict=True)
        }
        return enrolled | {key: Person(key[1]) for key in wanted if key not in enrolled}

    def begin_attempt(
        self, alert: LeasedAlert, call: SendAttempt, at: tuple[datetime, datetime]
    ) -> int | None:
        """Store that a call about one alert is about to be made; None when it no longer holds, or its lease is
        lost."""
        return self.begin_attempts([alert], call, at).get(alert.id)

    def begin_attempts(
        self, alerts: Sequence[LeasedAlert], call: SendAttempt, at: tuple[datetime, datetime]
    ) -> dict[UUID, int]:
        """Store that one call about all of these is about to be made: the number of each one's attempt.

        Where one of several no longer holds, nothing is stored: the words must be made without it.
        """
        kept = replace(call, destination=self._opener.sealed_for(call.key, call.destination))
        with self._database.connection() as connection:
            numbers = {one.id: self._begin(connection, one, kept, at) for one in alerts}
            begun = {alert: number for alert, number in numbers.items() if number is not None}
            if len(begun) < len(alerts):
                connection.rollback()
        return begun

    def _begin(
        self, connection: _Connection, alert: LeasedAlert, call: SendAttempt, at: tuple[datetime, datetime]
    ) -> int | None:
        business_now, machine_now = at
        given = {
            "id": alert.id,
            "lease": alert.lease,
            "channel": call.channel,
            "destination": call.destination,
            "message": call.message,
            "recipient": call.recipient,
            "digest": call.digest,
            "machine_now": machine_now,
            "business_now": business_now,
            "known_at": alert.watermark,
            "behind": alert.behind,
        }
        begun = row_of(connection.execute(self._sql["begin_attempt"], given), NumberRow)
        return None if begun is None else begun.number

    def end_attempts(
        self,
        numbers: Mapping[UUID, int],
        outcome: AttemptOutcome,
        answer: str,
        at: tuple[datetime, datetime],
        *,
        server_failed: bool = False,
    ) -> None:
        """Store what one call came to, for each alert that it was about."""
        business_now, machine_now = at
        given = {
            "ids": list(numbers),
            "numbers": list(numbers.values()),
            "outcome": outcome.value,
            "answer": answer,
            "server_failed": server_failed,
            "business_now": business_now,
            "machine_now": machine_now,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["end_attempts"], given)

    def settle(self, alert: LeasedAlert, verdict: RoundResult, business_now: datetime) -> None:
        """End the round of one alert."""
        self.settle_all([(alert, verdict)], business_now)

    def settle_all(self, settled: Sequence[tuple[LeasedAlert, RoundResult]], business_now: datetime) -> None:
        """End a round; a lease that was lost meanwhile leaves the row to who has it now."""
        with self._database.connection() as connection:
            self._say_when(connection, business_now)
            for alert, verdict in settled:
                given = _settling(alert, verdict, business_now)
                query = "settle_overtaken" if verdict.overtaken else "settle"
                connection.execute(self._sql[query], given)

    def _say_when(self, connection: _Connection, business_now: datetime) -> None:
        """The business time of what this transaction changes, for the record of it."""
        given = {"business_now": business_now.isoformat()}
        connection.execute(self._sql["set_business_now"], given)

    def release(self, alert: LeasedAlert) -> None:
        with self._database.connection() as connection:
            connection.execute(self._sql["release"], {"id": alert.id, "lease": alert.lease})

    def work(self) -> QueueState:
        """What there is to do, and when."""
        with self._database.connection() as connection:
            return the_row(connection.execute(self._sql["work"]), QueueState)

    def _companions(self, connection: _Connection, given: Mapping[str, object], plans: Plans | None) -> None:
        """What else is due to the persons of a lease, in scopes that gather."""
        if plans is None:
            return
        readers = rows_of(connection.execute(self._sql["readers"], given), ReaderRow)
        keys = [(one.scope, one.staff) for one in readers if plans.of(one.scope).digest.wanted]
        if not keys:
            return
        whose = {"scopes": [scope for scope, _ in keys], "staff": [staff for _, staff in keys], "most": _MOST}
        connection.execute(self._sql["claim_due_too"], {**given, **whose})
        connection.execute(self._sql["claim_retries_too"], {**given, **whose})

    def _addressed(
        self,
        connection: _Connection,
        alerts: list[LeasedAlert],
        business_now: datetime,
        plans: Plans | None,
    ) -> list[LeasedAlert]:
        made_out: list[LeasedAlert] = []
        answering: dict[tuple[ScopeId, StaffId | None], list[StaffId]] = {}
        for alert in alerts:
            if alert.staff is not None:
                made_out.append(alert)
                continue
            key = (alert.scope, alert.owner)
            if key not in answering:
                answering[key] = self._answering(connection, *key, plans)
            made_out += self._make_out(connection, alert, answering[key], business_now)
        return made_out

    def _learn(self, connection: _Connection, alerts: Sequence[LeasedAlert], plans: Plans | None) -> None:
        """In which zones the days of these alerts' scopes end: another process may have heard it."""
        scopes = sorted({one.scope for one in alerts})
        if plans is not None and scopes:
            for told in rows_of(connection.execute(self._sql["zones"], {"scopes": scopes}), ScopeZone):
                plans.learn(told.scope, told.timezone)

    def _answering(
        self, connection: _Connection, scope: ScopeId, owner: StaffId | None, plans: Plans | None
    ) -> list[StaffId]:
        """Who answers for a consultant: of the team, of the office, of the scope; supervisors before managers."""
        named = plans.person(owner).supervisors if plans is not None and owner is not None else ()
        if named:
            given = {"scope": scope, "named": list(named)}
            team = rows_of(connection.execute(self._sql["of_team"], given), StaffRow)
            if team:
                return [one.staff for one in team]
        whose = {"scope": scope, "owner": owner}
        rows = rows_of(connection.execute(self._sql["supervisors"], whose), SupervisorRow)
        for role, own in (("supervisor", True), ("supervisor", False), ("manager", True), ("manager", False)):
            found = [row.staff for row in rows if row.role == role and (row.own or not own)]
            if found:
                return found
        return []

    def _make_out(
        self, connection: _Connection, alert: LeasedAlert, people: Sequence[StaffId], business_now: datetime
    ) -> list[LeasedAlert]:
        """One alert for each person who answers for the scope; with nobody, a dead one that says so."""
        if not people:
            reason = "no supervisor or manager is enrolled in the scope"
            verdict = RoundResult(State.DEAD, reason, unreachable=True)
            connection.execute(self._sql["settle"], _settling(alert, verdict, business_now))
            return []
        made = [_for(alert, staff, frozenset(people) - {staff}) for staff in people]
        for one in made:
            row = {"id": one.id, "staff": one.staff, "from": alert.id}
            connection.execute(self._sql["put_for"], row)
        connection.execute(self._sql["drop_unaddressed"], {"id": alert.id})
        return made


def _for(alert: LeasedAlert, staff: StaffId, also: frozenset[StaffId]) -> LeasedAlert:
    step = Step(alert.rung, alert.audience, alert.due_at)
    made_out = alert_id(alert.scope, alert.customer, alert.claim_seq, step, staff)
    return replace(alert, id=made_out, staff=staff, also=also)


def _settling(alert: LeasedAlert, verdict: RoundResult, business_now: datetime) -> dict[str, object]:
    return {
        "id": alert.id,
        "lease": alert.lease,
        "state": verdict.state.value,
        "reason": verdict.reason,
        "retry_at": verdict.retry_at,
        "unreachable": verdict.unreachable,
        "limited": verdict.limited,
        "digest": verdict.digest,
        "waits_for": verdict.waits_for,
        "waits_on": list(verdict.waits_on),
        "counts": verdict.counts,
        "business_now": business_now,
    }
