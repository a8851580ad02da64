"""The words of alerts: what a person reads, and what must never stand there."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.sms_templates import variables
from services.notifier.messages.compose import Composer
from services.notifier.messages.digest import compose_digest
from services.notifier.messages.words import case_number, compose
from services.notifier.model.alert import LeasedAlert, MessageText, Person, Recipient, State
from services.notifier.model.kinds import Audience, Rung
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans
from tests.support.notifier import END, SHANGHAI, local

LATE = timedelta(minutes=15)
LI = Person("li", "李 强")
MORNING = local(5, 9)


def alert(
    rung: Rung = Rung.LAST_MORNING,
    audience: Audience = Audience.OWNER,
    due_at: datetime = MORNING,
    *,
    deadline: datetime = END,
    watermark: datetime | None = END,
) -> LeasedAlert:
    return LeasedAlert(
        id=uuid4(),
        lease=uuid4(),
        scope="demo",
        customer="5e0f",
        claim_seq=1,
        rung=rung,
        audience=audience,
        staff="li",
        owner="li",
        due_at=due_at,
        deadline=deadline,
        state=State.DUE,
        rounds=0,
        traceparent=None,
        watermark=watermark,
    )


def test_the_owner_reads_deadline_span_and_what_to_do() -> None:
    """A reminder of the last morning, whole: Chinese, then English."""
    words = compose(alert(), LI, local(5, 9), SHANGHAI, LATE)
    case = case_number("5e0f")
    assert words.text == (
        f"您的客户（编号 {case}）归属将于3月5日（周四）24:00到期，还剩15小时。\n"
        "请在到期前联系客户，并在当天登记一次符合本案场规则的跟进；逾期未登记，客户转入公海。\n\n"
        f"Your claim on customer {case} is valid until the end of Thursday 5 March: 15 hours left.\n"
        "Contact the customer before then and record, on the same day, a follow-up that counts under the"
        " rules of your office. Without one the customer goes to the pool."
    )


def test_the_supervisor_reads_whose_customer_it_is() -> None:
    """The last call names the consultant and asks the supervisor to see to it."""
    words = compose(
        alert(Rung.LAST_CALL, Audience.SUPERVISOR, local(5, 17)), LI, local(5, 17), SHANGHAI, LATE
    )
    assert words.body_zh.startswith("顾问李 强的客户")
    assert "还剩7小时" in words.body_zh
    assert words.body_en.startswith("李 强's claim on customer")


def test_a_lapse_is_told_to_who_had_the_customer_and_to_the_supervisor() -> None:
    """The former owner reads `您的客户`, the supervisor the consultant's name."""
    own = compose(alert(Rung.LAPSED, Audience.OWNER, local(6, 9)), LI, local(6, 9), SHANGHAI, LATE)
    other = compose(alert(Rung.LAPSED, Audience.SUPERVISOR, local(6, 9)), LI, local(6, 9), SHANGHAI, LATE)
    assert own.body_zh.startswith("您的客户") and "已于3月5日（周四）24:00到期" in own.body_zh
    assert other.body_zh.startswith("顾问李 强的客户")
    nobody = compose(alert(Rung.LAPSED, Audience.SUPERVISOR, local(6, 9)), None, local(6, 9), SHANGHAI, LATE)
    assert nobody.body_en.startswith("The former consultant's claim")


@pytest.mark.parametrize(
    ("left", "zh", "en"),
    [
        (timedelta(days=1, hours=15), "还剩1天15小时", "1 day 15 hours left"),
        (timedelta(days=2), "还剩2天", "2 days left"),
        (timedelta(hours=7, minutes=30), "还剩7小时30分钟", "7 hours 30 minutes left"),
        (timedelta(minutes=1, seconds=59), "还剩1分钟", "1 minute left"),
        (timedelta(seconds=59), "还剩0分钟", "0 minutes left"),
    ],
)
def test_how_long_is_told_in_two_units(left: timedelta, zh: str, en: str) -> None:
    """What is left is rounded down, to days and hours or to hours and minutes."""
    words = compose(alert(due_at=END - left), LI, END - left, SHANGHAI, LATE)
    assert zh in words.body_zh and en in words.body_en


