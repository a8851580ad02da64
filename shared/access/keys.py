"""The public keys by which tokens are verified: fetched from the access service, or read from a file.

A set that was had once stays when the access service is away: tokens are then verified by what is known. A token
under an unknown key has it asked for again, no more often than every few seconds, so that nobody who invents keys
makes a flood of questions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from shared.access.tokens import ALGORITHM

log: Final = structlog.get_logger()

EVERY: Final = 60.0
"""Seconds between two looks at the set: so long a withdrawn key may still be taken."""
SOONEST: Final = 5.0
SOONEST_OF_ALL: Final = 0.5
"""While there is none yet, with which nobody is let in."""
WAIT: Final = 5.0
LARGEST_SET: Final = 65_536


class KeySetError(ValueError):
    """What was read is no set of public keys."""


class KeysAwayError(Exception):
    """No key is known by which a token could be verified."""


class KeySource(Protocol):
    """Where public keys come from."""

    def key(self, kid: str) -> OKPKey | None: ...
    async def refresh(self) -> None:
        """Look again. Raises `KeysAwayError` where there is still none."""


def public_keys(document: bytes) -> Mapping[str, OKPKey]:
    """The keys of a JWK set (RFC 7517) that may sign tokens; others are passed over. Raises `KeySetError`."""
    try:
        items: list[dict[str, Any]] = msgspec.json.decode(document)["keys"]
        ours = [one for one in items if one.get("kty") == "OKP" and one.get("crv") == "Ed25519"]
        if any("d" in one for one in ours):
            raise KeySetError("a private key stands in the set")
        return {one["kid"]: OKPKey.import_key({**one, "alg": ALGORITHM}) for one in ours}
    except KeySetError:
        raise
    except (
        msgspec.DecodeError, JoseError, KeyError, TypeError, AttributeError, ValueError, RecursionError,
    ) as error:  # fmt: skip
        raise KeySetError(f"not a set of public keys: {type(error).__name__}") from None


class _Kept:
    """The set as it was had last."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._keys: Mapping[str, OKPKey] = {}
        self._now = now
        self._asked: float | None = None
        self._asking = asyncio.Lock()

    def key(self, kid: str) -> OKPKey | None:
        """The public key of this id, if it may sign."""
        return self._keys.get(kid)

    async def refresh(self) -> None:
        """Look again, unless somebody has just looked. Raises `KeysAwayError` where there is still none."""
        async with self._asking:
            if self._asked is None or self._now() - self._asked >= self._pause:
                self._asked = self._now()
                try:
                    self._keys = public_keys(await self._read())
                except (KeySetError, OSError, httpx.HTTPError) as error:
                    log.warning("keys_unread", error=f"{type(error).__name__}: {error}")
        if not self._keys:
            raise KeysAwayError

    @property
    def _pause(self) -> float:
        return SOONEST if self._keys else SOONEST_OF_ALL

    async def run(self) -> None:
        """Look again and again."""
        while True:
            with contextlib.suppress(KeysAwayError):
                await self.refresh()
            await asyncio.sleep(EVERY if self._keys else SOONEST_OF_ALL)

    async def _read(self) -> bytes:
        raise NotImplementedError


class FetchedKeys(_Kept):
    """The set as the access service publishes it; `now` is a clock that never goes back."""

    def __init__(self, address: str, now: Callable[[], float]) -> None:
        super().__init__(now)
        self._url = f"{address.rstrip('/')}/.well-known/jwks.json"

    async def _read(self) -> bytes:
        async with httpx.AsyncClient(timeout=WAIT, trust_env=False) as client:
            answer = await client.get(self._url)
            answer.raise_for_status()
            if len(answer.content) > LARGEST_SET:
                raise KeySetError("the set is too large")
            return answer.content


class FileKeys(_Kept):
    """The set in a file."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        super().__init__(now)
        self._path = path

    async def _read(self) -> bytes:
        return await asyncio.to_thread(self._path.read_bytes)
