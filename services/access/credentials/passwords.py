"""Passwords: argon2id, and a policy of length and not of composition (ASVS 6.2).

Whoever does not exist is asked for as much work as whoever does: a password that is wrong in either way is held
against a hash, so that neither the time nor the answer tells which logins there are.
"""

from __future__ import annotations

import re
import unicodedata
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
_LEET: Final = str.maketrans("013457@$!", "oieastasi")


class Passwords:
    """Hashes and checks passwords; the parameters are those that argon2-cffi advises (RFC 9106)."""

    def __init__(self, metrics: AccessMetrics, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._metrics = metrics
        self._nobody = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        return self._hasher.hash(_normal(password))

    def right(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one that is kept; where none is, as much is worked and the answer is no."""
        self._metrics.password_checks.inc()
        try:
            self._hasher.verify(kept or self._nobody, _normal(password))
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
    words = _COMMON | ({own} if len(own) > 2 else frozenset())
    stripped = {re.sub(r"[\W\d_]+", "", form) for form in forms}
    return any(_made_of(form, words) for form in stripped)


def _made_of(form: str, words: frozenset[str]) -> bool:
    """Whether a text is a word of the list once or several times, or is empty: digits and marks alone."""
    return not form or any(word and form.replace(word, "") == "" for word in words)


def _normal(password: str) -> str:
    """The same password, typed on another keyboard."""
    return unicodedata.normalize("NFC", password)
