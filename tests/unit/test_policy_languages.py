"""What is wrong with an alert policy is told in both languages, by the command and by the service at its start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from services.notifier.cli import alerts
from services.notifier.policy.file import read_plans
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.senders import configured
from services.notifier.settings import (
    ChannelName,
    NotifierSettings,
    channel_lanes,
    office_hours,
    office_plans,
)
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError
from tests.unit.test_notifier_plan import MISTAKES as OF_PLANS
from tests.unit.test_notifier_robots import MISTAKES as OF_ROBOTS
from tests.unit.test_notifier_sms_policy import MISTAKES as OF_SMS

COMMON = {"database_url": "postgresql:///none", "kafka": "none:1"}
D = "version: 1\ndefaults:\n  "
P = "version: 1\npeople:\n  li: "
OTHERS = [
    "- a\n",
    "version: 1\ndefaults：{}\n",
    "version: 1\ndefaults: {language：zh}\n",
    "version: 1\ndefaults:\n  ? [a]\n  : b\n",
    "version: 1\n\tdefaults: {}\n",
    "version: 1\ndefaults: 'x\n",
    "version: 1\n? a: b: c\n",
    D + "language: zh\n closed: {}\n",
    D + "closed: {weekdays: [monday, tuesday, wednesday, thursday, friday, saturday, sunday]}\n",
    D + "closed: {dates: [2026-10-07..2026-10-01]}\n",
    D + 'quiet: {begin: "22:00", end: "22:00"}\n',
    D + 'quiet: {begin: "22:00"}\n',
    D + "hours: [a]\n",
    D + "masked_names: perhaps\n",
    D + "timezone: 8\n",
    D + "digest: {threshold: 1}\n",
    D + "digest: {threshold: 2.5}\n",
    D + "ladder: []\n",
    D + "ladder: [{step: early, to: owner, days_before: 31}]\n",
    D + "ladder: [{step: early, to: owner, days_before: 3}, {step: early, to: owner, days_before: 2}]\n",
    D + "channels: {default: [log, log]}\n",
    D + "channels: {default: log}\n",
    D + "events: [1]\n",
    D + "reports: [{report: daily, every: day, to: {roles: [consultant]}}]\n",
    P + "{supervisors: [li]}\n",
    P + "{opt_out: [1]}\n",
    "version: 1\nsms: {aliyun: {templates: {kept: {id: '', variables: [day]}}}}\n",
    "version: 1\nsms: {aliyun: {longest: 3, templates: {kept: {id: a, variables: [result]}}}}\n",
    "version: 1\nx: " + "[" * 9 + "]" * 9 + "\n",
    "version: 1\nx: " + "a" * 1_000_000,
    b"version: 1\nx: \xff\n",
    None,
]
TEXTS = [*(one[0] for one in (*OF_PLANS, *OF_ROBOTS[:-1], *OF_SMS)), *OTHERS]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_a_mistake_is_told_in_both_languages(tmp_path: Path, text: str | bytes | None) -> None:
    """The line as it was, with file, line, key and reason in English, and behind it the reason in Chinese; a reason
    that is in both languages already stays as it is."""
    file = tmp_path / "p.yaml"
    if text is not None:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = CliRunner().invoke(alerts, ["check", str(file)])
    assert done.exit_code == 1 and done.stdout == ""
    line = done.stderr.removeprefix("Error: ").rstrip("\n")
    with pytest.raises(OfficeFileError) as found:
        read_plans(file, OfficeHours(), get_args(ChannelName))
    assert line.startswith(str(found.value))
    chinese = found.value.reason if line == str(found.value) else line.removeprefix(f"{found.value}（")
    assert re.search(r"[\u4e00-\u9fff]{3}", chinese), line
    assert not re.search(r"\{[a-z]+\}", chinese), "every place of the sentence is filled"
    settings = NotifierSettings(**COMMON, notifier_policy=str(file))  # type: ignore[arg-type]
    if "channel" not in line:  # the service knows no channels but its own
        with pytest.raises(SettingsError) as refused:
            office_plans(settings)
        assert str(refused.value) == f"PANKE_NOTIFIER_POLICY: {line}"


HOOK = {"notifier_channels": ("webhook",)}
SMS: dict[str, object] = {
    "notifier_channels": ("aliyun-sms",), "notifier_aliyun_key_id": "a", "notifier_aliyun_key_secret": "b",
    "notifier_sms_sign_name": "c",
}  # fmt: skip
MAIL: dict[str, object] = {
    "notifier_channels": ("email",), "notifier_smtp_sender": "a@example.com", "notifier_smtp_security": "none",
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "english", "chinese"),
    [
        (HOOK, "the channel webhook needs PANKE_NOTIFIER_WEBHOOK_URL and PANKE_NOTIFIER_WEBHOOK_SECRET",
         "渠道 webhook 需要 PANKE_NOTIFIER_WEBHOOK_URL和PANKE_NOTIFIER_WEBHOOK_SECRET"),
        (HOOK | {"notifier_webhook_url": "https://example.com"},
         "the channel webhook needs PANKE_NOTIFIER_WEBHOOK_SECRET", "渠道 webhook 需要 PANKE_NOTIFIER_WEBHOOK_SECRET"),
        (MAIL, "the channel email needs PANKE_NOTIFIER_SMTP_HOST", "渠道 email 需要 PANKE_NOTIFIER_SMTP_HOST"),
        (MAIL | {"notifier_smtp_host": "mail.example.com"}, "is for a mail server on this machine alone", "本机"),
        ({"notifier_channels": ()}, "must name at least one channel, each once", "至少"),
        (SMS, "must name the templates of reminder, supervisor, lapsed", "模板"),
        (SMS | {"notifier_aliyun_templates": ("a",)}, "names three templates", "三个模板"),
        ({"notifier_lanes": ("log",)}, "takes channel=count, each channel once", "每个渠道一次"),
        ({"notifier_timezone": "Mars/Base"}, "is not the name of a time zone", "不是时区"),
        ({"notifier_opening": "17:30"}, "opening 17:30:00 must come before the afternoon", "应早于下午提醒 16:00:00"),
    ],
)  # fmt: skip
def test_what_the_settings_of_the_notifier_lack_is_told_in_both_languages(
    given: dict[str, object], english: str, chinese: str
) -> None:
    """What a channel cannot do without, and what else stops the start."""
    settings = NotifierSettings(**{**COMMON, **given})  # type: ignore[arg-type]
    with pytest.raises(SettingsError) as refused:
        office_hours(settings)
        channel_lanes(settings)
        configured(settings, None)
    assert english in str(refused.value) and chinese in str(refused.value)


REMARKED = """
version: 1
robots:
  dingtalk:
    east: {token: {env: NOT_SET_HERE}}
    west: {token: {file: /nowhere/token}}
    south: {token: {file: EMPTY}}
