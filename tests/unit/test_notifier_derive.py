"""From changes of claims to alerts: the same whatever the batches, and never an alert of an old claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.inbox.derive import ClaimChange, ClaimMessageState, CustomerKey, Derivation, NewAlert
from services.notifier.model.kinds import Audience, Rung
from services.notifier.schedule.ladder import OfficeHours
from tests.support.notifier import END, local

HOURS = OfficeHours()


@dataclass
class Stored:
    """What the database would hold, in memory."""

    claims: dict[CustomerKey, ClaimMessageState] = field(default_factory=dict)
    alerts: dict[UUID, NewAlert] = field(default_factory=dict)

    def take(self, batch: Sequence[tuple[ClaimChange, datetime]]) -> None:
        derivation = Derivation(lambda _: HOURS, self.claims)
        for change, known_at in batch:
            derivation.apply(change, known_at)
        self.claims = self.claims | derivation.claims
        for key, rows in derivation.owners.items():
            for alert in self.alerts.values():
                if (alert.scope, alert.customer) != key:
                    continue
                void = (below for below, owner in rows if not _told_all_the_same(alert, owner))
                if any(alert.claim_seq < below for below in void):
                    self.alerts[alert.id] = replace(alert, superseded=True)
        self.alerts = derivation.alerts | self.alerts


def _told_all_the_same(alert: NewAlert, owner: str | None) -> bool:
    """A lapse is so, unless the customer is that owner's again."""
    return alert.step.rung is Rung.LAPSED and (alert.owner is None or alert.owner != owner)


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[ClaimChange, datetime]]:
    """A stream of changes of a few customers, in business time, as attribution numbers them."""
    changes: list[tuple[ClaimChange, datetime]] = []
    now = local(1, 8)
    for seq in range(1, 1 + draw(st.integers(0, 12))):
        now += draw(st.timedeltas(timedelta(0), timedelta(hours=20)))
        customer = draw(st.sampled_from("abc"))
        owner = draw(st.sampled_from(["li", "wang", None]))
        ends = draw(st.sampled_from([END, END + timedelta(days=3), None])) if owner else None
        status = "owned" if owner else draw(st.sampled_from(["lapsed", "unowned"]))
        joined = draw(st.sets(st.sampled_from("abc"), max_size=1)) - {customer}
        claim = ClaimMessageState("demo", customer, seq, owner, status, ends)
        changes.append((ClaimChange(claim, tuple(joined)), now))
    return changes


@given(histories(), st.data())
def test_the_split_of_batches_changes_nothing(
    history: list[tuple[ClaimChange, datetime]], data: st.DataObject
) -> None:
    """All at once, or cut anywhere: the same claims and the same alerts in the same states."""
    whole, cut = Stored(), Stored()
    whole.take(history)
    rest = history
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        cut.take(rest[:size])
        rest = rest[size:]
    assert (whole.claims, whole.alerts) == (cut.claims, cut.alerts)


@given(histories())
def test_what_comes_twice_changes_nothing(history: list[tuple[ClaimChange, datetime]]) -> None:
    """The whole stream once more, after everything, leaves claims and alerts as they are."""
    once, twice = Stored(), Stored()
    once.take(history)
    twice.take(history)
    kept = dict(twice.alerts)
    twice.take(history[-1:])
    assert (once.alerts, twice.alerts) == (kept, kept)


@given(histories())
def test_only_the_present_claim_has_alerts(history: list[tuple[ClaimChange, datetime]]) -> None:
    """Whatever happened, an alert that is still to be sent is of its customer's last claim, and of no joined
    one; but for the notice of a lapse, which stays so."""
    stored = Stored()
    for change in history:
        stored.take([change])
        for alert in stored.alerts.values():
            claim = stored.claims[alert.scope, alert.customer]
            if not alert.superseded and alert.step.rung is not Rung.LAPSED:
                assert (alert.claim_seq, claim.replaced_by) == (claim.claim_seq, None)
                assert alert.step.rung is Rung.LAPSED or alert.staff in (claim.owner, None)


@given(histories())
def test_a_running_claim_is_always_watched(history: list[tuple[ClaimChange, datetime]]) -> None:
    """As long as its last call is ahead, a claim with an owner and an end has an alert for the supervisor."""
    stored = Stored()
    stored.take(history)
    last = {(change.claim.scope, change.claim.customer): at for change, at in history}
    for key, claim in stored.claims.items():
        watched = claim.owner is not None and claim.expires_at is not None and claim.replaced_by is None
        if watched and claim.expires_at is not None and last[key] < claim.expires_at - timedelta(hours=8):
            audiences = {
                alert.step.audience
                for alert in stored.alerts.values()
                if (alert.scope, alert.customer) == key and not alert.superseded
            }
            assert Audience.SUPERVISOR in audiences


def test_an_owner_who_keeps_a_joined_customer_is_not_new() -> None:
    """Who had one part of a joined customer is not told at once what they were told this morning."""
    stored = Stored()
    stored.take([(ClaimChange(ClaimMessageState("demo", "a", 1, "li", "owned", END)), local(1, 9))])
    joined = ClaimChange(ClaimMessageState("demo", "b", 2, "li", "owned", END), ("a",))
    stored.take([(joined, local(5, 16, 30))])
    assert [alert.step.rung for alert in stored.alerts.values() if not alert.superseded] == [Rung.LAST_CALL]


def test_a_lapse_that_is_told_again_is_noticed_once() -> None:
    """A lapsed customer that is joined and stays lapsed gives no second notice."""
    stored = Stored()
    stored.take([(ClaimChange(ClaimMessageState("demo", "a", 1, "li", "owned", END)), local(1, 9))])
    stored.take([(ClaimChange(ClaimMessageState("demo", "a", 2, None, "lapsed", None)), END)])
    stored.take([(ClaimChange(ClaimMessageState("demo", "a", 3, None, "lapsed", None)), local(6, 10))])
    lapses = [alert for alert in stored.alerts.values() if alert.step.rung is Rung.LAPSED]
    assert {(alert.claim_seq, alert.owner) for alert in lapses} == {(2, "li")}
