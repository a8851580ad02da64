"""What the fields of records and of questions are called on a page, by their names in the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, translated

_WORDS: Final[Mapping[str, Text]] = {
    "amount": translated("Amount"),
    "answered_by": translated("Who answered"),
    "approved_by": translated("Approved by"),
    "as_of": translated("As of"),
    "asked": translated("What the customer was asked"),
    "by": translated("By"),
    "capacity": translated("Capacity"),
    "channel": translated("Channel"),
    "code": translated("Code"),
    "companions": translated("Who came along"),
    "contact": translated("Phone or WeChat id"),
    "content": translated("What was said"),
    "customer": translated("Customer"),
    "designated": translated("Asked for"),
    "draft": translated("Draft"),
    "drop": translated("Records left out"),
    "duty_manager": translated("Manager on duty"),
    "evidence": translated("Evidence"),
    "from": translated("First day"),
    "known_at": translated("Known at"),
    "level": translated("Level"),
    "method": translated("How"),
    "name": translated("Name"),
    "next_on": translated("Next contact on"),
    "next_step": translated("Next step"),
    "notes": translated("Notes"),
    "occurred_at": translated("When it happened"),
    "office": translated("Office"),
    "on": translated("On which day"),
    "on_behalf_of": translated("On behalf of"),
    "order": translated("Order"),
    "owner": translated("Owner"),
    "party_size": translated("How many came"),
    "password": translated("Password"),
    "phone": translated("Phone"),
    "phones": translated("Phone"),
    "place": translated("Where"),
    "present": translated("Who was there"),
    "proposed": translated("What is to stand instead"),
    "purpose": translated("Purpose"),
    "reason": translated("Reason"),
    "received_by": translated("Who received"),
    "record": translated("Record"),
    "referred_by": translated("Referred by"),
    "relation": translated("Relation to the customer"),
    "remark": translated("Remark"),
    "role": translated("Role"),
    "rulebook": translated("Rulebook"),
    "ruled_by": translated("Who rules"),
    "scope": translated("Scope"),
    "search": translated("Search"),
    "shares": translated("Shares"),
    "source": translated("Where it is known from"),
    "staff": translated("Member of staff"),
    "stage": translated("Stage"),
    "status": translated("Status"),
    "subject": translated("Subject"),
    "to": translated("Last day"),
    "unit": translated("Unit"),
    "wechat": translated("WeChat id"),
}
_name = re.compile(r"([a-z_]+)(?:\[\d*\])*$").search


def field_word(path: str) -> Text | None:
    """What the field at a path such as `data.customer.phones[0]` is called; None of one that no page shows."""
    found = _name(path)
    return _WORDS.get(found[1]) if found is not None else None
