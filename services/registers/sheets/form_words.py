"""Values of closed lists as a form prints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.registers.sheets.form import FormRow, Said
from shared.i18n import Text, translated

METHODS: Final[Mapping[str, Text]] = {
    "door_visit": translated("door visit"),
    "invitation": translated("invitation"),
    "phone": translated("phone"),
    "web_chat": translated("web chat"),
    "sms": translated("text message"),
    "other": translated("other ways"),
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
OUTREACH: Final[Mapping[str, Text]] = {
    "sms": translated("text message"),
    "field": translated("outreach in the street"),
    "web": translated("outreach on the web"),
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
}
RESERVATIONS: Final[Mapping[str, Text]] = {
    "queue": translated("place in the queue"),
    "hold": translated("unit held"),
}
FEEDBACK: Final[Mapping[str, Text]] = {
    "complaint": translated("complaint"),
    "suggestion": translated("suggestion"),
    "praise": translated("praise"),
}
OUTCOMES: Final[Mapping[str, Text]] = {
    "resolved": translated("resolved"),
    "explained": translated("explained to the customer"),
    "rejected": translated("rejected"),
    "forwarded": translated("forwarded"),
}
REQUESTS: Final[Mapping[str, Text]] = {
    "data_change": translated("change of data"),
    "transfer": translated("transfer"),
    "referral_reward": translated("reward for a referral"),
    "special_price": translated("special price"),
    "extension": translated("extension"),
    "site_tour": translated("tour of the site"),
}
CHECKS: Final[Mapping[str, Text]] = {
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


def in_words(name: str, words: Mapping[str, Text]) -> Callable[[FormRow], Said]:
    """What a field of the record says, in words."""
    return lambda row: word_of(words, getattr(row.data, name, None))


def word_of(words: Mapping[str, Text], said: Any) -> Said:
    """A value in words; one that is not on the list as it is."""
    return None if said is None else words.get(str(said), str(said))
