"""Timers in a real PostgreSQL: what cancels an alert, what makes it wait, and who gets it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.delivery.queue import RoundResult, SendAttempt
from services.notifier.history.listing import Filter, Listing, NotRetriableError
from services.notifier.inbox.decoding import OwnershipRecord
from services.notifier.inbox.inbox import StaleError
from services.notifier.model.alert import AttemptOutcome, LeasedAlert, State
from services.notifier.model.kinds import Rung
from tests.support.notifier import END, Office, Told, local

RENEWED = END + timedelta(days=3)


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    office = Office(database, local(1, 10))
    office.hear(
        office.stream.watermark(local(1, 10)),
        office.stream.staff("li", "consultant"),
        office.stream.staff("sun", "supervisor"),
        office.stream.staff("ma", "manager"),
    )
    yield office
    office.close()


def claimed(office: Office, limit: int = 100) -> list[LeasedAlert]:
    return office.queue.claim(limit, office.clock.now(), office.machine.now())


def begin(office: Office, alert: LeasedAlert) -> int | None:
    now = (office.clock.now(), office.machine.now())
    return office.queue.begin_attempt(alert, SendAttempt("keeping", "keep:x", "words", "x"), now)


def send(office: Office, alert: LeasedAlert) -> None:
    number = begin(office, alert)
    assert number is not None
    office.queue.end_attempts(
        {alert.id: number}, AttemptOutcome.SENT, "ok", (office.clock.now(), office.machine.now())
    )
    office.queue.settle(alert, RoundResult(State.SENT), office.clock.now())


def test_each_step_falls_due_in_its_turn(office: Office) -> None:
    """Over the last two days the owner is claimed for three times, then the supervisor, each at the set
    hour."""
    office.hear(office.stream.claim("c1", "li"))
    told = []
    for at in (local(4, 8, 59), local(4, 9), local(5, 9), local(5, 15, 59), local(5, 16), local(5, 17)):
        office.at(at)
        for alert in claimed(office):
            told.append((at, alert.rung, alert.staff))
            send(office, alert)
    assert told == [
        (local(4, 9), Rung.DAY_BEFORE, "li"),
        (local(5, 9), Rung.LAST_MORNING, "li"),
        (local(5, 16), Rung.LAST_AFTERNOON, "li"),
        (local(5, 17), Rung.LAST_CALL, "sun"),
    ]


def _renewal(office: Office) -> Told:
    return office.stream.claim("c1", "li", RENEWED)


def _sale(office: Office) -> Told:
    return office.stream.claim("c1", "li", None, status="closed")


def _release(office: Office) -> Told:
    return office.stream.claim("c1", None, None, status="unowned")


@pytest.mark.parametrize("change", [_renewal, _sale, _release], ids=["renewed", "sold", "released"])
def test_a_change_of_the_claim_cancels_its_alerts(office: Office, change: object) -> None:
    """After a renewal, a sale or a release nothing of the old claim is sent."""
    assert callable(change)
    office.hear(office.stream.claim("c1", "li"))
    office.hear(change(office))
    office.at(local(5, 18))
    assert claimed(office) == []
    assert [state for *_, state in office.states()][:4] == ["superseded"] * 4


def test_a_transfer_sends_to_the_new_owner_alone(office: Office) -> None:
    """A claim handed over before its last day reminds the new owner, not the old one."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 12))
    for alert in claimed(office):
        send(office, alert)
    office.hear(office.stream.claim("c1", "wang"))
    office.at(local(5, 9))
    assert [alert.staff for alert in claimed(office)] == ["wang"]


def test_who_gets_a_claim_late_on_its_last_day_hears_at_once(office: Office) -> None:
    """A transfer at 16:30 of the last day falls due at once for the new owner."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(5, 16, 30))
    office.hear(office.stream.claim("c1", "wang"))
    assert [(alert.staff, alert.due_at) for alert in claimed(office)] == [("wang", local(5, 16, 30))]


def test_a_lapse_is_told_at_the_next_opening(office: Office) -> None:
    """The lapsed claim's former owner and the supervisor hear at nine, and the reminders are void."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(END)
    office.hear(office.stream.lapsed("c1"))
    assert claimed(office) == []
    office.at(local(6, 9))
    assert {(alert.rung, alert.staff, alert.owner) for alert in claimed(office)} == {
        (Rung.LAPSED, "li", "li"),
        (Rung.LAPSED, "sun", "li"),
    }


