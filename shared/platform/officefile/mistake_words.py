"""What is wrong with a file of an office, in both languages: its readers tell it to programmers, in English alone.

Here stands what may be wrong with every such file; each kind of file adds what its own readers say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, TypeAlias

from shared.i18n import Text, any_of, translated
from shared.platform.officefile.errors import OfficeFileError

Said: TypeAlias = tuple[tuple[str, Text], ...]
"""Patterns of reasons, each with its sentence; groups of the pattern fill the sentence."""

_CHINESE_COLON: Final = translated(
    "A colon of Chinese texts (：) is part of a word: write an ASCII colon and a blank."
)
_COMMON: Final[Said] = (
    (r"not UTF-8", translated("The text is not UTF-8.")),
    (r"larger than \d+ bytes|the text is too long", translated("The text is too long.")),
    (r"empty: .*|the file must be a mapping of keys|there is no text",
     translated("A file has keys with a colon, such as “version: 1”.")),
    (r"a second document in one file", translated("A line of “---” begins a second text; a file is one text.")),
    (r"cannot be read[: ].*", translated("The file cannot be read.")),
    (r"more than \d+ entries, .*", translated("There are too many entries, or they are nested too deep.")),
    (r"anchors and aliases .*", translated("Anchors (&) and aliases (*) are not allowed: write the value again.")),
    (r"tags .*", translated("Tags (!name) are not allowed.")),
    (r"a key must be a word", translated("Before the colon a word is needed.")),
    (r"given twice, first on line (?P<first>\d+)",
     translated("This key is given twice; the first is on line {first}.")),
    (r"unknown key; a colon of Chinese .*", _CHINESE_COLON),
    (r"unknown key; did you mean (?P<near>.+)\?", translated("There is no such key; is {near} meant?")),
    (r"unknown key; known are (?P<known>.+)", translated("There is no such key; there are: {known}")),
    (r"must be a mapping of names", translated("Here names are needed, each with a colon and what it has.")),
    (r"the name must match (?P<pattern>.+)", translated("The name must have the form {pattern}")),
    (r"Object missing required field `(?P<key>[^`]+)`", translated("The key {key} is missing here.")),
    (r"Invalid enum value (?P<given>.+)", translated("{given} may not stand here.")),
    (r"Expected `str` matching regex '(?P<pattern>.*)'", translated("What stands here must have the form {pattern}")),
    (r"Expected `str` of length >= (?P<least>\d+)", translated("Here at least {least} characters are needed.")),
    (r"Expected `str` of length <= (?P<most>\d+)", translated("Here at most {most} characters may stand.")),
    (r"Expected `(array|object)` of length >= (?P<least>\d+)", translated("Here at least {least} entries are needed.")),
    (r"Expected `(array|object)` of length <= (?P<most>\d+)", translated("Here at most {most} entries may stand.")),
    (r"Expected `(int|float)` >= (?P<least>\S+)", translated("The number must be at least {least}.")),
    (r"Expected `(int|float)` <= (?P<most>\S+)", translated("The number may be at most {most}.")),
)  # fmt: skip
_YAML: Final[Said] = (
    (r"a colon of Chinese .*", _CHINESE_COLON),
    (r".*cannot start any token|.*tab .*",
     translated("A sign stands here that begins no value; a tab, perhaps: indent by blanks.")),
    (r"mapping values are not allowed.*",
     translated("A colon stands where none may: put the value in quotes, or look at the indents.")),
    (r"could not find expected ':'", translated("A key lacks its colon.")),
    (r"found unexpected end of stream", translated("A quotation mark or a bracket is not closed.")),
    (r"(did not find )?expected ',' or '[\]}]'.*", translated("A bracket is not closed, or a comma is missing.")),
    (r"expected <block end>.*|did not find expected.*",
     translated("The indent does not fit that of the lines above.")),
    (r"found undefined alias.*", translated("Anchors (&) and aliases (*) are not allowed: write the value again.")),
)  # fmt: skip
_NO_YAML: Final = translated("The line cannot be read as YAML: look at indents, colons and quotation marks.")
_KINDS: Final = {
    "object": translated("keys with a colon"),
    "array": translated("a list such as [a, b]"),
    "str": translated("a text"),
    "int": translated("a whole number"),
    "float": translated("a number"),
    "bool": translated("true or false"),
    "null": translated("nothing"),
}
_of_kinds = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`").fullmatch
_given = re.compile(r", not (?P<given>[^;]+)(?:;.*)?$", re.DOTALL).search


def bilingual_line(error: Exception, said: Said = ()) -> str:
    """The line of a mistake: file, place and reason as they were, and behind them the reason in Chinese."""
    return in_chinese_too(
        str(error), words_of(error.reason, said) if isinstance(error, OfficeFileError) else None
    )


def in_chinese_too(line: str, words: Text | None) -> str:
    """A line, and behind it the same in Chinese; one that no words are known for stays as it is."""
    return line if words is None else f"{line}（{words.zh.removesuffix('。')}）"


def words_of(reason: str, said: Said = ()) -> Text | None:
    """The reason as a sentence in both languages, by what the readers of its kind of file say and by what all do."""
    if reason.startswith("not YAML: "):
        return _found(reason.removeprefix("not YAML: "), _YAML) or _NO_YAML
    kinds = _of_kinds(reason)
    if kinds is not None:
        wanted = (one for one in kinds["wanted"].split(" | ") if one != "null")
        return translated(
            "Here this is needed: {wanted}. Given was: {got}.",
            wanted=_kinds(wanted),
            got=_kinds([kinds["got"]]),
        )
    return _found(reason, (*said, *_COMMON))


def _kinds(names: Iterable[str]) -> Text:
    return any_of(_KINDS.get(name, Text(name, name)) for name in names)


def _found(reason: str, said: Said) -> Text | None:
    for pattern, words in said:
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found is not None:
            given = _given(reason)
            named = {"given": given["given"] if given is not None else "", **found.groupdict()}
            return words.format(**{name: value or "" for name, value in named.items()})
    return None
