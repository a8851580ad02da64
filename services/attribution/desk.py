"""The question at the door: has this customer been here, whose is it, and what to do now, in the desk's words.

Contract, section 5 (lookup). Contacts are masked: who asks knows the number, who looks over a shoulder should
not learn another. The advice follows the visit table of the rulebook in force (rules, section 3).
"""

from __future__ import annotations

from datetime import datetime

from services.attribution.domain.rulebook import Rulebook
from services.attribution.queries import Snapshot
from services.attribution.result import Json
from shared.contract import mask_contact

Said = dict[str, str]


def look_up(snapshot: Snapshot, contact: str, now: datetime) -> Json:
    """What the desk needs to know of a contact."""
    book = snapshot.book_at(now)
    name = snapshot.customer_of(contact)
    if name is None:
        return {
            "contact": mask_contact(contact),
            "known": False,
            "customer": None,
            "ask": [_ask_new()],
            "do": [_do_new(book)],
            "clause": book.registration.first,
            "clause_text": snapshot.clause_text(book.registration.first),
        }
    told = snapshot.customer(name)
    owner = told["owner"] or _last_holder(told)
    names = snapshot.staff_names([owner] if owner else [])
    shown = names.get(owner or "", owner or "")
    clause = told["clause"] or book.registration.first
    return {
        "contact": mask_contact(contact),
        "known": True,
        "customer": told["customer"],
        "names": told["names"],
        "contacts": [mask_contact(known) for known in told["contacts"]],
        "owner": told["owner"],
        "owner_name": shown if told["owner"] else None,
        "status": told["status"],
        "basis": told["basis"],
        "since": told["since"],
        "expires_at": told["expires_at"],
        "ask": _ask(told, shown),
        "do": [_do(told, shown)],
        "clause": clause,
        "clause_text": snapshot.clause_text(clause),
    }


def _last_holder(told: Json) -> str | None:
    return told["decisions"][-1]["previous"] if told["decisions"] else None


def _ask_new() -> Said:
    return {
        "zh": "请问您以前来过或与我们联系过吗?是哪位置业顾问接待的?有没有用别的号码?",
        "en": "Have you been here or in touch before? With which consultant? Perhaps under another number?",
    }


def _do_new(book: Rulebook) -> Said:
    calls = "按接待顺序由当值置业顾问接待,当场登记姓名和联系方式。"
    return {
        "zh": "没有登记记录:" + calls,
        "en": "No record: the consultant whose turn it is receives, and registers name and contact at once.",
    }


def _ask(told: Json, owner: str) -> list[Said]:
    if not owner:
        return [_ask_new()]
    return [
        {
            "zh": f"请问您是来找{owner}的吗?之前是{owner}联系您的吗?",
            "en": f"Do you come to see {owner}? Was it {owner} who was in touch with you?",
        }
    ]


def _do(told: Json, owner: str) -> Said:
    match told["status"]:
        case "owned":
            return {
                "zh": f"客户属于{owner}:请{owner}接待;本人不在时义务接待,登记为代{owner}接待。",
                "en": f"The customer is {owner}'s: call {owner}; if away, receive on behalf of {owner}.",
            }
        case "lapsed":
            return {
                "zh": f"{owner}的保护期已过,客户在公海:客户指名{owner}则由{owner}接续,否则由接待人登记。",
                "en": f"{owner}'s claim ran out: named by the customer, {owner} keeps it; else who receives owns.",
            }
        case "disputed":
            return {
                "zh": "归属有争议,待裁定:照常接待并登记,不要承诺归属。",
                "en": "Ownership is disputed and awaits a ruling: receive and register, promise nothing.",
            }
        case "closed":
            return {
                "zh": f"客户已认购:请{owner}接待。" if owner else "客户已认购:照常接待并登记。",
                "en": f"The customer has subscribed: call {owner}."
                if owner
                else "The customer has subscribed.",
            }
    return {
        "zh": "客户有记录,目前无人持有:按接待顺序接待并登记。",
        "en": "The customer is on record and nobody's: receive in turn and register.",
    }
