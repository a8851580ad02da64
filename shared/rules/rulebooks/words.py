"""What each value of a rulebook does, in Chinese and English: data for `panke rulebook explain`.

A key is the path of a field. A saying is chosen by the value; `...` is for any other value, whose words
fill `{}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType

from shared.contract.value_words import METHODS, RELATIONS
from shared.i18n import Text, translated

Sayings = Mapping[object | EllipsisType, Text]

WORDS: Mapping[str, Text] = {
    "name": translated("name"),
    "contact": translated("contact"),
    "consultant": translated("consultant"),
    "supervisor": translated("supervisor"),
    "manager": translated("manager"),
    "director": translated("director"),
    "back_office": translated("back office"),
    "admin_manager": translated("administration manager"),
    "general_manager": translated("general manager"),
    "reception": translated("reception"),
    "auditor": translated("auditor"),
    **METHODS,
    "to_tail": translated("goes to the tail"),
    "hold": translated("keeps the place"),
    "skip": translated("loses the turn"),
}

WORDS_OF: Mapping[str, Mapping[str, Text]] = {"household.relations": RELATIONS}
"""Words of a field that mean something else elsewhere, in the order in which they are told."""

_HONOURED: Sayings = {
    "found": translated("honoured whenever the records show it"),
    "named": translated("honoured only if the customer names the consultant"),
    "none": translated("only a record; it gives no claim"),
}
_VISIT_HONOURED: Sayings = {**_HONOURED, "none": _HONOURED["found"]}
"""A visit gives its claim all the same (procedure.md#fine-honour-visit-none)."""
_WITHIN: Sayings = {
    None: translated("without limit of time"),
    ...: translated("for {} from the registration"),
}
_DAYS: Sayings = {
    None: translated("claims never lapse"),
    ...: translated("valid for {} days after the last contact, then it lapses"),
}
_DISCOVERED: Sayings = {
    "first": translated("goes back to the first registrant"),
    "closer": translated("stays with who closed"),
    "split": translated("the shares are divided between the two"),
}
_EVIDENCE: Sayings = {
    "optional": translated("evidence is optional"),
    "required": translated("evidence is required"),
}
_APPROVED: Sayings = {
    (): translated("needs no approval"),
    ...: translated("needs the approval of: {}"),
}

FIELDS: Mapping[str, Sayings] = {
    "registration.requires": {
        frozenset(): translated("a registration needs neither name nor contact"),
        ...: translated("a complete registration has: {}"),
    },
    "honour.visit.by": _VISIT_HONOURED,
    "honour.call.by": _HONOURED,
    "honour.outreach.by": _HONOURED,
    "honour.visit.within": _WITHIN,
    "honour.call.within": _WITHIN,
    "honour.outreach.within": _WITHIN,
    "designated.honoured": {
        True: translated("a new customer belongs to the consultant asked for"),
        False: translated("asking for a consultant does not count"),
    },
    "named.honoured": {
        True: translated("the one consultant whom a new customer names when asked is as one asked for"),
        False: translated("naming a consultant when asked does not count"),
    },
    "assist.new_customers": {
        "on_behalf_of": translated("a new customer is the colleague's"),
        "receiver": translated(
            "nobody receives a customer without any record for another; who receives owns, in turn"
        ),
    },
    "follow_up.every.visit": _DAYS,
    "follow_up.every.call": {
        None: translated("claims by call never lapse"),
        ...: translated("{} days for a claim by call"),
    },
    "follow_up.every.outreach": {
        None: translated("claims by outreach never lapse"),
        ...: translated("{} days for a claim by outreach"),
    },
    "follow_up.methods": {
        None: translated("every way of contact counts"),
        frozenset(): translated("only visits and calls count"),
        ...: translated("only these count: {}"),
    },
    "follow_up.must_reach": {
        True: translated("the customer must be reached"),
        False: translated("the customer need not be reached"),
    },
    "follow_up.revive": {
        True: translated("a late contact revives a claim that nobody took"),
        False: translated("a late contact does not revive"),
    },
    "recognition.until": {
        "reception_end": translated("in time until the reception ends"),
        "deal": translated("in time until a deal"),
    },
    "recognition.effect": {
        "return": translated("the customer goes back"),
        "ruling": translated("a ruling is asked for"),
    },
    "recognition.evidence": _EVIDENCE,
    "present_unrecognised.effect": {
        "ignored": translated("not recognising one's customer changes nothing"),
        "forfeits": translated("the owner loses the customer and the shares"),
    },
    "discovery.before_deal.effect": _DISCOVERED,
    "discovery.after_deal.effect": _DISCOVERED,
    "discovery.after_deal.split.first": {...: translated("{} for the first")},
    "discovery.after_deal.split.second": {...: translated("{} for the second")},
    "discovery.concealed.effect": _DISCOVERED,
    "discovery.concealed.split.first": {...: translated("{} for the first")},
    "discovery.concealed.split.second": {...: translated("{} for the second")},
    "household.effect": {
        "first_registration": translated("one customer, the first registration counts"),
        "ruling": translated("if they have different owners, a ruling is asked for"),
        "separate": translated("they stay separate customers"),
    },
    "household.relations": {
        frozenset(RELATIONS): translated("whatever the link"),
        frozenset(): translated("for no link; any link is only recorded"),
        ...: translated("among: {}; any other link is only recorded"),
    },
    "referral.single.effect": {
        "on_turn": translated("belongs, in turn, to who receives"),
        "referrer_consultant": translated("belongs to the referrer's consultant"),
    },
    "referral.joint.effect": {"on_turn": translated("belongs, in turn, to who receives")},
    "deal.assisted.owner": {None: translated("no split"), ...: translated("{} for the owner")},
    "deal.assisted.assistant": {
        None: Text("", ""),
        ...: translated("{} for who assisted and closed"),
    },
    "deal.brochure_only.owner": {None: translated("no split"), ...: translated("{} for the owner")},
    "deal.brochure_only.closer": {None: Text("", ""), ...: translated("{} for the closer")},
    "deal.referral_same_day.owner": {
        None: translated("no split"),
        ...: translated("{} for the owner"),
    },
    "deal.referral_same_day.closer": {None: Text("", ""), ...: translated("{} for the closer")},
    "complaint.effect": {"bar": translated("loses this customer for good, and later shares")},
    "concealment.effect": {"confiscate": translated("forfeits every share in the customer's deals")},
    "disputes.authority": {...: translated("may rule, lowest first: {}")},
    "disputes.authority_after_deal": {
        None: translated("the same after a deal"),
        ...: translated("on the shares of a deal only: {}"),
    },
    "disputes.approved_by": {
        (): translated("a ruling needs no further approval"),
        ...: translated("a ruling needs the approval of: {}"),
    },
    "disputes.evidence": _EVIDENCE,
    "transfers.approved_by": _APPROVED,
    "corrections.approved_by": _APPROVED,
    "departed.effect": {"release": translated("the consultant's customers are released")},
    "rotation.calls.effect": {
        "same": translated("calls in the order of visits"),
        "reversed": translated("calls in the reverse order of visits"),
    },
    "rotation.away.personal": {...: translated("private: {}")},
    "rotation.away.business": {...: translated("business: {}")},
    "rotation.away.company_task": {...: translated("company task: {}")},
    "rotation.away.brief": {...: translated("brief: {}")},
    "penalties.*": {...: Text("{}", "{}")},
}

VALUES: Mapping[str, Text] = {
    "registration": translated("Registration"),
    "registration.first": translated("A first registration by visit: who receives owns"),
    "honour.visit": translated("A claim by visit, when another receives"),
    "honour.call": translated("A claim by call, when another receives"),
    "honour.outreach": translated("A claim by outreach, when another receives"),
    "kept": translated("What a customer kept by its owner rests on"),
    "designated": translated("Asking for a consultant at the door"),
    "named": translated("Naming a consultant when asked"),
    "assist": translated("Receiving for a colleague"),
    "follow_up": translated("Follow-up and validity"),
    "recognition": translated("Recognition after the registration"),
    "present_unrecognised": translated("Present, and did not recognise"),
    "discovery.before_deal": translated("Found before a deal to be one customer"),
    "discovery.after_deal": translated("Found after a deal"),
    "discovery.concealed": translated("Found after a deal, the customer having denied a visit"),
    "household": translated("A household"),
    "referral.single": translated("Referred by customers of one consultant"),
    "referral.joint": translated("Referred by customers of several"),
    "deal": translated("A closer who never received the customer: a ruling is awaited"),
    "deal.unregistered": translated("A deal that nobody registered: a ruling is awaited"),
    "deal.assisted": translated("A deal closed by who had assisted"),
    "deal.brochure_only": translated("The owner gave a brochure only, another closed"),
    "deal.referral_same_day": translated("A referred customer closed the same day by the helper"),
    "complaint": translated("A complaint upheld"),
    "concealment": translated("Hiding whose customer it is"),
    "disputes": translated("Disputes"),
    "transfers": translated("Transfers"),
    "corrections": translated("Corrections of records"),
    "departed": translated("A consultant leaves"),
    "rotation.calls": translated("The order of calls"),
    "rotation.away": translated("The turn of who is away"),
    "penalties.out_of_turn": translated("Penalty: out of turn"),
    "penalties.tampering": translated("Penalty: tampering"),
    "penalties.concealment": translated("Penalty: concealment"),
    "penalties.complaint": translated("Penalty: a complaint upheld"),
}
