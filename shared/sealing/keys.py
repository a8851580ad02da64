"""The keys of a deployment: those that wrap the keys of people, those by which contacts are found (privacy.md#keys).

Both are versioned: what a former one made is read while it is rewritten under the present one. A key-encryption key
may stay in a KMS behind `KeyWrapper`; here it comes from a file that only its owner may read.
"""

from __future__ import annotations

import hmac
import os
import stat
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.whole_file import new_private_file, private_file
from shared.sealing.person import KEY_BYTES, NONCE_BYTES, SealBrokenError

log = structlog.get_logger()

FORM: Final = 1


class KeysError(Exception):
    """The keys of this deployment are not there, not its own, or open to others."""


class KeyWrapper(Protocol):
    """What keeps key-encryption keys, be it a file or a KMS."""

    @property
    def current(self) -> str:
        """Under which key is wrapped now."""

    @property
    def fingerprints(self) -> Mapping[str, str]:
        """By which each key is known to be the same."""

    def wrap(self, key: bytes, place: bytes) -> bytes: ...

    def unwrap(self, version: str, wrapped: bytes, place: bytes) -> bytes:
        """Raises `SealBrokenError`."""


class _Versions(Struct, frozen=True):
    current: str
    keys: dict[str, str]


class _KeysInFile(Struct, frozen=True):
    panke_keys: int
    wrapping: _Versions
    index: _Versions


class DeploymentKeys:
    """Keys that were read from a file."""

    def __init__(self, file: _KeysInFile) -> None:
        self.current = file.wrapping.current
        self._wrapping = {name: b64decode(key) for name, key in file.wrapping.keys.items()}
        self._ciphers = {name: AESGCM(key) for name, key in self._wrapping.items()}
        self.index_current = file.index.current
        self._index = {name: b64decode(key) for name, key in file.index.keys.items()}

    @property
    def fingerprints(self) -> Mapping[str, str]:
        named = {f"wrapping/{name}": key for name, key in self._wrapping.items()}
        named |= {f"index/{name}": key for name, key in self._index.items()}
        return {name: sha256(b"panke/fingerprint/" + key).hexdigest()[:32] for name, key in named.items()}

    @property
    def index_versions(self) -> tuple[str, ...]:
        """The present one first."""
        others = sorted(name for name in self._index if name != self.index_current)
        return self.index_current, *others

    def wrap(self, key: bytes, place: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[self.current].encrypt(nonce, key, place)

    def unwrap(self, version: str, wrapped: bytes, place: bytes) -> bytes:
        cipher = self._ciphers.get(version)
        if cipher is None:
            raise SealBrokenError(f"no key-encryption key {version} is in the file of keys")
        try:
            return cipher.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], place)
        except InvalidTag as error:
            raise SealBrokenError("another key, or altered") from error

    def index(self, version: str, scope: str, contact: str) -> bytes:
        """By which a contact is found, without telling it to who has no key."""
        return hmac.digest(self._index[version], f"{scope}|{contact}".encode(), "sha256")


def new_keys() -> bytes:
    """The text of a new file of keys."""
    made = {name: {"current": "1", "keys": {"1": _random()}} for name in ("wrapping", "index")}
    return msgspec.json.format(msgspec.json.encode({"panke_keys": FORM, **made}), indent=2) + b"\n"


def make_keys(path: Path) -> None:
    """A new file of keys, for its owner alone, whole or not at all; raises `FileExistsError`."""
    new_private_file(path, new_keys())


def add_key(path: Path, which: Literal["wrapping", "index"]) -> None:
    """Add a key to the file, which is the present one from then on; the file is never half written.

    Raises `KeysError` where it is no file of keys.
    """
    read_keys(path)
    file = msgspec.json.decode(path.read_bytes())
    number = str(max(map(int, file[which]["keys"])) + 1)
    file[which]["keys"][number] = _random()
    file[which]["current"] = number
    _write(path, file)


def retire_keys(path: Path, names: Collection[str]) -> None:
    """Take former keys out of the file, each named as in `fingerprints`; nobody may stand under them any more."""
    file = msgspec.json.decode(path.read_bytes())
    for which, number in (name.split("/") for name in names):
        if file[which]["current"] == number:
            raise KeysError(bilingual("{name} is a present key", name=f"{which}/{number}"))
        del file[which]["keys"][number]
    _write(path, file)


def _write(path: Path, file: Any) -> None:
    """The file as it is from now on, never half written."""
    with private_file(path) as output:
        output.write(msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")


class KeyFile:
    """A file of keys that is read again when it changes: keys rotate while services run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._state()
        self._keys = read_keys(path)

    @property
    def keys(self) -> DeploymentKeys:
        """The keys of the file; where it cannot be read now, those that it held."""
        try:
            state = self._state()
            if state != self._seen:
                self._keys, self._seen = read_keys(self._path), state
        except (OSError, KeysError) as error:
            log.error("keys_unread", path=str(self._path), error=str(error))
        return self._keys

    def retire(self, names: Collection[str]) -> None:
        """Take former keys out of the file."""
        retire_keys(self._path, names)

    def _state(self) -> tuple[int, ...]:
        try:
            found = self._path.stat()
        except OSError:  # reading it tells why
            return ()
        return found.st_mtime_ns, found.st_ino, found.st_size


def _random() -> str:
    return b64encode(os.urandom(KEY_BYTES)).decode()


def read_keys(path: Path) -> DeploymentKeys:
    """The keys of a file; raises `KeysError` in words."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except OSError as error:
        raise KeysError(
            bilingual("the file of keys {path} cannot be read: {why}", path=path, why=error.strerror)
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeysError(
            bilingual("the file of keys {path} may be read by others: chmod 600 {path}", path=path)
        )
    try:
        return DeploymentKeys(_checked(msgspec.json.decode(text, type=_KeysInFile)))
    except (msgspec.MsgspecError, ValueError):
        raise KeysError(bilingual("{path} is no file of keys", path=path)) from None


def _checked(file: _KeysInFile) -> _KeysInFile:
    for versions in (file.wrapping, file.index):
        if versions.current not in versions.keys or file.panke_keys != FORM:
            raise ValueError("not a file of keys")
        if any(len(b64decode(key, validate=True)) != KEY_BYTES for key in versions.keys.values()):
            raise ValueError("a key of another length")
    return file