sms:
  aliyun:
    templates:
      reminder: {id: a, variables: [case]}
      supervisor: {id: b, variables: [case]}
      lapsed: {id: c, variables: [case]}
defaults: {channels: {default: [LIST]}, robots: {dingtalk: east}, digest: {at_opening: true}}
"""


@pytest.mark.parametrize(
    ("names", "status", "told"),
    [
        ("aliyun-sms, email", 0, ("email 发送", "单独发送", "未设置变量 NOT_SET", "token；", "为空", "不发消息")),
        ("aliyun-sms", 1, ("没有人会收到", "不会送达任何人")),
        ("tencent-sms, email", 0, ("tencent-sms 的模板",)),
    ],
)  # fmt: skip
def test_what_a_check_remarks_is_told_in_both_languages(
    tmp_path: Path, names: str, status: int, told: tuple[str, ...]
) -> None:
    """Each remark with its place, and whether the file is in order."""
    (tmp_path / "empty").write_text("")
    file = tmp_path / "p.yaml"
    file.write_text(REMARKED.replace("LIST", names).replace("EMPTY", str(tmp_path / "empty")))
    done = CliRunner().invoke(alerts, ["check", str(file)])
    assert done.exit_code == status
    assert [one for one in told if one not in done.stderr] == []
    for line in done.stderr.splitlines():
        assert re.search(r"（.*[\u4e00-\u9fff]{2}.*）$", line) or line.endswith("reach nobody)"), line
    assert ("无误" in done.stdout and "in order" in done.stdout) is (status == 0)
