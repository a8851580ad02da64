"""What is asked of a provider: where it is, who signed in, and by which keys it says so.

An ID token is believed if the provider's key signed it by an algorithm that the deployment names, for this client, in
answer to this very question (`nonce`), and it is still valid. It came over TLS from the provider itself; it is verified
all the same.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from services.access.model.refusals import ProviderError
from services.access.openid.providers import OpenidProvider, secure
from shared.i18n import bilingual

WAIT: Final = 10.0
LARGEST: Final = 262_144
KNOWN_FOR: Final = 3600.0
LEEWAY: Final = 60
_HMAC: Final = frozenset({"HS256", "HS384", "HS512", "none"})


class _Discovery(Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _TokenAnswer(Struct, frozen=True):
    id_token: str


class Identity(Struct, frozen=True):
    """Whom the provider says has signed in."""

    subject: str
    email: str | None
    email_verified: bool


class OpenidClient:
    """One provider as this deployment is known to it."""

    def __init__(self, provider: OpenidProvider, redirect_uri: str, now: Callable[[], float]) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._now = now
        self._discovery: tuple[float, _Discovery] | None = None
        self._keys: KeySet | None = None

    async def address(self, state: str, nonce: str, challenge: str) -> str:
        """Where the person signs in."""
        found = await self._found()
        asked = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(self.provider.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(asked)}"

    async def check_issuer(self, told: str | None) -> None:
        """The answer is this provider's, where it says whose it is (RFC 9207). Raises `ProviderError`."""
        found = await self._found()
        if told != found.issuer and (
            told is not None or found.authorization_response_iss_parameter_supported
        ):
            raise ProviderError(bilingual("the answer is of another provider"))

    async def identity(self, code: str, verifier: str, nonce: str) -> Identity:
        """Who signed in, for a code. Raises `ProviderError`."""
        found = await self._found()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._asked("POST", found.token_endpoint, **self._as_client(found, form))
        try:
            token = msgspec.json.decode(answer, type=_TokenAnswer).id_token
        except (msgspec.DecodeError, RecursionError):
            raise _unreadable() from None
        return _identity(await self._claims(token), found.issuer, self.provider.client_id, nonce, self._now())

    def _as_client(self, found: _Discovery, form: Mapping[str, str]) -> dict[str, Any]:
        """How this client proves who it is: as the provider takes it; a public one by the verifier alone."""
        secret = self.provider.secret()
        client = self.provider.client_id
        if secret is None:
            return {"data": {**form, "client_id": client}}
        if "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            return {
                "data": dict(form),
                "auth": httpx.BasicAuth(quote(client, safe=""), quote(secret, safe="")),
            }
        return {"data": {**form, "client_id": client, "client_secret": secret}}

    async def _claims(self, token: str) -> dict[str, Any]:
        allowed = [one for one in self.provider.algorithms if one not in _HMAC]
        for again in (False, True):
            if self._keys is None or again:
                self._keys = await self._key_set()
            try:
                return dict(jwt.decode(token, self._keys, algorithms=allowed).claims)
            except (JoseError, ValueError, TypeError, KeyError, RecursionError):
                continue  # once more under the keys as they are now: the provider may have new ones
        raise ProviderError(bilingual("the provider's answer is not signed as it must be"))

    async def _key_set(self) -> KeySet:
        raw = await self._asked("GET", (await self._found()).jwks_uri)
        try:
            keys = [one for one in msgspec.json.decode(raw)["keys"] if one.get("kty") in ("RSA", "EC", "OKP")]
            return KeySet.import_key_set({"keys": keys})
        except (
            msgspec.DecodeError, JoseError, KeyError, TypeError, AttributeError, ValueError, RecursionError,
        ):  # fmt: skip
            raise _unreadable() from None

    async def _found(self) -> _Discovery:
        if self._discovery is not None and time.monotonic() - self._discovery[0] < KNOWN_FOR:
            return self._discovery[1]
        issuer = self.provider.issuer
        raw = await self._asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            found = msgspec.json.decode(raw, type=_Discovery)
        except (msgspec.DecodeError, RecursionError):
            raise _unreadable() from None
        if found.issuer != issuer:
            raise ProviderError(bilingual("the answer is of another provider"))
        if not all(map(secure, (found.authorization_endpoint, found.token_endpoint, found.jwks_uri))):
            raise _unreadable()
        self._discovery = (time.monotonic(), found)
        return found

    async def _asked(self, method: str, url: str, **given: Any) -> bytes:
        """The body of a 200; nothing is followed elsewhere."""
        try:
            async with httpx.AsyncClient(timeout=WAIT, trust_env=False, follow_redirects=False) as client:
                answer = await client.request(method, url, **given)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise ProviderError(bilingual("the provider does not answer")) from None
        if answer.status_code != 200 or len(answer.content) > LARGEST:
            raise ProviderError(
                bilingual("the provider refused (status {status})", status=answer.status_code)
            )
        return answer.content


def _identity(claims: Mapping[str, Any], issuer: str, client: str, nonce: str, now: float) -> Identity:
    """Whom the claims speak of, if they are in answer to us. Raises `ProviderError`."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    ours = client in audiences and (len(audiences) == 1 or claims.get("azp") == client)
    ours = ours and claims.get("azp", client) == client
    times = [claims.get("exp"), claims.get("iat")]
    timely = all(isinstance(one, int | float) and not isinstance(one, bool) for one in times)
    timely = timely and claims["exp"] > now - LEEWAY and claims["iat"] < now + LEEWAY
    asked = secrets.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode())
    subject = claims.get("sub")
    if (
        claims.get("iss") != issuer
        or not (ours and timely and asked)
        or not isinstance(subject, str)
        or not subject
    ):
        raise ProviderError(bilingual("the provider's answer is not for this sign-in"))
    email = claims.get("email")
    return Identity(subject, email if isinstance(email, str) else None, claims.get("email_verified") is True)


def _unreadable() -> ProviderError:
    return ProviderError(bilingual("the provider's answer cannot be read"))
