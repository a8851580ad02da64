"""The providers of a deployment, from a file that it writes: who vouches for people besides Panke itself."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from shared.contract.answers.values import BothLanguages
from shared.i18n import bilingual

NAME: Final = r"^[a-z0-9-]{1,32}$"
Algorithm = Literal["RS256", "PS256", "ES256", "ES384", "Ed25519"]


class ProviderFileError(ValueError):
    """The file of providers is not as it must be."""


class OpenidProvider(Struct, frozen=True, forbid_unknown_fields=True):
    """One provider. `link_by` says how a subject is matched with an account that is not linked to it yet.

    `title` is what people call it, in both languages; without one they read its name in the file.
    """

    issuer: str
    client_id: Annotated[str, Meta(min_length=1)]
    client_secret_file: str | None = None
    algorithms: tuple[Algorithm, ...] = ("RS256", "ES256")
    scopes: tuple[str, ...] = ("openid",)
    link_by: Literal["administrator", "verified_email"] = "administrator"
    title: BothLanguages | None = None

    def secret(self) -> str | None:
        """The secret of this client, read when it is needed: a file that is replaced needs no restart."""
        if self.client_secret_file is None:
            return None
        return Path(self.client_secret_file).read_text(encoding="utf-8").strip()


class _ProviderFile(Struct, frozen=True, forbid_unknown_fields=True):
    providers: Mapping[str, OpenidProvider]


def read_providers(path: str) -> Mapping[str, OpenidProvider]:
    """The providers of a file by name; none where no file is given. Raises `ProviderFileError`."""
    if not path:
        return {}
    try:
        found = msgspec.yaml.decode(Path(path).read_bytes(), type=_ProviderFile).providers
    except (OSError, msgspec.DecodeError) as error:
        raise ProviderFileError(f"{path}: {error}") from None
    for name, one in found.items():
        if not re.fullmatch(NAME, name):
            raise ProviderFileError(f"{path}: providers.{name}: {bilingual('small letters, digits and -')}")
        if not secure(one.issuer):
            raise ProviderFileError(
                f"{path}: providers.{name}.issuer: {bilingual('must be an https address')}"
            )
        if "openid" not in one.scopes:
            raise ProviderFileError(
                f"{path}: providers.{name}.scopes: {bilingual('`openid` must be among them')}"
            )
    return found


def secure(address: str) -> bool:
    """Whether an address is https, or on this machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" and parts.hostname:
        return True
    return parts.scheme == "http" and _loopback(parts.hostname or "")


def may_return(address: str, allowed: tuple[str, ...]) -> bool:
    """Whether a client may be sent back there: on this machine, or exactly as the deployment names it.

    The rest would be an open redirect, by which a page of somebody else would be handed what is for the client.
    """
    if address in allowed:
        return True
    if re.search(r"[\x00-\x20\x7f\\]", address):
        return False
    try:
        parts = urlsplit(address)
        bare = "#" not in address and "@" not in parts.netloc and parts.port is not None
    except ValueError:
        return False
    return parts.scheme == "http" and bare and _loopback(parts.hostname or "")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
