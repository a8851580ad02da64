"""Accounts as an administrator keeps them: made, linked, disabled, renewed; and what is granted to them."""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from services.access.credentials.totp import one_time_code, plain_code
from services.access.model.refusals import AccessConflictError, UnknownAccountError
from services.access.record.entry import Act
from services.access.record.record import AccessRecord, Connection, Now
from shared.access.caller import EVERY_SCOPE, Caller, CallerKind, GrantableRole, GrantedRole, StaffRole
from shared.access.table import permission_table
from shared.i18n import bilingual
from shared.platform.postgres.database import Database, queries

SQL: Final = queries("services.access")
SET_UP_WITHIN: Final = timedelta(days=3)
OVERLAP: Final = timedelta(hours=24)
"""So long an old secret of a machine goes on beside the new one."""
OF_NO_SCOPE: Final[frozenset[GrantableRole]] = frozenset({"administrator", "service"})
"""Roles whose acts name no scope: over one of them they would reach as far as over all."""
LOGIN: Final = r"^[a-z0-9][a-z0-9._@+-]{1,63}$"


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with what proves it."""

    id: str
    kind: CallerKind
    login: str
    password: str | None
    totp: bytes | None
    totp_offered: bytes | None
    totp_step: int
    made_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class MadeAccount:
    """A new account, or a renewed one, with the secret that is shown this once."""

    account: str
    login: str
    set_up_code: str | None
    secret: str | None


@dataclass(frozen=True, slots=True)
class By:
    """On whose account something is done: a caller, or (None) who has the database."""

    caller: Caller | None
    address: str | None = None

    def entry(self) -> dict[str, Any]:
        """As it stands on the record."""
        if self.caller is None:
            return {"login": "(command)", "address": self.address}
        return {
            "account": self.caller.subject, "login": self.caller.login, "session": self.caller.session,
            "address": self.address,
        }  # fmt: skip


class Accounts:
    """The accounts of a deployment. Each change goes on the record in the same transaction."""

    def __init__(self, database: Database, record: AccessRecord, now: Now) -> None:
        self._database = database
        self._record = record
        self._now = now

    def make(self, kind: CallerKind, login: str, staff: Sequence[tuple[str, str]], by: By) -> MadeAccount:
        """A new account: a person gets a code to set it up with, a machine a secret; each is shown once."""
        login = _login(login)
        given = {"account": uuid.uuid4(), "kind": kind, "login": login, "now": self._now()}
        with self._database.connection() as connection:
            if connection.execute(SQL["put_account"], given).fetchone() is None:
                raise AccessConflictError(bilingual("there is an account {login} already", login=login))
            made = self._provide(connection, str(given["account"]), kind, login)
            self._link(connection, made.account, staff)
            self._note(connection, "account_made", made.account, by, f"{kind} {login}")
        return made

    def renew(self, account: str, by: By) -> MadeAccount:
        """A person chooses a new password, everywhere else the account is signed out; a machine gets a new secret."""
        with self._database.connection() as connection:
            found = self._one(connection, account)
            if found.kind == "person":
                connection.execute(SQL["forget_credentials"], {"account": found.id})
                connection.execute(SQL["drop_recovery_codes"], {"account": found.id})
                connection.execute(SQL["void_set_up_codes"], {"account": found.id, "now": self._now()})
                self._sign_out(connection, found.id)
            else:
                ends = {"account": found.id, "ends_at": self._now() + OVERLAP}
                connection.execute(SQL["end_machine_secrets"], ends)
            made = self._provide(connection, found.id, found.kind, found.login)
            self._note(connection, "account_renewed", found.id, by, found.login)
        return made

    def disable(self, account: str, disabled: bool, by: By) -> None:
        """Keep somebody out from now on, or let them in again."""
        with self._database.connection() as connection:
            found = self._one(connection, account)
            if disabled:
                _hold_administrators(connection)
                _demand_another(by, found.id)
                self._sign_out(connection, found.id)
            given = {"account": found.id, "disabled": disabled, "now": self._now()}
            connection.execute(SQL["set_disabled"], given)
            if disabled and any(role == "administrator" for role, *_ in self._granted(connection, found.id)):
                _demand_administrator(connection)
            act: Act = "account_disabled" if disabled else "account_enabled"
            self._note(connection, act, found.id, by, found.login)

    def link(
        self,
        account: str,
        staff: Sequence[tuple[str, str]] | None,
        identities: Sequence[tuple[str, str]] | None,
        by: By,
    ) -> None:
        """By which ids records name the person, and by which subject a provider does; None leaves them as they are."""
        with self._database.connection() as connection:
            found = self._one(connection, account)
            if staff is not None:
                connection.execute(SQL["unlink_staff"], {"account": found.id})
                self._link(connection, found.id, staff)
            if identities is not None:
                connection.execute(SQL["unlink_identities"], {"account": found.id})
                for provider, subject in identities:
                    self.link_identity(connection, found.id, provider, subject)
            self._note(connection, "account_changed", found.id, by, found.login)

    def link_identity(self, connection: Connection, account: str, provider: str, subject: str) -> None:
        """Whom the provider means by the subject; one subject is one account."""
        given = {"account": account, "provider": provider, "subject": subject}
        if connection.execute(SQL["link_identity"], given).fetchone() is None:
            raise AccessConflictError(bilingual("this subject of the provider is another account's"))

    def page(
        self, kind: str | None = None, after: str | None = None, limit: int = 100, account: str | None = None
    ) -> list[Any]:
        """Accounts by login, with what links them; no secrets."""
        given = {"kind": kind, "after": after, "limit": limit, "account": account}
        with self._database.connection() as connection:
            return connection.execute(SQL["accounts_page"], given).fetchall()

    def staff(self, scope: str | None, after: tuple[str, str], limit: int) -> list[Any]:
        """Who is enrolled, by scope and id, with the login that is linked with them and how far it is."""
        given = {"scope": scope, "after_scope": after[0], "after_staff": after[1], "limit": limit}
        with self._database.connection() as connection:
            return connection.execute(SQL["staff_accounts"], given).fetchall()

    def linked_staff(self, accounts: Iterable[str]) -> dict[tuple[str, str], str]:
        """By which id the records of each scope name the person of an account, by account and scope."""
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(SQL["linked_staff"], {"accounts": list(accounts)}).fetchall()
        return {(account, scope): staff for account, scope, staff in rows}

    def grant(self, account: str, role: GrantedRole, by: By) -> str:
        """Give a role over scopes; what is of no scope, over every one; what is a machine's, to no person."""
        if role.role in OF_NO_SCOPE and EVERY_SCOPE not in role.scopes:
            raise AccessConflictError(
                bilingual("this role is of the whole deployment: it is granted over every scope, as *")
            )
        id = uuid.uuid4()
        with self._database.connection() as connection:
            found = self._one(connection, account)
            _demand_grantable(found, role.role)
            given = {"grant": id, "account": found.id, "role": role.role, "scopes": list(role.scopes)}
            connection.execute(SQL["put_grant"], given | {"now": self._now()})
            detail = f"{role.role} {','.join(role.scopes)} → {found.login}"
            self._note(connection, "granted", found.id, by, detail[:200])
        return str(id)

    def end_grant(self, grant: str, by: By) -> None:
        """Take a granted role away."""
        given = {"grant": grant, "now": self._now()}
        with self._database.connection() as connection:
            _hold_administrators(connection)
            row: Any = connection.execute(SQL["end_grant"], given).fetchone()
            if row is None:
                raise UnknownAccountError(bilingual("there is no such grant"))
            if row[1] == "administrator":
                _demand_administrator(connection)
            self._note(connection, "grant_ended", str(row[0]), by, str(row[1]))

    def grants(self, account: str | None = None, limit: int = 500) -> list[Any]:
        """The grants that stand."""
        with self._database.connection() as connection:
            return connection.execute(SQL["grants_page"], {"account": account, "limit": limit}).fetchall()

    def id_of(self, login: str) -> str:
        """The id of an account. Raises `UnknownAccountError`."""
        with self._database.connection() as connection:
            found = self.by_login(connection, login)
        if found is None:
            raise UnknownAccountError(bilingual("there is no account {login}", login=login))
        return found.id

    def has_administrator(self) -> bool:
        """Whether anybody can let others in."""
        with self._database.connection() as connection:
            return _count(connection, "administrators") > 0

    def roles(
        self, connection: Connection, account: str
    ) -> tuple[tuple[StaffRole, ...], tuple[GrantedRole, ...]]:
        """What an account holds now: by the journal, and by grants."""
        staff: list[Any] = connection.execute(SQL["staff_roles"], {"account": account}).fetchall()
        table = permission_table()
        return (
            tuple(StaffRole(scope, office, role, staff_id) for scope, office, role, staff_id in staff),
            tuple(
                GrantedRole(role, tuple(scopes))
                for role, scopes, kind in self._granted(connection, account)
                if table.grantable(role, kind)
            ),
        )

    def _granted(self, connection: Connection, account: str) -> list[Any]:
        """The grants of an account that stand: role, scopes, and the account's kind."""
        return connection.execute(SQL["granted_roles"], {"account": account}).fetchall()

    def by_login(self, connection: Connection, login: str) -> StoredAccount | None:
        """The account of a login as it was typed."""
        row: Any = connection.execute(SQL["account_by_login"], {"login": login.strip().lower()}).fetchone()
        return None if row is None else _stored(row)

    def by_id(self, connection: Connection, account: str) -> StoredAccount | None:
        """The account of an id."""
        row: Any = connection.execute(SQL["account_by_id"], {"account": account}).fetchone()
        return None if row is None else _stored(row)

    def _one(self, connection: Connection, account: str) -> StoredAccount:
        found = self.by_id(connection, account)
        if found is None:
            raise UnknownAccountError(bilingual("there is no such account"))
        return found

    def _provide(self, connection: Connection, account: str, kind: CallerKind, login: str) -> MadeAccount:
        if kind == "person":
            code = one_time_code(15)
            ends_at = self._now() + SET_UP_WITHIN
            given = {"digest": digest_of(plain_code(code)), "account": account, "ends_at": ends_at}
            connection.execute(SQL["put_set_up_code"], given)
            return MadeAccount(account, login, code, None)
        secret = f"pm_{secrets.token_urlsafe(32)}"
        given = {"digest": digest_of(secret), "account": account, "now": self._now()}
        connection.execute(SQL["put_machine_secret"], given)
        return MadeAccount(account, login, None, secret)

    def _link(self, connection: Connection, account: str, staff: Sequence[tuple[str, str]]) -> None:
        for scope, id in staff:
            given = {"scope": scope, "staff": id, "account": account}
            if connection.execute(SQL["link_staff"], given).fetchone() is None:
                raise AccessConflictError(
                    bilingual("{staff} of {scope} is another account's", staff=id, scope=scope)
                )

    def _sign_out(self, connection: Connection, account: str) -> None:
        connection.execute(SQL["end_sessions_of"], {"account": account, "now": self._now(), "but": None})

    def _note(self, connection: Connection, act: Act, account: str, by: By, detail: str) -> None:
        entry = self._record.entry(act, detail=f"{account} {detail}"[:200], **by.entry())
        self._record.write(connection, entry)


