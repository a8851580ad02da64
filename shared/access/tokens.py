"""Access tokens (RFC 9068 in form): signed by the access service, verified offline by every other.

One signature algorithm is taken, Ed25519 (EdDSA by its full name, RFC 9864), whatever a token says of itself: neither
`none` nor a symmetric one that would take the public key for a secret. A token is of this issuer, for this audience,
and no longer valid than some minutes.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, Protocol

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from msgspec import Struct

from shared.access.caller import Caller, CallerKind, GrantedRole, StaffRole
from shared.i18n import bilingual

ALGORITHM: Final = "Ed25519"
TYPE: Final = "at+jwt"
AUDIENCE: Final = "panke"
LIFETIME: Final = 600
"""Seconds for which a token is valid: as long a role that was taken away, or a session that ended, may still act."""
LEEWAY: Final = 30
"""Seconds by which the clock of the service that signed may be ahead."""
LARGEST: Final = 16_384
SIGNATURE_BYTES: Final = 64
"""Of Ed25519 (RFC 8032)."""
_REMEMBERED: Final = 4096


class TokenRefusedError(Exception):
    """The token is none of ours, or no longer valid; the text says why."""


class UnknownKeyError(TokenRefusedError):
    """The token names a key that is not in the key set as it is known here."""


class VerificationKeys(Protocol):
    """The public keys by which tokens may be signed now."""

    def key(self, kid: str) -> OKPKey | None: ...


class Claims(Struct, frozen=True, omit_defaults=True):
    """What a token says."""

    iss: str
    aud: str
    sub: str
    sid: str
    jti: str
    iat: int
    nbf: int
    exp: int
    kind: CallerKind
    login: str
    staff_roles: tuple[StaffRole, ...] = ()
    granted_roles: tuple[GrantedRole, ...] = ()

    def caller(self) -> Caller:
        """Whom it speaks for."""
        return Caller(
            self.sub, self.kind, self.login, self.sid, float(self.exp), self.staff_roles, self.granted_roles
        )


def sign(claims: Claims, key: OKPKey) -> str:
    """The token of these claims under a private key, which must have a `kid`."""
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": TYPE}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key, algorithms=[ALGORITHM])


def demand_machine_token(text: str) -> None:
    """Raises `TokenRefusedError` where a text has not the form of a token that was signed for a machine; whether the
    signature and the time are good is looked at by whoever lets it in."""
    header, _, rest = text.partition(".")
    payload, _, signature = rest.partition(".")
    try:
        _kid(header)
        claims = msgspec.json.decode(_decoded(payload), type=Claims)
        whole = len(text) <= LARGEST and len(_decoded(signature)) == SIGNATURE_BYTES
    except (ValueError, RecursionError) as error:
        raise TokenRefusedError(bilingual("the token is not one of ours")) from error
    if not whole or claims.kind != "machine":
        raise TokenRefusedError(bilingual("the token is not one of ours"))


class TokenVerifier:
    """Verifies tokens of one issuer.

    What was verified once is known by its digest until it expires or its key is withdrawn, since a signature costs as
    much as the rest of a small request.
    """

    def __init__(self, keys: VerificationKeys, issuer: str, now: Callable[[], float]) -> None:
        self._keys = keys
        self._issuer = issuer
        self._now = now
        self._known: OrderedDict[bytes, tuple[str, Caller]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """Whom the token speaks for. Raises `TokenRefusedError`."""
        if len(token) > LARGEST:
            raise TokenRefusedError(bilingual("the token is too long"))
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        known = self._known.get(digest)
        if known is not None and self._stands(*known):
            return known[1]
        self._known.pop(digest, None)
        kid, claims = self._verified(token)
        caller = claims.caller()
        self._known[digest] = (kid, caller)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return caller

    def _stands(self, kid: str, caller: Caller) -> bool:
        return caller.expires_at > self._now() and self._keys.key(kid) is not None

    def _verified(self, token: str) -> tuple[str, Claims]:
        try:
            token.encode("ascii")
            kid = _kid(token.partition(".")[0])
            key = self._keys.key(kid)
            if key is None:
                raise UnknownKeyError(bilingual("the token is signed with a key that is not known here"))
            signed = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
            claims = msgspec.json.decode(signed.payload, type=Claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise TokenRefusedError(bilingual("the token is not one of ours")) from error
        self._check(claims)
        return kid, claims

    def _check(self, claims: Claims) -> None:
        now = self._now()
        if claims.iss != self._issuer or claims.aud != AUDIENCE:
            raise TokenRefusedError(bilingual("the token is of another issuer, or for another audience"))
        if claims.exp <= now:
            raise TokenRefusedError(bilingual("the token has expired; refresh it or sign in again"))
        if max(claims.nbf, claims.iat) > now + LEEWAY or claims.exp - claims.iat > LIFETIME:
            raise TokenRefusedError(bilingual("the token is not valid at this time"))


@lru_cache(maxsize=16)
def _kid(segment: str) -> str:
    """The id of the key, of a header that says nothing but what ours say; all tokens under one key have the same."""
    header: Any = msgspec.json.decode(_decoded(segment))
    kid = header.get("kid") if isinstance(header, dict) else None
    if header != {"alg": ALGORITHM, "kid": kid, "typ": TYPE} or not isinstance(kid, str):
        raise TokenRefusedError(bilingual("the token is not one of ours"))
    return kid


def _decoded(segment: str) -> bytes:
    """A part of a token, which is base64 of URLs without its padding."""
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
