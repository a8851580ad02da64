"""Lines of an input that belong to no scope: one that sets a fact aside, and one that is no event.

A fact that was set aside may be one that nothing can read, and the line that says so comes after it: so what is wrong
with a line is told at the end, unless it was set aside.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from shared.contract import MAX_SEALED_BYTES, BadEvent, decode_event, decode_set_aside
from shared.i18n import bilingual
from shared.rules.judge.lines import Glance, glance
from shared.rules.judge.reading import MOST_FAILED, BadInputError, members_of


class FileInputError(BadInputError):
    """A line of one of several files is not what the contract says; the message names the file too."""

    def __init__(self, file: str, error: BadInputError) -> None:
        super().__init__(error.line, error.path, error.message)
        self.args = (f"{file}: {error}",)
        self._file = file

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self._file, BadInputError(self.line, self.path, self.message))


def glanced(body: bytes) -> Glance | None:
    """What is read of a line before it is judged; None where it is odd."""
    if b"\n" in body:
        return None
    try:
        return glance(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


@dataclass(slots=True)
class OddLines:
    """What was set aside, and the lines that nothing can read."""

    aside: set[str] = field(default_factory=set)
    _odd: list[tuple[str, int, bytes]] = field(default_factory=list)

    def add(self, file: str, number: int, line: bytes) -> None:
        """Take in such a line. Raises `FileInputError`, also where more are wrong than are kept."""
        try:
            self.aside.add(decode_set_aside(line.rstrip(b"\r\n")).set_aside)
        except BadEvent as error:
            if "set_aside" in members_of(line):
                raise FileInputError(file, BadInputError(number, error.path, error.message)) from None
            self._odd.append((file, number, line[: MAX_SEALED_BYTES + 1]))
            if len(self._odd) > MOST_FAILED:
                self._raise()

    def finish(self) -> bool:
        """Whether a fact of some scope is set aside. Raises `FileInputError` for a line that is wrong and was not."""
        self._raise()
        self.aside -= {
            _id_in(line) for _, _, line in self._odd
        }  # left out already, since nothing can read them
        return bool(self.aside)

    def _raise(self) -> None:
        for file, number, line in self._odd:
            if _id_in(line) not in self.aside:
                raise FileInputError(file, _refusal(number, line))


def _refusal(number: int, line: bytes) -> BadInputError:
    try:
        decode_event(line.rstrip(b"\r\n"), recorded=True)
    except BadEvent as error:
        return BadInputError(number, error.path, error.message)
    return BadInputError(number, "", bilingual("not one event on a line of its own"))


def _id_in(line: bytes) -> str:
    """The id that a line states that is no event; an empty text where there is none."""
    id_ = members_of(line).get("id")
    return id_.lower() if isinstance(id_, str) else ""
