"""Robots of offices and teams in a policy: whose is meant, what each mistake is called, where secrets come from."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from services.notifier.channels.limits import ProcessLimiter
from services.notifier.cli import alerts
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.delivery.routing import longest_ways
from services.notifier.own_senders import hook_secrets, own
from services.notifier.policy.file import plans_of
from services.notifier.policy.shape import schema
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from services.notifier.senders import configured
from services.notifier.settings import NotifierSettings
from shared.platform.clock import MachineClock
from shared.platform.officefile.document import parse
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError
from tests.support.providers import SECRET, TOKEN, providing

POLICY = """
version: 1
robots:
  dingtalk:
    east: {token: {env: EAST_TOKEN}, secret: {file: /run/secrets/east}}
    west: {token: {env: WEST_TOKEN}}
    team-a: {token: {env: TEAM_A_TOKEN}}
  webhook:
    east: {url: "https://hooks.example.com/east", secret: {env: EAST_HOOK}}
defaults:
  channels: {default: [dingtalk, email], manager: [dingtalk/west, email]}
scopes:
  east: {robots: {dingtalk: east}}
  north: {robots: {dingtalk: west}, channels: {default: [email, dingtalk, webhook/east]}}
people:
  li: {robots: {dingtalk: team-a}}
  wang: {channels: [dingtalk/west]}
"""
CHANNELS = ("email", "dingtalk", "log")
COMMON = {"database_url": "postgresql:///none", "kafka": "none:1"}


def read(text: str = POLICY, channels: tuple[str, ...] = CHANNELS) -> Plans:
    return plans_of(parse(text.encode(), "p.yaml"), OfficeHours(), channels)


def test_a_policy_with_robots_passes_the_schema() -> None:
    """What the reader takes, the published schema takes too."""
    jsonschema.validate(parse(POLICY.encode(), "p.yaml").values, schema())


@pytest.mark.parametrize(
    ("scope", "staff", "role", "told"),
    [
        ("other", "zhao", "consultant", ("dingtalk", "email")),
        ("east", "zhao", "consultant", ("dingtalk/east", "email")),
        ("north", "zhao", "consultant", ("email", "dingtalk/west", "webhook/east")),
        ("east", "zhao", "manager", ("dingtalk/west", "email")),
        ("east", "li", "consultant", ("dingtalk/team-a", "email")),
        ("east", "wang", "consultant", ("dingtalk/west",)),
    ],
)
def test_a_providers_name_means_ones_own_robot(
    scope: str, staff: str, role: str, told: tuple[str, ...]
) -> None:
    """A list that says `dingtalk` means the robot of the person's team, else of the office, else of the settings."""
    assert read().order(scope, staff, role, ("email", "dingtalk", "dingtalk/east")) == told


def test_a_robot_is_used_only_where_it_is_named() -> None:
    """Without lists of channels the settings' own are tried, never another office's robot."""
    plans = read("version: 1\nrobots:\n  wecom:\n    east: {token: {env: X}}\n")
    assert plans.order("other", "li", "consultant", ("email", "wecom/east")) == ("email",)