def digest_of(secret: str) -> bytes:
    """What is kept of a secret that is chance itself: nobody guesses it, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _login(text: str) -> str:
    login = text.strip().lower()
    if not re.fullmatch(LOGIN, login):
        raise AccessConflictError(
            bilingual(
                "a login has 2 to 64 small letters, digits or . _ @ + -, and begins with one of the first"
            )
        )
    return login


def _hold_administrators(connection: Connection) -> None:
    """Nobody else ends what an administrator holds until this is done: of two who end each other's, one does."""
    connection.execute(SQL["hold_administrators"])


def _demand_administrator(connection: Connection) -> None:
    if _count(connection, "able_administrators") == 0:
        raise AccessConflictError(bilingual("one administrator who can sign in must be left"))


def _demand_another(by: By, account: str) -> None:
    if by.caller is not None and by.caller.subject == account:
        raise AccessConflictError(bilingual("nobody disables the account that they use"))


def _demand_grantable(account: StoredAccount, role: GrantableRole) -> None:
    if not permission_table().grantable(role, account.kind):
        raise AccessConflictError(
            bilingual("this role is for machines: a person signs in as themselves")
            if account.kind == "person"
            else bilingual("this role is for people: no machine holds it")
        )


def _count(connection: Connection, query: str) -> int:
    row: Any = connection.execute(SQL[query]).fetchone()
    return int(row[0])


def _stored(row: Any) -> StoredAccount:
    id, kind, login, password, totp, offered, step, made_at, disabled_at = row
    return StoredAccount(
        str(id), kind, login, password, _bytes(totp), _bytes(offered), int(step), made_at, disabled_at
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
