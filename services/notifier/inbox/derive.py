"""What a change of a claim means for the alerts: which are made, which are overtaken. Pure.

contract.md#claim-message: timers derive from `kind: claim` alone. Each such message is the whole state of one customer;
alerts of its earlier messages, and those of customers that were joined into it (`replaces`), no longer hold. Which
message is the later one goes by the `seq` of the scope, here `claim_seq`: it rises over every message, so it also
orders those of a customer that was joined away and split off again, for whom a `generation` may begin anew. Whether
a follow-up came before the end was decided in the order of the log by attribution; nothing here decides it again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.notifier.model.alert import OLD_NEWS, Step, alert_id
from services.notifier.model.kinds import Audience, Rung
from services.notifier.schedule.ladder import OfficeHours, lapse_notices, steps_ahead
from shared.ids import CustomerId, ScopeId, StaffId

MAY_HAVE_BEEN_SENT = "the notifier began anew: it may have been sent before"
PASSED = "its hour was over before the notifier began"

Moment = Callable[[ScopeId, datetime, UUID, StaffId | None], datetime]
# (scope, customer)
CustomerKey = tuple[ScopeId, CustomerId]
_Reader = tuple[ScopeId, CustomerId, int, Audience]


@dataclass(frozen=True)
class ClaimMessageState:
    """The state of one customer's claim as attribution last told it."""

    scope: ScopeId
    customer: CustomerId
    claim_seq: int
    owner: StaffId | None
    status: str
    expires_at: datetime | None
    replaced_by: CustomerId | None = None


@dataclass(frozen=True)
class ClaimChange:
    """One `kind: claim` message, with the customers that it joins and the trace that it came with."""

    claim: ClaimMessageState
    replaces: tuple[CustomerId, ...] = ()
    traceparent: str | None = None


@dataclass(frozen=True)
class NewAlert:
    """An alert to be sent when it is due, unless the claim changes first."""

    id: UUID
    scope: ScopeId
    customer: CustomerId
    claim_seq: int
    step: Step
    staff: StaffId | None
    owner: StaffId | None
    deadline: datetime
    traceparent: str | None
    superseded: bool = False
    again: bool = False
    state: str = "due"
    reason: str | None = None


@dataclass(frozen=True)
class Again:
    """A message that may have been heard before: what was told is not told again.

    `since` is when an edition began that tells older states too; `begun_at` is when a notifier that knew nothing
    began to read: what was due by then may have been sent by the one whose rows are gone. `restated`: it is not as new
    as its place in the topic.
    """

    since: datetime | None = None
    begun_at: datetime | None = None
    restated: bool = False


