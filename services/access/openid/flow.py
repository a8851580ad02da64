"""A sign-in at a provider, from the client to the provider and back (authorization code, PKCE, state, nonce).

Each leg is bound to who began it: the `state` to the browser by a cookie, the code to us by PKCE, the ID token to the
question by its nonce, and what the client comes back with to the client by a challenge of its own, so that what stands
in an address is of no use to whoever reads it there. Everything is good once. The cookie has the `state` besides: a
refusal that a provider sends back without one, against RFC 6749 section 4.1.2.1, ends what this browser began.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from services.access.accounts.accounts import SQL, Accounts, StoredAccount, digest_of
from services.access.model.refusals import (
    AccessConflictError,
    LateReturnError,
    NotLinkedError,
    ProviderError,
    SignInRefusedError,
)
from services.access.openid.client import Identity, OpenidClient
from services.access.openid.providers import OpenidProvider, may_return
from services.access.record.record import Connection, Now
from services.access.sessions.sessions import IssuedTokens, Sessions
from shared.access.challenge import challenge_of
from shared.i18n import bilingual
from shared.platform.postgres.database import Database

PATH: Final = "/v1/access/openid"
WITHIN: Final = timedelta(minutes=10)
GRANT_WITHIN: Final = timedelta(minutes=1)
NOT_LINKED: Final = "not_linked"
NOT_VOUCHED_FOR: Final = "provider"
UNREACHED: Final = "unavailable"
TOO_LATE: Final = "too_late"


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """Where the browser goes, and the cookie that it must come back with."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class UnreachedProvider:
    """Where the browser goes on where the provider does not answer: to the client that waits, nothing was begun."""

    address: str
    why: ProviderError


@dataclass(frozen=True, slots=True)
class EndedSignIn:
    """Where the browser goes on, to the client that waits; `refused` says why nobody was let in."""

    address: str
    refused: NotLinkedError | ProviderError | LateReturnError | None = None


