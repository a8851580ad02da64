"""The chat and SMS senders of a deployment, made from its settings; a mistake names its variable.

Each provider has one robot or account in the settings; more robots stand in the policy file (`own`). A provider's
own host is allowed without being listed; a base address of one's own (a private deployment of the provider, a
server for tests) must stand in the list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from services.notifier.channels import Channel
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.dingtalk import DingTalkRobot
from services.notifier.channels.feishu import FeishuRobot
from services.notifier.channels.limits import Limiter
from services.notifier.channels.robot import Access, Robot, TokenError
from services.notifier.channels.sms import Account
from services.notifier.channels.sms_templates import NEEDED, TemplateError, Templates, missing
from services.notifier.channels.webhook import SecretError, WebhookChannel
from services.notifier.channels.wecom import WeComRobot
from services.notifier.policy.sms import LONGEST
from services.notifier.schedule.plan import SmsTerms
from services.notifier.settings import NotifierSettings
from shared.i18n import all_of, bilingual
from shared.platform.clock import MachineClock
from shared.platform.settings import SettingsError, variable

ROBOTS: Final[dict[str, type[Robot]]] = {
    one.provider: one for one in (DingTalkRobot, FeishuRobot, WeComRobot)
}
_HOSTS: Final = {
    "dingtalk": "oapi.dingtalk.com",
    "wecom": "qyapi.weixin.qq.com",
    "feishu": "open.feishu.cn",
    "aliyun": "dysmsapi.aliyuncs.com",
    "tencent": "sms.tencentcloudapi.com",
}
T = TypeVar("T")


def chat(name: str, settings: NotifierSettings, limiter: Limiter) -> Channel:
    """The robot of that provider."""
    wanted(settings, name, f"notifier_{name}_token")
    access = Access(
        getattr(settings, f"notifier_{name}_base"),
        getattr(settings, f"notifier_{name}_token"),
        getattr(settings, f"notifier_{name}_secret", None),
    )
    try:
        return _addressed(name, lambda: robot(name, access, settings, limiter))
    except TokenError as error:
        raise SettingsError(f"{variable(f'notifier_{name}_token')}: {error}") from None


def robot(
    provider: str, access: Access, settings: NotifierSettings, limiter: Limiter, name: str | None = None
) -> Robot:
    """A robot of that provider; AddressError or TokenError where it cannot be one."""
    return ROBOTS[provider](
        access,
        _policy(provider, settings),
        limiter,
        MachineClock(),
        timeout=settings.notifier_timeout,
        form=settings.notifier_chat_form,
        name=name,
    )


def hook(
    url: str, secret: str, settings: NotifierSettings, where: tuple[str, str], name: str = "webhook"
) -> Channel:
    """A receiver of signed webhooks; `where` says what address and secret were given by, for whoever must mend it."""
    hosts = frozenset(host.rstrip(".").lower() for host in settings.notifier_webhook_hosts)
    policy = AddressPolicy(hosts, settings.notifier_allow_loopback)
    try:
        return WebhookChannel(url, secret, policy, settings.notifier_timeout, name)
    except AddressError as error:
        allowed = bilingual("allowed are those of {setting}", setting=variable("notifier_webhook_hosts"))
        raise SettingsError(f"{where[0]}: {error}; {allowed}") from None
    except SecretError as error:
        raise bad_secret(where[1], error) from None


def bad_secret(where: str, error: SecretError) -> SettingsError:
    """What to say of a secret of a webhook, and never the secret."""
    wrong = bilingual(
        "the secret of a webhook is the base64 of 24 to 64 bytes, with or without `whsec_`: {error}",
        error=error,
    )
    return SettingsError(f"{where}: {wrong}")


def aliyun(settings: NotifierSettings, limiter: Limiter, terms: SmsTerms) -> Channel:
    """SMS by Aliyun."""
    account = _account("aliyun", settings)
    approved = templates("aliyun", settings, terms)
    try:
        from services.notifier.channels.aliyun import AliyunSms
    except ImportError as error:
        raise _missing("aliyun-sms", "sms", error) from None
    policy, zone = _policy("aliyun", settings), ZoneInfo(settings.notifier_timezone)
    timeout = settings.notifier_timeout
    return _addressed("aliyun", lambda: AliyunSms(account, approved, policy, limiter, zone, timeout=timeout))


def tencent(settings: NotifierSettings, limiter: Limiter, terms: SmsTerms) -> Channel:
    """SMS by Tencent Cloud."""
    account = _account("tencent", settings)
    wanted(settings, "tencent-sms", "notifier_tencent_application")
    approved = templates("tencent", settings, terms)
    try:
        from services.notifier.channels.tencent import TencentSms
    except ImportError as error:
        raise _missing("tencent-sms", "sms", error) from None
    policy, zone = _policy("tencent", settings), ZoneInfo(settings.notifier_timezone)
    application, region = settings.notifier_tencent_application, settings.notifier_tencent_region
    timeout = settings.notifier_timeout
    return _addressed(
        "tencent",
        lambda: TencentSms(
            account, application, approved, policy, limiter, zone, timeout=timeout, region=region
        ),
    )


def anything_else(settings: NotifierSettings) -> Channel:
    """Whatever Apprise knows."""
    wanted(settings, "apprise", "notifier_apprise_urls")
    try:
        from services.notifier.channels.apprise import AppriseAddressError, AppriseChannel
    except ImportError as error:
        raise _missing("apprise", "apprise", error) from None
    urls = (settings.notifier_apprise_urls or "").split()
    try:
        return AppriseChannel(urls, timeout=settings.notifier_timeout)
    except AppriseAddressError as error:
        raise SettingsError(f"{variable('notifier_apprise_urls')}: {error}") from None


def wanted(settings: NotifierSettings, channel: str, *names: str) -> None:
    """SettingsError that names what a channel cannot do without."""
    missing = [variable(name) for name in names if not getattr(settings, name)]
    if missing:
        told = bilingual("the channel {channel} needs {settings}", channel=channel, settings=all_of(missing))
        raise SettingsError(told)


def _account(name: str, settings: NotifierSettings) -> Account:
    keys = (f"notifier_{name}_key_id", f"notifier_{name}_key_secret")
    wanted(settings, f"{name}-sms", *keys, "notifier_sms_sign_name")
    key_id, key_secret = (getattr(settings, key) for key in keys)
    base = getattr(settings, f"notifier_{name}_base").rstrip("/")
    return Account(base, key_id, key_secret, settings.notifier_sms_sign_name)


def templates(name: str, settings: NotifierSettings, terms: SmsTerms) -> Templates:
    """The templates of the policy and, for what it has none, those of the settings."""
    field = f"notifier_{name}_templates"
    given: tuple[str, ...] = getattr(settings, field)
    if given and (len(given) not in (3, 4) or not all(given)):
        told = bilingual(
            "{setting} names three templates (reminder, supervisor, lapse) or, with that of a digest, four",
            setting=variable(field),
        )
        raise SettingsError(told)
    names = f"notifier_{name}_variables"
    try:
        found = Templates.usual(
            given, getattr(settings, names), terms.longest or LONGEST[name], terms.templates
        )
    except TemplateError as error:
        raise SettingsError(f"{variable(names)}: {error}") from None
    if lacking := missing(NEEDED, found.templates):
        told = bilingual(
            "{setting}, or `sms.{provider}.templates` of the policy, must name the templates of {kinds}",
            setting=variable(field),
            provider=name,
            kinds=", ".join(lacking),
        )
        raise SettingsError(told)
    return found


def _policy(name: str, settings: NotifierSettings) -> AddressPolicy:
    listed = {host.rstrip(".").lower() for host in settings.notifier_provider_hosts}
    return AddressPolicy(frozenset({_HOSTS[name], *listed}), settings.notifier_allow_loopback)


def _addressed(name: str, made: Callable[[], T]) -> T:
    try:
        return made()
    except AddressError as error:
        hosts = bilingual(
            "allowed are {host} and those of {setting}",
            host=_HOSTS[name],
            setting=variable("notifier_provider_hosts"),
        )
        raise SettingsError(f"{variable(f'notifier_{name}_base')}: {error}; {hosts}") from None


def _missing(channel: str, extra: str, error: ImportError) -> SettingsError:
    told = bilingual(
        "the channel {channel} needs the extra panke[{extra}]: {module} is not installed",
        channel=channel,
        extra=extra,
        module=error.name,
    )
    return SettingsError(told)
