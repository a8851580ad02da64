"""The channels of a deployment, made from its settings; a mistake names its variable when the service
starts."""

from __future__ import annotations

import binascii

from standardwebhooks.webhooks import EmptyWebhookSecretError

from services.notifier.channels import Channel, providers
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.limits import Limiter, ProcessLimiter
from services.notifier.channels.log import LogChannel
from services.notifier.channels.mail import MailChannel, MailServer
from services.notifier.channels.webhook import WebhookChannel
from services.notifier.settings import ChannelName, NotifierSettings
from shared.clock import MachineClock
from shared.settings import SettingsError, is_loopback, variable


def configured(settings: NotifierSettings, limiter: Limiter | None = None) -> list[Channel]:
    """One channel for each name in the settings, in that order.

    Without a limiter that all processes share, limits are counted in this one alone.
    """
    limiter = limiter or ProcessLimiter(MachineClock())
    names = settings.notifier_channels
    if not names or len(set(names)) != len(names):
        raise SettingsError(f"{variable('notifier_channels')} must name at least one channel, each once")
    return [_channel(name, settings, limiter) for name in names]


def _channel(name: ChannelName, settings: NotifierSettings, limiter: Limiter) -> Channel:
    if name in providers.ROBOTS:
        return providers.chat(name, settings, limiter)
    if name == "aliyun-sms":
        return providers.aliyun(settings, limiter)
    if name == "tencent-sms":
        return providers.tencent(settings, limiter)
    if name == "apprise":
        return providers.anything_else(settings)
    if name == "webhook":
        return _webhook(settings)
    if name == "email":
        return _mail(settings)
    return LogChannel()


def _webhook(settings: NotifierSettings) -> Channel:
    if not settings.notifier_webhook_url or settings.notifier_webhook_secret is None:
        wanted = " and ".join(variable(f"notifier_webhook_{part}") for part in ("url", "secret"))
        raise SettingsError(f"the channel webhook needs {wanted}")
    hosts = frozenset(host.rstrip(".").lower() for host in settings.notifier_webhook_hosts)
    policy = AddressPolicy(hosts, settings.notifier_allow_loopback)
    url, secret = settings.notifier_webhook_url, settings.notifier_webhook_secret
    try:
        return WebhookChannel(url, secret, policy, settings.notifier_timeout)
    except AddressError as error:
        hosts_variable = variable("notifier_webhook_hosts")
        told = f"{variable('notifier_webhook_url')}: {error} (allowed are those of {hosts_variable})"
        raise SettingsError(told) from None
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        told = f"{variable('notifier_webhook_secret')} is not base64, with or without `whsec_` before it"
        raise SettingsError(told) from None


def _mail(settings: NotifierSettings) -> Channel:
    if not settings.notifier_smtp_host or not settings.notifier_smtp_sender:
        wanted = " and ".join(variable(f"notifier_smtp_{part}") for part in ("host", "sender"))
        raise SettingsError(f"the channel email needs {wanted}")
    if settings.notifier_smtp_security == "none" and not is_loopback(settings.notifier_smtp_host):
        raise SettingsError(
            f"{variable('notifier_smtp_security')}=none is for a mail server on this machine alone"
        )
    server = MailServer(
        settings.notifier_smtp_host,
        settings.notifier_smtp_port,
        settings.notifier_smtp_sender,
        settings.notifier_smtp_username,
        settings.notifier_smtp_password or "",
        settings.notifier_smtp_security,
    )
    return MailChannel(server, settings.notifier_timeout)
