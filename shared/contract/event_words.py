"""What a record is called, by the type of its event, in Chinese and in English (glossary)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.i18n import Text, translated

KINDS: Mapping[str, Text] = {
    "staff.enrolled": translated("enrolment"),
    "staff.departed": translated("departure"),
    "rulebook.adopted": translated("adoption of a rulebook"),
    "shift.opened": translated("opening of the shift"),
    "staff.away": translated("absence"),
    "staff.back": translated("return"),
    "visit.registered": translated("visit"),
    "call.registered": translated("call"),
    "outreach.registered": translated("outreach"),
    "followup.recorded": translated("follow-up"),
    "customer.recognised": translated("recognition"),
    "household.linked": translated("link of a household"),
    "complaint.upheld": translated("complaint that was upheld"),
    "concealment.found": translated("finding of a concealment"),
    "claim.transferred": translated("transfer"),
    "deal.subscribed": translated("subscription"),
    "deal.signed": translated("signing"),
    "deal.cancelled": translated("cancellation of the deal"),
    "dispute.opened": translated("dispute"),
    "dispute.evidence_added": translated("evidence that was added"),
    "dispute.ruled": translated("ruling"),
    "record.corrected": translated("correction"),
    "record.approved": translated("approval of a record"),
    "survey.recorded": translated("survey"),
    "person.erased": translated("erasure of a person"),
    "scheme.adopted": translated("adoption of a scheme"),
    "profile.recorded": translated("customer profile"),
    "plan.made": translated("plan"),
    "worklog.submitted": translated("work log"),
    "feedback.received": translated("complaint, suggestion or praise"),
    "feedback.answered": translated("answer to a customer's feedback"),
    "opportunity.lost": translated("lost opportunity"),
    "reservation.made": translated("reservation"),
    "reservation.closed": translated("end of a reservation"),
    "deal.terms_set": translated("terms of a deal"),
    "deal.progressed": translated("progress of a deal"),
    "request.submitted": translated("request"),
    "record.amended": translated("amendment"),
    "check.recorded": translated("check"),
    "target.set": translated("target"),
    "document.attached": translated("paper on file"),
}