def test_what_is_left_is_counted_from_the_hour_unless_late() -> None:
    """Ten minutes after nine it is still fifteen hours; an hour after nine it is fourteen."""
    soon = compose(alert(), LI, local(5, 9, 10), SHANGHAI, LATE)
    late = compose(alert(), LI, local(5, 10), SHANGHAI, LATE)
    assert "还剩15小时。" in soon.body_zh and "还剩14小时。" in late.body_zh


def digest(*members: LeasedAlert, now: datetime) -> MessageText:
    return compose_digest(members, {"li": LI}, "li", now, SHANGHAI, LATE)


def test_a_digest_counts_the_hours_as_a_single_message_does() -> None:
    """A moment after nine it is fifteen hours in a digest too, and an hour after nine it is fourteen."""
    soon = digest(alert(), alert(), now=local(5, 9, 0, 1))
    late = digest(alert(), alert(), now=local(5, 10))
    assert soon.body_zh.count("剩15小时") == 2 and "15 hours" in soon.body_en
    assert late.body_zh.count("剩14小时") == 2


def test_a_digest_that_is_late_says_since_when() -> None:
    """It tells when the earliest of its alerts was due; in time it says nothing, nor ever of other events."""
    late = digest(alert(), alert(due_at=local(5, 10)), now=local(5, 10, 20))
    assert "（其中最早的应于3月5日（周四）09:00发出，现补发。）" in late.body_zh
    assert "(The earliest was due at 09:00 on Thursday 5 March and is late.)" in late.body_en
    assert "现补发" not in digest(alert(), alert(), now=local(5, 9, 15)).body_zh
    event = replace(
        alert(Rung.EVENT), kind="event", detail={"event": "kept", "mine": True, "clause": "base.identity"}
    )
    assert "现补发" not in digest(event, event, now=local(5, 12)).body_zh


@pytest.mark.parametrize(("now", "since"), [(local(5, 9, 0, 1), local(5, 9)), (local(5, 10), local(5, 10))])
def test_an_sms_is_given_the_hour_from_which_the_words_count(now: datetime, since: datetime) -> None:
    """What channels with templates of their own tell of the time left agrees with the words."""
    people = {("demo", "li"): LI}
    notice = Composer(Plans(), LATE).notice(OutgoingMessage((alert(),)), Recipient(LI), people, now)
    assert (notice.counted_from, notice.composed_at) == (since, now)
    assert variables(notice, SHANGHAI)["left"] in notice.words.body_zh


def test_a_deadline_that_is_no_midnight_is_told_by_the_clock() -> None:
    """A claim that ends within a day is told with its hour in the office."""
    words = compose(alert(deadline=local(5, 10, 30)), LI, local(5, 9), SHANGHAI, LATE)
    assert "3月5日（周四）10:30" in words.body_zh
    assert "until 10:30 on Thursday 5 March" in words.body_en


def test_without_any_watermark_the_words_are_careful_too() -> None:
    """Before the first watermark the message says that the latest records may not be counted."""
    words = compose(alert(watermark=None), LI, local(5, 9), SHANGHAI, LATE)
    assert "尚未确认最新记录" in words.body_zh


def test_covered_and_in_time_the_words_carry_no_notes() -> None:
    """A message that is neither late nor behind has no remark in brackets at its end."""
    assert "\n（" not in compose(alert(), LI, local(5, 9, 15), SHANGHAI, LATE).body_zh


@given(st.text(max_size=80))
def test_a_case_number_is_short_and_speakable(customer: str) -> None:
    """Two groups of four, of digits and letters that are not mistaken for one another; always the same."""
    number = case_number(customer)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", number)
    assert number == case_number(customer)


def test_case_numbers_tell_customers_apart() -> None:
    """Ten thousand customers have ten thousand case numbers."""
    assert len({case_number(f"customer-{n}") for n in range(10_000)}) == 10_000


@given(
    st.sampled_from(list(Rung)),
    st.sampled_from(list(Audience)),
    st.datetimes(datetime(2021, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    st.timedeltas(timedelta(0), timedelta(days=40)),
)
def test_no_message_holds_a_number_like_a_phone(
    rung: Rung, audience: Audience, now: datetime, left: timedelta
) -> None:
    """Whatever the alert, no eleven digits stand in a row, and both languages say something."""
    words = compose(alert(rung, audience, now, deadline=now + left), LI, now, SHANGHAI, LATE)
    assert re.search(r"\d{7}", words.subject_zh + words.subject_en + words.text) is None
    assert all((words.subject_zh, words.body_zh, words.subject_en, words.body_en))
