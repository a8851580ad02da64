"""What a value of a closed list is called, by the field that it stands in, in Chinese and in English (glossary)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contract.field_words import field_word, last_name
from shared.i18n import Text, translated, translated_in

YES: Final = translated("yes")
NO: Final = translated("no")
CAPACITIES: Final[Mapping[str, Text]] = {
    "on_turn": translated("On turn"),
    "assist": translated("Assisting"),
}
ABSENCES: Final[Mapping[str, Text]] = {
    "personal": translated("Personal matter"),
    "business": translated("On business"),
    "company_task": translated("On a task of the firm"),
    "brief": translated("Away for a moment"),
}
STAGES: Final[Mapping[str, Text]] = {
    "reviewed": translated("Reviewed"),
    "approved": translated("Approved"),
    "filed": translated("Filed"),
    "returned": translated("Sent back"),
}
METHODS: Final[Mapping[str, Text]] = {
    "door_visit": translated("door visit"),
    "invitation": translated("invitation"),
    "phone": translated("phone"),
    "web_chat": translated("web chat"),
    "sms": translated("text message"),
    "other": translated("other ways"),
}
OUTREACH: Final[Mapping[str, Text]] = {
    "sms": translated("text message"),
    "field": translated("outreach in the street"),
    "web": translated("outreach on the web"),
}
MEDIUMS: Final[Mapping[str, Text]] = {
    "email": translated("e-mail"),
    "fax": translated("fax"),
    "wechat": translated("WeChat"),
    "letter": translated("letter"),
}
CATEGORIES: Final[Mapping[str, Text]] = {
    "prospect": translated("prospective customer"),
    "interested": translated("interested customer"),
    "promising": translated("promising customer"),
    "general": translated("general customer"),
}
RELATIONS: Final[Mapping[str, Text]] = {
    "spouse": translated("husband and wife"),
    "parent_child": translated("parent and child"),
    "other": translated("any other link"),
}
VISITED_BEFORE: Final[Mapping[str, Text]] = {"yes": YES, "no": NO, "unsure": translated("not sure")}
ANSWERED_AT: Final[Mapping[str, Text]] = {
    "on_site": translated("at the office"),
    "call_back": translated("by calling back"),
}
PAYMENTS: Final[Mapping[str, Text]] = {
    "lump_sum": translated("in one sum"),
    "instalments": translated("in instalments"),
    "mortgage": translated("by mortgage"),
    "fund": translated("by housing fund"),
    "mixed": translated("by mortgage and housing fund"),
}
STEPS: Final[Mapping[str, Text]] = {
    "filed": translated("contract filed"),
    "mortgage_submitted": translated("mortgage applied for"),
    "mortgage_released": translated("mortgage paid out"),
    "fund_submitted": translated("housing fund applied for"),
    "fund_released": translated("housing fund paid out"),
    "deposit_paid": translated("deposit paid"),
    "down_payment_paid": translated("down payment paid"),
    "instalment_paid": translated("instalment paid"),
    "balance_paid": translated("balance paid"),
    "refunded": translated("money back"),
    "signed": translated("signed"),
}
PLAN_KINDS: Final[Mapping[str, Text]] = {
    "follow_up": translated_in("kind of a plan", "follow-up"),
    "reception": translated_in("kind of a plan", "reception"),
    "outing": translated_in("kind of a plan", "outing"),
    "after_sale": translated_in("kind of a plan", "after the sale"),
    "work": translated_in("kind of a plan", "other work"),
}
WORKLOG_KINDS: Final[Mapping[str, Text]] = {
    "daily": translated("daily log"),
    "weekly": translated("weekly log"),
    "monthly": translated("monthly log"),
    "meeting": translated("minutes"),
}
RESERVATION_KINDS: Final[Mapping[str, Text]] = {
    "queue": translated("place in the queue"),
    "hold": translated("unit held"),
}
RESERVATION_ENDS: Final[Mapping[str, Text]] = {
    "refunded": translated("money back"),
    "lapsed": translated("lapsed"),
}
FEEDBACK_KINDS: Final[Mapping[str, Text]] = {
    "complaint": translated("complaint"),
    "suggestion": translated("suggestion"),
    "praise": translated("praise"),
}
FEEDBACK_OUTCOMES: Final[Mapping[str, Text]] = {
    "resolved": translated("resolved"),
    "explained": translated("explained to the customer"),
    "rejected": translated("rejected"),
    "forwarded": translated("forwarded"),
}
REQUEST_KINDS: Final[Mapping[str, Text]] = {
    "data_change": translated("change of data"),
    "transfer": translated("transfer"),
    "referral_reward": translated("reward for a referral"),
    "special_price": translated("special price"),
    "extension": translated("extension"),
    "site_tour": translated("tour of the site"),
}
CHECK_KINDS: Final[Mapping[str, Text]] = {
    "data": translated("check of data"),
    "register": translated("check of registers"),
    "site": translated("check of the site"),
}
VERDICTS: Final[Mapping[str, Text]] = {
    "ok": translated("true"),
    "stale": translated("stale"),
    "false": translated("false"),
    "missing": translated("missing"),
    "unreachable": translated("unreachable"),
}
METRICS: Final[Mapping[str, Text]] = {
    "visits": translated("visits"),
    "subscriptions": translated("units subscribed"),
    "signings": translated("units signed"),
    "signed_amount": translated("amount signed"),
    "receipts": translated("received"),
}
BASES: Final[Mapping[str, Text]] = {
    "visit": translated_in("basis of a claim", "by a visit"),
    "call": translated_in("basis of a claim", "by a call"),
    "outreach": translated_in("basis of a claim", "by outreach"),
    "transfer": translated_in("basis of a claim", "by a transfer"),
    "ruling": translated_in("basis of a claim", "by a ruling"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "owned": translated("owned"),
    "lapsed": translated("lapsed"),
    "disputed": translated("in dispute"),
    "closed": translated("closed by a deal"),
    "unowned": translated("nobody's"),
    "final": translated("final"),
    "pending_ruling": translated("awaits a ruling"),
    "cancelled": translated("cancelled"),
    "open": translated("open"),
    "ruled": translated("ruled"),
}
DECISIONS: Final[Mapping[str, Text]] = {
    "established": translated("established"),
    "renewed": translated("renewed"),
    "kept": translated("kept"),
    "superseded": translated("superseded"),
    "returned": translated("returned"),
    "lapsed": translated("lapsed"),
    "revoked": translated("revoked"),
    "released": translated("released"),
    "transferred": translated("transferred"),
    "ruled": translated("ruled"),
    "disputed": translated("in dispute"),
}

_ANSWER: Final[Mapping[str, Text]] = {"0": NO, "1": YES}
_VALUES: Final[Mapping[str, Mapping[str, Text]]] = {
    "capacity": CAPACITIES,
    "reason": ABSENCES,
    "stage": STAGES,
    "method": {**METHODS, **OUTREACH},
    "medium": MEDIUMS,
    "category": CATEGORIES,
    "relation": RELATIONS,
    "visited_before": VISITED_BEFORE,
    "via": ANSWERED_AT,
    "payment": PAYMENTS,
    "what": STEPS,
    "kind": {
        **PLAN_KINDS,
        **WORKLOG_KINDS,
        **RESERVATION_KINDS,
        **FEEDBACK_KINDS,
        **REQUEST_KINDS,
        **CHECK_KINDS,
    },
    "outcome": {**FEEDBACK_OUTCOMES, **RESERVATION_ENDS},
    "verdict": VERDICTS,
    "metric": METRICS,
    "basis": BASES,
    "status": STATUSES,
    "decision": DECISIONS,
    **dict.fromkeys(("greeted", "introduced", "patient", "clear", "would_recommend"), _ANSWER),
}


def value_word(path: str, value: object) -> Text | None:
    """A value of a record, or of a decision, in words; None for one on no list.

    The list is that of the last name of the path, as `field_word` has it. What is true or false is yes or no, and a
    name of a field that was cleared is the word of that field. Roles are called as the table of permissions calls them.
    """
    if isinstance(value, bool):
        return YES if value else NO
    name = last_name(path)
    if name == "cleared" and isinstance(value, str):
        return field_word(value)
    return _VALUES.get(name, {}).get(str(value))
