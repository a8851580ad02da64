"""What binds the judging of a record because of what was decided earlier."""

from __future__ import annotations

from shared.ids import Contact, DisputeId, EventId
from shared.rules.domain.state import ReferralAtVisit


class Precedent:
    """Nothing binds: the record is judged for the first time."""

    __slots__ = ()

    def naming(self, record: EventId) -> str:
        """What the id of a customer is made of whom this record is the first to name."""
        return record

    def opens(self, record: EventId, dispute: DisputeId) -> bool:
        """Whether the rules may open this dispute where they would."""
        return True

    def referral(self, record: EventId, contact: Contact) -> ReferralAtVisit:
        """What is known of a referrer whose contact no customer at hand has."""
        return ReferralAtVisit(contact)


NO_PRECEDENT = Precedent()
