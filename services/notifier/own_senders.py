"""The robots and receivers that the policy file names for offices and teams, as channels.

What opens one comes from a variable of the environment or from a file that the policy names; a mistake names the
key of the policy and the place, never what was found there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from services.notifier import provider_senders as providers
from services.notifier.channels import Channel
from services.notifier.channels.address import AddressError
from services.notifier.channels.limits import Limiter
from services.notifier.channels.robot import Access, TokenError
from services.notifier.channels.webhook import SecretError, check_secret
from services.notifier.schedule.plan import RobotTerms, SecretPlace
from services.notifier.settings import NotifierSettings
from shared.i18n import Text, bilingual, translated
from shared.platform.settings import SettingsError, variable

_LARGEST: Final = 4096


class SecretNotFoundError(SettingsError):
    """A secret is not where the policy says; `why` is what is found there."""

    def __init__(self, key: str, why: Text) -> None:
        self.why = why
        super().__init__(f"{key}: {why}")


def own(
    terms: RobotTerms, settings: NotifierSettings, limiter: Limiter, environ: Mapping[str, str] = os.environ
) -> Channel:
    """The channel of one robot, under the name that lists and logs have for it."""
    key = _key(terms)
    secret = None if terms.secret is None else found(terms.secret, f"{key}.secret", environ)
    if terms.provider == "webhook":
        where = (f"{key}.url", f"{key}.secret")
        return providers.hook(terms.address or "", secret or "", settings, where, terms.channel)
    assert terms.token is not None  # the shape of a chat robot has one
    base = terms.address or getattr(settings, f"notifier_{terms.provider}_base")
    access = Access(base, found(terms.token, f"{key}.token", environ), secret)
    try:
        return providers.robot(terms.provider, access, settings, limiter, terms.channel)
    except TokenError as error:
        raise SettingsError(f"{key}.token: {error}") from None
    except AddressError as error:
        hosts = bilingual(
            "allowed are the provider's own and those of {setting}",
            setting=variable("notifier_provider_hosts"),
        )
        raise SettingsError(f"{key}.base: {error}; {hosts}") from None


def hook_secrets(
    settings: NotifierSettings, robots: Iterable[RobotTerms], environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The secrets of all receivers of webhooks, by channel."""
    standard = settings.notifier_webhook_secret
    secrets = {} if standard is None else {"webhook": standard}
    for one in robots:
        if one.provider == "webhook" and one.secret is not None:
            secrets[one.channel] = found(one.secret, f"{_key(one)}.secret", environ)
    return secrets


def admitted(secrets: Mapping[str, str], refused: Callable[[str, SecretError], None]) -> dict[str, str]:
    """Those by which a receiver may report: a key that can be guessed admits anybody, so it is told and left out."""
    kept: dict[str, str] = {}
    for channel, secret in secrets.items():
        try:
            check_secret(secret)
            kept[channel] = secret
        except SecretError as error:
            refused(channel, error)
    return kept


def found(place: SecretPlace, key: str, environ: Mapping[str, str]) -> str:
    """The secret that stands at a place, or SecretNotFoundError."""
    if place.env is not None:
        if not environ.get(place.env):
            raise SecretNotFoundError(key, translated("the variable {name} is not set", name=place.env))
        return environ[place.env]
    try:
        with Path(place.file or "").open(encoding="utf-8") as opened:
            secret = opened.read(_LARGEST).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else translated("no UTF-8")
        raise SecretNotFoundError(
            key, translated("{path} cannot be read: {why}", path=place.file, why=why)
        ) from None
    if not secret:
        raise SecretNotFoundError(key, translated("{file} is empty", file=place.file))
    return secret


def _key(terms: RobotTerms) -> str:
    return f"{variable('notifier_policy')}: robots.{terms.provider}.{terms.name}"
