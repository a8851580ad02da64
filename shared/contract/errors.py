"""The one error of the contract: it names the field by its path and the rule that the field broke.

Messages never repeat the value that was refused: a value may be a phone number, and messages reach logs.
"""

from typing import Final

from shared.i18n import Text, translated

RULES: Final[dict[str, Text]] = {
    "json": translated("is not well-formed JSON{place}"),
    "encoding": translated("is not UTF-8, or begins with a byte order mark"),
    "empty": translated("is empty"),
    "too_large": translated("is larger than {limit} bytes"),
    "depth": translated("is nested deeper than {limit} levels"),
    "duplicate_key": translated("is given twice"),
    "null": translated("must not be null; leave the field out instead"),
    "required": translated("is required"),
    "unknown_field": translated("is not a field of this event"),
    "unknown_type": translated("is not an event type of the contract"),
    "type": translated("must be of type {expected}"),
    "pattern": translated("does not match {expected}"),
    "one_of": translated("must be one of {expected}"),
    "length": translated("must have a length {limit}"),
    "range": translated("must be {limit}"),
    "number": translated("is a number too large to be held; write it as a plain whole number or decimal"),
    "plus": translated(
        "has a space where the offset begins: write + as %2B in an address, as in 2026-03-01T10:00:00%2B08:00"
    ),
    "blank": translated("must not be blank; leave the field out instead"),
    "padded": translated("must not begin or end with white space"),
    "control": translated("contains a control character"),
    "instant": translated(
        "must be an RFC 3339 time with an offset, at most 6 decimals, no leap second, years 2000 to 2100"
    ),
    "utc": translated("must be in UTC"),
    "date": translated("must be a date YYYY-MM-DD in the years 2000 to 2100"),
    "future": translated("is more than 5 minutes after the time of recording"),
    "stamped": translated("is stamped by intake and must not be given"),
    "carried_type": translated("is only for registrations (visit, call, outreach)"),
    "carried_import": translated("is accepted only through an import"),
    "id": translated(
        "must be an id of 1 to 64 letters, digits or . _ : @ -, without white space or invisible characters"
    ),
    "phone": translated("is not a valid phone number"),
    "phone_length": translated("is a mobile number with a digit too many or too few; it has 11"),
    "phone_area": translated("lacks its area code; write it as 010-88886666"),
    "phone_several": translated("holds more than one number; give each an entry of its own"),
    "phone_beside": translated(
        "has something beside the number; only an extension may stand there, as in x8001"
    ),
    "wechat": translated(
        "is not a WeChat id: 2 to 64 of a-z 0-9 _ - . with a letter among them; leave it out where there is none"
    ),
    "masked": translated("has something left out and matches nobody; give the whole number or id"),
    "blank_contact": translated("says nothing; give a phone number or a WeChat id"),
    "contact": translated("needs a phone or a WeChat id"),
    "says_nothing": translated("says nothing: name at least one field that it sets, clears or withdraws"),
    "profile_key": translated("is no key of the profile catalogue"),
    "key_twice": translated("is said twice: a key stands in one of set, none and cleared"),
    "period": translated("is before the day on which the period begins"),
    "terms": translated("needs at least one term of the deal"),
    "about": translated("needs a customer, a record or a deal"),
    "ruled_field": translated("is read by the rules: correct the record instead (record.corrected)"),
    "shares": translated("must sum to 10000 basis points"),
    "repeated": translated("must not name anyone twice"),
    "receiver": translated("is the receiver of that visit, who concealed it"),
    "with_assist": translated("is only for the capacity assist"),
}
"""Rule → how it is told, in Chinese and in English."""


class BadEvent(ValueError):  # noqa: N818 - the name by which integrators know it
    """An event that is not of the contract, named by path and rule."""

    def __init__(self, path: str, rule: str, message: str) -> None:
        super().__init__(path, rule, message)
        self.path = path
        self.rule = rule
        self.message = message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def bad(path: str, rule: str, **detail: object) -> BadEvent:
    """The error for `rule` at `path`, told in both languages."""
    return BadEvent(path, rule, str(RULES[rule].format(**detail)))
