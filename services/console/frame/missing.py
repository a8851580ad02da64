"""What is not there, or not open to whoever looks, by the address that names it: both are told alike."""

from __future__ import annotations

import re
from typing import Final

from shared.i18n import Text, bilingual, translated

_CUSTOMER: Final = translated(
    "There is no such customer, or the customer is not open to you; two registrations may have become one customer."
)
_OFFICE: Final = translated("There is no such office, or it is not open to you.")
_SCOPE: Final = translated("There is no such scope, or it is not open to you.")
_RECORD: Final = translated("There is no such record, or it is not open to you.")
_NAMED: Final[tuple[tuple[str, Text], ...]] = (
    (r"/in/[^/]+/customers/.+|/at/[^/]+/[^/]+/mine/.+|/c/[^/]+/.+", _CUSTOMER),
    (r"/in/[^/]+/disputes/.+", translated("There is no such dispute, or it is not open to you.")),
    (r"/in/[^/]+/audit/replays/.+", translated("There is no such replay, or it is not open to you.")),
    (r"/in/[^/]+/rulebook/books/.+", translated("There is no such rulebook here.")),
    (r"/at/[^/]+/[^/]+/people/.+", translated("There is nobody of this name here, or they are not open to you.")),
    (r"/at/[^/]+/[^/]+/corrections/.+", _RECORD),
    (r"/at/[^/]+/[^/]+/(reports|issued-reports)/.+",
     translated("There is no such report, or it is not open to you.")),
    (r"/at/[^/]+/[^/]+/registers/.+", translated("There is no such register, or it is not open to you.")),
    (r"/at/[^/]+/[^/]+/.+", _OFFICE),
    (r"/in/[^/]+/.+|/c/[^/]+", _SCOPE),
)  # fmt: skip
_PAGE: Final = translated("There is no such page.")


_SAID: Final = {
    bilingual("there is no such scope"): _SCOPE,
    bilingual("there is no such office"): _OFFICE,
}


def missing_words(path: str, detail: str) -> Text:
    """What is missing at an address: the scope or the office where that was said, else what the address names last."""
    if detail in _SAID:
        return _SAID[detail]
    return next((words for pattern, words in _NAMED if re.fullmatch(pattern, path)), _PAGE)
