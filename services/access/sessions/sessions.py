"""A session: begun by a sign-in, carried on by refresh tokens of which each is good once, ended for good.

A refresh token that is shown a second time was copied, by whom is not known: the session ends (RFC 9700, 4.14.2).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from services.access.accounts.accounts import SQL, Accounts, StoredAccount, digest_of
from services.access.keys.keyring import Keyring
from services.access.model.metrics import AccessMetrics
from services.access.model.refusals import SignInRefusedError
from services.access.record.record import AccessRecord, Connection, Now
from shared.access.caller import Caller, CallerKind, GrantedRole, StaffRole
from shared.access.tokens import AUDIENCE, LIFETIME, Claims, sign
from shared.i18n import bilingual
from shared.platform.postgres.database import Database


@dataclass(frozen=True, slots=True)
class SessionTerms:
    """How long a session lasts, and how long nobody need do anything in it."""

    lasts: timedelta
    idle: timedelta
    second_factor_for: frozenset[str] = frozenset()
    """Roles that nobody has who signed in with a password alone."""


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """What a caller gets: a token for ten minutes, and (a person) one to have the next with."""

    login: str
    account: str
    access_token: str
    expires_in: int
    refresh_token: str | None = None
    refresh_expires_in: int | None = None
    second_factor_needed: bool = False


class Sessions:
    """Begins, carries on and ends sessions."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        record: AccessRecord,
        keyring: Keyring,
        metrics: AccessMetrics,
        terms: SessionTerms,
        issuer: str,
        now: Now,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._record = record
        self._keyring = keyring
        self._metrics = metrics
        self._terms = terms
        self._issuer = issuer
        self._now = now

    def begin(
        self, connection: Connection, account: StoredAccount, method: str, address: str
    ) -> IssuedTokens:
        """A new session, never one that was there before; on the record."""
        session, now = uuid.uuid4(), self._now()
        given = {"session": session, "account": account.id, "method": method, "now": now}
        connection.execute(SQL["put_session"], given | {"ends_at": now + self._terms.lasts})
        tokens = self._issue(connection, account.id, account.login, str(session))
        entry = self._record.entry(
            "signed_in", account=account.id, login=account.login, session=str(session), address=address,
            detail=method,
        )  # fmt: skip
        self._record.write(connection, entry)
        self._metrics.sign_ins.labels("signed_in").inc()
        return tokens

    def refresh(self, token: str, address: str) -> IssuedTokens:
        """The next tokens of a session, with the roles as they are now. Raises `SignInRefusedError`."""
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["refresh_token"], {"digest": digest_of(token)}).fetchone()
            reused = row is not None and row[1] is not None
            if row is not None and not reused and self._goes_on(row):
                given = {"digest": digest_of(token), "now": self._now()}
                connection.execute(SQL["use_refresh_token"], given)
                return self._issue(connection, str(row[3]), row[6], str(row[0]))
            if reused and row[5] is None:
                self._end_copied(connection, str(row[0]), str(row[3]), row[6], address)
        raise SignInRefusedError(bilingual("the session is over: sign in again"))

    def _goes_on(self, row: Any) -> bool:
        _, _, token_ends, _, session_ends, ended_at, _, disabled_at = row
        now = self._now()
        return token_ends > now and session_ends > now and ended_at is None and disabled_at is None

    def _end_copied(
        self, connection: Connection, session: str, account: str, login: str, address: str
    ) -> None:
        connection.execute(SQL["end_session"], {"session": session, "now": self._now()})
        entry = self._record.entry(
            "session_ended", account=account, login=login, session=session, address=address,
            detail="a used refresh token was shown again",
        )  # fmt: skip
        self._record.write(connection, entry)
        self._metrics.reused.inc()

    def end(self, caller: Caller, address: str, *, everywhere: bool) -> None:
        """Sign out: of this session, or of all of the account."""
        with self._database.connection() as connection:
            if everywhere:
                given = {"account": caller.subject, "now": self._now(), "but": None}
                connection.execute(SQL["end_sessions_of"], given)
            elif caller.kind == "person":
                connection.execute(SQL["end_session"], {"session": caller.session, "now": self._now()})
            entry = self._record.entry(
                "signed_out", account=caller.subject, login=caller.login, session=caller.session,
                address=address, detail="everywhere" if everywhere else None,
            )  # fmt: skip
            self._record.write(connection, entry)

    def machine(self, login: str, secret: str, address: str) -> IssuedTokens:
        """A token for a machine that shows its secret. Raises `SignInRefusedError`."""
        given = {"digest": digest_of(secret), "login": login.strip().lower(), "now": self._now()}
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["machine_by_secret"], given).fetchone()
            if row is not None:
                account, known = str(row[0]), str(row[1])
                tokens = self._signed(connection, "machine", account, known, f"machine:{account}")
                entry = self._record.entry("machine_let_in", account=account, login=known, address=address)
                self._record.write(connection, entry)
                return tokens
            entry = self._record.entry("sign_in_refused", address=address, detail="machine")
            self._record.write(connection, entry)
        self._metrics.sign_ins.labels("refused").inc()
        raise SignInRefusedError(bilingual("machine or secret is not right"))

    def problem(self, caller: Caller) -> str | None:
        """What stands against a session whose token is still valid: it ended, or the account was disabled."""
        session = caller.session if caller.kind == "person" else None
        given = {"account": caller.subject, "session": session, "now": self._now()}
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["session_stands"], given).fetchone()
        return None if row is not None and row[0] else bilingual("the session is over: sign in again")

    def _issue(self, connection: Connection, account: str, login: str, session: str) -> IssuedTokens:
        refresh = f"pr_{secrets.token_urlsafe(32)}"
        idle = self._terms.idle
        given = {"digest": digest_of(refresh), "session": session, "ends_at": self._now() + idle}
        connection.execute(SQL["put_refresh_token"], given)
        made = self._signed(connection, "person", account, login, session)
        return replace(made, refresh_token=refresh, refresh_expires_in=int(idle.total_seconds()))

    def _signed(
        self, connection: Connection, kind: CallerKind, account: str, login: str, session: str
    ) -> IssuedTokens:
        staff, granted = self._accounts.roles(connection, account)
        needed = kind == "person" and self._needs_factor(connection, session, (*staff, *granted))
        if needed:  # whoever has no role may set the authenticator up, and nothing else
            staff, granted = (), ()
        at = int(self._now().timestamp())
        claims = Claims(
            iss=self._issuer, aud=AUDIENCE, sub=account, sid=session, jti=secrets.token_hex(8),
            iat=at, nbf=at, exp=at + LIFETIME, kind=kind, login=login, staff_roles=staff, granted_roles=granted,
        )  # fmt: skip
        self._metrics.tokens.labels(kind).inc()
        token = sign(claims, self._keyring.signer())
        return IssuedTokens(login, account, token, LIFETIME, second_factor_needed=needed)

    def _needs_factor(
        self, connection: Connection, session: str, roles: Sequence[StaffRole | GrantedRole]
    ) -> bool:
        """Whether a role asks for an authenticator that the account does not have; of whom a provider vouched for, the
        provider asks for what it does."""
        if not any(one.role in self._terms.second_factor_for for one in roles):
            return False
        row: Any = connection.execute(SQL["factor_of_session"], {"session": session}).fetchone()
        has_factor, method = row
        return not has_factor and not str(method).startswith("openid/")