def test_joined_customers_take_the_alerts_of_their_parts(office: Office) -> None:
    """A claim that replaces another customer's voids that customer's alerts too."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "wang"))
    office.hear(office.stream.claim("c1", "li", replaces=["c2"]))
    office.at(local(5, 9))
    assert [(alert.customer, alert.claim_seq) for alert in claimed(office)] == [("c1", 6)]


def test_a_customer_split_off_again_has_alerts_again(office: Office) -> None:
    """A customer that was joined and then told again is reminded of, also when its generation begins anew."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "wang"))
    office.hear(office.stream.claim("c1", "li", replaces=["c2"]))
    del office.stream.generations["demo", "c2"]
    office.hear(office.stream.claim("c2", "wang"))
    office.at(local(5, 9))
    assert sorted(alert.customer for alert in claimed(office)) == ["c1", "c2"]


def test_without_a_supervisor_the_manager_is_told(office: Office) -> None:
    """When the supervisor has departed, the last call goes to the manager."""
    office.hear(office.stream.claim("c1", "li"), office.stream.staff("sun", "supervisor", departed=True))
    office.at(local(5, 17))
    assert [alert.staff for alert in claimed(office) if alert.rung is Rung.LAST_CALL] == ["ma"]


def test_each_supervisor_is_told_once(office: Office) -> None:
    """Two supervisors get an alert each, with ids of their own."""
    office.hear(office.stream.claim("c1", "li"), office.stream.staff("zhou", "supervisor"))
    office.at(local(5, 17))
    last_calls = [alert for alert in claimed(office) if alert.rung is Rung.LAST_CALL]
    assert [alert.staff for alert in last_calls] == ["sun", "zhou"]
    assert len({alert.id for alert in last_calls}) == 2


def test_an_owner_who_is_the_supervisor_is_not_told_twice(office: Office) -> None:
    """The last call on a supervisor's own claim goes to the manager."""
    office.hear(office.stream.claim("c1", "sun"))
    office.at(local(5, 17))
    assert [alert.staff for alert in claimed(office) if alert.rung is Rung.LAST_CALL] == ["ma"]


