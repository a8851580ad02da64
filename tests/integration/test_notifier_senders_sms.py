"""The SMS senders, by the providers' own SDKs, against a server that checks their signatures."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
from datetime import timedelta

import pytest

from deploy.local.ports import free_port
from services.notifier.channels import ChannelError, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.limits import Limit
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.sms import SmsChannel
from services.notifier.model.kinds import Audience, Rung
from tests.support.notices import CASE, LI, NOTICE, notice, said
from tests.support.notifier import ShiftedClock
from tests.support.parts import eventually
from tests.support.providers import (
    KEY_ID,
    KEY_SECRET,
    Answer,
    Provider,
    Trick,
    code,
)
from tests.support.sms import NUMBER, Make, aliyun, tencent

BOTH = pytest.mark.parametrize("make", [aliyun, tencent], ids=["aliyun", "tencent"])


async def refused(sms: SmsChannel, provider: Provider, *tricks: Trick, number: str = NUMBER) -> ChannelError:
    """The refusal of one sending that the provider answers so."""
    provider.tricks[:] = tricks
    with pytest.raises(ChannelError) as caught:
        await sms.send(NOTICE, number)
    return caught.value


async def test_an_alert_is_delivered_and_its_receipt_number_kept(sms: SmsChannel, provider: Provider) -> None:
    """The provider accepts the SDK's signature, and the answer holds the id by which the receipt is found."""
    destination = sms.destination(LI)
    assert destination == NUMBER
    answer = await sms.send(NOTICE, destination)
    assert "BizId=900619746936498440^0" in answer or "SerialNo=5000:1045710669157053657849499619" in answer
    assert len(provider.delivered) == 1
    assert str(NOTICE.id) in str(provider.calls[0])


async def test_a_message_is_a_template_and_short_variables(
    sms: SmsChannel, provider: Provider, clock: ShiftedClock
) -> None:
    """What the provider gets is the number, a template, the case number, the deadline and how long that is."""
    secret = said(body_zh="张伟 13912345678", subject_zh="张伟 13912345678", body_en="Zhang Wei 13912345678")
    await sms.send(secret, NUMBER)
    (call,) = provider.delivered
    if call.query:
        given = json.loads(call.query["TemplateParam"])
        assert given == {"case": CASE, "deadline": "3月5日24:00", "left": "15小时"}
        assert (call.query["TemplateCode"], call.query["PhoneNumbers"]) == ("T1", "13800000001")
    else:
        assert call.json["TemplateParamSet"] == ["K7QF", "2M9D", "3月5日", "24:00", "15小时"]
        assert (call.json["TemplateId"], call.json["PhoneNumberSet"]) == ("1001", [NUMBER])
    assert "13912345678" not in str(call) and "张伟" not in str(call)


async def test_each_kind_of_alert_has_a_template_of_its_own(
    sms: SmsChannel, provider: Provider, clock: ShiftedClock
) -> None:
    """To the supervisor goes another template, and of a lapse nobody is told how much is left."""
    await sms.send(notice(audience=Audience.SUPERVISOR, rung=Rung.LAST_CALL), NUMBER)
    clock.ahead += timedelta(seconds=31)
    await sms.send(notice(rung=Rung.LAPSED, audience=Audience.SUPERVISOR), NUMBER)
    templates = [call.query.get("TemplateCode") or call.json["TemplateId"] for call in provider.delivered]
    assert templates in (["T2", "T3"], ["1002", "1003"])


@BOTH
async def test_a_wrong_key_is_told_and_not_repeated(
    make: Make, provider: Provider, clock: ShiftedClock
) -> None:
    """The provider refuses another key's signature; the answer names no key."""
    sms = make(provider.base, clock, secret="anotherkeysecretanother")
    refusal = await refused(sms, provider)
    assert isinstance(refusal, RefusedError)
    assert "signature or the key" in refusal.answer
    assert KEY_ID not in refusal.answer
    assert provider.delivered == []
    await sms.close()


