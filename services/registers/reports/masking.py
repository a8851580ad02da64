"""Which texts of rows, forms and reports are words that may hold a contact, and those texts without it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final

from shared.contract.masking import mask_words

_OURS: Final = frozenset((
    "id", "visit", "plan", "plans", "feedback", "deal", "request", "record", "records", "reservation", "received_by",
    "answered_by", "by", "closed_by", "consultant", "consultants", "requested_by", "approved_by", "staff", "with",
    "against", "owner", "whose", "sha256", "amount", "list_price", "deposit", "area", "value", "loan", "actual",
    "target", "due", "shares",
))  # fmt: skip
"""What names a record, a deal or a member of staff, or is an amount: it may look like a phone, and stays."""
_NUMBERED: Final = frozenset({"unit", "number"})
"""What is made of numbers: of phones only a mobile is told from it."""
_mobile = re.compile(r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)").search


def is_typed(field: str) -> bool:
    """Whether what stands in a field is what somebody typed, and neither an id nor an amount."""
    return field not in _OURS


def without_contacts(field: str, text: str, ids: Collection[str] = ()) -> str:
    """What stands in a field, or below a heading, without phones and without WeChat ids that are among `ids`."""
    if not is_typed(field) or (field in _NUMBERED and not _mobile(text)):
        return text
    return mask_words(text, ids)


def masked_value(field: str, value: Any, ids: Collection[str] = ()) -> Any:
    """The same of a value, whatever it is made of."""
    if isinstance(value, str):
        return without_contacts(field, value, ids)
    if isinstance(value, dict):
        return {key: masked_value(key, one, ids) for key, one in value.items()}
    return [masked_value(field, one, ids) for one in value] if isinstance(value, list) else value
