"""Files of imports as they are kept: under seal where the journal is, and the secret of the ids of rows.

By the keys of the deployment themselves, each text bound to its import: who has no keys reads none of it, wherever a
copy of the table lies (privacy.md#imports).
"""

from __future__ import annotations

import os
from typing import Any, Final

import psycopg

from shared.platform.postgres.database import queries
from shared.sealing.person import KEY_BYTES
from shared.sealing.vault import Vault

SQL: Final = queries("services.intake")
_SECRET: Final = b"panke/import/secret"


class ImportSeal:
    """Seals and opens what of an import is personal; in clear where the journal is."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault

    @property
    def key(self) -> str | None:
        """Under which key is sealed now."""
        return None if self._vault is None else self._vault.keys.current

    def sealed(self, id_: str, part: str, text: bytes | None) -> bytes | None:
        if self._vault is None or text is None:
            return text
        return self._vault.keys.wrap(text, _place(id_, part))

    def opened(self, id_: str, part: str, key: str | None, text: bytes) -> bytes:
        """Raises `SealBrokenError`."""
        if key is None or self._vault is None:
            return text
        return self._vault.keys.unwrap(key, text, _place(id_, part))

    def secret(self, connection: psycopg.Connection[Any]) -> bytes:
        """The secret of the ids of rows; made once, and wrapped anew where the present key is another."""
        row = connection.execute(SQL["import_secret"]).fetchone()
        if row is None:
            made = os.urandom(KEY_BYTES)
            connection.execute(SQL["put_import_secret"], self._wrapped(made))
            return self.secret(connection)
        key, kept = row[0], bytes(row[1])
        found = kept if key is None or self._vault is None else self._vault.keys.unwrap(key, kept, _SECRET)
        if key != self.key and self._vault is not None:
            connection.execute(SQL["rewrap_import_secret"], self._wrapped(found))
        return found

    def _wrapped(self, secret: bytes) -> dict[str, Any]:
        sealed = secret if self._vault is None else self._vault.keys.wrap(secret, _SECRET)
        return {"sealed_by": self.key, "secret": sealed}


def _place(id_: str, part: str) -> bytes:
    return f"panke/import/{id_}/{part}".encode()