@BOTH
async def test_a_wrong_signature_name_is_told(make: Make, provider: Provider, clock: ShiftedClock) -> None:
    """A refusal inside HTTP 200 is a refusal."""
    sms = make(provider.base, clock, sign_name="不存在")
    refusal = await refused(sms, provider)
    assert isinstance(refusal, RefusedError)
    assert "template" in refusal.answer
    await sms.close()


@pytest.mark.parametrize("contact", ["", "138****0001", "li@example.com", "+86138"])
async def test_what_is_no_number_is_no_destination(sms: SmsChannel, contact: str) -> None:
    """Somebody without a whole phone number is not reached by SMS."""
    person = notice().to.__class__("wang", "王", "consultant", {"sms": contact})
    destination = sms.destination(person)
    assert destination is None or destination.startswith("+")
    with pytest.raises(RefusedError):
        await sms.send(NOTICE, "138****0001")


@BOTH
@pytest.mark.parametrize(
    ("trick", "kind"),
    [
        (Answer(200, b"<html>maintenance</html>"), NoAnswerError),
        (Answer(200, b""), NoAnswerError),
        (Answer(200, b"{}"), NoAnswerError),
        (Answer(200, b"[0]"), NoAnswerError),
        (Answer(200, b'{"Code": 0, "Response": {}}'), NoAnswerError),
        (Answer(200, b'{"Response": {"SendStatusSet": [], "RequestId": "x"}}'), NoAnswerError),
        (Answer(200, b"x" * 100, half=True), NoAnswerError),
        (Answer(200, b"x" * 100_000), NoAnswerError),
        ("cut", NoAnswerError),
        (Answer(500, b"oops"), NoAnswerError),
        (Answer(502, b"bad gateway"), NoAnswerError),
        (Answer(503, b"busy", (("retry-after", "3"),)), TryLaterError),
        (Answer(403, b"forbidden"), RefusedError),
    ],
    ids=lambda trick: str(trick)[:50],
)
async def test_what_is_no_answer_is_none(
    make: Make, trick: Trick, kind: type[ChannelError], provider: Provider, clock: ShiftedClock
) -> None:
    """Garbage, half an answer, none, and errors of a gateway: nobody knows, except where the status says.
    The SDK does not try again by itself."""
    sms = make(provider.base, clock)
    assert type(await refused(sms, provider, trick)) is kind
    assert len(provider.calls) == 1
    await sms.close()


@BOTH
async def test_a_provider_that_is_not_there_is_tried_again(make: Make, clock: ShiftedClock) -> None:
    """A connection that does not stand has carried nothing."""
    sms = make(f"http://localhost:{free_port()}", clock)
    with pytest.raises(TemporaryError, match="not reached") as caught:
        await sms.send(NOTICE, NUMBER)
    assert not isinstance(caught.value, NoAnswerError)
    await sms.close()


async def test_a_redirect_is_not_followed(sms: SmsChannel, provider: Provider) -> None:
    """Although the SDK's own HTTP follows redirects, ours refuses them: one call, no other."""
    for status in (301, 302, 307, 308):
        before = len(provider.calls)
        answer = Answer(status, b"", (("location", f"{provider.base}/elsewhere"),))
        refusal = await refused(sms, provider, answer, number=f"+86138000000{status % 100:02}")
        assert isinstance(refusal, RefusedError)
        assert len(provider.calls) == before + 1


@BOTH
async def test_a_name_that_leads_inside_gets_no_byte(
    make: Make, provider: Provider, clock: ShiftedClock
) -> None:
    """Without the development setting, a listed name that resolves to this machine is refused at the connection."""
    base = f"https://localhost:{provider.server.server_address[1]}"
    sms = make(base, clock, AddressPolicy(frozenset({"localhost"})))
    with pytest.raises(RefusedError, match="not a public address"):
        await sms.send(NOTICE, NUMBER)
    assert provider.calls == []
    await sms.close()


