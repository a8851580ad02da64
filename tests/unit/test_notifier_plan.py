"""An office's policy: what it may say, what each mistake is called, and what follows for the days of a claim."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.cli import alerts
from services.notifier.model.kinds import Audience, EventKind, Language, Rung
from services.notifier.policy.file import plans_of
from services.notifier.policy.shape import SCHEMA, schema
from services.notifier.schedule.calendar import Calendar, QuietHours
from services.notifier.schedule.ladder import OfficeHours, lapse_notices, reminders, steps_ahead
from services.notifier.schedule.plan import Plans
from services.notifier.settings import NotifierSettings, office_plans
from shared.platform.officefile.document import parse
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "alerts.yaml"
SHANGHAI = ZoneInfo("Asia/Shanghai")
CHANNELS = ("webhook", "email", "log")


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def read(text: str) -> Plans:
    return plans_of(parse(text.encode(), "p.yaml"), OfficeHours(), CHANNELS)


def test_the_published_schema_is_that_of_the_types() -> None:
    """docs/schemas/alerts.schema.json is what `python -m services.notifier.policy.shape` writes today."""
    published = json.loads((ROOT / "docs" / "schemas" / SCHEMA).read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(schema()))
    jsonschema.Draft202012Validator.check_schema(published)


def test_the_example_is_in_order_for_schema_and_reader() -> None:
    """The example passes the schema, and the reader makes of it what it says."""
    document = parse(EXAMPLE.read_bytes(), "alerts.yaml")
    jsonschema.validate(document.values, schema())
    plans = plans_of(document, OfficeHours(), CHANNELS)
    assert plans.language("demo", "wang") is Language.ZH
    assert plans.language("demo", "li") is Language.EN
    assert plans.language("other", "wang") is Language.BOTH
    assert plans.channels("demo", "wang", "consultant") == ("webhook",)
    assert plans.channels("demo", "sun", "supervisor") == ("webhook", "email")
    assert plans.hours_of("demo").steps[0].rung is Rung.EARLY
    assert not plans.announces("demo", "li", EventKind.KEPT)
    assert plans.announces("demo", "li", EventKind.SUPERSEDED)
    assert plans.person("li").is_away(date(2026, 3, 5))
    assert not plans.person("li").is_away(date(2026, 3, 6))


def test_without_a_file_nothing_but_the_ladder_is_told() -> None:
    """The plans of a deployment without a policy gather nothing, tell no events and name no channel."""
    plans = Plans()
    assert reminders(at(3, 6), plans.hours_of("demo")) == reminders(at(3, 6), OfficeHours())
    assert plans.channels("demo", "li", "consultant") is None
    assert not any(plans.announces("demo", "li", kind) for kind in EventKind)
    assert not plans.of("demo").digest.gathers(100, opening=True)


MISTAKES = [
    ("", 1, "(file)", "the file must be a mapping of keys"),
    ("version: 2\n", 1, "version", "must be 1"),
    ("version: 1\ndefault: {}\n", 2, "default", "unknown key; did you mean defaults?"),
    ("version: 1\ndefaults:\n  langage: zh\n", 3, "defaults.langage", "did you mean language?"),
    ("version: 1\ndefaults:\n  language: fr\n", 3, "defaults.language", "Invalid enum value 'fr'"),
    ("version: 1\nscopes:\n  demo:\n    hours: {opening: 9}\n", 4, "scopes.demo.hours.opening", "Expected `str"),
    ("version: 1\nscopes:\n  demo:\n    hours:\n      open: x\n", 5, "scopes.demo.hours.open", "opening"),
    ("version: 1\nscopes:\n  DEMO: {}\n", 3, "scopes.DEMO", "the name must match"),
    ("version: 1\nversion: 1\n", 2, "version", "given twice, first on line 1"),
    ("version: 1\ndefaults: &a {}\nscopes: {demo: *a}\n", 2, "defaults", "anchors and aliases"),
    ("version: 1\ndefaults:\n  timezone: !!str Asia/Shanghai\n", 3, "defaults.timezone", "tags (!name)"),
    ("version: 1\n---\nversion: 1\n", 2, "(file)", "a second document in one file"),
    ("version: 1\ndefaults: {timezone: Mars/Base}\n", 2, "defaults.timezone", "not the name of a time zone"),
    ("version: 1\ndefaults: {hours: {opening: \"17:30\"}}\n", 2, "defaults.hours", "must come before"),
    ("version: 1\ndefaults: {quiet: {begin: \"08:00\", end: \"10:00\"}}\n", 2, "defaults.quiet", "lies in the quiet"),
    ("version: 1\ndefaults:\n  closed:\n    dates: [2026-02-30]\n", 4, "defaults.closed.dates[0]", "not a day"),
    ("version: 1\ndefaults:\n  channels:\n    default: [webhook,\n     pigeon]\n", 5, "defaults.channels.default[1]",
     "there is no channel 'pigeon'; there are email, log, webhook"),
    ("version: 1\npeople:\n  li:\n    opt_out: [lapsed]\n", 4, "people.li.opt_out[0]", "cannot be declined"),
    ("version: 1\npeople:\n  li: {stand_in: [li]}\n", 3, "people.li.stand_in", "nobody stands in for themselves"),
    ("version: 1\ndefaults:\n  ladder:\n  - {step: last_call, to: supervisor, days_before: 0}\n", 3,
     "defaults.ladder", "no step is for the owner"),
    ("version: 1\ndefaults: [\n", 3, "(file)", "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "key", "reason"), MISTAKES, ids=[one[2] + one[3][:12] for one in MISTAKES]
)
def test_a_mistake_is_told_with_file_line_key_and_reason(text: str, line: int, key: str, reason: str) -> None:
    """Each mistake names the file, the line on which it stands, the key by its path, and why."""
    with pytest.raises(OfficeFileError) as refused:
        read(text)
    told = str(refused.value)
    assert told.startswith(f"p.yaml:{line}: {key}: ")
    assert reason in told


NATIONAL = Calendar(closed=((date(2026, 10, 1), date(2026, 10, 7)),), worked=frozenset({date(2026, 10, 10)}))
HOLIDAYS = OfficeHours(calendar=NATIONAL)


def test_reminders_in_closed_days_go_out_before_them() -> None:
    """A claim that ends on 5 October, when the office is closed, is reminded of on 30 September."""
    told = [(step.rung, step.due_at) for step in reminders(at(10, 6), HOLIDAYS)]
    assert told == [
        (Rung.LAST_MORNING, at(9, 30, 9)),
        (Rung.LAST_AFTERNOON, at(9, 30, 16)),
        (Rung.LAST_CALL, at(9, 30, 17)),
    ]


def test_the_notice_of_a_lapse_waits_for_the_office() -> None:
    """What lapsed in the holidays is told when the office opens again: only reminders must come before."""
    assert {step.due_at for step in lapse_notices(at(10, 6), HOLIDAYS, had_owner=True)} == {at(10, 8, 9)}


def test_a_make_up_day_is_open_whatever_the_weekday() -> None:
    """10 October 2026 is a Saturday on which work is made up for."""
    calendar = Calendar(weekdays=frozenset({6, 7}), worked=frozenset({date(2026, 10, 10)}))
    assert calendar.is_open(date(2026, 10, 10))
    assert not calendar.is_open(date(2026, 10, 11))


def test_who_meets_a_customer_on_the_eve_of_closed_days_is_told_at_once() -> None:
    """When every reminder was moved before the moment at which the claim is made, one goes out then."""
    ahead = steps_ahead(at(10, 6), at(9, 30, 17, 30), HOLIDAYS, new_owner=False)
    assert [(step.rung, step.audience, step.due_at) for step in ahead] == [
        (Rung.LAST_AFTERNOON, Audience.OWNER, at(9, 30, 17, 30)),
        (Rung.LAST_CALL, Audience.SUPERVISOR, at(9, 30, 17, 30)),
    ]


def test_a_reminder_goes_out_before_the_quiet_hours() -> None:
    """With an evening step at 22:00 and quiet from 21:00, it goes out at 20:59."""
    plans = read(
        "version: 1\ndefaults:\n  quiet: {begin: '21:00', end: '08:00'}\n"
        "  ladder: [{step: last_call, to: owner, days_before: 0, at: '22:00'}]\n"
    )
    assert [step.due_at for step in reminders(at(3, 6), plans.hours_of("demo"))] == [at(3, 5, 20, 59)]


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    st.sets(st.integers(1, 7), max_size=6),
    st.lists(st.tuples(st.integers(0, 364), st.integers(0, 9)), max_size=5),
    st.booleans(),
)
def test_reminders_precede_the_end_and_fall_into_no_rest(
    end: datetime, weekdays: set[int], closures: list[tuple[int, int]], quiet: bool
) -> None:
    """Whatever the calendar: each reminder comes before the end, on an open day and out of quiet hours."""
    first = date(2026, 1, 1)
    closed = tuple((first + timedelta(a), first + timedelta(a + b)) for a, b in closures)
    hours = OfficeHours(
        calendar=Calendar(frozenset(weekdays), closed),
        quiet=QuietHours(time(16, 30), time(8)) if quiet else None,
    )
    expires = end.replace(tzinfo=UTC)
    for step in reminders(expires, hours):
        assert step.due_at < expires
        assert hours.calendar.is_open(step.due_at.astimezone(hours.zone).date())
        assert hours.quiet is None or not hours.quiet.covers(step.due_at, hours.zone)


def test_check_says_what_is_in_order_and_what_is_not(tmp_path: Path) -> None:
    """`panke alerts check` ends with 0 and a summary, or with 1 and the place of the mistake."""
    done = CliRunner().invoke(alerts, ["check", str(EXAMPLE)])
    assert (done.exit_code, "1 scopes and 1 people" in done.output) == (0, True)
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nscope: {}\n")
    done = CliRunner().invoke(alerts, ["check", str(bad)])
    assert done.exit_code == 1
    assert f"{bad}:2: scope: unknown key; did you mean scopes?" in done.output
    done = CliRunner().invoke(alerts, ["check", str(tmp_path / "none.yaml")])
    assert (done.exit_code, "cannot be read" in done.output) == (1, True)


def test_preview_shows_the_ladder_in_office_time() -> None:
    """`panke alerts preview` lists each alert with its hour, audience, channels and language."""
    arguments = ["preview", str(EXAMPLE), "--scope", "demo", "--expires", "2026-10-05T16:00:00Z"]
    done = CliRunner().invoke(alerts, arguments)
    lines = done.output.splitlines()
    assert done.exit_code == 0
    assert lines[0].split() == [
        "Wed",
        "2026-09-30",
        "09:00",
        "+0800",
        "last_morning",
        "owner",
        "webhook",
        "(zh)",
    ]
    assert lines[-1].split()[:5] == ["Thu", "2026-10-08", "09:00", "+0800", "lapsed"]
    assert len(lines) == 5


def test_test_sends_one_message_by_a_channel_of_the_settings() -> None:
    """`panke alerts test log` answers what the channel answered; an unknown channel is named."""
    environ = {"PANKE_DATABASE_URL": "postgresql:///none", "PANKE_KAFKA": "none:1"}
    done = CliRunner().invoke(alerts, ["test", "log", "--to", "log=x"], env=environ)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "logged")
    done = CliRunner().invoke(alerts, ["test", "pigeon", "--to", "log=x"], env=environ)
    assert (done.exit_code, "there are log" in done.output) == (1, True)


def test_a_service_names_the_variable_of_a_policy_that_is_wrong(tmp_path: Path) -> None:
    """At start a mistake in the policy is told with the variable, the file and the line; a right one is obeyed."""
    common = {"database_url": "postgresql:///none", "kafka": "none:1"}
    bad = tmp_path / "alerts.yaml"
    bad.write_text("version: 1\ndefaults:\n  channels: {default: [dingtalk]}\n")
    settings = NotifierSettings(**common, notifier_policy=str(bad))
    with pytest.raises(SettingsError, match=r"PANKE_NOTIFIER_POLICY: .*alerts.yaml:3: .*there is no channel"):
        office_plans(settings)
    bad.write_text("version: 1\ndefaults:\n  hours: {opening: '08:30'}\n")
    assert office_plans(settings).hours_of("demo").opening == time(8, 30)
    assert office_plans(NotifierSettings(**common)) == Plans()
