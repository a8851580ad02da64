"""What is wrong with a scheme, in both languages: its reader tells it to programmers, in English alone."""

from __future__ import annotations

from typing import Final

from shared.i18n import translated
from shared.platform.officefile.mistake_words import Said, bilingual_line

_SAID: Final[Said] = (
    (r"there is another (?P<name>\S+) (?P<version>\d+)",
     translated("There is another scheme of this name and version: {name} {version}.")),
    (r"cannot be read \(.*\); schemes that ship: (?P<known>.+)",
     translated("The file cannot be read, and no scheme of this name ships; those that do: {known}")),
    (r"a circle: .*", translated("Schemes extend one another in a circle: it leads back to this file.")),
    (r"no scheme (?P<name>.+): neither one that ships \((?P<known>.+)\) nor .*",
     translated("No scheme {name}: neither one that ships ({known}) nor a file beside this one.")),
    (r"(?P<name>\S+) is also the name of .*",
     translated("{name} is also the name of the scheme that this one extends.")),
    (r"missing, and there is nothing .*",
     translated("This is missing, and there is nothing that the scheme extends which has it.")),
    (r"is no key of the profile catalogue", translated("This is no key of the profile catalogue.")),
    (r"is on already: .*", translated("This key is on already: it asks for nothing that needs a purpose.")),
    (r"(?P<word>.+) stands twice, first as number (?P<first>\d+)",
     translated("{word} stands twice, first as number {first}.")),
    (r"must cite a document .*",
     translated("Here a document and its clause must be cited, as in Q 1.1.4, or “advised:” and why.")),
    (r"must be a time in quotes.*", translated("Here a time in quotes is needed, such as '17:30'.")),
    (r"must be same_day.*",
     translated("Here same_day is needed, or a time of that day in quotes, such as '17:30'.")),
)  # fmt: skip


def scheme_mistake(error: Exception) -> str:
    """What a command or a service says of it: place and reason, and behind them the reason in Chinese."""
    return bilingual_line(error, _SAID)
