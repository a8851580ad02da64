"""The file of keys, outside the database: which key signs, which may still be verified by, which seals secrets.

It belongs to one user alone. A rotation writes a new file in the place of the old one, so that a running service reads
either; it looks whether the file is another one each time that it signs.
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from msgspec import Struct

from shared.access.tokens import ALGORITHM, LEEWAY, LIFETIME
from shared.i18n import bilingual
from shared.platform.whole_file import private_file

KEPT_FOR: Final = LIFETIME + 2 * LEEWAY + 300
"""Seconds for which an old key is published after a rotation: until no token of it is valid anywhere."""
_NONCE: Final = 12


class KeyFileError(Exception):
    """The file of keys cannot be worked with as it is; the text says what is to be done."""


class SigningKey(Struct, frozen=True):
    """A private key as it stands in the file; `ends_at` is given once another one signs."""

    jwk: dict[str, str]
    made_at: float
    ends_at: float | None = None


class _Keys(Struct, frozen=True):
    signing: tuple[SigningKey, ...]
    sealing: str


class Keyring:
    """The keys of a file, read anew when it is another one."""

    def __init__(self, path: Path, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._seen: tuple[int, int, int] | None = None
        self._keys = _Keys((), "")
        self._private: OKPKey | None = None

    def signer(self) -> OKPKey:
        """The private key that signs now. Raises `KeyFileError`."""
        self._look()
        assert self._private is not None, "a file has one at least"
        return self._private

    def key(self, kid: str) -> OKPKey | None:
        """The public key of this id, if tokens may be signed by it."""
        self._look()
        for one in self._published():
            if one.jwk.get("kid") == kid:
                return OKPKey.import_key(_public(one))  # type: ignore[arg-type]
        return None

    async def refresh(self) -> None:
        """The file is looked at each time anyhow."""

    def kids(self) -> list[str]:
        """The ids of all keys of the file."""
        self._look()
        return [one.jwk["kid"] for one in self._keys.signing]

    def published(self) -> list[dict[str, str]]:
        """The public keys as a JWK set has them, that which signs first."""
        self._look()
        return [_public(one) for one in self._published()]

    def seal(self, secret: bytes, owner: str) -> bytes:
        """A secret that only who has the file can read, and only as that owner's."""
        self._look()
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._sealing().encrypt(nonce, secret, owner.encode())

    def unseal(self, sealed: bytes, owner: str) -> bytes:
        """What was sealed for this owner. Raises `KeyFileError` where it was with another file of keys."""
        self._look()
        try:
            return self._sealing().decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
        except InvalidTag:
            raise KeyFileError(bilingual("a secret was sealed with another file of keys")) from None

    def _sealing(self) -> AESGCM:
        return AESGCM(base64.b64decode(self._keys.sealing))

    def _published(self) -> Iterator[SigningKey]:
        now = self._now()
        return (one for one in self._keys.signing if one.ends_at is None or one.ends_at > now)

    def _look(self) -> None:
        try:
            found = os.stat(self._path)
        except OSError as error:
            raise KeyFileError(
                bilingual(
                    "the file of keys {path} cannot be read: {why}", path=self._path, why=error.strerror
                )
            ) from None
        seen = (found.st_ino, found.st_mtime_ns, found.st_mode)
        if seen != self._seen:
            self._keys = read_keys(self._path)
            self._private = OKPKey.import_key({**self._keys.signing[0].jwk, "alg": ALGORITHM})
            self._seen = seen


def read_keys(path: Path) -> _Keys:
    """The keys of a file that nobody else can read. Raises `KeyFileError`."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise KeyFileError(
                    bilingual(
                        "others may read the file of keys {path} (mode {mode}): chmod 600, and rotate the keys",
                        path=path,
                        mode=f"{mode:o}",
                    )
                )
            keys = msgspec.json.decode(file.read(), type=_Keys)
        private = [OKPKey.import_key({**one.jwk, "alg": ALGORITHM}) for one in keys.signing]
        if not private or len(base64.b64decode(keys.sealing, validate=True)) != 32:
            raise ValueError
    except (msgspec.DecodeError, JoseError, ValueError, TypeError, KeyError):
        raise KeyFileError(bilingual("{path} is no file of keys of Panke", path=path)) from None
    except OSError as error:
        raise KeyFileError(
            bilingual("the file of keys {path} cannot be read: {why}", path=path, why=error.strerror)
        ) from None
    return keys


def make_keys(path: Path, now: float) -> bool:
    """Make a file of keys where there is none; answers whether it was made. Of two who do at once, one does."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    sealing = base64.b64encode(secrets.token_bytes(32)).decode()
    with _alone(path):
        if path.exists():
            return False
        _write(path, _Keys((_new_key(now),), sealing))
    return True


def rotate_keys(path: Path, now: float) -> str:
    """Have a new key sign; the old ones are published as long as tokens of theirs may be valid. Returns its id."""
    with _alone(path):
        keys = read_keys(path)
        new = _new_key(now)
        old = tuple(
            one if one.ends_at is not None else SigningKey(one.jwk, one.made_at, now + KEPT_FOR)
            for one in keys.signing
            if one.ends_at is None or one.ends_at > now
        )
        _write(path, _Keys((new, *old), keys.sealing))
    return new.jwk["kid"]


def _new_key(now: float) -> SigningKey:
    made = OKPKey.generate_key("Ed25519", private=True)
    jwk: dict[str, Any] = dict(made.as_dict(private=True))
    return SigningKey({**jwk, "kid": secrets.token_hex(8), "use": "sig"}, now)


def _public(key: SigningKey) -> dict[str, str]:
    return {name: value for name, value in key.jwk.items() if name != "d"} | {"alg": ALGORITHM}


def _write(path: Path, keys: _Keys) -> None:
    with private_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(keys)))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
