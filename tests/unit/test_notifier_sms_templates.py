"""SMS templates: which one a message is, what stands in it, what a policy may say of them and what it should know."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels import RefusedError
from services.notifier.channels.sms_templates import KINDS, VARIABLES, Templates, allowed, variables
from services.notifier.messages.event import _SAID
from services.notifier.model.alert import DigestLine, Person
from services.notifier.model.kinds import Audience, EventKind, Rung
from services.notifier.schedule.plan import SmsTemplate
from tests.support.notices import CASE, NOTICE, notice
from tests.support.notifier import SHANGHAI


def test_an_sms_tells_the_deadline_as_the_office_would() -> None:
    """Midnight is 24:00 of the day before, in the office's zone; what is left is never more than there is."""
    assert variables(NOTICE, SHANGHAI) == {
        "case": CASE,
        "case_a": "K7QF",
        "case_b": "2M9D",
        "count": "1",
        "day": "3月5日",
        "time": "24:00",
        "deadline": "3月5日24:00",
        "left": "15小时",
        "result": "",
        "share": "",
    }
    assert variables(NOTICE, ZoneInfo("UTC"))["deadline"] == "3月5日16:00"


@given(st.timedeltas(timedelta(0), timedelta(days=400)))
def test_no_variable_is_longer_than_it_is_said_to_be(left: timedelta) -> None:
    """What the check of a policy reckons with holds: six characters but for the two that stand for two others."""
    known = variables(notice(deadline=NOTICE.composed_at + left), SHANGHAI)
    assert all(len(value) <= VARIABLES[name] for name, value in known.items())
    assert {name for name, most in VARIABLES.items() if most > 6} == {"case", "deadline"}


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=2), "2天"),
        (timedelta(days=2, seconds=-1), "47小时"),
        (timedelta(hours=1), "1小时"),
        (timedelta(minutes=59, seconds=59), "59分钟"),
        (timedelta(seconds=-5), "0分钟"),
    ],
)
def test_what_is_left_is_rounded_down(left: timedelta, words: str) -> None:
    """One unit, never more than is left."""
    assert variables(notice(composed_at=NOTICE.deadline - left), SHANGHAI)["left"] == words


USUAL = Templates.usual(("A", "B", "C"), ("left", "case"), 35)
ITEM = DigestLine(NOTICE.id, "c1", CASE, NOTICE.rung, NOTICE.audience, "li", NOTICE.deadline)


def event(kind: str, **detail: object) -> Any:
    """A notice of what became of a customer."""
    return notice(rung=Rung.EVENT, owner=None, detail={"event": kind, "clause": "base.1", **detail})


def test_a_template_takes_the_variables_it_was_approved_with() -> None:
    """In their order; of a lapse nothing is left; several reminders are counted, if there is a template for that."""
    assert USUAL.of(NOTICE, SHANGHAI) == ("A", {"left": "15小时", "case": CASE})
    assert list(USUAL.of(notice(rung=Rung.LAPSED), SHANGHAI)[1]) == ["case"]
    digest = notice(rung=Rung.DIGEST, case="", items=(ITEM, ITEM, ITEM))
    four = Templates.usual(("A", "B", "C", "D"), ("left", "case"), 35)
    assert four.of(digest, SHANGHAI) == ("D", {"count": "3", "left": "15小时"})
    for none in (digest, event("kept", mine=True)):
        with pytest.raises(RefusedError, match="there is none for"):
            USUAL.of(none, SHANGHAI)


def test_lapses_are_not_told_as_reminders() -> None:
    """A message of which a part is no reminder has no template: it would say that there is time left."""
    four = Templates.usual(("A", "B", "C", "D"), ("left", "case"), 35)
    mixed = notice(rung=Rung.DIGEST, items=(ITEM, replace(ITEM, rung=Rung.LAPSED)))
    with pytest.raises(RefusedError, match="there is none for mixed"):
        four.of(mixed, SHANGHAI)


def test_what_is_left_of_a_digest_is_told_as_what_it_is() -> None:
    """A message that goes out again with one alert left has that one's template and case number."""
    left = notice(rung=Rung.DIGEST, case="", owner=None, items=(ITEM,))
    assert USUAL.of(left, SHANGHAI) == ("A", {"left": "15小时", "case": CASE})


def test_who_stands_in_reads_of_a_colleagues_customer() -> None:
    """The supervisor's template goes to whoever is not the owner: it does not say that the customer is theirs."""
    assert USUAL.of(notice(to=Person("sun")), SHANGHAI)[0] == "B"
    assert USUAL.of(notice(audience=Audience.SUPERVISOR, to=Person("sun")), SHANGHAI)[0] == "B"


EVENTS = {kind.value: SmsTemplate(f"E-{kind.value}", ("case", "result")) for kind in EventKind}


@pytest.mark.parametrize(("kind", "mine"), sorted(_SAID))
def test_each_event_has_its_template_and_says_for_whom_it_went(kind: EventKind, mine: bool) -> None:
    """Whatever chat can say of a decision has a word of at most four characters here."""
    found = Templates(EVENTS, 6 + 3).of(event(kind.value, mine=mine), SHANGHAI)
    assert found[0] == f"E-{kind.value}"
    assert 0 < len(found[1]["result"]) <= VARIABLES["result"]
    assert ("您" in found[1]["result"]) or not mine or kind is EventKind.DISPUTED


def test_shares_are_told_in_percent() -> None:
    """A share of a deal and whether it is final; where there is no share to tell, nothing false is said."""
    shares = SmsTemplate("S", ("case", "share", "result"))
    told = Templates({"shares": shares}, 9)
    given_words = told.of(event("shares", share=3333, status="final"), SHANGHAI)[1]
    assert given_words == {"case": CASE, "share": "33.33%", "result": "已确定"}
    with pytest.raises(RefusedError, match="share is empty"):
        told.of(event("shares", share=None, status="cancelled"), SHANGHAI)


@given(st.integers(0, 10_000))
def test_every_share_fits(share: int) -> None:
    """Up to hundredths of a percent."""
    assert (
        len(variables(event("shares", share=share, status="final"), SHANGHAI)["share"]) <= VARIABLES["share"]
    )


def test_a_value_that_is_too_long_is_never_cut() -> None:
    """Half a case number is another one: the message is refused, and goes by another channel."""
    with pytest.raises(RefusedError, match="case is empty or longer than 6"):
        Templates({"reminder": SmsTemplate("A", ("case",))}, 6).of(NOTICE, SHANGHAI)


@pytest.mark.parametrize("kind", KINDS)
def test_no_template_has_room_for_a_customers_name_or_phone(kind: str) -> None:
    """The variables are all that may stand in an SMS, and each is a number, a day, or a word of ours."""
    assert allowed(kind) <= set(VARIABLES)
    assert not {"name", "phone", "customer", "owner"} & allowed(kind)
