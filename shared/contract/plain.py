"""What people write where they say nothing, hide something, or copy what nobody sees (procedure.md#identity-masked)."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

UNSEEN_LETTERS: Final = "\u115f\u1160\u3164\uffa0"
"""Letters by Unicode, yet blank on every screen: fillers of the Korean script."""

NOTHING_SAID: Final = frozenset(
    {
        "", "无", "没有", "暂无", "未留", "不详", "未知", "保密", "同上", "同号", "同手机", "同手机号", "同电话",
        "微信同号", "手机同号", "none", "no", "n/a", "na", "nil", "null", "unknown", "-", "—", "/", ".",
    }
)  # fmt: skip
"""What a desk types into a contact's field when there is none, in the form that `plain` gives."""

_unseen = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
).sub
_hidden = re.compile(r"[*•●×]|\.{3}").search  # NFKC has made `＊` and `…` of these already
_crossed_out = re.compile(r"\d.*x.*\d", re.DOTALL).search


@lru_cache(maxsize=65_536)
def plain(text: str) -> str:
    """A contact as it was typed, in compatibility form, lower case, without what nobody sees and white space."""
    return _unseen("", unicodedata.normalize("NFKC", _unseen("", text))).strip().lower()


def says_nothing(text: str) -> bool:
    """Whether a phone or WeChat id is as if it were not there."""
    return plain(text) in NOTHING_SAID


def is_hidden(plain_text: str) -> bool:
    """Whether something of a contact is left out, whatever stands for it; `x` between digits may."""
    if _hidden(plain_text):
        return True
    return _crossed_out(plain_text) is not None and not any(c.isalpha() and c != "x" for c in plain_text)


def can_be_seen(text: str) -> bool:
    """Whether a name holds a letter or a digit that a reader sees."""
    return _begins_seen(text) or any(c.isalnum() and c not in UNSEEN_LETTERS for c in text)


def is_blank(text: str) -> bool:
    """Whether there is nothing to be seen in a text, not even a sign."""
    return not _begins_seen(text) and (not text.strip() or not _unseen("", text).strip())


def _begins_seen(text: str) -> bool:
    """Whether the first character can be seen: so nearly every text begins, and this is asked of each."""
    first = text[:1]
    return first.isalnum() and first not in UNSEEN_LETTERS
