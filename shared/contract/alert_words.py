"""What is said of alerts wherever a person reads of them: steps, for whom, channels, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contract.field_words import last_name
from shared.i18n import Text, translated, translated_in

STEPS: Final[Mapping[str, Text]] = {
    "early": translated_in("step of an alert", "some days before"),
    "day_before": translated_in("step of an alert", "the day before"),
    "last_morning": translated_in("step of an alert", "on the last morning"),
    "last_afternoon": translated_in("step of an alert", "on the last afternoon"),
    "last_call": translated_in("step of an alert", "last call"),
    "lapsed": translated_in("step of an alert", "lapsed"),
    "kept": translated_in("step of an alert", "kept"),
    "superseded": translated_in("step of an alert", "superseded"),
    "returned": translated_in("step of an alert", "returned"),
    "transferred": translated_in("step of an alert", "transferred"),
    "disputed": translated_in("step of an alert", "in dispute"),
    "ruled": translated_in("step of an alert", "ruled"),
    "shares": translated_in("step of an alert", "shares of a deal"),
}
"""Steps of the ladder, and what else happened to a customer that somebody is told of."""
AUDIENCES: Final[Mapping[str, Text]] = {
    "owner": translated_in("of an alert", "to the owner"),
    "supervisor": translated_in("of an alert", "to the supervisor"),
    "reader": translated_in("of an alert", "to a reader of reports"),
}
CHANNELS: Final[Mapping[str, Text]] = {
    "dingtalk": translated("DingTalk"),
    "wecom": translated("WeCom"),
    "feishu": translated("Feishu"),
    "aliyun-sms": translated("text message"),
    "tencent-sms": translated("text message"),
    "email": translated("e-mail"),
    "webhook": translated("webhook"),
    "apprise": translated("another service"),
    "log": translated("log alone"),
}
"""By which channel an alert went; each may have several robots."""
HAPPENED: Final[Mapping[str, Text]] = {
    "made": translated_in("of an alert", "planned"),
    "call": translated_in("of an alert", "given to the provider"),
    "answer sent": translated_in("of an alert", "taken by the provider"),
    "answer temporary": translated_in("of an alert", "not taken now, to be tried again"),
    "answer refused": translated_in("of an alert", "refused by the provider"),
    "answer unknown": translated_in("of an alert", "without an answer, may have arrived"),
    "due": translated_in("of an alert", "due again"),
    "sent": translated_in("of an alert", "sent"),
    "failed": translated_in("of an alert", "failed, to be tried again"),
    "unknown": translated_in("of an alert", "may have arrived"),
    "superseded": translated_in("of an alert", "no longer needed"),
    "dead": translated_in("of an alert", "given up"),
    "reported taken": translated_in("of an alert", "reported as on its way"),
    "reported delivered": translated_in("of an alert", "reported as delivered"),
    "reported read": translated_in("of an alert", "reported as read"),
    "reported failed": translated_in("of an alert", "reported as failed"),
}
"""What an alert's history tells of."""
_OF_LOG: Final = {"step": STEPS, "audience": AUDIENCES, "what": HAPPENED, "state": HAPPENED}


def channel_word(channel: str) -> Text | str:
    """What a channel is called, whichever of its robots it was: `dingtalk/team-2`."""
    return CHANNELS.get(channel.partition("/")[0], channel)


def alert_word(path: str, value: object) -> Text | str | None:
    """What the log of alerts says, by the last name of its path; None for a value on no list."""
    name, said = last_name(path), str(value)
    return channel_word(said) if name == "channel" else _OF_LOG.get(name, {}).get(said)
