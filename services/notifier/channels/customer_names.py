"""Masked names of customers behind their case numbers, in chats of offices whose policy wants them (ADR 0065).

A name is put in while a message goes out and is kept nowhere here: what is stored of a message has case numbers alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

from services.notifier.model.alert import RenderedMessage
from shared.platform.text.plain import one_line

Naming = Callable[[RenderedMessage], Awaitable[Mapping[str, str]]]
"""The masked names of a message's customers by case number; empty where there are none, or none are wanted."""


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with a masked name behind each case number; the address that a message leads to stays as it is."""
    if not names:
        return text
    cases = "|".join(re.escape(case) for case in names)
    return re.sub(rf"(?<![/\w])({cases})(?!\w)", lambda found: f"{found[1]} {names[found[1]]}", text)


def harmless_name(masked: str) -> str:
    """A masked name as a chat may have it: a letter or two, and stars that are no markup."""
    return re.sub(r"[^\w＊]", "", one_line(masked).replace("*", "＊"))[:3]
