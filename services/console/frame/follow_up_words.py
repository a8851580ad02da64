"""What the form of a follow-up says by itself: kept in the language of whoever recorded it, shown in the reader's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.i18n import Text, translated

UNREACHED: Final = "unreached"
OUTCOMES: Final[Mapping[str, Text]] = {
    "interested": translated("Reached: still interested"),
    "coming": translated("Reached: will come to the office"),
    "thinking": translated("Reached: is thinking it over"),
    "declined": translated("Reached: not interested at present"),
    UNREACHED: translated("Not reached"),
}
SUBJECT: Final = translated("Follow-up call or message")
_BY_ITS_WORDS: Final[Mapping[str, Text]] = {
    said: preset for preset in (*OUTCOMES.values(), SUBJECT) for said in (preset.zh, preset.en)
}


def preset_words(said: str) -> Text | str:
    """A text of a record with what the form said in both languages; what somebody typed stands as it is.

    The outcome is the first line, and whatever was typed stands below it.
    """
    first, line, rest = said.partition("\n")
    preset = _BY_ITS_WORDS.get(first)
    if preset is None:
        return said
    return Text(f"{preset.zh}{line}{rest}", f"{preset.en}{line}{rest}")
