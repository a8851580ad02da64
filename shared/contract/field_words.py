"""What a field of a record is called, by its name, in Chinese and in English (glossary)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contract.profile import catalogue
from shared.i18n import Text, translated, translated_in

_PARTIES: Final[Mapping[str, Text]] = {
    "customer": translated("customer"), "name": translated("name"), "phones": translated("phones"),
    "phone": translated("phone"), "wechat": translated("WeChat"), "relation": translated("relation"),
    "companions": translated("companions"), "party_size": translated("people"),
    "members": translated("members of the household"), "people": translated("persons"),
    "referred_by": translated("referred by"), "asked": translated("asked at the door"),
    "visited_before": translated("was here before"), "named_consultant": translated("named the consultant"),
    "contacted_by": translated("was contacted by"), "no_contact_reason": translated("why no contact was left"),
    "brochure_only": translated("only a brochure was asked for"),
}  # fmt: skip
_STAFF: Final[Mapping[str, Text]] = {
    "staff": translated("member of staff"), "role": translated("role"), "team": translated("team"),
    "contacts": translated("contacts"), "sms": translated("mobile"), "dingtalk": translated("DingTalk"),
    "wecom": translated("WeCom"), "feishu": translated("Feishu"), "email": translated("e-mail"),
    "received_by": translated("received by"), "on_behalf_of": translated("in the place of"),
    "designated": translated("asked for"), "answered_by": translated("answered by"),
    "by": translated("done by"), "confirmed_by": translated("confirmed by"), "against": translated("against"),
    "decided_by": translated("decided by"), "rightful": translated("whose it was"),
    "requested_by": translated("asked for by"), "asked_by": translated("asked for by"),
    "closed_by": translated("closed by"), "opened_by": translated("opened by"), "ruled_by": translated("ruled by"),
    "owner": translated("owner"), "consultant": translated("consultant"),
    "present": translated("present on the floor"), "approved_by": translated("approved by"),
    "attested_by": translated("vouched for by"), "despite_by": translated("done all the same by"),
    "with": translated("together with"), "duty_manager": translated("manager on duty"),
    "order": translated("order of reception"), "capacity": translated("capacity"),
}  # fmt: skip
_CONTACT: Final[Mapping[str, Text]] = {
    "method": translated("method"), "medium": translated("medium"), "channel": translated("channel"),
    "via": translated("by way of"), "source": translated("source"), "place": translated("place"),
    "reached": translated_in("of a customer", "reached"), "achieved": translated("aim reached"),
    "important": translated("important"), "purpose": translated("purpose"), "subject": translated("subject"),
    "content": translated("content"), "notes": translated("notes"), "note": translated("note"),
    "text": translated("words"), "remark": translated("remark"), "detail": translated("detail"),
    "level": translated("level"), "category": translated("category"), "stage": translated("stage"),
    "obstacle": translated("what keeps the customer from buying"), "competitor": translated("competitor"),
    "needs": translated("needs"), "wants": translated("wants"), "met": translated("met"),
    "gift": translated("gift"), "cause": translated("cause"), "action": translated("action taken"),
    "plan": translated("plan"), "kind": translated("kind"), "next_on": translated("next contact"),
    "next_step": translated("next step"), "set": translated("what is said"), "none": translated("has none of"),
    "cleared": translated("no longer said"),
}  # fmt: skip
_DEALS: Final[Mapping[str, Text]] = {
    "deal": translated("deal"), "project": translated("project"), "unit": translated("unit"),
    "unit_kind": translated("kind of unit"), "amount": translated("amount"), "area": translated("area"),
    "list_price": translated("list price"), "payment": translated("payment"), "deposit": translated("deposit"),
    "terms": translated("terms of a deal"), "due": translated("what is due"), "what": translated("what"),
    "done": translated("done"), "missing": translated("missing papers"), "shares": translated("shares"),
    "reservation": translated("reservation"), "outcome": translated("outcome"), "until": translated("until"),
}  # fmt: skip
_RECORDS: Final[Mapping[str, Text]] = {
    "visit": translated("visit"), "record": translated("record"), "registration": translated("registration"),
    "dispute": translated_in("of a record", "dispute"), "evidence": translated("evidence given"),
    "reason": translated("reason"),
    "carried": translated("carried over from"), "register": translated("register"), "row": translated("row"),
    "request": translated("request"), "proposed": translated("what is asked for"), "field": translated("field"),
    "value": translated("value"), "withdrawn": translated("withdrawn"), "department": translated("department"),
    "feedback": translated("complaint, suggestion or praise"), "satisfied": translated("customer satisfied"),
    "suggestion": translated("suggestion"), "score": translated("score"), "answers": translated("answers"),
    "greeted": translated("was greeted"), "introduced": translated("was shown the project"),
    "patient": translated("was heard patiently"), "clear": translated("was told clearly"),
    "would_recommend": translated("would recommend the project"), "title": translated("title"),
    "media_type": translated("media type"), "sha256": translated("digest"), "bytes": translated("bytes"),
    "number": translated("number"), "rulebook": translated("rulebook"), "scheme": translated("scheme"),
    "version": translated("version"), "effective_from": translated("in force from"),
}  # fmt: skip
_WORK: Final[Mapping[str, Text]] = {
    "on": translated("day"), "from": translated("from"), "to": translated("to"),
    "started_at": translated("started at"), "ended_at": translated("ended at"), "counts": translated("counts"),
    "visits": translated("visits"), "calls": translated("calls"), "followups": translated("follow-ups"),
    "planned": translated("what was planned"), "plans": translated("plans"), "problems": translated("problems"),
    "metric": translated("figure"), "check": translated("check"), "items": translated("what was looked at"),
    "verdict": translated("what was found"),
}  # fmt: skip


_FIELDS: Final[Mapping[str, Text]] = {**_PARTIES, **_STAFF, **_CONTACT, **_DEALS, **_RECORDS, **_WORK}


def last_name(path: str) -> str:
    """The field that a path ends at: `phones` of `customer.phones[1]`."""
    return path.rpartition(".")[2].partition("[")[0]


def field_word(path: str) -> Text | None:
    """The label of a field, by the last name of its path: `phones` of `customer.phones[1]`; None for one of no event.

    What a profile says under `set` is called as the catalogue of profiles calls it.
    """
    name, above = last_name(path), path.rpartition(".")[0]
    known, profile = _FIELDS.get(name), catalogue().get(name)
    return known if profile is None or (known and above.rpartition(".")[2] != "set") else profile.label