@BOTH
async def test_a_proxy_of_the_environment_is_not_asked(
    make: Make, provider: Provider, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls go where the policy has looked, whatever the environment says of proxies."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://localhost:{free_port()}")
    sms = make(provider.base, clock)
    assert await sms.send(NOTICE, NUMBER)
    await sms.close()


@BOTH
def test_an_address_off_the_list_is_refused_at_the_start(make: Make, clock: ShiftedClock) -> None:
    """A host that is not listed, and plain http to one that is, are refused before anything is sent."""
    public = AddressPolicy(frozenset({"sms.example.com"}))
    for base in ("https://elsewhere.example.com", "http://sms.example.com"):
        with pytest.raises(AddressError):
            make(base, clock, public)


async def test_the_limit_is_kept_before_the_provider_enforces_it(
    sms: SmsChannel, provider: Provider, clock: ShiftedClock
) -> None:
    """Sending as fast as it is let, over three days, the provider never finds a limit passed."""
    for _ in range(130):
        try:
            await sms.send(NOTICE, NUMBER)
        except TryLaterError as later:
            assert "limit of the number" in later.answer
            assert await sms.ready_in(NUMBER) == pytest.approx(later.wait, abs=timedelta(seconds=5))
            clock.ahead += later.wait
    assert len(provider.calls) == len(provider.delivered) > 30


async def test_a_sender_that_ignores_limits_is_found_out(
    sms: SmsChannel, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider itself counts: without limits of its own a sender meets the provider's, and then holds."""
    monkeypatch.setattr(type(sms), "limits", (Limit(10_000, timedelta(seconds=1)),))
    with pytest.raises(TryLaterError, match=r"流控|LimitExceeded") as caught:
        for _ in range(51):
            await sms.send(NOTICE, NUMBER)
    assert caught.value.wait in (timedelta(days=1), timedelta(seconds=30))
    calls = len(provider.calls)
    assert "limit of the number" in (await refused(sms, provider)).answer
    assert len(provider.calls) == calls


async def test_a_provider_that_hangs_takes_a_bounded_number_of_threads(
    sms: SmsChannel, provider: Provider
) -> None:
    """Beyond eight calls under way the next is told to come later, and room is there again afterwards."""
    provider.hold = threading.Event()
    tasks = [asyncio.create_task(sms.send(NOTICE, f"+861380000010{n}")) for n in range(8)]
    await asyncio.to_thread(eventually, lambda: len(provider.calls) == 8, "the calls arrive")
    with pytest.raises(TryLaterError, match="under way"):
        await sms.send(NOTICE, "+8613800000109")
    provider.hold.set()
    assert len(await asyncio.gather(*tasks)) == 8
    assert await sms.send(NOTICE, "+8613800000110")


async def test_no_key_and_no_number_is_told_anywhere(
    sms: SmsChannel, provider: Provider, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither keys nor numbers stand in logs at the finest level, in refusals, on standard error, or in what
    is printed, also where somebody asks the SDK for debugging."""
    caplog.set_level(logging.DEBUG)
    os.environ["DEBUG"] = "sdk"
    try:
        echo = f"isv.X {KEY_ID} {KEY_SECRET} {NUMBER} 13800000001"
        told = [await sms.send(NOTICE, NUMBER)]
        tricks: tuple[Trick, ...] = (
            code({"Code": echo, "Message": echo, "Response": {"Error": {"Code": "A.B", "Message": echo}}}),
            Answer(500, echo.encode()),
            "cut",
        )
        numbers = ("+8613800000002", "+8613800000003", "+8613800000004")
        for trick, number in zip(tricks, numbers, strict=True):
            told.append(repr(await refused(sms, provider, trick, number=number)))
    finally:
        del os.environ["DEBUG"]
    told += [repr(sms.account), caplog.text, *capfd.readouterr()]
    everything = "\n".join(told)
    for secret in (KEY_ID, KEY_SECRET, "13800000001", "13800000002", "13800000003"):
        assert secret not in everything
