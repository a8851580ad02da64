"""How often somebody may try: by account, by address, and by both together.

An attempt is counted before it is looked at, and struck out when it was right: so many at once are no way around the
count. Who failed too often waits, longer each time. Of an account that does not exist as much is kept as of one that
does, under a digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from services.access.model.refusals import TooManyAttemptsError
from services.access.record.record import Connection
from shared.i18n import bilingual
from shared.platform.postgres.database import queries

SQL: Final = queries("services.access")
FORGOTTEN_AFTER: Final = timedelta(hours=12)
FIRST_WAIT: Final = 30.0
LONGEST_WAIT: Final = 900.0


@dataclass(frozen=True, slots=True)
class _Counted:
    key: bytes
    free: int
    """SignInAttempts that may fail before anybody waits."""


class SignInAttempts:
    """Counts attempts to prove who one is."""

    def counted(self, login: str, address: str) -> list[_Counted]:
        """What an attempt counts for. One address locks an account for itself first, and for all only much later."""
        return [
            _Counted(_digest("both", login, address), 5),
            _Counted(_digest("account", login), 25),
            _Counted(_digest("address", address), 50),
        ]

    def begin(self, connection: Connection, login: str, address: str, now: datetime) -> None:
        """Count an attempt. Raises `TooManyAttemptsError`, which counts nothing."""
        counted = self.counted(login, address)
        keys = [one.key for one in counted]
        connection.execute(SQL["lock_attempts"], {"keys": keys})
        rows: list[Any] = connection.execute(SQL["attempts_of"], {"keys": keys}).fetchall()
        known = {bytes(key): (int(failures), last, until) for key, failures, last, until in rows}
        locked = [until for _, _, until in known.values() if until is not None and until > now]
        if locked:
            raise _too_many(max(locked) - now)
        for one in counted:
            failures, last, _ = known.get(one.key, (0, now, None))
            failures = 1 if last < now - FORGOTTEN_AFTER else failures + 1
            until = now + _wait(failures - one.free) if failures >= one.free else None
            row = {"key": one.key, "failures": failures, "now": now, "locked_until": until}
            connection.execute(SQL["put_attempt"], row)

    def forgive(self, connection: Connection, login: str, address: str) -> None:
        """It was right: the account starts anew. The address had one that did not fail, and keeps the others."""
        both, account, whole = self.counted(login, address)
        connection.execute(SQL["forgive"], {"keys": [both.key, account.key]})
        connection.execute(SQL["strike_out"], {"key": whole.key})


def _wait(beyond: int) -> timedelta:
    return timedelta(seconds=min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(beyond, 10)))


def _too_many(wait: timedelta) -> TooManyAttemptsError:
    seconds = max(1, ceil(wait.total_seconds()))
    text = bilingual("too many attempts failed; try again in {seconds} s", seconds=seconds)
    return TooManyAttemptsError(text, seconds)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).digest()
