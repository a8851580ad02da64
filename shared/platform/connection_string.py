"""A connection string looked at before anything connects, so that a mistake in it is told, and not taken for a
database that is away.

libpq repeats what it cannot read, password and all, and finds some mistakes only when it connects: nothing of either is
shown.
"""

from __future__ import annotations

from typing import Final

from shared.i18n import bilingual

_FORM: Final = "postgresql://user:password@host:port/database"
_SCHEMES: Final = ("postgresql://", "postgres://")
_WHOLE: Final = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
)  # fmt: skip
_WORDS: Final = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "channel_binding": ("disable", "prefer", "require"),
    "gssencmode": ("disable", "prefer", "require"),
}
_HIGHEST_PORT: Final = 65_535


def wrong_with(text: str) -> str | None:
    """Why no database can be reached by the connection string, without repeating it; None where one may be."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        given = {key: str(value) for key, value in conninfo_to_dict(text).items()}
    except psycopg.Error:
        schemed = "://" in text and not text.startswith(_SCHEMES)
        return _another_scheme() if schemed else _not_read()
    if not all(_is_port(part) for part in given.get("port", "").split(",")):
        return bilingual("the port is no number from 1 to {most}", most=_HIGHEST_PORT)
    if key := next((key for key in _WHOLE if not _is_whole(given.get(key, "0"))), None):
        return bilingual("{key} is no whole number", key=key)
    if key := next((key for key, words in _WORDS.items() if given.get(key, words[0]) not in words), None):
        return bilingual("{key} is none of {words}", key=key, words=", ".join(_WORDS[key]))
    return None


def _another_scheme() -> str:
    return bilingual("it is an address of something else; it is written {form}", form=_FORM)


def _not_read() -> str:
    return bilingual(
        "it is no connection string; it is written {form}, with %XX for what is special in an address",
        form=_FORM,
    )


def _is_port(text: str) -> bool:
    """An empty one is the default."""
    return not text or (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _HIGHEST_PORT)


def _is_whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit()
