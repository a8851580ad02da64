"""SMS templates in a policy: what it may say of them, what each mistake is called, and what a check tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from services.notifier.cli import alerts
from services.notifier.policy.file import plans_of
from services.notifier.policy.shape import schema
from services.notifier.provider_senders import templates
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import SmsTemplate, SmsTerms
from services.notifier.settings import NotifierSettings
from shared.platform.officefile.document import parse
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError

DOCS = Path(__file__).resolve().parents[2] / "docs"
POLICY = """
version: 1
sms:
  aliyun:
    templates:
      kept: {id: SMS_9, variables: [case, result]}
      digest: {id: SMS_8, variables: [count, deadline, left]}
  tencent:
    longest: 12
    templates:
      reminder: {id: "1", variables: [case, deadline]}
defaults: {channels: {default: [aliyun-sms, email]}}
"""
# Without the second provider, of which the settings of these tests have no templates.
ONE = re.sub(r"  tencent:.*(?=defaults)", "", POLICY, flags=re.DOTALL)
CHANNELS = ("aliyun-sms", "tencent-sms", "email")
COMMON = {"database_url": "postgresql:///none", "kafka": "none:1"}


def read(text: str) -> Any:
    return plans_of(parse(text.encode(), "p.yaml"), OfficeHours(), CHANNELS)


def test_a_policy_names_templates_and_passes_the_schema() -> None:
    """What the reader takes, the published schema takes too."""
    jsonschema.validate(parse(POLICY.encode(), "p.yaml").values, schema())
    assert read(POLICY).sms["aliyun"].templates["kept"] == SmsTemplate("SMS_9", ("case", "result"))
    assert read(POLICY).sms["tencent"].longest == 12


@pytest.mark.parametrize("page", ["alerts.md", "channels.md"])
def test_the_examples_of_the_pages_are_in_order(page: str) -> None:
    """Each piece of policy that a page shows is taken by schema and reader."""
    text = (DOCS / page).read_text(encoding="utf-8")
    shown = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert shown
    for piece in shown:
        document = parse(f"version: 1\n{piece}".encode(), page)
        jsonschema.validate(document.values, schema())
        plans_of(document, OfficeHours(), (*CHANNELS, "dingtalk"))


T = "version: 1\nsms:\n  tencent:\n    templates:\n      "
MISTAKES = [
    (f"{T}kept: {{id: '1', variables: [case_a, left]}}\n", "sms.tencent.templates.kept.variables[1]",
     "no such variable: left; there are case, case_a, case_b, day, time, deadline, result"),
    (f"{T}kept: {{id: '1', variables: [case]}}\n", "sms.tencent.templates.kept.variables[0]",
     "case may have 9 characters, and 6 are allowed; take case_a and case_b"),
    (f"{T}kept: {{id: '1', variables: [day, day]}}\n", "sms.tencent.templates.kept.variables[1]", "stands twice"),
    (f"{T}kept: {{id: '1', variables: [phone]}}\n", "sms.tencent.templates.kept.variables[0]", "Invalid enum value"),
    (f"{T}kept: {{variables: [day]}}\n", "sms.tencent.templates.kept", "missing required field `id`"),
    (f"{T}keep: {{id: '1', variables: [day]}}\n", "sms.tencent.templates.keep", "did you mean kept?"),
    ("version: 1\nsms:\n  huawei:\n    templates: {}\n", "sms.huawei", "known are aliyun, tencent"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "reason"), MISTAKES, ids=[one[2][:20] for one in MISTAKES])
def test_a_mistake_is_told_with_line_and_key(text: str, key: str, reason: str) -> None:
    """Before a provider refuses the alert that is due."""
    with pytest.raises(OfficeFileError) as refused:
        read(text)
    line = 3 if "huawei" in text else 5
    assert str(refused.value).startswith(f"p.yaml:{line}: {key}: ")
    assert reason in str(refused.value)


def test_templates_of_the_policy_go_before_those_of_the_settings() -> None:
    """And what neither has is told by the variable and the key."""
    settings = NotifierSettings(**COMMON, notifier_aliyun_templates=("T1", "T2", "T3"))  # type: ignore[arg-type]
    found = templates("aliyun", settings, read(POLICY).sms["aliyun"])
    assert {kind: one.id for kind, one in found.templates.items()} == {
        "reminder": "T1", "supervisor": "T2", "lapsed": "T3", "digest": "SMS_8", "kept": "SMS_9",
    }  # fmt: skip
    with pytest.raises(
        SettingsError, match=r"PANKE_NOTIFIER_TENCENT_TEMPLATES, or `sms.tencent.templates`.*lapsed"
    ):
        templates("tencent", settings, read(POLICY).sms["tencent"])
    with pytest.raises(SettingsError, match="must name the templates of reminder, supervisor, lapsed"):
        templates("aliyun", NotifierSettings(**COMMON), SmsTerms())  # type: ignore[arg-type]


def checked(tmp_path: Path, text: str, **environ: str) -> tuple[int, str]:
    """What `panke alerts check` says of a policy."""
    file = tmp_path / "alerts.yaml"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(alerts, ["check", str(file)], env=environ)
    return done.exit_code, done.output


def test_check_tells_what_has_no_template_and_who_tells_it_instead(tmp_path: Path) -> None:
    """Each list by line and key: the message types, and the next channel; a digest goes out one by one."""
    text = f"{ONE[:-3]}, manager: [email]}}, digest: {{threshold: 3}}}}\n"
    code, told = checked(tmp_path, text, PANKE_NOTIFIER_ALIYUN_TEMPLATES="T1,T2,T3")
    assert code == 0
    (note,) = [line for line in told.splitlines() if line.startswith("note: ")]
    assert (
        "alerts.yaml:8: defaults.channels.default: aliyun-sms has no template for superseded, returned,"
        in note
    )
    assert "ruled, shares; email tells it instead（" in note
    text = text.replace("      digest:", "      shares:").replace("[count, deadline, left]", "[share]")
    code, told = checked(tmp_path, text, PANKE_NOTIFIER_ALIYUN_TEMPLATES="T1,T2,T3")
    assert "aliyun-sms has no template for digest: each alert goes by itself" in told


def test_check_fails_where_nobody_would_be_told(tmp_path: Path) -> None:
    """A list of SMS alone, with events that have no template: the command fails and names them."""
    text = ONE.replace("[aliyun-sms, email]", "[aliyun-sms]")
    code, told = checked(tmp_path, text, PANKE_NOTIFIER_ALIYUN_TEMPLATES="T1,T2,T3")
    assert code == 1
    assert "lost: " in told and "no other channel of the list tells it: nobody is told" in told
    code, told = checked(
        tmp_path, f"{text[:-2]}, events: [kept]}}\n", PANKE_NOTIFIER_ALIYUN_TEMPLATES="T1,T2,T3"
    )
    assert (code, "in order" in told) == (0, True)


def test_check_says_what_it_cannot_know(tmp_path: Path) -> None:
    """Without templates in the file and without the settings, the lists are not called wrong."""
    code, told = checked(tmp_path, "version: 1\ndefaults: {channels: {default: [aliyun-sms]}}\n")
    assert code == 0
    assert "they were not looked at" in told


def test_check_looks_at_a_persons_own_list(tmp_path: Path) -> None:
    """What a person has declined need not be told."""
    text = f"{ONE}people: {{li: {{channels: [aliyun-sms], opt_out: [shares]}}}}\n"
    code, told = checked(tmp_path, text, PANKE_NOTIFIER_ALIYUN_TEMPLATES="T1,T2,T3")
    assert code == 1
    assert (
        "people.li.channels: aliyun-sms has no template for superseded, returned, transferred, disputed, ruled; no"
        in told
    )


def test_check_tells_of_robots_that_stay_silent_and_secrets_that_are_not_here(tmp_path: Path) -> None:
    """A robot whose provider no list names, and a variable that is not set on this machine: notes, no more."""
    text = "version: 1\nrobots: {wecom: {east: {token: {env: EAST}}}}\ndefaults:\n  robots: {wecom: east}\n"
    code, told = checked(tmp_path, f"{text}  channels: {{default: [email]}}\n")
    assert code == 0
    assert "alerts.yaml:4: defaults.robots.wecom: no list of channels names wecom here" in told
    assert "alerts.yaml:2: robots.wecom.east.token: the variable EAST is not set here" in told
    assert "EAST" not in checked(tmp_path, f"{text}  channels: {{default: [wecom]}}\n", EAST="tokentoken")[1]
