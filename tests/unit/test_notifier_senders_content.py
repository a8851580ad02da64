"""What stands in a chat message and an SMS: sizes, mentions, masks, and what a provider's codes mean."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.channels import NoAnswerError, RefusedError, TemporaryError, aliyun, tencent
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.provider_verdict import (
    Delivered,
    Indeterminate,
    Reason,
    Rejected,
    RetryLater,
    TryLaterError,
    by_status,
    identifier,
    presentable,
    settled,
    whole,
)
from services.notifier.channels.robot import Access, Form, Robot, masked
from services.notifier.channels.truncation import MARK, cut, fitted
from services.notifier.channels.wecom import WeComRobot
from services.notifier.model.alert import DigestLine, Language, RenderedMessage
from shared.platform.clock import MachineClock
from tests.support.notices import CASE, CONTACTS, NOTICE, said

ROBOTS = (DingTalkRobot, WeComRobot, FeishuRobot)
EVIL = '[x](http://evil.example)<at user_id="all"></at><@all>**李** # @所有人'
CHARACTERS = st.text(st.sampled_from('a客é\u0301👨\u200d👩👍🏽\ufe0f\ud83d\n"'), max_size=60) | st.text(
    max_size=60
)


@cache
def robot(kind: type[Robot], form: Form = "rich") -> Robot:
    clock = MachineClock()
    policy = AddressPolicy(frozenset({"robots.example.com"}))
    access = Access("https://robots.example.com", "tokentoken", "secretsecret")
    return kind(access, policy, ProcessLimiter(clock), clock, timeout=30.0, form=form)


def body(
    kind: type[Robot], what: RenderedMessage = NOTICE, to: str | None = None, form: Form = "rich"
) -> str:
    """The message as text, as the provider gets it."""
    return robot(kind, form).message(what, to or CONTACTS[kind.contact]).decode()


@given(CHARACTERS, st.integers(0, 200))
def test_what_is_cut_fits_and_is_whole(text: str, limit: int) -> None:
    """At most so many bytes of valid UTF-8; a beginning of the text and then the mark; uncut where it fits."""
    clean = text.encode("utf-8", "replace").decode()
    short = cut(text, limit)
    assert len(short.encode("utf-8")) <= limit
    if len(clean.encode()) <= limit:
        assert short == clean
    else:
        assert clean.startswith(short.removesuffix(MARK))
        assert short.endswith(MARK) or limit < len(MARK.encode())


@given(CHARACTERS, st.integers(3, 200))
def test_nothing_that_stands_together_is_torn(text: str, limit: int) -> None:
    """What was cut off does not begin with an accent, a joiner or a tone, nor does a joiner end what is left."""
    clean = text.encode("utf-8", "replace").decode()
    kept = cut(text, limit).removesuffix(MARK)
    rest = clean[len(kept) :]
    if rest and kept and len(clean.encode()) > limit:
        assert unicodedata.category(rest[0]) not in ("Mn", "Me", "Mc")
        assert rest[0] != "\u200d" and kept[-1] != "\u200d"


@given(CHARACTERS, st.integers(30, 300))
def test_what_is_fitted_fits_with_its_escapes(text: str, limit: int) -> None:
    """JSON of as much of a text as goes into a body of so many bytes."""

    def build(part: str) -> bytes:
        return json.dumps({"text": part}, ensure_ascii=True).encode()

    made = fitted(build, text, limit)
    assert len(made) <= limit
    assert json.loads(made)["text"].removesuffix(MARK) in text.encode("utf-8", "replace").decode()


def test_what_cannot_be_fitted_is_a_defect() -> None:
    """Where not even an empty text fits, there is no endless search."""
    with pytest.raises(ValueError, match="nothing fits"):
        fitted(lambda part: b"x" * 100, "text", 50)


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
@pytest.mark.parametrize("form", ["rich", "text"])
@settings(deadline=None, max_examples=40)
@given(st.text(max_size=60), st.integers(1, 1_000))
def test_every_robot_keeps_its_size(kind: type[Robot], form: Form, text: str, times: int) -> None:
    """Whatever is said at whatever length, the body is JSON and as small as the provider wants it."""
    made = robot(kind, form).message(
        said(body_zh=text * times, subject_zh=text * times), CONTACTS[kind.contact]
    )
    told = json.loads(made)
    if kind is WeComRobot:
        assert len(told["text"]["content"].encode()) <= 2048
    else:
        assert len(made) <= 20_000


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
@pytest.mark.parametrize("form", ["rich", "text"])
def test_a_message_has_case_deadline_and_what_to_do_in_both_languages(kind: type[Robot], form: Form) -> None:
    """Chinese first, English behind it."""
    made = json.loads(body(kind, form=form))
    told = json.dumps(made, ensure_ascii=False)
    assert CASE in told
    assert told.index("请在到期前联系客户") < told.index("Contact them")


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
@pytest.mark.parametrize("form", ["rich", "text"])
def test_a_phone_in_the_words_is_masked(kind: type[Robot], form: Form) -> None:
    """Should a customer's number come into the words, the group does not read it; the case number it does,
    also where it looks like a number."""
    words = "客户 139 1234 5678，+86-13912345678，编号 1234-5678"
    told = body(
        kind, replace(said(body_zh=words, subject_zh=words, body_en=words), case="1234-5678"), form=form
    )
    assert "1234 5678，" not in told and "13912345678" not in told
    assert "139****5678" in told.replace("＊", "*")
    assert "1234-5678" in told


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
@pytest.mark.parametrize("form", ["rich", "text"])
def test_a_person_reads_their_language(kind: type[Robot], form: Form) -> None:
    """Who asked for English gets no Chinese, and the other way round."""
    english = body(kind, said(language=Language.EN), form=form)
    chinese = body(kind, said(language=Language.ZH), form=form)
    assert "Contact them" in english and "判客" not in english
    assert "判客" in chinese and "Contact them" not in chinese


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=8, max_size=8), st.text(max_size=50))
def test_a_case_number_is_never_masked(digits: str, text: str) -> None:
    """Some case numbers have digits only."""
    case = f"{digits[:4]}-{digits[4:]}"
    one = replace(NOTICE, case=case)
    assert case in masked(f"{text}{case}{text}", one)
    item = DigestLine(NOTICE.id, "c1", case, NOTICE.rung, NOTICE.audience, "li", NOTICE.deadline)
    assert case in masked(f"{text}{case}{text}", replace(NOTICE, case="", items=(item,)))


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
@pytest.mark.parametrize("form", ["rich", "text"])
def test_a_name_becomes_no_link_and_no_mention(kind: type[Robot], form: Form) -> None:
    """Names are entered by people: as a link, a mention of all or a heading they would speak for the office."""
    what = replace(said(body_zh=EVIL, subject_zh=EVIL), to=replace(NOTICE.to, name=EVIL))
    told = json.loads(body(kind, what, form=form))
    if kind is DingTalkRobot:
        assert told["at"]["isAtAll"] is False
        assert form == "text" or "[x](" not in told["markdown"]["text"] + told["markdown"]["title"]
    elif kind is WeComRobot:
        assert told["msgtype"] == "text" and told["text"].get("mentioned_list") is None
    elif form == "text":
        assert '<at user_id="all">' not in told["content"]["text"]
    else:
        rows = told["content"]["post"]["zh_cn"]["content"]
        assert [part["user_id"] for row in rows for part in row if part["tag"] == "at"] == [
            CONTACTS["feishu"]
        ]


def test_dingtalk_mentions_by_mobile_number() -> None:
    """The number stands in the list and, as the provider wants it, in the text too; else the user id does."""
    told = json.loads(body(DingTalkRobot))
    assert told["at"]["atMobiles"] == ["13800000001"]
    assert "@13800000001" in told["markdown"]["text"]
    assert json.loads(body(DingTalkRobot, to="manager123"))["at"]["atUserIds"] == ["manager123"]


def test_wecom_mentions_by_mobile_number() -> None:
    """By number in text; a user id can be mentioned in Markdown too."""
    assert json.loads(body(WeComRobot))["text"]["mentioned_mobile_list"] == ["13800000001"]
    assert json.loads(body(WeComRobot, to="zhangsan", form="text"))["text"]["mentioned_list"] == ["zhangsan"]
    assert json.loads(body(WeComRobot, to="zhangsan"))["markdown"]["content"].startswith("<@zhangsan>")


def test_feishu_mentions_by_id_and_names_otherwise() -> None:
    """Its robots know no numbers: somebody enrolled with one is named in words, without the number."""
    first = json.loads(body(FeishuRobot))["content"]["post"]["zh_cn"]["content"][0]
    assert first == [{"tag": "at", "user_id": CONTACTS["feishu"]}]
    named = json.loads(body(FeishuRobot, to="13800000001"))["content"]["post"]["zh_cn"]["content"][0]
    assert named == [{"tag": "text", "text": "@李雷"}]


@pytest.mark.parametrize("kind", ROBOTS, ids=lambda kind: str(kind.provider))
def test_who_has_no_contact_is_not_reached(kind: type[Robot]) -> None:
    """A robot reaches those that are enrolled with a contact for it."""
    assert robot(kind).destination(replace(NOTICE.to, contacts={"email": "li@example.com"})) is None
    assert robot(kind).destination(replace(NOTICE.to, contacts=None)) is None


@pytest.mark.parametrize(
    ("code", "words", "meant"),
    [
        ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", timedelta(minutes=1)),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", timedelta(hours=1)),
        ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", timedelta(days=1)),
        ("isv.DAY_LIMIT_CONTROL", "", timedelta(days=1)),
        ("Throttling.User", "", timedelta(minutes=1)),
        ("isp.SYSTEM_ERROR", "", timedelta(seconds=10)),
        ("InvalidTimeStamp.Expired", "", timedelta(seconds=10)),
        ("isv.NEVER_HEARD_OF", "", timedelta(minutes=1)),
        ("isv.AMOUNT_NOT_ENOUGH", "", Reason.FUNDS),
        ("isv.MOBILE_NUMBER_ILLEGAL", "", Reason.NUMBER),
        ("isv.SMS_TEMPLATE_ILLEGAL", "", Reason.TEMPLATE),
        ("isv.SMS_SIGNATURE_ILLEGAL", "", Reason.TEMPLATE),
        ("isv.BLACK_KEY_CONTROL_LIMIT", "", Reason.CONTENT),
        ("isp.RAM_PERMISSION_DENY", "", Reason.PERMISSION),
        ("SignatureDoesNotMatch", "", Reason.SIGNATURE),
    ],
)
def test_what_aliyuns_codes_mean(code: str, words: str, meant: Reason | timedelta) -> None:
    """Refused for good with a reason, or later and how much later."""
    found = aliyun.meaning(code, words, "told")
    assert isinstance(found, RetryLater | Rejected)
    assert (found.wait if isinstance(found, RetryLater) else found.reason) == meant


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("LimitExceeded.PhoneNumberThirtySecondLimit", timedelta(seconds=30)),
        ("LimitExceeded.PhoneNumberOneHourLimit", timedelta(hours=1)),
        ("LimitExceeded.PhoneNumberDailyLimit", timedelta(days=1)),
        ("RequestLimitExceeded", timedelta(seconds=1)),
        ("InternalError.OtherError", timedelta(seconds=10)),
        ("FailedOperation.NeverHeardOf", timedelta(minutes=1)),
        ("InternalError.SigVerificationFail", Reason.SIGNATURE),
        ("AuthFailure.SignatureFailure", Reason.SIGNATURE),
        ("AuthFailure.SignatureExpire", timedelta(seconds=10)),
        ("InternalError.RequestTimeException", timedelta(seconds=10)),
        ("FailedOperation.InsufficientBalanceInSmsPackage", Reason.FUNDS),
        ("FailedOperation.PhoneNumberInBlacklist", Reason.NUMBER),
        ("FailedOperation.TemplateIncorrectOrUnapproved", Reason.TEMPLATE),
        ("InvalidParameterValue.TemplateParameterLengthLimit", Reason.TEMPLATE),
        ("UnauthorizedOperation.RequestIpNotInWhitelist", Reason.ADDRESS),
        ("UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", Reason.PERMISSION),
        ("InternalError.Timeout", None),
        ("KeyError", None),
    ],
)
def test_what_tencents_codes_mean(code: str, meant: Reason | timedelta | None) -> None:
    """Refused for good with a reason, later and how much later, or unknown where the provider does not know."""
    found = tencent.meaning(code, "told")
    read: dict[type, object] = {Indeterminate: None}
    if isinstance(found, RetryLater):
        read[RetryLater] = found.wait
    if isinstance(found, Rejected):
        read[Rejected] = found.reason
    assert read[type(found)] == meant


@given(st.integers(0, 999))
def test_no_status_but_2xx_can_be_a_success(status: int) -> None:
    """And none of 2xx is one by itself: the body must say so."""
    reading = by_status(status, None, "told")
    assert (reading is None) == (200 <= status < 300)
    assert not isinstance(reading, Delivered)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (None, 60),
        ("-1", 60),
        ("7200", 7200),
        ("99999999999", 30 * 86400),
        ("9" * 5000, 30 * 86400),
        ("0", 1),
        ("120.0", 120),
        ("1.5", 2),
        ("0.2", 1),
        ("1.2.3", 60),
        ("²", 60),
        ("soon", 60),
        ("Fri, 06 Mar 2020 03:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 30 * 86400),
    ],
)
def test_retry_after_is_kept_as_it_is_said(header: str | None, seconds: int) -> None:
    """Seconds or an HTTP date, not less than a second, nor more than thirty days; a minute where it says nothing."""
    reading = by_status(503, header, "told")
    assert isinstance(reading, RetryLater)
    assert reading.wait == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", [None, False, True, "0", 0.0, [], {}])
def test_only_a_number_is_a_code(value: object) -> None:
    """`false`, `"0"` and `0.0` are not 0."""
    assert whole(value) is None


def test_readings_become_what_the_port_knows() -> None:
    """Delivered is answered; the rest is raised, each as what it is."""
    assert settled(Delivered("ok")) == "ok"
    with pytest.raises(RefusedError, match="funds"):
        settled(Rejected(Reason.FUNDS, "x"))
    with pytest.raises(NoAnswerError):
        settled(Indeterminate("x"))
    with pytest.raises(TryLaterError) as caught:
        settled(RetryLater(timedelta(seconds=7), "x"))
    assert isinstance(caught.value, TemporaryError) and not isinstance(caught.value, NoAnswerError)
    assert caught.value.wait == timedelta(seconds=7)


@given(st.text(max_size=400), st.text("abcdef0123456789", min_size=8, max_size=20))
def test_words_of_a_provider_hold_no_secret(text: str, secret: str) -> None:
    """Wherever the provider repeats it."""
    told = presentable(f"{text}{secret}{text} {secret} 13800000001", [secret])
    assert secret not in told
    assert "13800000001" not in told
    assert len(told) <= 500


@pytest.mark.parametrize(
    "value", ["900619746936498440^0", "5000:1045710669157053657849499619", "F655A8D5-B967"]
)
def test_receipt_numbers_are_kept_whole(value: str) -> None:
    """Although they look like phone numbers."""
    assert identifier(value) == value


@pytest.mark.parametrize("value", [None, 7, "", "a b", "x" * 81, "<script>"])
def test_what_is_no_receipt_number_is_not_kept(value: object) -> None:
    """An answer may hold anything."""
    assert identifier(value) == "?"
