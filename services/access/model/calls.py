"""What is asked of access over HTTP and what it answers, as bodies."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.access.caller import GrantableRole, GrantedRole, StaffRole
from shared.access.report import MOST, PLAIN, AccessReport
from shared.contract.answers.values import BothLanguages, InstantText
from shared.contract.events import Role
from shared.contract.fields import ScopeId, StaffId

Secret = Annotated[str, Meta(min_length=1, max_length=1024)]
Code = Annotated[str, Meta(max_length=64)]
Login = Annotated[str, Meta(min_length=1, max_length=200, pattern=PLAIN)]
AccountId = Annotated[str, Meta(description="UUID of an account")]
GrantScopes = Annotated[
    tuple[Annotated[str, Meta(pattern=r"^(\*|[a-z0-9-]{1,64})$")], ...], Meta(min_length=1)
]
Provider = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,32}$")]
Subject = Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)]


class AskedBody(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Strict: a member that is not known is refused."""


class SignInAsked(AskedBody, frozen=True):
    """Login and password; the code of an authenticator, or a recovery code, where one is asked for."""

    login: Login
    password: Secret
    code: Code | None = None


class RefreshAsked(AskedBody, frozen=True):
    """The refresh token that came last."""

    refresh_token: Secret


class MachineAsked(AskedBody, frozen=True):
    """The login and the secret of a machine."""

    client_id: Login
    client_secret: Secret


class SetUpAsked(AskedBody, frozen=True):
    """The code that was handed over, and the password that is chosen."""

    code: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Secret


class SignOutAsked(AskedBody, frozen=True):
    """Whether all sessions of the account end, or this one."""

    everywhere: bool = False


class PasswordAsked(AskedBody, frozen=True):
    """The password as it was, and as it is to be."""

    password: Secret
    new_password: Secret
    code: Code | None = None


class PasswordProof(AskedBody, frozen=True):
    """The password, and a code where the account has an authenticator: it is not only a token that somebody found."""

    password: Secret
    code: Code | None = None


class CodeAsked(AskedBody, frozen=True):
    """A code of the authenticator that was offered."""

    code: Annotated[str, Meta(min_length=6, max_length=16)]


class GrantForTokens(AskedBody, frozen=True):
    """What the browser came back with, and the verifier of the challenge that the sign-in was begun with."""

    grant: Secret
    verifier: Secret


class StaffLink(AskedBody, frozen=True):
    """By which id the records of a scope name the person."""

    scope: ScopeId
    staff: StaffId


class IdentityLink(AskedBody, frozen=True):
    """By which subject a provider names the person."""

    provider: Provider
    subject: Subject


class AccountAsked(AskedBody, frozen=True):
    """A new account."""

    login: Login
    kind: Literal["person", "machine"] = "person"
    staff: tuple[StaffLink, ...] = ()


class AccountChange(AskedBody, frozen=True):
    """What is to be so from now on; what is left out stays."""

    disabled: bool | None = None
    staff: tuple[StaffLink, ...] | None = None
    identities: tuple[IdentityLink, ...] | None = None


class GrantAsked(AskedBody, frozen=True):
    """A role over scopes; `*` is every scope."""

    account: AccountId
    role: GrantableRole
    scopes: GrantScopes


class OpeningsAsked(AskedBody, frozen=True):
    """Up to a hundred reports, in the order in which it happened."""

    openings: Annotated[tuple[AccessReport, ...], Meta(min_length=1, max_length=MOST)]


class TokensAnswer(Struct, frozen=True, omit_defaults=True):
    """A token for ten minutes and, for a person, one to have the next with."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    account: str
    login: str
    refresh_token: str | UnsetType = UNSET
    refresh_expires_in: int | UnsetType = UNSET
    second_factor_needed: bool | UnsetType = UNSET
    """A role asks for an authenticator: until one is confirmed, the tokens hold no role."""


class WhoAnswer(Struct, frozen=True):
    """Who calls, and which roles they hold."""

    account: str
    login: str
    kind: Literal["person", "machine"]
    session: str
    staff_roles: tuple[StaffRole, ...]
    granted_roles: tuple[GrantedRole, ...]


class OfferedProvider(Struct, frozen=True, omit_defaults=True):
    """A provider of OpenID Connect, and where a browser begins a sign-in at it."""

    provider: str
    begin: str
    title: BothLanguages | None = None
    """What people call it; without one, its name."""


class ProvidersAnswer(Struct, frozen=True):
    """Who else vouches for people here."""

    providers: list[OfferedProvider]


class SecondFactorOffer(Struct, frozen=True):
    """The address that an authenticator reads as a picture."""

    otpauth: str


class RecoveryCodes(Struct, frozen=True):
    """Codes for who has lost the telephone, each good once; shown this once."""

    recovery_codes: list[str]


class AccountSecret(Struct, frozen=True, omit_defaults=True):
    """What an account is set up with, shown this once: a code for a person, a secret for a machine."""

    account: str
    login: str
    set_up_code: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET


class ListedAccount(Struct, frozen=True):
    """An account as an administrator sees it."""

    account: str
    login: str
    kind: Literal["person", "machine"]
    has_password: bool
    has_second_factor: bool
    made_at: InstantText
    disabled_at: InstantText | None
    staff: list[StaffLink]
    identities: list[IdentityLink]


class AccountsPage(Struct, frozen=True):
    """A page of accounts by login; `next` is null on the last one."""

    accounts: list[ListedAccount]
    next: str | None


class StaffAccount(Struct, frozen=True):
    """Somebody who is enrolled, and the account that is linked with them: none, `waiting` until a password is chosen,
    `open`, or `disabled`."""

    scope: str
    staff: str
    office: str
    role: Role
    account: Literal["none", "waiting", "open", "disabled"]
    login: str | None


class StaffAccountsPage(Struct, frozen=True):
    """A page of who is enrolled, by scope and id; `next` is null on the last one."""

    staff: list[StaffAccount]
    next: str | None


class ListedGrant(Struct, frozen=True):
    """A role over scopes that stands."""

    grant: str
    account: str
    login: str
    role: GrantableRole
    scopes: tuple[str, ...]
    made_at: InstantText


class GrantsAnswer(Struct, frozen=True):
    """The grants that stand, the oldest first."""

    grants: list[ListedGrant]


class GrantMade(Struct, frozen=True):
    """The id of a grant, by which it is ended."""

    grant: str


class OpeningsTaken(Struct, frozen=True):
    """How many of the reports were new."""

    taken: int


class PublicKey(Struct, frozen=True):
    """A public key (RFC 7517)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class KeySetAnswer(Struct, frozen=True):
    """The keys by which tokens may be signed now."""

    keys: list[PublicKey]
