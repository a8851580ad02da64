"""What the source documents are called that schemes cite by a letter (docs/rules/sources.md): nobody reads letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, listed, translated

DOCUMENTS: Final[Mapping[str, Text]] = {
    "A": translated("Rules on receiving customers and on whose a sale is"),
    "B": translated("Rules on allotting customers at the sales office"),
    "C": translated("Model rules on visit records"),
    "D": translated("Forms of property sales and marketing"),
    "E": translated("On-site customer definition rules"),
    "F": translated("Record of calls to visitors on their satisfaction"),
    "G": translated("Customer follow-up record"),
    "H": translated("Rules on confirming and judging customers"),
    "I": translated("Plan of and report on visits to customers"),
    "J": translated("Setting up customer files"),
    "K": translated("Rules on customer data"),
    "L": translated("Notes on the three registers and the card"),
    "M": translated("Notes on the register of customer files"),
    "N": translated("Record of talks with customers"),
    "O": translated("Customer management forms"),
    "P": translated("Mackay 66"),
    "Q": translated("Rules on the three registers and the card"),
    "R": translated("How to manage prospective customers"),
    "S": translated("Customer file management forms"),
    "T": translated("Manual of sales staff"),
}
_CITED: Final = re.compile(r"(?P<letter>[A-T]) (?P<place>\S.*)")
_NUMBER: Final = re.compile(r"[0-9][0-9.]*")


def document_cited(cite: str) -> Text:
    """A citation such as `E 3 and H 登记3; the days are advised` by the titles of its documents."""
    form = cite.partition(";")[0].strip()
    return listed(map(_title, form.split(" and ")), Text("；", "; "))


def _title(part: str) -> Text:
    found = _CITED.fullmatch(part)
    if found is None:
        return Text(part, part)
    title, place = DOCUMENTS[found["letter"]], found["place"]
    if _NUMBER.fullmatch(place):
        return translated("{rulebook}, clause {place}", rulebook=title, place=place)
    return Text(f"《{title.zh}》{_chinese(place)}", f"{title.en}, {place}")


def _chinese(place: str) -> str:
    return place.replace("(", "（").replace(")", "）")