class OpenidSignIn:
    """Sign-ins at the providers of a deployment."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        sessions: Sessions,
        clients: Mapping[str, OpenidClient],
        return_to: tuple[str, ...],
        now: Now,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._sessions = sessions
        self._clients = clients
        self._return_to = return_to
        self._now = now

    async def begin(self, provider: str, return_to: str, challenge: str) -> BegunSignIn | UnreachedProvider:
        """Raises `AccessConflictError` where there is no such provider, or nobody may be sent back there."""
        client = self._client(provider)
        if not may_return(return_to, self._return_to):
            raise AccessConflictError(
                bilingual("return_to must be on this machine, or one of PANKE_ACCESS_RETURN_TO")
            )
        state, nonce, verifier, secret = (secrets.token_urlsafe(32) for _ in range(4))
        try:
            address = await client.address(state, nonce, challenge_of(verifier))
        except ProviderError as error:
            return UnreachedProvider(_with(return_to, {"error": UNREACHED}), error)
        cookie = f"{state}.{secret}"
        given = {
            "state": digest_of(state), "provider": provider, "nonce": nonce, "verifier": verifier,
            "browser": digest_of(cookie), "challenge": challenge, "return_to": return_to,
            "ends_at": self._now() + WITHIN,
        }  # fmt: skip
        await asyncio.to_thread(self._run, "put_flow", given)
        return BegunSignIn(address, cookie)

    @property
    def providers(self) -> Mapping[str, OpenidProvider]:
        """Who vouches for people, by name."""
        return {name: client.provider for name, client in self._clients.items()}

    async def come_back(self, provider: str, answer: Mapping[str, str | None], cookie: str) -> EndedSignIn:
        """Where the browser goes on, with what its client asks for tokens by, or with why it gets none.

        Raises `SignInRefusedError` of what this browser did not begin: it is sent nowhere.
        """
        client = self._client(provider)
        given = {
            "state": digest_of(_state(answer, cookie)), "provider": provider,
            "browser": digest_of(cookie), "now": self._now(),
        }  # fmt: skip
        flow: Any = await asyncio.to_thread(self._run, "take_flow", given)
        if flow is None:
            raise SignInRefusedError(bilingual("this sign-in was not begun here, is over, or was used"))
        nonce, verifier, challenge, return_to, in_time = flow
        try:
            if not in_time:
                raise LateReturnError(bilingual("the sign-in at the provider took too long"))
            identity = await _vouched_for(client, answer, verifier, nonce)
            grant = await asyncio.to_thread(self._granted, provider, identity, challenge)
        except (NotLinkedError, ProviderError, LateReturnError) as error:
            return EndedSignIn(_with(return_to, {"error": _reason(error)}), error)
        return EndedSignIn(_with(return_to, {"grant": grant}))

    def tokens(self, grant: str, verifier: str, address: str) -> IssuedTokens:
        """The tokens of a sign-in, for the client that began it. Raises `SignInRefusedError`."""
        given = {"digest": digest_of(grant), "now": self._now()}
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["take_openid_grant"], given).fetchone()
            taken = row is not None and row[3] and secrets.compare_digest(row[2], challenge_of(verifier))
            account = self._accounts.by_id(connection, str(row[0])) if taken else None
            if account is not None and account.disabled_at is None:
                return self._sessions.begin(connection, account, f"openid/{row[1]}", address)
        raise SignInRefusedError(bilingual("this sign-in was not begun here, is over, or was used"))

    def _granted(self, provider: str, identity: Identity, challenge: str) -> str:
        grant = secrets.token_urlsafe(32)
        with self._database.connection() as connection:
            account = self._account(connection, provider, identity)
            if account is not None:
                given = {
                    "digest": digest_of(grant), "account": account, "provider": provider,
                    "challenge": challenge, "ends_at": self._now() + GRANT_WITHIN,
                }  # fmt: skip
                connection.execute(SQL["put_openid_grant"], given)
                return grant
        raise NotLinkedError(bilingual("no account here is linked with the one of the provider"))

    def _account(self, connection: Connection, provider: str, identity: Identity) -> str | None:
        """The account that is linked with the subject; else, where the deployment trusts the provider's mail, the
        person whose login is the address that it verified, linked from now on."""
        given = {"provider": provider, "subject": identity.subject}
        row: Any = connection.execute(SQL["account_by_identity"], given).fetchone()
        if row is not None:
            return str(row[0])
        by_mail = self._clients[provider].provider.link_by == "verified_email"
        if not by_mail or not identity.email_verified or not identity.email:
            return None
        found = self._accounts.by_login(connection, identity.email)
        if found is None or not _is_open(found):
            return None
        self._accounts.link_identity(connection, found.id, provider, identity.subject)
        return found.id

    def _client(self, provider: str) -> OpenidClient:
        client = self._clients.get(provider)
        if client is None:
            raise AccessConflictError(bilingual("there is no such provider"))
        return client

    def _run(self, name: str, given: Mapping[str, Any]) -> object:
        with self._database.connection() as connection:
            done = connection.execute(SQL[name], given)
            return done.fetchone() if done.description else None


def _state(answer: Mapping[str, str | None], cookie: str) -> str:
    """The state of an answer; of a refusal that has none, the one that this browser began with."""
    begun_with = cookie.partition(".")[0] if answer.get("error") else ""
    return answer.get("state") or begun_with


def _reason(error: NotLinkedError | ProviderError | LateReturnError) -> str:
    """What the client reads in the address."""
    match error:
        case NotLinkedError():
            return NOT_LINKED
        case LateReturnError():
            return TOO_LATE
    return NOT_VOUCHED_FOR


async def _vouched_for(
    client: OpenidClient, answer: Mapping[str, str | None], verifier: str, nonce: str
) -> Identity:
    """Whom the provider lets in. Raises `ProviderError`."""
    await client.check_issuer(answer.get("iss"))
    code = answer.get("code")
    if answer.get("error") or not code:
        raise ProviderError(bilingual("the provider let nobody in"))
    return await client.identity(code, verifier, nonce)


def _is_open(account: StoredAccount) -> bool:
    return account.kind == "person" and account.disabled_at is None


def _with(return_to: str, told: Mapping[str, str]) -> str:
    parts = urlsplit(return_to)
    query = "&".join(filter(None, (parts.query, urlencode(told))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
