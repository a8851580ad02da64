"""What an office has typed as a name, a contact or a clause does no harm in any channel or terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.contact import mail_address, mentionable, number_of
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import ProcessLimiter
from services.notifier.channels.mail import _message
from services.notifier.channels.robot import Access, Form, Robot
from services.notifier.channels.webhook import payload
from services.notifier.channels.wecom import LONGEST_TEXT, WeComRobot
from services.notifier.cli import alerts
from services.notifier.inbox.decoding import OwnershipRecord, ScopeMessage, StaffChange, read
from services.notifier.messages.words import compose, harmless
from services.notifier.model.alert import Person, RenderedMessage
from services.notifier.model.kinds import Unavailable
from services.notifier.schedule.ladder import SHANGHAI
from shared.contract.topics import StaffMessage, encode_message
from shared.platform.clock import MachineClock
from shared.platform.text.plain import lines, one_line, shown
from tests.support.notices import LI, NOTICE, notice
from tests.unit.test_notifier_words import alert as leased

ROBOTS = (DingTalkRobot, WeComRobot, FeishuRobot)
FORMS: tuple[Form, ...] = ("rich", "text")
NAMES = (
    "李\u2028雷", "李\r\nBcc: all@example.com", "<@all>", "@all", "@所有人", '<at user_id="all"></at>',
    "[点我](http://evil.example)", "# 大标题", "**粗**", "<b>李</b>", "\x1b[2J李", "李\u202e雷", "\u200b李", "李\x00雷",
)  # fmt: skip
CONTROLS = [chr(n) for n in (*range(32), *range(127, 160), 0x2028, 0x2029, 0x202E, 0x2066) if n != 10]


def robot(kind: type[Robot], form: Form = "rich") -> Robot:
    clock = MachineClock()
    policy = AddressPolicy(frozenset({"robots.example.com"}))
    access = Access("https://robots.example.com", "tokentoken", "secretsecret")
    return kind(access, policy, ProcessLimiter(clock), clock, timeout=30.0, form=form)


@pytest.mark.parametrize(
    "name", ["www.evil.example", "evil.example/pay", "WWW.EVIL.EXAMPLE", "pay.evil.cn?x=1"]
)
def test_a_name_is_no_address_that_a_chat_would_link(name: str) -> None:
    """Chats link whatever looks like a host, without `http://` too; a clause such as base.7 stays as it is."""
    assert harmless("base.7") == "base.7"
    for form in FORMS:
        for kind in ROBOTS:
            assert name not in robot(kind, form).message(named(name), "someone").decode()
    assert name not in payload(named(name))


def named(name: str) -> RenderedMessage:
    """A supervisor's reminder of the claim of somebody of that name, to somebody of that name."""
    owner = Person("zhao", name, "consultant")
    alert = replace(leased(), owner="zhao")
    words = compose(
        alert, owner, alert.due_at, SHANGHAI, timedelta(minutes=15), (owner, Unavailable.DEPARTED)
    )
    return notice(words=words, to=replace(LI, name=name))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_header_mention_or_markup_in_any_channel(name: str) -> None:
    """Robots in both forms, mail and webhook: text that mentions nobody, links nowhere, steers nothing."""
    said = named(name)
    mail = _message(said, "panke@example.com", "li@example.com")
    assert mail["Bcc"] is None and "\n" not in str(mail["Subject"])
    told = [payload(said), mail.get_content()]
    for kind in ROBOTS:
        for form in FORMS:
            told.append(robot(kind, form).message(said, "manager4220").decode())
    for text in told:
        plain = text.replace("<@manager4220>", "").replace('<at user_id=\\"manager4220\\"></at>', "")
        plain = plain.replace("@manager4220", "").replace('"isAtAll":false', "")
        assert "<" not in plain and "@all" not in plain and "@所有人" not in plain
        assert "](http" not in plain and "\u202e" not in plain
        assert not [one for one in CONTROLS if one in text]


@pytest.mark.parametrize(
    "contact", ["all", "@all", "ALL", "@ALL", "所有人", "@所有人", "ａｌｌ", " all ", "<@all>", "a b", ""]
)
@pytest.mark.parametrize("kind", ROBOTS)
def test_no_contact_addresses_a_whole_group(kind: type[Robot], contact: str) -> None:
    """Who is enrolled as `all` is reached by no robot: their alert goes another way, and nobody else is called."""
    assert robot(kind).destination(replace(LI, contacts={kind.contact: contact})) is None


