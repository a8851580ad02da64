"""What the desk asks and does, in Chinese and in English; names and dates are filled in (contract.md#look-up)."""

from __future__ import annotations

from typing import Final

from shared.rules.domain.rulebook import Text

ASK_BEFORE: Final = Text(
    "请问您以前来过或与我们联系过吗？是哪位置业顾问接待的？有没有用别的号码？",
    "Have you been here or in touch before? With which consultant? Perhaps under another number?",
)
ASK_CONTACTED: Final = Text(
    "请问是哪位置业顾问与您通过电话或发过短信？",
    "Which consultant spoke to you on the phone or sent you a message?",
)
ASK_DESIGNATED: Final = Text(
    "请问您今天想找哪一位置业顾问？", "Which consultant do you wish to see today, if any?"
)
ASK_REFERRER: Final = Text(
    "请问是朋友介绍您来的吗？他的电话或他的置业顾问是哪位？",
    "Did a friend send you? What is the friend's number, or who is the friend's consultant?",
)
ASK_OWNER: Final = Text(
    "请问您是来找{owner}的吗？之前是{owner}联系您的吗？",
    "Do you come to see {owner}? Was it {owner} who was in touch with you?",
)
ASK_UNPROMPTED: Final = Text(
    "请问之前是哪位置业顾问与您联系的？（请客户自己说出，不要提示姓名）",
    "Which consultant was in touch with you? (let the customer say the name; do not prompt)",
)

DO_NEW: Final = Text(
    "没有登记记录：按接待顺序由当值置业顾问接待，当场登记姓名和联系方式。",
    "No record: the consultant whose turn it is receives, and registers name and contact at once.",
)
DO_DESIGNATED: Final = Text(
    "客户点名的，归被点名的置业顾问；本人不在时代为接待。",
    "Whom the customer asks for owns the customer; if away, receive on behalf of that consultant.",
)
DO_REFERRED: Final = Text(
    "朋友介绍来的，归介绍人的置业顾问；由他人接待的登记为协助。",
    "A customer whom a friend sent belongs to the friend's consultant; another who receives assists.",
)
DO_OWNED: Final = Text(
    "客户属于{owner}：请{owner}接待；本人不在时义务接待，登记为代{owner}接待。",
    "The customer is {owner}'s: call {owner}; if away, receive on behalf of {owner}.",
)
DO_IF_NAMED: Final = Text(
    "登记在{owner}名下，但要客户自己说出{owner}才算：说出的请{owner}接待，说不出的按接待顺序接待，客户归接待人。",
    "On record as {owner}'s, which counts only if the customer names {owner}: named, call {owner}; "
    "else receive in turn, and who receives owns.",
)
DO_TOO_OLD: Final = Text(
    "{owner}的登记只在{until}前（含当日）有效：客户说出{owner}的仍归{owner}，否则按接待顺序接待，客户归接待人。",
    "{owner}'s registration counted through {until}: a customer who names {owner} is still {owner}'s; "
    "else receive in turn, and who receives owns.",
)
DO_UNTIL: Final = Text(
    "{owner}的登记到{until}（含当日）有效。", "{owner}'s registration counts through {until}."
)
DO_PRESENT: Final = Text(
    "{owner}在场的，请先让{owner}辨认：在场而没有认出、又没有回访过的，客户归接待人。",
    "If {owner} is present, let {owner} look first: an owner who stands by, does not recognise the customer and "
    "never followed up loses the customer to who receives.",
)
DO_LAPSED: Final = Text(
    "{owner}的保护期已过，客户在公海：客户指名{owner}则由{owner}接续，否则归接待登记人。",
    "{owner}'s claim ran out: named by the customer, {owner} keeps it; else who receives and registers owns.",
)
DO_DISPUTED: Final = Text(
    "归属有争议，待裁定：照常接待并登记，不要承诺归属。",
    "Ownership is disputed and awaits a ruling: receive and register, promise nothing.",
)
DO_CLOSED: Final = Text("客户已认购：请{owner}接待。", "The customer has subscribed: call {owner}.")
DO_CLOSED_UNOWNED: Final = Text(
    "客户已认购：照常接待并登记。", "The customer has subscribed: receive and register."
)
DO_UNOWNED: Final = Text(
    "客户有记录，目前无人持有：按接待顺序接待并登记。",
    "The customer is on record and nobody's: receive in turn and register.",
)