@dataclass
class Derivation:
    """Claims as they were before a batch, and what the batch makes of them and of their alerts."""

    hours_of: Callable[[ScopeId], OfficeHours]
    before: Mapping[CustomerKey, ClaimMessageState]
    claims: dict[CustomerKey, ClaimMessageState] = field(default_factory=dict)
    superseded: dict[CustomerKey, int] = field(default_factory=dict)
    # Whose those customers have become, one change after another.
    owners: dict[CustomerKey, list[tuple[int, StaffId | None]]] = field(default_factory=dict)
    alerts: dict[UUID, NewAlert] = field(default_factory=dict)
    # Claims that were heard again, in an edition that tells older states too.
    restated: dict[CustomerKey, datetime] = field(default_factory=dict)
    # When an alert goes out that the office's hours have at a moment: scope, moment, alert, reader.
    moment: Moment = field(default=lambda scope, due_at, alert, staff: due_at)
    # The alerts by customer: a batch may hold thousands, and each claim asks only for its own.
    _made: dict[CustomerKey, list[UUID]] = field(default_factory=dict)

    def known(self, scope: ScopeId, customer: CustomerId) -> ClaimMessageState | None:
        return self.claims.get((scope, customer)) or self.before.get((scope, customer))

    def apply(self, change: ClaimChange, known_at: datetime, again: Again | None = None) -> None:
        """Take one change in; `known_at` is the business time that its place in the stream stands for.

        A claim that is told as it is known already changes nothing: what was planned for it stands.
        """
        claim = change.claim
        prior = self.known(claim.scope, claim.customer)
        if prior is not None and (prior.claim_seq >= claim.claim_seq or self._same(change, prior)):
            return
        if again is not None and again.since is not None:
            self.restated[claim.scope, claim.customer] = again.since
        joined = [self.known(claim.scope, customer) for customer in change.replaces]
        former = {part.owner for part in (prior, *joined) if part is not None and part.owner is not None}
        self.claims[claim.scope, claim.customer] = claim
        self._supersede((claim.scope, claim.customer), claim.claim_seq, claim.owner)
        for part in joined:
            if part is not None:
                self._replace(part, claim)
        self._add(
            change, _steps(claim, prior, former, known_at, self.hours_of(claim.scope)), again is not None
        )

    def _same(self, change: ClaimChange, prior: ClaimMessageState) -> bool:
        claim = change.claim
        taken_in = (self.known(claim.scope, customer) for customer in change.replaces)
        return (
            prior.replaced_by is None
            and (prior.owner, prior.status, prior.expires_at) == (claim.owner, claim.status, claim.expires_at)
            and all(part is None or part.replaced_by == claim.customer for part in taken_in)
        )

    def _supersede(self, key: CustomerKey, below: int, owner: StaffId | None) -> None:
        """Alerts of what was before are void, but for the notice to whoever has lost the customer: that stays so."""
        self.superseded[key] = below
        self.owners.setdefault(key, []).append((below, owner))
        for made in self._made.get(key, ()):
            alert = self.alerts[made]
            lost = alert.step.rung is Rung.LAPSED and (alert.owner is None or alert.owner != owner)
            if alert.claim_seq < below and not lost:
                self.alerts[made] = replace(alert, superseded=True)

    def _replace(self, part: ClaimMessageState, by: ClaimMessageState) -> None:
        key = (part.scope, part.customer)
        self.claims[key] = replace(part, replaced_by=by.customer)
        self._supersede(key, part.claim_seq + 1, by.owner)

    def _add(self, change: ClaimChange, steps: Iterable[_Announcement], again: bool) -> None:
        claim = change.claim
        for announced in steps:
            staff = announced.owner if announced.step.audience is Audience.OWNER else None
            named = alert_id(claim.scope, claim.customer, claim.claim_seq, announced.step, staff)
            due_at = self.moment(claim.scope, announced.step.due_at, named, staff)
            alert = NewAlert(
                named,
                claim.scope,
                claim.customer,
                claim.claim_seq,
                replace(announced.step, due_at=due_at),
                staff,
                announced.owner,
                announced.deadline,
                change.traceparent,
                again=again,
            )
            self.alerts[alert.id] = alert
            self._made.setdefault((claim.scope, claim.customer), []).append(alert.id)


def spared(alerts: Collection[NewAlert], begun_at: datetime | None) -> list[NewAlert]:
    """The alerts, without those that a notifier whose rows are gone may have sent before `begun_at`.

    A reminder whose hour was over by then is left to the next one of the same reader, if one is still to come, and to
    nobody once its end has come. What nothing else will tell is listed as dead while it is no older than a day, so
    that somebody decides; what is older, nobody waits for.
    """
    if begun_at is None:
        return list(alerts)
    last: dict[_Reader, datetime] = {}
    for alert in alerts:
        if not alert.superseded:
            reader = _reader(alert)
            last[reader] = max(alert.step.due_at, last.get(reader, alert.step.due_at))
    return [_spared(alert, begun_at, last.get(_reader(alert))) for alert in alerts]


def _spared(alert: NewAlert, begun_at: datetime, last: datetime | None) -> NewAlert:
    due_at = alert.step.due_at
    if not alert.again or due_at > begun_at:
        return alert
    if alert.step.rung is not Rung.LAPSED and (alert.deadline <= begun_at or due_at != last):
        return replace(alert, superseded=True, reason=PASSED)
    if begun_at - due_at > OLD_NEWS:
        return replace(alert, superseded=True, reason=MAY_HAVE_BEEN_SENT)
    return replace(alert, state="dead", reason=MAY_HAVE_BEEN_SENT)


def _reader(alert: NewAlert) -> _Reader:
    """Whom the reminders of one claim are for: of these a later one stands for an earlier one."""
    return alert.scope, alert.customer, alert.claim_seq, alert.step.audience


@dataclass(frozen=True)
class _Announcement:
    step: Step
    owner: StaffId | None
    deadline: datetime


def _steps(
    claim: ClaimMessageState,
    prior: ClaimMessageState | None,
    former: set[StaffId],
    known_at: datetime,
    hours: OfficeHours,
) -> list[_Announcement]:
    if claim.owner is not None and claim.expires_at is not None:
        new = claim.owner not in former
        ahead = steps_ahead(claim.expires_at, known_at, hours, new_owner=new)
        return [_Announcement(step, claim.owner, claim.expires_at) for step in ahead]
    if claim.status != "lapsed" or (prior is not None and prior.owner is None):
        return []
    owner = prior.owner if prior is not None else None
    ended = prior.expires_at if prior is not None else claim.expires_at
    lapsed_at = ended if ended is not None else known_at
    notices = lapse_notices(lapsed_at, hours, had_owner=owner is not None)
    return [_Announcement(step, owner, lapsed_at) for step in notices]
