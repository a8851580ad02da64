"""What a form records: one event however often it is sent, and refusals beside their fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.console.frame.forms import Form
from services.console.frame.navigation import OfficePlace
from services.console.frame.recording import FormEntry, actor_at, event_id
from shared.access.caller import Caller, StaffRole

NOW = datetime(2026, 3, 12, 1, 0, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def test_an_id_says_when_it_was_made_and_is_never_given_twice() -> None:
    made = [event_id(NOW) for _ in range(200)]
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {"specified in RFC 4122"}
    assert {one.int >> 80 for one in made} == {int(NOW.timestamp() * 1000)}
    assert len(set(made)) == 200


def test_a_form_that_is_sent_twice_says_the_same() -> None:
    entry = FormEntry.fresh(NOW)
    form = Form({"event": [entry.event], "at": [entry.at]})
    sent = [FormEntry.of(form, NOW + timedelta(minutes=after), ZONE) for after in (1, 90)]
    assert sent == [entry, entry]


def test_a_form_that_stood_open_over_midnight_happens_when_it_is_sent() -> None:
    evening = datetime(2026, 3, 11, 15, 59, tzinfo=UTC)
    entry = FormEntry.fresh(evening)
    form = Form({"event": [entry.event], "at": [entry.at]})
    assert FormEntry.of(form, evening + timedelta(seconds=59), ZONE).at == "2026-03-11T15:59:00Z"
    assert FormEntry.of(form, evening + timedelta(minutes=2), ZONE).at == "2026-03-11T16:01:00Z"


def test_what_nobody_made_is_made_anew() -> None:
    for event, at in (("<script>", "2026-03-12T01:00:00Z"), ("", "")):
        made = FormEntry.of(Form({"event": [event], "at": [at]}), NOW, ZONE)
        assert made.event != event
        assert made.at == "2026-03-12T01:00:01Z"
    entry = FormEntry.fresh(NOW)
    for at in ("soon", "2026-03-13T01:00:00Z", "2026-03-12T03:00:00Z"):
        made = FormEntry.of(Form({"event": [entry.event], "at": [at]}), NOW, ZONE)
        assert made == entry


def test_an_actor_is_who_is_enrolled_there() -> None:
    roles = tuple(
        StaffRole("east", office, "manager", staff) for office, staff in (("e-1", "gao"), ("e-2", "gao2"))
    )
    caller = Caller("s", "person", "gaowei", "x", 0.0, roles)
    assert actor_at(caller, OfficePlace("east", "e-2")) == "gao2"
    assert actor_at(caller, OfficePlace("east", "e-3")) == "gao"
    assert actor_at(caller, OfficePlace("west", "w-1")) == "gaowei"
