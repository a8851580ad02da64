"""What is wrong with a rulebook, in both languages: its reader tells it to programmers, in English alone."""

from __future__ import annotations

from typing import Final

from shared.i18n import Text, translated
from shared.platform.officefile.mistake_words import Said, bilingual_line, words_of

_SAID: Final[Said] = (
    (r"empty: .*|there is no text",
     translated("There is nothing here; a rulebook has keys, such as name and version.")),
    (r"the file must be a mapping of keys",
     translated("A rulebook is made of keys with a colon, such as “version: 1”.")),
    (r"a second document in one file", translated("A line of “---” begins a second text; a draft is one text.")),
    (r"an item stands twice", translated("An item of the list stands there twice.")),
    (r"missing, and no rulebook that has it is extended",
     translated("This is missing, and no rulebook that has it is extended.")),
    (r"missing: both zh and en are needed", translated("Both languages are needed, zh and en.")),
    (r"missing: .*|Object missing required field.*", translated("This is missing: every rulebook has it.")),
    (r"missing citation: clause \"(?P<clause>.+)\" is not in `clauses`",
     translated("Clause {clause} is cited here and does not stand among the book's own clauses.")),
    (r"missing citation: no clause is named .*", translated("This value cites no clause: write its cite.")),
    (r"shares must sum to .*", translated("The shares must sum to 10000 basis points. Given was {given}.")),
    (r"(?P<zone>.+) is no time zone; .*", translated("{zone} is no time zone; Asia/Shanghai is one.")),
    (r"no rulebook (?P<name>\S+) is known", translated("No rulebook {name} is known here.")),
    (r"no rulebook (?P<name>.+): neither .*",
     translated("No rulebook {name}: neither one that ships nor a file beside this one.")),
    (r"(?P<name>\S+) is also the name of .*",
     translated("{name} is also the name of a rulebook that this one extends.")),
    (r"cannot be read .*", translated("The file cannot be read, or no rulebook of this name ships.")),
    (r"a circle: (?P<circle>.+)", translated("Rulebooks extend one another in a circle: {circle}")),
    (r"the list is empty", translated("The list is empty.")),
    (r"a split needs its shares.*",
     translated("A split needs its shares, such as {{split: {{first: 5000, second: 5000}}}}.")),
    (r"`effect: split` and `split` come together", translated("“effect: split” and “split” come together.")),
    (r"wrong unit: a share .*",
     translated("A share is in basis points, from 0 to 10000; 70% is 7000. Given was {given}.")),
    (r"wrong unit: follow-up .*",
     translated("Follow-up is counted in days, such as “4 days”, from 1 to 9999. Given was {given}.")),
    (r"wrong unit: a period .*",
     translated("A period is from 1 to 9999 days or from 1 to 999 months, such as “1 month”. Given was {given}.")),
    (r"a version is a whole number from 1 to (?P<most>\d+).*",
     translated("A version is a whole number from 1 to {most}. Given was {given}.")),
    (r"a name has 1 to 64 .*", translated("A name has 1 to 64 of the characters a-z, 0-9 and -.")),
    (r"a clause has 1 to 64 .*", translated("A clause has 1 to 64 characters, with no space at either end.")),
    (r"wrong type: true or false is needed.*", translated("Here true or false is needed. Given was {given}.")),
    (r"wrong type: a mapping is needed.*", translated("Here keys with a colon are needed. Given was {given}.")),
    (r"wrong type: a list is needed.*", translated("Here a list is needed, such as [a, b]. Given was {given}.")),
    (r"wrong type: text is needed.*", translated("Here a text is needed. Given was {given}.")),
    (r"wrong type: YAML reads .*", translated("This is read as something other than text: put it in quotes.")),
    (r"text of 1 to (?P<most>\d+) characters is needed",
     translated("Here a text of 1 to {most} characters is needed.")),
    (r"(?P<words>.+) or a list is needed, not .*",
     translated("Here one of these or a list is needed: {words}. Given was {given}.")),
    (r"(?P<words>.+) is needed, not .*", translated("Here one of these is needed: {words}. Given was {given}.")),
)  # fmt: skip
NO_VALUE: Final = translated("What stands here does not fit the form of a rulebook.")


def mistake_line(error: Exception) -> str:
    """What a command says: of a rulebook's mistake place and reason, and behind them the reason in Chinese."""
    return bilingual_line(error, _SAID)


def mistake_words(reason: str) -> Text:
    """The reason as a sentence in both languages; of one that is not known what to look at."""
    return words_of(reason, _SAID) or NO_VALUE
