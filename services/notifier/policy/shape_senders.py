"""What a policy file may hold of robots and SMS templates, as types; part of `shape`."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, field

from shared.platform.officefile.strict import Strict

ROBOT: Final = r"[a-z0-9][a-z0-9_-]{0,31}"


class SecretSection(Strict, frozen=True):
    """Where a secret is to be found: a variable of the environment, or a file. The secret itself stands in neither
    this file nor a log."""

    env: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]{0,127}$", description="name of a variable")] | None = (
        None
    )
    file: Annotated[str, Meta(pattern=r"^/.", description="path of a file")] | None = None


SecretReference = Annotated[
    SecretSection,
    Meta(
        extra={
            "instead": "a secret never stands here: name where it is, {env: VARIABLE} or {file: PATH}",
        }
    ),
]


class ChatRobot(Strict, frozen=True):
    """A group's robot: `token` is that of its address, `secret` the key of its signature."""

    token: SecretReference
    secret: SecretReference | None = None
    base: Annotated[str, Meta(description="address, where it is not the provider's own")] | None = None


class KeyRobot(Strict, frozen=True):
    """A robot of WeCom, which has no signature."""

    token: SecretReference
    base: Annotated[str, Meta(description="address, where it is not the provider's own")] | None = None


class HookRobot(Strict, frozen=True):
    """A receiver of signed webhooks."""

    url: str
    secret: SecretReference


RobotName = Annotated[str, Meta(pattern=f"^{ROBOT}$")]


class Robots(Strict, frozen=True):
    """Robots of offices and teams by provider and name; a list of channels names one as PROVIDER/NAME."""

    dingtalk: dict[RobotName, ChatRobot] = field(default_factory=dict)
    wecom: dict[RobotName, KeyRobot] = field(default_factory=dict)
    feishu: dict[RobotName, ChatRobot] = field(default_factory=dict)
    webhook: dict[RobotName, HookRobot] = field(default_factory=dict)


class OwnRobots(Strict, frozen=True):
    """Which robot is meant where a list of channels names the provider alone."""

    dingtalk: RobotName | None = None
    wecom: RobotName | None = None
    feishu: RobotName | None = None
    webhook: RobotName | None = None


VariableName = Literal[
    "case", "case_a", "case_b", "count", "day", "time", "deadline", "left", "result", "share"
]


class SmsTemplateSection(Strict, frozen=True):
    """A template that the provider has approved."""

    id: Annotated[str, Meta(min_length=1, max_length=64, description="the provider's id")]
    variables: Annotated[tuple[VariableName, ...], Meta(min_length=1, description="in the template's order")]


class SmsTemplates(Strict, frozen=True):
    """By kind of message; for what has none, the next channel of a list is taken."""

    reminder: SmsTemplateSection | None = None
    supervisor: SmsTemplateSection | None = None
    lapsed: SmsTemplateSection | None = None
    digest: Annotated[SmsTemplateSection | None, Meta(description="several reminders in one message")] = None
    kept: SmsTemplateSection | None = None
    superseded: SmsTemplateSection | None = None
    returned: SmsTemplateSection | None = None
    transferred: SmsTemplateSection | None = None
    disputed: SmsTemplateSection | None = None
    ruled: SmsTemplateSection | None = None
    shares: SmsTemplateSection | None = None


class SmsSection(Strict, frozen=True):
    """The templates of one provider, before those of the settings."""

    templates: SmsTemplates = SmsTemplates()
    longest: Annotated[
        Annotated[int, Meta(ge=1, le=100)] | None,
        Meta(description="characters of a variable that the account may have"),
    ] = None


class SmsProviders(Strict, frozen=True):
    """SMS by provider."""

    aliyun: SmsSection = SmsSection()
    tencent: SmsSection = SmsSection()
