"""What a deployment may set of the notifier; read by the composition root alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Meta

from services.notifier.policy.file import read_plans
from services.notifier.policy.mistake_words import policy_mistake, with_chinese
from services.notifier.schedule.ladder import OfficeHours, OfficeHoursError
from services.notifier.schedule.plan import OfficePlan, Plans
from shared.i18n import bilingual
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.place_names import place_names_of
from shared.platform.settings import CommonSettings, Count, Port, Seconds, SecretText, SettingsError, variable

ChannelName = Literal[
    "webhook", "email", "log", "dingtalk", "wecom", "feishu", "aliyun-sms", "tencent-sms", "apprise"
]
_LANES = re.compile(r"[1-9][0-9]{0,2}")
Hour = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM in the office")]


PublicAddress = Annotated[
    str,
    Meta(
        pattern=r"^(https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[A-Za-z0-9.\-]+)*)?$", max_length=200,
        description="http or https, a host, maybe a path, and no slash at its end",
    ),
]  # fmt: skip

USUAL_SPREAD: Final = 180.0
Spread = Annotated[float, Meta(ge=0, le=900)]


class NotifierSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    notifier_port: Port = 8003
    # As attribution's: a topic that was given more would have lost the order of its scopes.
    partitions: Count = 6
    # In order of preference: the first that reaches the person is tried first.
    notifier_channels: tuple[ChannelName, ...] = ("log",)
    # A file that says who is told, when and how; without it, every channel and the hours below.
    notifier_policy: str = ""
    notifier_timezone: str = "Asia/Shanghai"
    notifier_opening: Hour = "09:00"
    notifier_afternoon: Hour = "16:00"
    notifier_last_call: Hour = "17:00"
    notifier_closing: Hour = "18:00"
    notifier_webhook_url: str = ""
    notifier_webhook_secret: SecretText | None = None
    notifier_webhook_hosts: tuple[str, ...] = ()
    # For development: receivers on this machine, by http.
    notifier_allow_loopback: bool = False
    # Where people reach the console, without a slash at its end; messages have a link that leads there.
    public_address: PublicAddress = ""
    # Where reports on a schedule are had.
    notifier_registers: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8008"
    # The file of what offices and scopes are called; without one messages show their ids.
    place_names: str = ""
    notifier_smtp_host: str = ""
    notifier_smtp_port: Port = 587
    notifier_smtp_sender: str = ""
    notifier_smtp_username: str = ""
    notifier_smtp_password: SecretText | None = None
    notifier_smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    # Hosts besides the providers' own: private deployments of them, servers for tests.
    notifier_provider_hosts: tuple[str, ...] = ()
    notifier_chat_form: Literal["rich", "text"] = "rich"
    notifier_dingtalk_base: str = "https://oapi.dingtalk.com"
    notifier_dingtalk_token: SecretText | None = None
    notifier_dingtalk_secret: SecretText | None = None
    notifier_wecom_base: str = "https://qyapi.weixin.qq.com"
    notifier_wecom_token: SecretText | None = None
    notifier_feishu_base: str = "https://open.feishu.cn"
    notifier_feishu_token: SecretText | None = None
    notifier_feishu_secret: SecretText | None = None
    notifier_sms_sign_name: str = ""
    notifier_aliyun_base: str = "https://dysmsapi.aliyuncs.com"
    notifier_aliyun_key_id: SecretText | None = None
    notifier_aliyun_key_secret: SecretText | None = None
    # The templates of a reminder, of one to the supervisor, of a lapse and (if there is one) of a digest.
    notifier_aliyun_templates: tuple[str, ...] = ()
    notifier_aliyun_variables: tuple[str, ...] = ("case", "deadline", "left")
    notifier_tencent_base: str = "https://sms.tencentcloudapi.com"
    notifier_tencent_key_id: SecretText | None = None
    notifier_tencent_key_secret: SecretText | None = None
    notifier_tencent_application: str = ""
    notifier_tencent_region: str = "ap-guangzhou"
    notifier_tencent_templates: tuple[str, ...] = ()
    notifier_tencent_variables: tuple[str, ...] = ("case_a", "case_b", "day", "time", "left")
    # One address of Apprise a line.
    notifier_apprise_urls: SecretText | None = None
    # Where providers report deliveries, when somebody runs `panke serve receipts`; it has an address of its own.
    notifier_receipts_host: str = "127.0.0.1"
    notifier_receipts_port: Port = 8004
    notifier_receipts_secret: SecretText | None = None
    # Ask Aliyun and Tencent what became of messages, where they cannot reach that address.
    notifier_poll_reports: bool = False
    # Longer than a slow provider takes: who gives up before the answer does not know whether to send again.
    notifier_timeout: Seconds = 10.0
    notifier_attempts: Count = 3
    notifier_rounds: Count = 6
    notifier_round_wait: Seconds = 60.0
    # Over how many seconds before a full hour what falls due at it is spread; 0: not at all.
    notifier_spread: Spread = USUAL_SPREAD
    notifier_concurrency: Count = 32
    # `channel=count`: how many calls to it one process may have under way at once, where its kind's number does not do.
    notifier_lanes: tuple[str, ...] = ()
    notifier_watermark_patience: Seconds = 60.0
    notifier_stuck_after: Seconds = 60.0
    notifier_exit_after: Seconds = 180.0

    @property
    def port(self) -> int:
        """Under the name that serving knows."""
        return self.notifier_port


def office_hours(settings: NotifierSettings) -> OfficeHours:
    """The hours of the settings, or SettingsError that names the variables."""
    try:
        zone = ZoneInfo(settings.notifier_timezone)
    except (ZoneInfoNotFoundError, ValueError):
        told = bilingual("{setting} is not the name of a time zone", setting=variable("notifier_timezone"))
        raise SettingsError(told) from None
    try:
        return OfficeHours(
            zone,
            time.fromisoformat(settings.notifier_opening),
            time.fromisoformat(settings.notifier_afternoon),
            time.fromisoformat(settings.notifier_last_call),
            time.fromisoformat(settings.notifier_closing),
        )
    except OfficeHoursError as error:
        names = ("opening", "afternoon", "last_call", "closing")
        variables = ", ".join(variable(f"notifier_{name}") for name in names)
        raise SettingsError(f"{variables}: {with_chinese(str(error))}") from None


def channel_lanes(settings: NotifierSettings) -> dict[str, int]:
    """The lanes that the settings give to channels, or SettingsError that names the variable."""
    lanes: dict[str, int] = {}
    for entry in settings.notifier_lanes:
        name, _, count = entry.partition("=")
        if name not in settings.notifier_channels or _LANES.fullmatch(count) is None or name in lanes:
            told = bilingual(
                "{setting} takes channel=count, each channel once, of those of {channels}",
                setting=variable("notifier_lanes"),
                channels=variable("notifier_channels"),
            )
            raise SettingsError(told)
        lanes[name] = int(count)
    return lanes


def office_plans(settings: NotifierSettings) -> Plans:
    """The plans of the policy file, laid over the hours of the settings; SettingsError names what is wrong."""
    hours = office_hours(settings)
    try:
        plans = (
            read_plans(Path(settings.notifier_policy), hours, settings.notifier_channels)
            if settings.notifier_policy
            else Plans(OfficePlan(hours=hours))
        )
    except OfficeFileError as error:
        raise SettingsError(f"{variable('notifier_policy')}: {policy_mistake(error)}") from None
    spread = timedelta(seconds=settings.notifier_spread)
    names = place_names_of(settings.place_names)
    return replace(plans, spread=spread, console=settings.public_address, names=names)