def test_an_alert_for_nobody_is_listed_dead(database: str) -> None:
    """In a scope without supervisor and manager the last call is dead and says why."""
    office = Office(database, local(1, 10))
    office.hear(office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li"))
    office.at(local(5, 17))
    claimed(office)
    dead = Listing(office.database).page(Filter(state="dead"), None, 10)
    assert [(alert.step, alert.reason) for alert in dead] == [
        ("last_call", "no supervisor or manager is enrolled in the scope")
    ]
    office.close()


def test_nothing_due_after_the_watermark_is_sent(office: Office) -> None:
    """An alert that is due by the clock waits while the watermark has not covered its hour."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 8, 59))
    office.at(local(4, 9, 1), watermark=False)
    assert claimed(office) == []
    office.at(local(4, 9, 1))
    assert [alert.behind for alert in claimed(office)] == [False]


def test_the_wait_for_the_watermark_ends_after_a_minute(office: Office) -> None:
    """After 60 seconds of the machine's time an uncovered alert is claimed, and known to be behind."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9), watermark=False)
    assert claimed(office) == []
    office.machine.ahead = timedelta(seconds=59)
    assert claimed(office) == []
    office.machine.ahead = timedelta(seconds=61)
    assert [(alert.behind, alert.watermark) for alert in claimed(office)] == [(True, local(1, 10))]


def test_a_renewal_one_second_before_the_hour_cancels(office: Office) -> None:
    """A renewal that arrives before the watermark of the hour stops the reminder, also when it was read
    late."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9, 0, 30), watermark=False)
    assert claimed(office) == []
    office.hear(office.stream.watermark(local(4, 8, 59, 58)), _renewal(office))
    office.hear(office.stream.watermark(local(4, 9, 0, 30)))
    assert claimed(office) == []


def test_the_last_look_stops_a_claimed_alert(office: Office) -> None:
    """A renewal that is taken in between claim and call stops the call."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    office.hear(_renewal(office))
    assert begin(office, alert) is None


def test_the_last_look_is_at_the_claim_itself(office: Office) -> None:
    """A row that was made out while the claim changed, and that the change did not meet, is not sent either."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "li"))
    office.at(local(4, 9))
    alerts = claimed(office)
    office.hear(_renewal(office), office.stream.claim("c3", "wang", replaces=["c2"]))
    with office.database.connection() as connection:
        connection.execute("UPDATE alerts SET superseded_at = NULL")
    assert [begin(office, alert) for alert in alerts] == [None, None]


def test_what_was_sent_stays_sent(office: Office) -> None:
    """A renewal after the call began leaves the alert sent, with the time at which the claim changed beside
    it."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    number = begin(office, alert)
    assert number == 1
    office.hear(_renewal(office))
    office.queue.end_attempts(
        {alert.id: number}, AttemptOutcome.SENT, "ok", (office.clock.now(), office.machine.now())
    )
    office.queue.settle(alert, RoundResult(State.SENT), office.clock.now())
    listed = Listing(office.database).one(alert.id)
    assert (listed.state, listed.superseded_at) == ("sent", local(4, 9))
    assert [(attempt.outcome, attempt.answer) for attempt in listed.attempts] == [("sent", "ok")]


def test_a_failed_round_on_a_changed_claim_is_not_tried_again(office: Office) -> None:
    """A round that fails after the claim has changed ends superseded, without a retry."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    assert begin(office, alert) == 1
    office.hear(_renewal(office))
    now = office.machine.now()
    office.queue.settle(alert, RoundResult(State.FAILED, "down", now), office.clock.now())
    office.machine.ahead = timedelta(hours=1)
    assert claimed(office) == []
    assert Listing(office.database).one(alert.id).state == "superseded"


def test_two_notifiers_share_the_work(office: Office) -> None:
    """Forty alerts claimed by four threads at once are each claimed by exactly one."""
    office.hear(*(office.stream.claim(f"c{n}", "li") for n in range(40)))
    office.at(local(4, 9))
    with ThreadPoolExecutor(4) as pool:
        rounds = list(pool.map(lambda _: claimed(office, 3), range(60)))
    ids = [alert.id for alerts in rounds for alert in alerts]
    assert len(ids) == len(set(ids)) == 40


def test_a_crash_between_call_and_answer_is_unknown_and_sent_again(office: Office) -> None:
    """An attempt without an answer whose lease is over makes the alert unknown, and it is claimed again."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    begin(office, alert)
    office.pass_time(timedelta(seconds=31))
    assert office.queue.recover(office.machine.now(), ["keeping"]) == [(alert.id, State.UNKNOWN)]
    (again,) = claimed(office)
    assert (again.id, again.state) == (alert.id, State.UNKNOWN)
    send(office, again)
    attempts = Listing(office.database).one(alert.id).attempts
    assert [attempt.outcome for attempt in attempts] == ["unknown", "sent"]


def test_a_crash_behind_the_answer_is_sent_and_not_repeated(office: Office) -> None:
    """A dispatcher that was killed when the answer was stored and the round was not ended leaves a sent alert."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    number = begin(office, alert)
    assert number == 1
    at = (office.clock.now(), office.machine.now())
    office.queue.end_attempts({alert.id: number}, AttemptOutcome.SENT, "ok", at)
    office.pass_time(timedelta(seconds=31))
    assert office.queue.recover(office.machine.now(), ["keeping"]) == [(alert.id, State.SENT)]
    assert claimed(office) == []
    assert Listing(office.database).one(alert.id).done_at == local(4, 9)


def test_a_channel_that_holds_leaves_an_unknown_alert_to_a_person(office: Office) -> None:
    """Where repetitions are not told apart, an unknown alert waits until someone has it retried."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    begin(office, alert)
    office.pass_time(timedelta(seconds=31))
    office.queue.recover(office.machine.now(), [])
    assert claimed(office) == []
    Listing(office.database).retry(alert.id, office.machine.now())
    assert [again.id for again in claimed(office)] == [alert.id]


def test_a_dispatcher_that_stood_still_cannot_send(office: Office) -> None:
    """After its lease is over a dispatcher is refused its call, also before anyone has taken the lease
    back."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    office.pass_time(timedelta(seconds=31))
    assert begin(office, alert) is None
    office.queue.recover(office.machine.now(), ["keeping"])
    (again,) = claimed(office)
    assert begin(office, alert) is None
    assert begin(office, again) == 1


def test_after_an_outage_one_reminder_is_sent_not_three(office: Office) -> None:
    """When several steps to one person are due at once, only the latest is sent."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(5, 16, 30))
    assert [alert.rung for alert in claimed(office)] == [Rung.LAST_AFTERNOON]


def test_a_reminder_after_the_end_is_not_sent(office: Office) -> None:
    """A reminder that comes up after the deadline is superseded: only the notice of a lapse may come then."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(6, 1))
    assert claimed(office) == []
    assert {state for *_, state in office.states()} == {"superseded"}


def test_a_seq_that_was_seen_is_dropped(office: Office) -> None:
    """A message that comes twice is applied once."""
    first = office.stream.claim("c1", "li")
    assert office.hear(first, first).repeated == 1
    taken = office.hear(first)
    assert (taken.applied, taken.repeated) == (0, 1)
    assert len(office.states()) == 4


def test_a_gap_is_recorded_and_stops_nobody(office: Office) -> None:
    """Messages that never came are told, and what follows is applied."""
    office.stream.claim("lost", "li")
    taken = office.hear(office.stream.claim("c1", "li"))
    assert taken.applied == 1
    assert [reason for _, reason, _ in taken.irregular] == ["scope demo: messages 4 to 4 never came"]


def test_a_record_of_another_kind_is_kept_and_stops_nobody(office: Office) -> None:
    """Undecodable records are stored with their reason; the claim behind them is applied."""
    taken = office.hear(
        (b"\xff not json", []), (None, []), (None, [("watermark", b"soon")]), office.stream.claim("c1", "li")
    )
    assert (taken.applied, len(taken.irregular)) == (1, 3)
    assert len(office.states()) == 4


def test_a_stale_consumer_writes_nothing(office: Office) -> None:
    """A batch at a position that has moved on is refused whole."""
    value, headers = office.stream.claim("c1", "li")
    with pytest.raises(StaleError):
        office.inbox.take(0, office.next - 1, [OwnershipRecord(office.next - 1, value, headers)])
    assert office.states() == []


def test_another_split_of_batches_gives_the_same_alerts(postgres_dsn: str) -> None:
    """One batch, or one batch for each message: the rows are the same."""
    from tests.support.parts import fresh_database

    outcomes = []
    for split in (False, True):
        with fresh_database(postgres_dsn) as dsn:
            office = Office(dsn, local(1, 10))
            stream = office.stream
            told: list[Told] = [
                stream.watermark(local(1, 10)),
                stream.claim("c1", "li"),
                stream.claim("c2", "wang"),
                stream.watermark(local(4, 12)),
                stream.claim("c1", "li", RENEWED),
                stream.claim("c2", "li", replaces=["c1"]),
                stream.lapsed("c2"),
            ]
            for batch in [[one] for one in told] if split else [told]:
                office.hear(*batch)
            outcomes.append(office.states())
            office.close()
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0]) > 8


def test_a_dead_alert_is_retried_from_the_first_round(office: Office) -> None:
    """A dead alert that a person retries is claimed again with its rounds begun anew."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    office.queue.settle(alert, RoundResult(State.DEAD, "refused"), office.clock.now())
    listing = Listing(office.database)
    assert listing.dead(None) == [alert.id]
    listing.retry(alert.id, office.machine.now())
    (again,) = claimed(office)
    assert (again.id, again.rounds) == (alert.id, 0)


def test_a_dead_alert_of_a_changed_claim_cannot_be_retried(office: Office) -> None:
    """Once the claim has changed, a dead alert stays in the list of what never arrived and is not sent."""
    office.hear(office.stream.claim("c1", "li"))
    office.at(local(4, 9))
    (alert,) = claimed(office)
    office.queue.settle(alert, RoundResult(State.DEAD, "refused"), office.clock.now())
    office.hear(_renewal(office))
    with pytest.raises(NotRetriableError, match="changed"):
        Listing(office.database).retry(alert.id, datetime.now(UTC))
    assert Listing(office.database).one(alert.id).state == "dead"
    assert Listing(office.database).dead(None) == []


def test_pages_follow_one_another_without_gap_or_double(office: Office) -> None:
    """Seven alerts in pages of three are seven different alerts, the latest due first."""
    office.hear(office.stream.claim("c1", "li"), office.stream.claim("c2", "li", END + timedelta(days=1)))
    listing, seen, after = Listing(office.database), [], None
    while page := listing.page(Filter(scope="demo"), after, 3):
        seen += page
        after = (page[-1].due_at, page[-1].id)
    assert len({alert.id for alert in seen}) == len(seen) == 8
    assert [alert.due_at for alert in seen] == sorted((alert.due_at for alert in seen), reverse=True)
