"""What the desk asks and does, in Chinese and in English; names and dates are filled in (contract.md#look-up)."""

from __future__ import annotations

from typing import Final

from shared.i18n import translated

ASK_BEFORE: Final = translated(
    "Have you been here or in touch before? With which consultant? Perhaps under another number?"
)
ASK_CONTACTED: Final = translated("Which consultant spoke to you on the phone or sent you a message?")
ASK_DESIGNATED: Final = translated("Which consultant do you wish to see today, if any?")
ASK_REFERRER: Final = translated(
    "Did a friend send you? What is the friend's number, or who is the friend's consultant?"
)
ASK_OWNER: Final = translated("Do you come to see {owner}? Was it {owner} who was in touch with you?")
ASK_UNPROMPTED: Final = translated(
    "Which consultant was in touch with you? (let the customer say the name; do not prompt)"
)

DO_NEW: Final = translated(
    "No record: the consultant whose turn it is receives, and registers name and contact at once."
)
DO_DESIGNATED: Final = translated(
    "Whom the customer asks for owns the customer; if away, receive on behalf of that consultant."
)
DO_NAMED: Final = translated(
    "Asked about earlier visits and calls, a customer who names one consultant is that consultant's."
)
DO_REFERRED: Final = translated(
    "A customer whom a friend sent belongs to the friend's consultant; another who receives assists."
)
DO_OWNED: Final = translated(
    "The customer is {owner}'s: call {owner}; if away, receive on behalf of {owner}."
)
DO_IF_NAMED: Final = translated(
    "On record as {owner}'s, which counts only if the customer names {owner}: named, call {owner}; "
    "else receive in turn, and who receives owns."
)
DO_TOO_OLD: Final = translated(
    "{owner}'s registration counted through {until}: a customer who names {owner} is still {owner}'s; "
    "else receive in turn, and who receives owns."
)
DO_UNTIL: Final = translated("{owner}'s registration counts through {until}.")
DO_PRESENT: Final = translated(
    "If {owner} is present, let {owner} look first: an owner who stands by, does not recognise the customer and "
    "never followed up or registered late loses the customer to who receives."
)
DO_LAPSED: Final = translated(
    "{owner}'s claim ran out: named by the customer, {owner} keeps it; else who receives and registers owns."
)
DO_DISPUTED: Final = translated(
    "Ownership is disputed and awaits a ruling: receive and register, promise nothing."
)
DO_CLOSED: Final = translated("The customer has subscribed: call {owner}.")
DO_CLOSED_UNOWNED: Final = translated("The customer has subscribed: receive and register.")
DO_UNOWNED: Final = translated("The customer is on record and nobody's: receive in turn and register.")
