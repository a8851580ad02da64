"""The channels of a deployment, made from its settings; a mistake names its variable when the service
starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from services.notifier import provider_senders as providers
from services.notifier.channels import Channel
from services.notifier.channels.contact import sender_address
from services.notifier.channels.customer_names import Naming
from services.notifier.channels.limits import Limiter, ProcessLimiter
from services.notifier.channels.log import LogChannel
from services.notifier.channels.mail import Attaching, MailChannel, MailServer
from services.notifier.channels.robot import Robot
from services.notifier.own_senders import own
from services.notifier.schedule.plan import Plans, SmsTerms
from services.notifier.settings import ChannelName, NotifierSettings
from shared.i18n import bilingual
from shared.platform.clock import MachineClock
from shared.platform.settings import SettingsError, is_loopback, variable

NO_PLANS: Final = Plans()


def configured(
    settings: NotifierSettings,
    limiter: Limiter | None = None,
    plans: Plans = NO_PLANS,
    environ: Mapping[str, str] = os.environ,
    workbook: Attaching | None = None,
    naming: Naming | None = None,
) -> list[Channel]:
    """One channel for each name in the settings, in that order, and one for each robot of the policy.

    Without a limiter that all processes share, limits are counted in this one alone. `workbook` is what mails attach,
    `naming` the masked names that chats show where the policy of an office wants them.
    """
    limiter = limiter or ProcessLimiter(MachineClock())
    names = settings.notifier_channels
    if not names or len(set(names)) != len(names):
        told = bilingual(
            "{setting} must name at least one channel, each once", setting=variable("notifier_channels")
        )
        raise SettingsError(told)
    standard = [_channel(name, settings, limiter, plans, workbook) for name in names]
    made = standard + [own(one, settings, limiter, environ) for one in plans.robots]
    for channel in made:
        if naming is not None and isinstance(channel, Robot):
            channel.show_names(naming)
    return made


def _channel(
    name: ChannelName, settings: NotifierSettings, limiter: Limiter, plans: Plans, workbook: Attaching | None
) -> Channel:
    if name in providers.ROBOTS:
        return providers.chat(name, settings, limiter)
    if name == "aliyun-sms":
        return providers.aliyun(settings, limiter, plans.sms.get("aliyun", SmsTerms()))
    if name == "tencent-sms":
        return providers.tencent(settings, limiter, plans.sms.get("tencent", SmsTerms()))
    if name == "apprise":
        return providers.anything_else(settings)
    if name == "webhook":
        return _webhook(settings)
    if name == "email":
        return _mail(settings, workbook)
    return LogChannel()


def _webhook(settings: NotifierSettings) -> Channel:
    providers.wanted(settings, "webhook", "notifier_webhook_url", "notifier_webhook_secret")
    url, secret = settings.notifier_webhook_url, settings.notifier_webhook_secret or ""
    where = (variable("notifier_webhook_url"), variable("notifier_webhook_secret"))
    return providers.hook(url, secret, settings, where)


def _mail(settings: NotifierSettings, workbook: Attaching | None) -> Channel:
    providers.wanted(settings, "email", "notifier_smtp_host", "notifier_smtp_sender")
    try:
        sender_address(settings.notifier_smtp_sender)
    except ValueError as error:
        raise SettingsError(f"{variable('notifier_smtp_sender')}: {error}") from None
    if settings.notifier_smtp_security == "none" and not is_loopback(settings.notifier_smtp_host):
        told = bilingual(
            "{setting}=none is for a mail server on this machine alone",
            setting=variable("notifier_smtp_security"),
        )
        raise SettingsError(told)
    server = MailServer(
        settings.notifier_smtp_host,
        settings.notifier_smtp_port,
        settings.notifier_smtp_sender,
        settings.notifier_smtp_username,
        settings.notifier_smtp_password or "",
        settings.notifier_smtp_security,
    )
    return MailChannel(server, settings.notifier_timeout, workbook)
