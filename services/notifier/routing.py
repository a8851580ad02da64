"""Which channels an alert takes, in which order.

Today the order is one for all: that of the settings, and of these the channels that reach the person.
Preferences by office, role and person, quiet hours and digests would be decided here.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.notifier.alert import Person
from services.notifier.channels import Channel


def route(channels: Sequence[Channel], person: Person) -> list[tuple[Channel, str]]:
    """The channels that reach the person, the preferred one first, each with where it reaches them."""
    reached = ((channel, channel.destination(person)) for channel in channels)
    return [(channel, destination) for channel, destination in reached if destination]
