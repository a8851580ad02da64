"""The demonstration's plan: the same seed gives the same office, and every rule that it is to show is met."""

from __future__ import annotations

import json
from collections import Counter
from datetime import time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from deploy.demo.alerting import CHANNELS, EVENTS, write_policy
from deploy.demo.scenario.office import EVERYBODY, FIRST_DAY, instant, reminder_hours
from deploy.demo.scenario.plan import DemoPlan, make_plan
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.reporting import report_due
from shared.access.readers import report_readers
from shared.contract import decode_event, format_instant
from shared.platform.officefile.document import parse
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import result_of

SEEDS = (1, 2, 3)


@pytest.mark.parametrize("days", [1, 2, 10])
def test_the_same_seed_gives_the_same_plan(days: int) -> None:
    """Two plans of one seed agree in every byte, event ids and all; another seed gives another office."""
    assert make_plan(5, days) == make_plan(5, days)
    assert make_plan(5, days).events != make_plan(6, days).events


@pytest.mark.parametrize("seed", SEEDS)
def test_no_two_entries_share_a_moment_and_none_goes_back(seed: int) -> None:
    """Every entry is later than the one before it, so the order of the journal is that of the plan."""
    moments = [entry.at for entry in make_plan(seed, 10).entries]
    assert all(earlier < later for earlier, later in pairwise(moments))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_is_of_the_contract_and_marked_as_invented(seed: int) -> None:
    """The decoder of the contract takes every event; every phone is of the invented row, every person is marked."""
    for event in make_plan(seed, 10).events:
        text = json.dumps(event, ensure_ascii=False)
        decode_event(text.encode(), recorded=False)
        parties = [event["data"].get("customer", {})]
        for party in parties:
            assert all(phone.startswith("138000") for phone in party.get("phones", []))
            assert "（演示）" in party.get("name", "（演示）")


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_days_show_every_kind_of_decision_that_the_stories_are_for(seed: int) -> None:
    """Whatever the seed: claims are made, renewed, kept, lost, given back, ruled on, handed over, and run out."""
    judged = judgement(make_plan(seed, 10))
    kinds = Counter(d["decision"] for customer in judged["customers"] for d in customer["decisions"])
    stories = {"returned": 2, "superseded": 2, "disputed": 1, "ruled": 1, "transferred": 1}
    assert {kind: 1 for kind, least in stories.items() if kinds[kind] >= least} == dict.fromkeys(stories, 1)
    assert all(kinds[kind] > 0 for kind in ("established", "renewed", "kept", "lapsed"))
    flags = Counter(flag["flag"] for flag in judged["flags"])
    assert flags["too_late"] == 1
    assert not {"unknown_visit", "unknown_deal", "unknown_dispute", "unapproved", "incomplete"} & set(flags)
    assert judged["deals"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_clock_rests_behind_whatever_somebody_is_told_of(seed: int) -> None:
    """So each such message goes out at its time, alone, on a fast machine and on a slow one; while the notifier is down
    there is nothing to wait for."""
    plan = make_plan(seed, 10)
    by_id = {entry.event["id"]: entry for entry in plan.entries if entry.event is not None}
    stopped, started = (
        next(entry.at for entry in plan.entries if entry.notifier == what) for what in ("stop", "start")
    )
    told = [
        max((by_id[id_] for id_ in decision["because"]), key=lambda entry: entry.at)
        for customer in judgement(plan)["customers"]
        for decision in customer["decisions"]
        if decision["decision"] in EVENTS
    ]
    told += [entry for entry in by_id.values() if str((entry.event or {})["type"]).startswith("deal.")]
    assert len(told) > 15
    assert [entry for entry in told if not entry.settles and not stopped < entry.at < started] == []
    assert not any(entry.settles for entry in plan.entries if stopped <= entry.at < started)


def test_the_notifier_is_down_over_two_of_its_hours_where_there_are_days_enough() -> None:
    """What was due to owners and to supervisors on that afternoon is late; a short demonstration has no such day."""
    switches = [(entry.at, entry.notifier) for entry in make_plan(1, 10).entries if entry.notifier]
    assert [what for _, what in switches] == ["stop", "start"]
    (stopped, _), (started, _) = switches
    due = [at for day in range(11) for at in reminder_hours(day) if stopped < at < started]
    assert len(due) == 2
    assert not any(entry.notifier for entry in make_plan(1, 5).entries)


def test_the_clock_rests_at_the_closing_of_each_day_and_reports_have_readers_who_may_read_them(
    tmp_path: Path,
) -> None:
    """So the daily report goes out in time and not late; the policy is one that a notifier takes."""
    rests = {entry.at for entry in make_plan(1, 10).entries if entry.settles}
    assert all(instant(day, time(18)) + timedelta(seconds=1) in rests for day in range(10))
    policy = write_policy(tmp_path / "alerts.yaml").read_bytes()
    reports = plans_of(parse(policy, "alerts.yaml"), OfficeHours(), CHANNELS).default.reports
    roles = {one.staff: one.role for one in EVERYBODY}
    told = {(one.report, one.every.value, roles[staff]) for one in reports for staff in one.staff}
    assert told == {("daily", "day", "manager"), ("period", "week", "general_manager")}
    assert all(role in report_readers(report) for report, _, role in told)
    assert report_due(reports[0], FIRST_DAY, OfficeHours()) == instant(0, time(18))


def test_staff_are_enrolled_with_contacts_of_the_invented_row() -> None:
    """Whoever may be told has a number, and no customer has the same."""
    events = make_plan(1, 10).events
    staff = {event["data"]["contacts"]["sms"] for event in events if event["type"] == "staff.enrolled"}  # type: ignore[index]
    guests = {phone for event in events for phone in event["data"].get("customer", {}).get("phones", ())}  # type: ignore[attr-defined]
    assert len(staff) == len(EVERYBODY) and all(phone.startswith("138000900") for phone in staff)
    assert guests and not staff & guests


def judgement(plan: DemoPlan) -> dict[str, Any]:
    """What the rules say of a plan, entered as planned."""
    lines = [
        json.dumps(entry.event | {"recorded_at": format_instant(entry.at)}).encode()
        for entry in plan.entries
        if entry.event is not None
    ]
    books = {(book.name, book.version): book for book in map(load, shipped())}
    return result_of(lines, load("base"), books, as_of=plan.entries[-1].at)
