"""How decisions are told, in Chinese and English: templates by kind of decision and by what made it.

Under each kind, the key names the values of the rulebook that may stand behind the cited clause; two joined
by `|` are two values that share a clause, so that the decision does not tell which of them it was. `*` is for
the rest.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.i18n import Text, translated

OWNERSHIP: Mapping[str, Mapping[str, Text]] = {
    "established": {
        "registration.first": translated("On {at} {owner} received and registered the customer, and owns it"),
        "designated": translated("On {at} the customer asked for {owner} at the door, who owns it"),
        "named": translated("On {at} the customer, when asked, named {owner}, who owns it"),
        "assist": translated("On {at} the customer was received as an assistance, and is {owner}'s"),
        "assist|designated": translated(
            "On {at} the customer asked for the consultant or was received by a helper, and is {owner}'s"
        ),
        "referral.single": translated(
            "On {at} the customer came by referral and belongs to the referrer's consultant, {owner}"
        ),
        "referral.joint": translated(
            "On {at} customers of several consultants brought this one, who is in turn {owner}'s"
        ),
        "honour.call": translated("On {at} {owner} answered and registered the call, and owns the customer"),
        "honour.outreach": translated("On {at} {owner} registered an outreach, and owns the customer"),
        "honour.call|honour.outreach": translated(
            "On {at} {owner} registered a call or an outreach, and owns the customer"
        ),
        "honour.call|honour.outreach|named": translated(
            "On {at} {owner} registered a call or an outreach, or was named by the visitor, and owns the customer"
        ),
        "designated|named": translated(
            "On {at} the customer asked for {owner} or named {owner} when asked, who owns it"
        ),
        "follow_up": translated(
            "On {at}, after the earlier claim had lapsed, the customer was registered anew and is {owner}'s"
        ),
        "*": translated("On {at} the customer became {owner}'s"),
    },
    "renewed": {
        "follow_up": translated(
            "On {at} {owner} was in contact with the customer, and the validity runs anew"
        ),
        "*": translated("On {at} {owner} was in contact again, and keeps the customer"),
    },
    "kept": {
        "kept": translated(
            "On {at} another received the customer, who stays {owner}'s; the receiver assisted"
        ),
        "follow_up": translated(
            "On {at} the claim had lapsed but the owner was recognised, so the customer stays {owner}'s"
        ),
        "discovery": translated(
            "On {at}, after a deal, two registrations proved to be one customer, who stays {owner}'s"
        ),
        "*": translated("On {at} the customer stayed {owner}'s"),
    },
    "superseded": {
        "follow_up": translated(
            "On {at} {previous}'s claim had lapsed unrecognised, and the customer is now {owner}'s"
        ),
        "honour": translated(
            "On {at} {previous}'s earlier claim was not honoured, and the customer is now {owner}'s"
        ),
        "present_unrecognised": translated(
            "On {at} {previous} was present and did not recognise the customer, who is now {owner}'s"
        ),
        "*": translated("On {at} the customer passed from {previous} to {owner}"),
    },
    "returned": {
        "discovery": translated(
            "On {at} two registrations proved to be one customer, who goes back to {owner}, the first"
        ),
        "household": translated(
            "On {at} two registrations proved to be one household, which goes back to {owner}, the first"
        ),
        "recognition": translated("On {at} {owner} recognised the customer, who goes back to {owner}"),
        "discovery|recognition": translated(
            "On {at} the customer was found to be {owner}'s from before, and goes back to {owner}"
        ),
        "corrections": translated("On {at}, after an approved correction, the customer is {owner}'s"),
        "*": translated("On {at} the customer went back to {owner}"),
    },
    "lapsed": {
        "*": translated(
            "On {at} {previous}'s claim lapsed without contact in time, and the customer is open to all"
        )
    },
    "revoked": {
        "*": translated("On {at} a complaint against {previous} was upheld; the claim is revoked for good")
    },
    "released": {
        "departed": translated("On {at} {previous} left, and the customer was released"),
        "*": translated("On {at} {previous}'s claim ended, and nobody owns the customer"),
    },
    "transferred": {"*": translated("On {at} the customer was transferred to {owner}, with approval")},
    "ruled": {
        "*": translated("On {at} it was ruled that the customer is {owner}'s"),
    },
    "disputed": {
        "disputes": translated("On {at} the customer was disputed; a ruling is awaited"),
        "deal.unregistered": translated(
            "On {at} a customer whom nobody registered bought; a ruling is awaited"
        ),
        "deal": translated(
            "On {at} the deal was closed by someone who had never received the customer; a ruling is awaited"
        ),
        "deal|deal.unregistered": translated(
            "On {at} the closer had never received the customer, or nobody had; a ruling is awaited"
        ),
        "recognition": translated(
            "On {at} a consultant recognised the customer and gave evidence; a ruling is awaited"
        ),
        "household": translated("On {at} one household proved to have different owners; a ruling is awaited"),
        "concealment": translated(
            "On {at} shares forfeited for concealment had nobody to go to; a ruling is awaited"
        ),
        "complaint": translated("On {at} the closer was barred after a complaint; a ruling is awaited"),
        "*": translated("On {at} the customer came into dispute; a ruling is awaited"),
    },
}

DEAL: Mapping[str, Mapping[str, Text]] = {
    "final": {
        "deal.assisted": translated(
            "On {at} one who had assisted closed the deal, which is shared: {shares}"
        ),
        "deal.brochure_only": translated(
            "On {at} a later receiver closed after a first visit for a brochure only; shared: {shares}"
        ),
        "deal.referral_same_day": translated(
            "On {at} the helper closed with a referred customer on the same day; shared: {shares}"
        ),
        "concealment|deal.referral_same_day": translated("On {at} the deal was shared: {shares}"),
        "deal.assisted|discovery": translated(
            "On {at} a later receiver had closed, as helper or before the first was found; shared: {shares}"
        ),
        "disputes": translated("On {at} the shares were ruled: {shares}"),
        "concealment": translated(
            "On {at} the consultant who hid the owner forfeited the shares; now: {shares}"
        ),
        "discovery": translated(
            "On {at} two registrations proved to be one customer; the shares are now: {shares}"
        ),
        "household": translated(
            "On {at} two registrations proved to be one household; the shares are now: {shares}"
        ),
        "*": translated("On {at} the deal's shares were fixed: {shares}"),
    },
    "pending_ruling": {
        "deal.unregistered": translated(
            "On {at} a customer whom nobody registered bought; until the ruling: {shares}"
        ),
        "deal": translated("On {at} the closer had never received the customer; until the ruling: {shares}"),
        "*": translated("On {at} the deal awaits a ruling; until then: {shares}"),
    },
    "cancelled": {
        "*": translated("On {at} the deal was cancelled, and nobody has a share"),
    },
}

BASIS = translated("This rests on {clause}: {sentence}")
BASIS_UNKNOWN = translated("This rests on {clause}.")
RECORDS = translated("Records: {records}.")
NOBODY = translated("nobody")
