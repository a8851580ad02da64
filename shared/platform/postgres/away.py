"""Why a database cannot be reached, in words and by the setting that says how: the pool tells no more than that it has
no connection."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo

from shared.i18n import bilingual

SETTING: Final = "PANKE_DATABASE_URL"
_SECONDS: Final = 2
_REFUSED: Final = ("password authentication failed", "no password supplied", "no pg_hba.conf entry", "role ")
_UNKNOWN: Final = ("certificate verify failed", "server certificate for", "root certificate file")
_PLAIN: Final = ("server does not support SSL",)


def why_away(dsn: str, setting: str = SETTING) -> str:
    """What a try of its own finds; never what the connection string holds."""
    try:
        psycopg.connect(make_conninfo(dsn, connect_timeout=_SECONDS)).close()
    except psycopg.Error as error:
        said = str(error)
        if any(words in said for words in _UNKNOWN):
            return bilingual(
                "the certificate of the database is vouched for by no authority of sslrootcert in {setting}",
                setting=setting,
            )
        if any(words in said for words in _PLAIN):
            return bilingual(
                "the database speaks no TLS, which sslmode in {setting} asks for", setting=setting
            )
        if any(words in said for words in _REFUSED):
            return bilingual(
                "the database refuses the user, the password or a line without TLS of {setting}",
                setting=setting,
            )
    return bilingual("the database does not answer")