R = "version: 1\nrobots:\n  dingtalk:\n    east: {token: {env: EAST}}\n"
MISTAKES = [
    (f"version: 1\nrobots:\n  dingtalk:\n    east:\n      token: {TOKEN}\n", 5, "robots.dingtalk.east.token",
     "a secret never stands here"),
    ("version: 1\nrobots:\n  dingtalk:\n    east: {}\n", 4, "robots.dingtalk.east", "missing required field `token`"),
    ("version: 1\nrobots:\n  dingtalk:\n    east: {token: {env: a-b}}\n", 4, "robots.dingtalk.east.token.env",
     "matching"),
    ("version: 1\nrobots:\n  dingtalk:\n    east: {token: {}}\n", 4, "robots.dingtalk.east.token", "either `env` or"),
    ("version: 1\nrobots:\n  dingtalk:\n    east: {token: {env: A, file: /b}}\n", 4, "robots.dingtalk.east.token",
     "either `env` or"),
    ("version: 1\nrobots:\n  wecom:\n    east: {token: {env: A}, secret: {env: B}}\n", 4, "robots.wecom.east.secret",
     "unknown key"),
    ("version: 1\nrobots:\n  dingding: {}\n", 3, "robots.dingding", "known are dingtalk, feishu"),
    ("version: 1\nrobots:\n  wecom:\n    East: {}\n", 4, "robots.wecom.East", "the name must match"),
    ("version: 1\nrobots: [a]\n", 2, "robots", "must be a mapping"),
    (f"{R}scopes:\n  demo:\n    robots: {{dingtalk: eest}}\n", 7, "scopes.demo.robots.dingtalk", "there are east"),
    (f"{R}scopes:\n  demo:\n    robots: {{wecom: east}}\n", 7, "scopes.demo.robots.wecom", "`robots.wecom` has none"),
    (f"{R}defaults:\n  channels:\n    default: [email,\n     dingtalk/west]\n", 8, "defaults.channels.default[1]",
     "there is no channel 'dingtalk/west'"),
    (f"{R}defaults:\n  channels: {{default: [wecom]}}\nscopes: {{demo: {{robots: {{dingtalk: east}}}}}}\n", 6,
     "defaults.channels.default[0]", "there is no channel 'wecom'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "reason"), MISTAKES, ids=[one[2] for one in MISTAKES])
def test_a_mistake_is_told_with_line_and_key_and_no_secret(
    text: str, line: int, key: str, reason: str
) -> None:
    """Each mistake names the line, the key by its path, and why; a token that was written there is not repeated."""
    with pytest.raises(OfficeFileError) as refused:
        read(text)
    told = str(refused.value)
    assert told.startswith(f"p.yaml:{line}: {key}: ")
    assert reason in told
    assert TOKEN not in told


def test_a_provider_without_a_robot_in_the_settings_needs_one_in_each_office() -> None:
    """Where the settings have no robot, an office with its own may list the provider, and one without may not."""
    text = f"{R}defaults: {{robots: {{dingtalk: east}}, channels: {{default: [dingtalk, email]}}}}\n"
    assert read(text, ("email",)).order("demo", "li", "consultant", ()) == ("dingtalk/east", "email")
    with pytest.raises(
        OfficeFileError, match=r"scopes.demo.channels.default\[0\]: there is no channel 'dingtalk'"
    ):
        read(f"{text}scopes: {{demo: {{robots: {{}}}}}}\n", ("email",))


def settings(**given: object) -> NotifierSettings:
    return NotifierSettings(**{**COMMON, **given})  # type: ignore[arg-type]


def test_secrets_come_from_where_the_policy_says(tmp_path: Path) -> None:
    """A token from a variable and a key from a file make a channel by the robot's name; neither is shown."""
    file = tmp_path / "east"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    plans = read(POLICY.replace("/run/secrets/east", str(file)))
    made = own(plans.robots[0], settings(), ProcessLimiter(MachineClock()), {"EAST_TOKEN": TOKEN})
    assert made.name == "dingtalk/east"
    assert TOKEN not in repr(plans) + repr(made) and SECRET not in repr(plans) + repr(vars(made))


@pytest.mark.parametrize(
    ("robot", "environ", "told"),
    [
        (0, {}, r"robots\.dingtalk\.east\.secret: /run/secrets/east-of-nobody .*cannot be read"),
        (1, {}, r"robots\.dingtalk\.west\.token: .*the variable WEST_TOKEN is not set"),
        (
            1,
            {"WEST_TOKEN": "https://x/y?z=secret"},
            r"robots\.dingtalk\.west\.token: .*the token has letters",
        ),
        (3, {"EAST_HOOK": "aGVsbG8="}, r"robots\.webhook\.east\.url: .*PANKE_NOTIFIER_WEBHOOK_HOSTS"),
    ],
)
def test_a_secret_that_cannot_be_had_names_its_key(robot: int, environ: dict[str, str], told: str) -> None:
    """The service names the key of the policy and the variable or file, and repeats nothing that it found."""
    terms = read(POLICY.replace("/run/secrets/east", "/run/secrets/east-of-nobody")).robots[robot]
    with pytest.raises(SettingsError, match=told) as refused:
        own(terms, settings(), ProcessLimiter(MachineClock()), environ)
    assert "z=secret" not in str(refused.value)


def test_a_robots_own_address_must_be_listed() -> None:
    """The list of allowed hosts binds the policy file too."""
    text = f"{R[:-2]}, base: 'https://inner.example.com'}}\n"
    with pytest.raises(SettingsError, match=r"robots\.dingtalk\.east\.base: .*PANKE_NOTIFIER_PROVIDER_HOSTS"):
        own(read(text).robots[0], settings(), ProcessLimiter(MachineClock()), {"EAST": TOKEN})


def test_reports_of_each_receiver_are_known_by_its_own_secret() -> None:
    """Each receiver of webhooks has its secret by its channel."""
    found = hook_secrets(settings(notifier_webhook_secret="first"), read().robots, {"EAST_HOOK": "second"})
    assert found == {"webhook": "first", "webhook/east": "second"}


def test_a_hundred_robots_make_no_longer_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A round tries one list of channels: how long a lease is does not grow with the number of robots."""
    monkeypatch.setenv("EAST", TOKEN)
    names = [f"r{number}" for number in range(100)]
    robots = "".join(f"    {name}: {{token: {{env: EAST}}}}\n" for name in names)
    text = f"version: 1\nrobots:\n  wecom:\n{robots}defaults: {{channels: {{default: [wecom/r1, wecom/r2, log]}}}}\n"
    plans = read(text)
    channels = configured(settings(), ProcessLimiter(MachineClock()), plans)
    leases = [RetryPolicy().lease(way).total_seconds() for way in longest_ways(channels, plans)]
    assert len(channels) == 101
    assert max(leases) == RetryPolicy().lease([channels[1], channels[2], channels[0]]).total_seconds()


def test_one_robot_is_tried_by_name(tmp_path: Path) -> None:
    """`panke alerts test wecom/west` sends by that robot alone, also where another's secret is missing, and names what
    there is for another name."""
    policy = tmp_path / "alerts.yaml"
    both = "    east: {token: {env: EAST}}\n    west: {token: {env: WEST}}\n"
    policy.write_text(f"version: 1\nrobots:\n  wecom:\n{both}", encoding="utf-8")
    with providing(MachineClock()) as provider:
        provider.robots = {"westtoken": ""}
        environ = {
            "PANKE_DATABASE_URL": "postgresql:///none",
            "PANKE_KAFKA": "none:1",
            "PANKE_NOTIFIER_POLICY": str(policy),
            "PANKE_NOTIFIER_WECOM_BASE": provider.base,
            "PANKE_NOTIFIER_PROVIDER_HOSTS": "localhost",
            "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
            "WEST": "westtoken",
        }
        contact = ["--to", "wecom=13800000001"]
        done = CliRunner().invoke(alerts, ["test", "wecom/west", *contact], env=environ)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "0 ok")
        assert [call.query["key"] for call in provider.delivered] == ["westtoken"]
        done = CliRunner().invoke(alerts, ["test", "wecom/east", *contact], env=environ)
        assert (done.exit_code, "the variable EAST is not set" in done.output) == (2, True)
    done = CliRunner().invoke(alerts, ["test", "wecom/north", *contact], env=environ)
    assert "there are log, wecom/east, wecom/west" in done.output
