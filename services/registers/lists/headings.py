"""What stands above the columns of the registers, so that the same field is called the same in each."""

from __future__ import annotations

from shared.i18n import Text, translated


def heading(field: str) -> Text:
    """The heading of a field."""
    return _conversation().get(field) or _paper().get(field) or _customer()[field]


def _conversation() -> dict[str, Text]:
    """Of what was said and agreed with a customer."""
    return {
        "achieved": translated("aim reached"),
        "capacity": translated("capacity"),
        "category": translated("category"),
        "channel": translated("channel"),
        "content": translated("content"),
        "ended_at": translated("ended at"),
        "gift": translated("gift"),
        "important": translated("important"),
        "level": translated("level"),
        "medium": translated("medium"),
        "met": translated("met"),
        "method": translated("method"),
        "next_on": translated("next contact"),
        "next_step": translated("next step"),
        "no_contact_reason": translated("why no contact was left"),
        "notes": translated("notes"),
        "obstacle": translated("obstacle"),
        "party_size": translated("people"),
        "place": translated("place"),
        "plan": translated("plan"),
        "purpose": translated("purpose"),
        "reached": translated("reached"),
        "stage": translated("stage"),
        "started_at": translated("started at"),
        "subject": translated("subject"),
        "visit": translated("visit"),
    }


def _paper() -> dict[str, Text]:
    """Of plans, logs, requests, checks, papers."""
    return {
        "action": translated("action taken"),
        "against": translated("against"),
        "answered_by": translated("answered by"),
        "answers": translated("answers"),
        "bytes": translated("bytes"),
        "cause": translated("cause"),
        "check": translated("check"),
        "cleared": translated("cleared"),
        "competitor": translated("competitor"),
        "counts": translated("counts"),
        "department": translated("department"),
        "detail": translated("detail"),
        "done": translated("done"),
        "feedback": translated("feedback number"),
        "from": translated("first day"),
        "items": translated("items"),
        "kind": translated("kind"),
        "media_type": translated("media type"),
        "metric": translated("metric"),
        "needs": translated("needs"),
        "none": translated("answered with none"),
        "on": translated("day"),
        "planned": translated("planned"),
        "plans": translated("plans"),
        "problems": translated("problems"),
        "proposed": translated("proposed"),
        "record": translated("record"),
        "request": translated("request"),
        "score": translated("score"),
        "set": translated("said"),
        "sha256": translated("digest"),
        "source": translated("source"),
        "staff": translated("staff"),
        "suggestion": translated("suggestion"),
        "title": translated("title"),
        "to": translated("last day"),
        "value": translated("value"),
        "via": translated("by way of"),
    }


def _customer() -> dict[str, Text]:
    """Of customers, deals and reservations."""
    return {
        "amount": translated("amount"),
        "approved_by": translated("approved by"),
        "area": translated("area"),
        "cancelled_at": translated("cancelled at"),
        "deal": translated("deal"),
        "deposit": translated("deposit"),
        "due": translated("due dates"),
        "due_on": translated("due on"),
        "first_on": translated("first recorded on"),
        "last_on": translated("last contact"),
        "level_before": translated("level before"),
        "list_price": translated("list price"),
        "missing": translated("missing papers"),
        "number": translated("number"),
        "overdue": translated("days overdue"),
        "owner": translated("owner"),
        "payment": translated("payment"),
        "pending": translated("awaits a ruling"),
        "project": translated("project"),
        "reason": translated("reason"),
        "reservation": translated("reservation"),
        "shares": translated("shares"),
        "sign_by": translated("to be signed by"),
        "signed_at": translated("signed at"),
        "state": translated("state"),
        "status": translated("status"),
        "unit": translated("unit"),
        "unit_kind": translated("kind of unit"),
        "until": translated("until"),
        "wants": translated("wants"),
        "what": translated("step"),
    }
