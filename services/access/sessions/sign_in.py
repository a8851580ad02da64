"""Signing in with a password, and what a person does with the own password and second factor."""

from __future__ import annotations

from typing import Any, Final

from services.access.accounts.accounts import SQL, Accounts, StoredAccount, digest_of
from services.access.credentials.attempts import SignInAttempts
from services.access.credentials.passwords import Passwords, demand_strong
from services.access.credentials.totp import (
    address_of,
    new_recovery_codes,
    new_secret,
    plain_code,
    step_of,
)
from services.access.keys.keyring import Keyring
from services.access.model.metrics import AccessMetrics
from services.access.model.refusals import (
    AccessConflictError,
    AccessError,
    CodeNeededError,
    SignInRefusedError,
    TooManyAttemptsError,
)
from services.access.record.entry import Act
from services.access.record.record import AccessRecord, Connection, Now
from services.access.sessions.sessions import IssuedTokens, Sessions
from shared.access.caller import Caller
from shared.i18n import bilingual
from shared.platform.postgres.database import Database

_CODE: Final = 6


class SignIn:
    """Whoever knows the password, and has the second factor where there is one, gets a session."""

    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        sessions: Sessions,
        record: AccessRecord,
        keyring: Keyring,
        metrics: AccessMetrics,
        now: Now,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._sessions = sessions
        self._record = record
        self._keyring = keyring
        self._metrics = metrics
        self._now = now
        self._passwords = Passwords(metrics)
        self._attempts = SignInAttempts()

    def sign_in(self, login: str, password: str, code: str | None, address: str) -> IssuedTokens:
        """Raises `SignInRefusedError`, `CodeNeededError`, `TooManyAttemptsError`; all are on the record."""
        login = login.strip().lower()
        account = None
        try:
            account = self._tried(login, address)
            kept = account.password if account is not None and account.disabled_at is None else None
            if not self._passwords.right(kept, password) or account is None:
                raise SignInRefusedError(bilingual("login or password is not right"))
            return self._let_in(account, password, code, address)
        except AccessError as error:
            self._refused(error, account, address)
            raise

    def _tried(self, login: str, address: str) -> StoredAccount | None:
        """Count the attempt, and find whom it is about."""
        with self._database.connection() as connection:
            self._attempts.begin(connection, login, address, self._now())
            return self._accounts.by_login(connection, login)

    def _let_in(self, account: StoredAccount, password: str, code: str | None, address: str) -> IssuedTokens:
        renewed = self._passwords.hash(password) if self._passwords.outdated(account.password or "") else None
        with self._database.connection() as connection:
            if account.totp is not None:
                self._second_factor(connection, account, account.totp, code)
            self._attempts.forgive(connection, account.login, address)
            if renewed is not None:
                connection.execute(SQL["set_password"], {"account": account.id, "password": renewed})
            return self._sessions.begin(connection, account, "password", address)

    def _second_factor(
        self, connection: Connection, account: StoredAccount, sealed: bytes, code: str | None
    ) -> None:
        if not code:
            raise CodeNeededError(bilingual("give the code of your authenticator"))
        if len(digits := code.replace(" ", "")) == _CODE and digits.isascii() and digits.isdigit():
            secret = self._keyring.unseal(sealed, account.id)
            step = step_of(secret, digits, self._now().timestamp(), account.totp_step)
            given: dict[str, Any] = {"account": account.id, "step": step}
            taken = step is not None and connection.execute(SQL["use_totp_step"], given).fetchone()
        else:
            given = {"account": account.id, "digest": digest_of(plain_code(code)), "now": self._now()}
            taken = connection.execute(SQL["use_recovery_code"], given).fetchone()
        if not taken:
            raise SignInRefusedError(bilingual("the code is not right, or was used"))

    def set_up(self, code: str, password: str, address: str) -> IssuedTokens:
        """The first password of an account, or the new one after a renewal, by the code that was handed over."""
        digest = digest_of(plain_code(code))
        now = self._now()
        with self._database.connection() as connection:
            self._attempts.begin(connection, _set_up_of(address), address, now)
            row: Any = connection.execute(
                SQL["waiting_set_up_code"], {"digest": digest, "now": now}
            ).fetchone()
        if row is None:
            refusal = SignInRefusedError(bilingual("the code is not right, was used, or is too old"))
            self._refused(refusal, None, address)
            raise refusal
        demand_strong(password, str(row[0]))
        kept = self._passwords.hash(password)
        with self._database.connection() as connection:
            used: Any = connection.execute(SQL["use_set_up_code"], {"digest": digest, "now": now}).fetchone()
            account = None if used is None else self._accounts.by_id(connection, str(used[0]))
            if account is None:
                raise SignInRefusedError(bilingual("the code is not right, was used, or is too old"))
            self._attempts.forgive(connection, _set_up_of(address), address)
            connection.execute(SQL["set_password"], {"account": account.id, "password": kept})
            self._note(connection, "account_set_up", account.id, account.login, address)
            return self._sessions.begin(connection, account, "set-up code", address)

    def change_password(self, caller: Caller, old: str, new: str, code: str | None, address: str) -> None:
        """A new password ends every other session of the account."""
        account = self._proved(caller, old, code, address)
        demand_strong(new, account.login)
        kept = self._passwords.hash(new)
        with self._database.connection() as connection:
            connection.execute(SQL["set_password"], {"account": account.id, "password": kept})
            self._end_others(connection, caller)
            self._note(connection, "password_changed", account.id, account.login, address)

    def offer_second_factor(self, caller: Caller, password: str, code: str | None, address: str) -> str:
        """The address that an authenticator reads; it counts once a code of it was confirmed."""
        account = self._proved(caller, password, code, address)
        secret = new_secret()
        with self._database.connection() as connection:
            sealed = self._keyring.seal(secret, account.id)
            connection.execute(SQL["offer_totp"], {"account": account.id, "secret": sealed})
        return address_of(secret, account.login)

    def confirm_second_factor(self, caller: Caller, code: str, address: str) -> list[str]:
        """The authenticator works: from now on it is asked for. Returns the recovery codes, shown once."""
        with self._database.connection() as connection:
            account = self._accounts.by_id(connection, caller.subject)
            if account is None or account.totp_offered is None:
                raise AccessConflictError(bilingual("no authenticator was offered"))
            self._attempts.begin(connection, account.login, address, self._now())
        secret = self._keyring.unseal(account.totp_offered, account.id)
        step = step_of(secret, code.replace(" ", ""), self._now().timestamp(), 0)
        if step is None:
            refusal = SignInRefusedError(bilingual("the code is not right, or was used"))
            self._refused(refusal, account, address)
            raise refusal
        codes = new_recovery_codes()
        with self._database.connection() as connection:
            self._attempts.forgive(connection, account.login, address)
            connection.execute(SQL["confirm_totp"], {"account": account.id, "step": step})
            connection.execute(SQL["drop_recovery_codes"], {"account": account.id})
            for one in codes:
                connection.execute(
                    SQL["put_recovery_code"], {"account": account.id, "digest": digest_of(one)}
                )
            self._end_others(connection, caller)
            self._note(connection, "second_factor_changed", account.id, account.login, address, "on")
        return codes

    def remove_second_factor(self, caller: Caller, password: str, code: str | None, address: str) -> None:
        """Go on with the password alone."""
        account = self._proved(caller, password, code, address)
        with self._database.connection() as connection:
            connection.execute(SQL["remove_totp"], {"account": account.id})
            connection.execute(SQL["drop_recovery_codes"], {"account": account.id})
            self._end_others(connection, caller)
            self._note(connection, "second_factor_changed", account.id, account.login, address, "off")

    def _proved(self, caller: Caller, password: str, code: str | None, address: str) -> StoredAccount:
        """The caller's account, where password and second factor are right: a token that was copied changes nothing."""
        account = None
        try:
            account = self._tried(caller.login, address)
            kept = None if account is None or account.id != caller.subject else account.password
            if not self._passwords.right(kept, password) or account is None:
                raise SignInRefusedError(bilingual("the password is not right"))
            with self._database.connection() as connection:
                if account.totp is not None:
                    self._second_factor(connection, account, account.totp, code)
                self._attempts.forgive(connection, account.login, address)
            return account
        except AccessError as error:
            self._refused(error, account, address)
            raise

    def _end_others(self, connection: Connection, caller: Caller) -> None:
        """Whoever is signed in elsewhere came in by what no longer holds."""
        given = {"account": caller.subject, "now": self._now(), "but": caller.session}
        connection.execute(SQL["end_sessions_of"], given)

    def _refused(self, error: AccessError, account: StoredAccount | None, address: str) -> None:
        """What was typed as a login may be a password: only one that exists goes on the record."""
        result = "locked" if isinstance(error, TooManyAttemptsError) else "refused"
        if isinstance(error, CodeNeededError):
            result = "code_needed"
        self._metrics.sign_ins.labels(result).inc()
        known = {} if account is None else {"account": account.id, "login": account.login}
        self._record.add(self._record.entry("sign_in_refused", address=address, detail=result, **known))

    def _note(
        self,
        connection: Connection,
        act: Act,
        account: str,
        login: str,
        address: str,
        detail: str | None = None,
    ) -> None:
        entry = self._record.entry(act, account=account, login=login, address=address, detail=detail)
        self._record.write(connection, entry)


def _set_up_of(address: str) -> str:
    """Counted by address alone: nobody locks the codes of others."""
    return f"(set up) {address}"
