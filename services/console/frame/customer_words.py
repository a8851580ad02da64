"""What pages say of a customer besides: what a claim rests on, what was decided, how somebody is in touch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.contract.value_words import METHODS
from shared.i18n import Text, translated, translated_in

STATUS_MARKS: Final[Mapping[str, str]] = {
    "owned": "good", "disputed": "bad", "lapsed": "warn", "closed": "mark", "unowned": "",
}  # fmt: skip
"""How a status is coloured; its words stand there all the same."""

DECISIONS: Final[Mapping[str, Text]] = {
    "established": translated_in("decision", "established"),
    "renewed": translated_in("decision", "renewed"),
    "kept": translated_in("decision", "kept"),
    "superseded": translated_in("decision", "superseded"),
    "returned": translated_in("decision", "returned"),
    "lapsed": translated_in("decision", "lapsed"),
    "revoked": translated_in("decision", "revoked"),
    "released": translated_in("decision", "released"),
    "transferred": translated_in("decision", "transferred"),
    "ruled": translated_in("decision", "ruled"),
    "disputed": translated_in("decision", "disputed"),
}
METHODS_OFFERED: Final[Mapping[str, Text]] = {
    method: METHODS[method] for method in ("phone", "web_chat", "door_visit", "invitation", "sms", "other")
}
"""Ways of following up as forms offer them: what is done most stands first."""

OUTCOMES: Final[Mapping[str, Text]] = {
    "sent": translated_in("of an alert", "sent"),
    "temporary": translated_in("of an alert", "to be tried again"),
    "refused": translated_in("of an alert", "refused"),
    "unknown": translated_in("of an alert", "may have arrived"),
}


def shown_name(names: tuple[str, ...] | list[str]) -> Text | str:
    """How a customer is called: by the first name of the records."""
    return names[0] if names else translated("(no name yet)")
