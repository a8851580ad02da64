"""Passwords: argon2id, and a policy of length and not of composition (ASVS 6.2).

What was leaked and is tried first is a list of 19,640 passwords that ships (`leaked.txt.gz`), that of Royce Williams as
Django has it, under Django's licence (BSD-3-Clause; https://github.com/django/django). No password leaves the machine.

Whoever does not exist is asked for as much work as whoever does: a password that is wrong in either way is held
against a hash, so that neither the time nor the answer tells which logins there are.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.access.model.metrics import AccessMetrics
from services.access.model.refusals import WeakPasswordError
from shared.i18n import bilingual

SHORTEST: Final = 12
LONGEST: Final = 128
_FEWEST_KINDS: Final = 5
"""Different characters that a password has at least: `aaaaaaaaaaaa` and `121212121212` are guessed first."""
_LINES: Final = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb",
)  # fmt: skip
_COMMON: Final = frozenset(files(__package__).joinpath("common.txt").read_text(encoding="utf-8").split())
_LEAKED: Final = "leaked.txt.gz"
_LEET: Final = str.maketrans("013457@$!", "oieastasi")

_NOBODY: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$aBUyVS8WdobJi4y6kzeAGg$SuhTgqSRvYCKPKCw1xZa0P+BI5qIUDRcwosP++eic1c"
)
"""What is checked for a login that nobody has: of the same parameters, so that it takes as long as any other."""


class Passwords:
    """Hashes and checks passwords; the parameters are those that argon2-cffi advises (RFC 9106)."""

    def __init__(self, metrics: AccessMetrics, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._metrics = metrics

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        return self._hasher.hash(_normal(password))

    def right(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that is kept; where none is, as much is worked and the answer is no."""
        self._metrics.password_checks.inc()
        try:
            self._hasher.verify(kept or _NOBODY, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    def outdated(self, kept: str) -> bool:
        """Whether it was hashed with weaker parameters than are used now."""
        return self._hasher.check_needs_rehash(kept)


def demand_strong(password: str, login: str) -> None:
    """Refuse what would be guessed. Raises `WeakPasswordError`."""
    text = _normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise WeakPasswordError(
            bilingual("a password has {shortest} to {longest} characters", shortest=SHORTEST, longest=LONGEST)
        )
    low = text.casefold()
    name = login.partition("@")[0].casefold()
    if low in _leaked():
        raise WeakPasswordError(bilingual("this password is in a list of leaked ones, which are tried first"))
    if len(set(low)) < _FEWEST_KINDS or _is_line(low) or _is_common(low, name):
        raise WeakPasswordError(
            bilingual("this password would be guessed: take several words that do not belong together")
        )


def _is_line(low: str) -> bool:
    """Whether it runs along the alphabet, the digits or a row of keys, there or back, or repeats a short piece."""
    if any(low == low[:size] * (len(low) // size) + low[: len(low) % size] for size in range(1, 5)):
        return True
    lines = [doubled for line in _LINES for doubled in (line * 3, line[::-1] * 3)]
    return any(low in line for line in lines)


def _is_common(low: str, name: str) -> bool:
    """Whether nothing but a common word or the login is left without digits and marks around it."""
    inner = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", low)
    forms = {low, inner.translate(_LEET)}
    own = re.sub(r"[\W\d_]+", "", name)
    words = {own} if len(own) > 2 else set[str]()
    stripped = {re.sub(r"[\W\d_]+", "", form) for form in forms}
    return any(_made_of(form, words) for form in stripped)


def _made_of(form: str, own: set[str]) -> bool:
    """Whether a text is a common word, a leaked password or an own one, once or several times, or is empty: digits and
    marks alone."""
    pieces = (form[:size] for size in range(1, len(form) + 1) if len(form) % size == 0)
    return not form or any(
        (piece in _COMMON or piece in own or piece in _leaked()) and piece * (len(form) // len(piece)) == form
        for piece in pieces
    )


@cache
def _leaked() -> frozenset[str]:
    """Passwords that were leaked most often, in small letters."""
    text = gzip.decompress(files(__package__).joinpath(_LEAKED).read_bytes()).decode("utf-8")
    return frozenset(line.casefold() for line in text.splitlines())


def _normal(password: str) -> str:
    """The same password, typed on another keyboard."""
    return unicodedata.normalize("NFC", password)
