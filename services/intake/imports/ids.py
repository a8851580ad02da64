"""The id of a row: the same whenever it comes again, and telling nothing of whom it is (imports.md#twice).

It is made of the office, the kind, the moment, the customer and the consultant under a secret of the journal, and of
nothing else: not of the file, the line, or what else the row says. Of lines that are alike in all of these the second
counts as a second entry.
"""

from __future__ import annotations

import hmac
from collections import Counter
from datetime import datetime
from uuid import UUID

import msgspec

from shared.contract import format_instant
from shared.contract.contacts import contacts_of
from shared.contract.events import Party


class RowIds:
    """Makes the ids of one sheet's rows, in their order."""

    def __init__(self, secret: bytes, office: str, kind: str) -> None:
        self._secret = secret
        self._place = (office, kind)
        self._seen: Counter[bytes] = Counter()

    def next(self, at: datetime, customer: Party, consultant: str) -> tuple[str, int]:
        """The id, and the how manieth of its kind the row is."""
        told = [
            *self._place,
            format_instant(at),
            "".join((customer.name or "").split()),
            sorted(contacts_of(customer)) or sorted(customer.phones),
            consultant,
        ]
        named = msgspec.json.encode(told)
        self._seen[named] += 1
        return self._made(named, self._seen[named]), self._seen[named]

    def _made(self, named: bytes, count: int) -> str:
        digest = hmac.digest(self._secret, b"%d|%b" % (count, named), "sha256")
        return str(UUID(bytes=digest[:16], version=4))
