"""The mail sender against a server that does everything that mail servers do."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local.ports import free_port
from services.notifier.channels import ChannelError, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.mail import XLSX, Attached, MailChannel, MailServer
from services.notifier.channels.provider_verdict import OF_CHANNEL
from services.notifier.model.alert import RenderedMessage
from tests.support.notices import LI, NOTICE, said
from tests.support.smtp import CUT, HANG, PASSWORD, USER, Post, posting

TO = "li@example.com"


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as server:
        yield server


def channel(post: Post, timeout: float = 60.0, password: str = PASSWORD) -> MailChannel:
    server = MailServer("127.0.0.1", post.port, "panke@example.com", USER, password, "none")
    return MailChannel(server, timeout)


async def refused(mail: MailChannel) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await mail.send(NOTICE, TO)
    return caught.value


async def test_a_mail_is_taken_and_the_servers_words_are_the_answer(post: Post) -> None:
    """Signed in, handed over and kept: the queue id of the server is what an auditor asks its logs for."""
    mail = channel(post)
    assert mail.destination(LI) == TO
    assert await mail.send(NOTICE, TO) == "2.0.0 kept as 4ABC"
    message = email.message_from_string(post.received[0], policy=email.policy.default)
    assert message["Message-ID"] == f"<{NOTICE.id}@alerts.panke.invalid>"
    assert NOTICE.case in message["Subject"]


@pytest.mark.parametrize(
    ("verb", "says", "kind"),
    [
        ("CONNECT", "421 4.7.0 too many connections", TemporaryError),
        ("CONNECT", "554 5.7.1 not you", RefusedError),
        ("CONNECT", "hello there", TemporaryError),
        ("CONNECT", CUT, TemporaryError),
        ("AUTH", "535 5.7.8 wrong", RefusedError),
        ("AUTH", "454 4.7.0 not now", TemporaryError),
        ("MAIL", "451 4.3.0 try again", TemporaryError),
        ("MAIL", "552 5.3.4 too large", RefusedError),
        ("RCPT", "450 4.2.0 greylisted", TemporaryError),
        ("RCPT", "550 5.1.1 no such user", RefusedError),
        ("RCPT", CUT, NoAnswerError),
        ("DATA", "451 4.3.2 busy", TemporaryError),
        ("DATA", "554 5.5.1 no", RefusedError),
        ("END", "452 4.3.1 disk full", TemporaryError),
        ("END", "554 5.7.1 spam", RefusedError),
        ("END", "200", TemporaryError),
        ("END", CUT, NoAnswerError),
    ],
)
async def test_each_answer_is_what_smtp_means_by_it(
    post: Post, verb: str, says: str, kind: type[ChannelError]
) -> None:
    """4xx passes, 5xx does not, and a connection that is cut tells nothing; no message is taken for sent."""
    post.says[verb] = says
    assert isinstance(await refused(channel(post)), kind)
    assert post.received == []


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH"])
@pytest.mark.parametrize("says", [CUT, HANG])
async def test_a_server_that_lets_nobody_in_leaves_no_doubt(post: Post, verb: str, says: str) -> None:
    """Cut off or silent before the mail was begun: nothing can have arrived, so it is simply tried again."""
    post.says[verb] = says
    mail = channel(post, timeout=4.0)
    async with asyncio.timeout(mail.timeout):  # as the dispatcher makes the call
        refusal = await refused(mail)
    assert isinstance(refusal, TemporaryError) and not isinstance(refusal, NoAnswerError)


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("li@例子.中国", "li@xn--fsqu00a.xn--fiqs8s"),
        ("li@例子。中国", "li@xn--fsqu00a.xn--fiqs8s"),
        ("li@Bücher.Example", "li@xn--bcher-kva.example"),
        ("li@faß.example", "li@xn--fa-hia.example"),
        ("Li.Wei@Office.Example", "Li.Wei@Office.Example"),
        ("li@😀.example", None),
        ("li@-例子.example", None),
        (f"li@{'例' * 80}.example", None),
        ("li@a..example", None),
    ],
)
async def test_a_domain_in_any_script_is_sent_as_dns_has_it(
    post: Post, written: str, wire: str | None
) -> None:
    """By IDNA 2008: a server that knows ASCII alone takes it. What no name server can have is no address."""
    mail = channel(post)
    assert mail.destination(replace(LI, contacts={"email": written})) == wire
    if wire is not None:
        await mail.send(NOTICE, wire)
        assert f"To: {wire}" in post.received[0]


async def test_the_sender_may_have_a_domain_in_any_script(post: Post) -> None:
    """Its name stays as it is written."""
    mail = channel(post)
    mail.server = replace(mail.server, sender="判客 <panke@例子.中国>")
    await mail.send(NOTICE, TO)
    message = email.message_from_string(post.received[0], policy=email.policy.default)
    assert str(message["From"]) == "判客 <panke@xn--fsqu00a.xn--fiqs8s>"


@pytest.mark.parametrize("verb", ["RCPT", "END"])
async def test_a_server_that_hangs_is_given_up(post: Post, verb: str) -> None:
    """Whatever it hangs at, the call ends with its timeout; once the message is out, nobody can say."""
    post.says[verb] = HANG
    refusal = await refused(channel(post, timeout=2.0))
    assert isinstance(refusal, NoAnswerError)


async def test_a_server_that_has_the_mail_and_hangs_at_the_goodbye_has_taken_it(post: Post) -> None:
    """The last word is courtesy: the mail was taken, and nobody is told twice for a QUIT without an answer."""
    post.says["QUIT"] = HANG
    mail = channel(post, timeout=30.0)
    async with asyncio.timeout(mail.timeout):  # as the dispatcher makes the call
        assert await mail.send(NOTICE, TO) == "2.0.0 kept as 4ABC"
    assert len(post.received) == 1


@pytest.mark.parametrize(
    ("verb", "says"),
    [("CONNECT", "554 5.7.1 not you"), ("EHLO", "550 5.7.1 no"), ("MAIL", "550 5.7.1 not this sender")],
)
async def test_what_a_server_refuses_to_everybody_waits_until_that_is_mended(
    post: Post, verb: str, says: str
) -> None:
    """It is no word about the mailbox of the one who is to be told: the alert is not given up for it."""
    post.says[verb] = says
    refusal = await refused(channel(post))
    assert isinstance(refusal, RefusedError) and refusal.reason in OF_CHANNEL


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    """Nothing was carried."""
    with pytest.raises(TemporaryError) as caught:
        await channel(Post(port=free_port())).send(NOTICE, TO)
    assert not isinstance(caught.value, NoAnswerError)


async def test_a_mail_is_not_sent_unencrypted_to_a_server_that_has_no_tls(post: Post) -> None:
    """Where STARTTLS is asked for and not offered, neither password nor alert goes out."""
    mail = channel(post)
    mail.server = replace(mail.server, security="starttls")
    assert isinstance(await refused(mail), RefusedError)
    assert "AUTH" not in post.commands and "MAIL" not in post.commands


@pytest.mark.parametrize("address", ["", "not an address", "a@b\r\nBcc: c@example.com", "li@"])
async def test_what_is_no_address_is_refused_before_a_byte(post: Post, address: str) -> None:
    """Nothing of an address becomes a header."""
    with pytest.raises(RefusedError):
        await channel(post).send(NOTICE, address)
    assert post.commands == []


async def test_neither_password_nor_phone_is_told_anywhere(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in logs at the finest level, in refusals, in answers, or in what is printed, also where the server repeats
    what it was given."""
    caplog.set_level(logging.DEBUG)
    mail = channel(post)
    told = [repr(mail), repr(mail.server)]
    for verb in ("AUTH", "RCPT", "END"):
        post.says = {verb: f"550 {USER} {PASSWORD} 13800000001"}
        told.append(repr(await refused(mail)))
    post.says = {"END": f"250 {PASSWORD} 13800000001"}
    told.append(await mail.send(said(body_zh="客"), TO))
    everything = "\n".join([*told, caplog.text])
    assert PASSWORD not in everything
    assert "13800000001" not in everything


async def test_a_mail_carries_the_file_of_its_message(post: Post) -> None:
    """The workbook stands in the mail by its name, beside the words; a message without one is words alone."""

    async def workbook(notice: RenderedMessage) -> Attached | None:
        return Attached("日报.xlsx", b"PK-of-a-workbook") if notice.case == NOTICE.case else None

    mail = MailChannel(channel(post).server, 60.0, workbook)
    await mail.send(NOTICE, TO)
    await mail.send(replace(NOTICE, case=""), TO)
    with_file, plain = (email.message_from_string(one, policy=email.policy.default) for one in post.received)
    (attached,) = with_file.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("日报.xlsx", b"PK-of-a-workbook")
    assert attached.get_content_type() == XLSX
    body = with_file.get_body(("plain",))
    assert body is not None
    assert NOTICE.words.body_zh.splitlines()[0] in body.get_content()
    assert not list(plain.iter_attachments())
