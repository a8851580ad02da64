"""From a message's alerts to what a channel is given: the words for who reads them, in their language."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from services.notifier.messages.digest import compose_digest
from services.notifier.messages.event import event_words
from services.notifier.messages.links import case_link, list_link, report_link, with_link
from services.notifier.messages.report import report_words
from services.notifier.messages.words import case_number, compose, counted_from, standing_in
from services.notifier.model.alert import (
    DigestLine,
    LeasedAlert,
    MessageText,
    People,
    Person,
    Recipient,
    RenderedMessage,
)
from services.notifier.model.kinds import Rung
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans
from services.notifier.schedule.spread import full_hour
from shared.ids import CustomerId
from shared.platform.telemetry.telemetry import current_traceparent


class Composer:
    """Writes notices by the plans of a deployment."""

    def __init__(self, plans: Plans, late_after: timedelta) -> None:
        self._plans = plans
        self._late_after = late_after

    def notice(
        self, packet: OutgoingMessage, to: Recipient, people: People, now: datetime
    ) -> RenderedMessage:
        """What is sent at business time `now`; it speaks of the hour for which its alerts were meant."""
        meant = (replace(one, due_at=full_hour(self._plans, one.scope, one.due_at)) for one in packet.members)
        packet = replace(packet, members=tuple(meant))
        first, several = packet.first, packet.digest is not None
        link = self._link(packet)
        words = with_link(self._words(packet, to, people, now), link)
        language = self._plans.language(first.scope, to.person.staff)
        known = [one.watermark for one in packet.members if one.watermark is not None]
        return RenderedMessage(
            id=packet.id,
            scope=first.scope,
            customer=CustomerId("") if several else first.customer,
            case="" if several or not first.customer else case_number(first.customer),
            rung=Rung.DIGEST if several else first.rung,
            audience=first.audience,
            to=to.person,
            owner=None if several else first.owner,
            due_at=min(one.due_at for one in packet.members),
            deadline=first.deadline,
            composed_at=now,
            counted_from=counted_from(first, now, self._late_after),
            known_at=min(known, default=None),
            behind=any(one.behind for one in packet.members),
            words=replace(words, language=language),
            traceparent=current_traceparent(),
            items=tuple(_item(one) for one in packet.members) if several else (),
            detail=first.detail if len(packet.members) == 1 else None,
            zone=self._plans.hours_of(first.scope).zone,
            link=link,
        )

    def _link(self, packet: OutgoingMessage) -> str:
        """Where the message leads."""
        first = packet.first
        if first.kind == "report":
            return report_link(self._plans.console, first)
        if packet.digest is not None:
            return list_link(self._plans.console, first.scope)
        return case_link(self._plans.console, first)

    def _words(self, packet: OutgoingMessage, to: Recipient, people: People, now: datetime) -> MessageText:
        first = packet.first
        zone = self._plans.hours_of(first.scope).zone
        if packet.digest is not None:
            owners = {staff: person for (scope, staff), person in people.items() if scope == first.scope}
            words = compose_digest(packet.members, owners, to.person.staff, now, zone, self._late_after)
        elif first.kind == "event":
            words = event_words(first, zone)
        elif first.kind == "report":
            words = report_words(first, now, zone, self._late_after, self._plans.names)
        else:
            return compose(first, _owner(first, people), now, zone, self._late_after, to.instead_of)
        return words if to.instead_of is None else standing_in(words, *to.instead_of)


def _owner(alert: LeasedAlert, people: People) -> Person | None:
    return None if alert.owner is None else people[alert.scope, alert.owner]


def _item(alert: LeasedAlert) -> DigestLine:
    return DigestLine(
        alert.id,
        alert.customer,
        case_number(alert.customer),
        alert.rung,
        alert.audience,
        alert.owner,
        alert.deadline,
    )
