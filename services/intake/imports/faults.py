"""What is wrong with a row: the column, the rule, and the words. No message repeats what stands in a cell."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from shared.i18n import Text, translated

RULES: Final[dict[str, Text]] = {
    "required": translated("is empty"),
    "formula": translated("is a formula that came to an error"),
    "date": translated("is no date that is read here; write it as 2026-03-05"),
    "date_missing": translated("is empty, and no day stands above"),
    "date_year": translated("has no year, and neither the sheet nor the import names one"),
    "date_range": translated("is not in the years 2000 to 2100"),
    "date_turn": translated(
        "has no year, and the rows above went over the end of one: write the year with each day from here on"
    ),
    "date_order": translated("may be read in several orders: write it as 2006-05-10"),
    "next_before": translated("lies before the day of the entry"),
    "date_tens": translated(
        "is a number that lost its end: 3.1 may be the 1st or the 10th; write it as 2026-03-10"
    ),
    "time": translated("is no time that is read here; write it as 10:20"),
    "time_half": translated("may be either half of the day: write it as 00:30 or 12:30"),
    "times": translated("is no range that is read here; write it as 10:20-11:05"),
    "times_order": translated("ends before it begins"),
    "ditto": translated("says the same as above, and nothing stands above"),
    "future": translated("lies in the future"),
    "consultant_unknown": translated("is no id, number or name of anybody who is enrolled"),
    "consultant_ambiguous": translated("is the name of several people: write the number or the id"),
    "phone_scientific": translated(
        "was shortened by the spreadsheet and lost its end: write the whole number as text"
    ),
    "phone_number": translated("is a number that is no phone"),
    "phone_of_another": translated("has a name beside it that is not the customer's"),
    "two_customers": translated("names two customers: give each a row of its own"),
    "nobody": translated("the row names nobody"),
    "day_and_time": translated("says a time, and so does another column"),
    "method": translated("is no way of reaching out: sms, field or web"),
    "amount": translated("is no amount"),
    "party_size": translated("is no number of people from 1 to 1000"),
    "record": translated("is no id of a record"),
    "record_twice": translated("is the id of another row too"),
}


class RowFault(Struct, frozen=True, gc=False):
    """One thing that is wrong with a row."""

    column: str
    rule: str
    message: str


class RowFaultError(Exception):
    """Raised while one cell is read."""

    def __init__(self, rule: str, message: str | None = None) -> None:
        super().__init__(rule)
        self.rule = rule
        self.message = message or str(RULES[rule])

    def at(self, column: str) -> RowFault:
        return RowFault(column, self.rule, self.message)