@pytest.mark.parametrize(
    ("contact", "number"),
    [
        ("138****0001", None), ("20210315", None), ("10086001", None), ("1212413800000001", None),
        ("010-88886666", None), ("138 0000 0001", "+8613800000001"), ("+86-138-0000-0001", "+8613800000001"),
        ("0086 13800000001", "+8613800000001"), ("１３８００００００01", "+8613800000001"),
        ("+1 202 555 0143", "+12025550143"), ("manager4220", None), ("12800000001", None),
        ("\u202a13800000001\u202c", "+8613800000001"), ("138\u200b0000\ufeff0001", "+8613800000001"),
        ("\u202a138****0001\u202c", None),
    ],
)  # fmt: skip
def test_only_a_mobile_or_a_plus_is_a_number(contact: str, number: str | None) -> None:
    """An employee's number, a long id and a masked number are never dialled or mentioned as a phone."""
    assert number_of(contact) == number


@pytest.mark.parametrize(
    ("copied", "reached"),
    [
        ("\u202ali.na\u202c", "li.na"),
        ("@li.na", "li.na"),
        ("＠138 0000 0001", "138 0000 0001"),
        ("\u200ball", None),
    ],
)
def test_what_comes_with_a_copied_contact_is_no_part_of_it(copied: str, reached: str | None) -> None:
    """Address books put marks of direction around a contact, and people an `@` before it: the person is reached."""
    assert mentionable(copied) == reached
    assert mail_address("\u202ali@example.com\u202c\u200b") == "li@example.com"


@pytest.mark.parametrize("word", ["无", "-", "暂无", "None", "n／a", "同手机号", "@无", "\u200b—"])
@pytest.mark.parametrize("kind", ROBOTS)
def test_a_word_that_says_nothing_is_nobody_s_id(kind: type[Robot], word: str) -> None:
    """Mentioned, it would reach nobody, and the provider's yes would count as told; so a stand-in is asked."""
    assert robot(kind).destination(replace(LI, contacts={kind.contact: word})) is None


@pytest.mark.parametrize(
    "user", ["20210315", "10086001", "1212413800000001", "manager4220", "zhang.san@corp", "李雷"]
)
def test_every_other_contact_is_a_user_id_as_it_stands(user: str) -> None:
    """The three robots mention by exactly that id; a masked number reaches nobody."""
    assert mentionable(user) == user
    assert mentionable("138****0001") is None
    ding, wecom, feishu = (json.loads(robot(kind).message(NOTICE, user)) for kind in ROBOTS)
    assert ding["at"]["atUserIds"] == [user]
    assert f"<@{user}>" in wecom["markdown"]["content"]
    assert feishu["content"]["post"]["zh_cn"]["content"][0][0]["user_id"] == user


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a\\u0000b", "a\\u0000b"),
        ("a\x00b", "a�b"),
        ("\\\x00", "\\�"),
        ("\\\\u0000", "\\\\u0000"),
        ("\x00\x00", "��"),
    ],
)
def test_a_text_that_spells_nul_is_no_nul(name: str, kept: str) -> None:
    """The six characters backslash, u, 0000 are a text; a NUL becomes a mark; neither costs the message."""
    raw = encode_message(StaffMessage(scope="demo", seq=1, staff="li", name=name, role="consultant"))
    found = read(OwnershipRecord(0, raw))
    assert isinstance(found, ScopeMessage) and isinstance(found.body, StaffChange)
    assert found.body.name == kept


@given(st.text(st.characters() | st.sampled_from(CONTROLS), max_size=40))
def test_what_is_shown_steers_no_terminal(text: str) -> None:
    """Nothing of it is a control but line feed and tab, and a line of it stays one line."""
    for made in (shown(text), one_line(text), lines(text)):
        assert not [one for one in CONTROLS if one in made and one != "\t"]
    assert "\n" not in one_line(text)


def test_a_refusal_of_a_command_steers_no_terminal(tmp_path: object) -> None:
    """A policy file with an escape sequence in it is refused in words that a terminal only shows."""
    from pathlib import Path

    file = Path(str(tmp_path)) / "p.yaml"
    file.write_text('version: 1\ndefaults: {timezone: "\\e[2JX", "\\e]0;x\\a": 1}\n', encoding="utf-8")
    result = CliRunner().invoke(alerts, ["check", str(file)])
    assert result.exit_code != 0
    assert "\x1b" not in result.output and "\x07" not in result.output


def test_a_long_digest_does_not_fit_and_a_short_one_does() -> None:
    """What a robot would cut is known before it is sent."""
    long = notice(words=replace(NOTICE.words, body_zh="客" * LONGEST_TEXT))
    assert not robot(WeComRobot).fits(long, "13800000001")  # type: ignore[attr-defined]
    assert robot(WeComRobot).fits(NOTICE, "13800000001")  # type: ignore[attr-defined]
