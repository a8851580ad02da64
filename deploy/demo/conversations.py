"""What the notifier says that it sent, and what the providers got: joined message by message, and none may be missing.

A message to a chat bears no id that its provider knows. It is known by its channel, its reader and the case numbers
in it, of which a report has none; the notifier's own list tells them too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.demo.alerting import EVENTS
from deploy.demo.providers.message import DeliveredMessage
from deploy.local.errors import LocalError
from shared.i18n import translated

Json = Mapping[str, Any]
_CASE = re.compile(r"(?<![0-9A-Z])[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}(?![0-9A-Z])")
_Key = tuple[str, str, frozenset[str]]


class NotArrivedError(LocalError):
    """What the notifier sent is not what the providers got."""

    def __init__(self, missing: Iterable[_Key], unknown: Iterable[_Key]) -> None:
        gone, odd = (
            sorted((one[0], one[1], *sorted(one[2])) for one in found) for found in (missing, unknown)
        )
        super().__init__(
            translated(
                "Sent and not arrived: {gone}; arrived and not sent: {odd}; these must agree.",
                gone=gone,
                odd=odd,
            )
        )


@dataclass(frozen=True)
class Conversation:
    """A message with what it was for; `instead_of` is the channel that refused it before, with its answer."""

    message: DeliveredMessage
    alerts: tuple[Json, ...]
    instead_of: tuple[str, str] | None

    @property
    def several(self) -> bool:
        return len(self.alerts) > 1

    @property
    def steps(self) -> frozenset[str]:
        return frozenset(str(alert["step"]) for alert in self.alerts)

    @property
    def event(self) -> bool:
        """Of something other than a claim that runs out."""
        return self.steps <= frozenset(EVENTS)

    @property
    def report(self) -> bool:
        """A report on a schedule, which is of no customer."""
        return self.steps == {"report"}

    @property
    def to_supervisor(self) -> bool:
        return all(alert["audience"] == "supervisor" for alert in self.alerts)

    @property
    def late(self) -> bool:
        """Said of itself by the message: it was due long before."""
        return any("现补发" in line or "is late" in line for line in self.message.lines)


def joined(messages: Sequence[DeliveredMessage], alerts: Sequence[Json]) -> list[Conversation]:
    """Each message with the alerts that it told, or `NotArrivedError`."""
    sent: dict[_Key, list[list[Json]]] = defaultdict(list)
    for group in _groups(alerts):
        attempt = _taken(group[0])
        cases = frozenset(str(alert["case"]) for alert in group if alert["case"])
        sent[str(attempt["channel"]), str(attempt["recipient"]), cases].append(group)
    found: list[Conversation] = []
    unknown: list[_Key] = []
    for message in messages:
        key = (message.channel, message.to, frozenset(_CASE.findall(message.text)))
        if not sent[key]:
            unknown.append(key)
            continue
        group = sent[key].pop(0)
        found.append(Conversation(message, tuple(group), _refused_before(group[0])))
    missing = [key for key, groups in sent.items() if groups]
    if missing or unknown:
        raise NotArrivedError(missing, unknown)
    return found


def _groups(alerts: Sequence[Json]) -> list[list[Json]]:
    """The alerts of each message that was sent, in the order of sending."""
    found: dict[str, list[Json]] = defaultdict(list)
    for alert in sorted(alerts, key=lambda one: (str(_taken(one)["business_at"]), str(one["id"]))):
        found[str(_taken(alert)["digest"] or alert["id"])].append(alert)
    return list(found.values())


def _taken(alert: Json) -> Json:
    """The attempt that a provider took."""
    taken: Json = next(one for one in reversed(alert["attempts"]) if one["outcome"] == "sent")
    return taken


def _refused_before(alert: Json) -> tuple[str, str] | None:
    attempts: list[Json] = [one for one in alert["attempts"] if one["outcome"] == "refused"]
    return (str(attempts[-1]["channel"]), str(attempts[-1]["answer"])) if attempts else None
