"""Signed tokens for tests: an issuer whose key the test holds, and callers of each kind."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
import uuid
from collections.abc import Generator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from joserfc.jwk import OKPKey

from shared.access.caller import Caller, GrantableRole, GrantedRole, StaffRole
from shared.access.guard import AccessGuard
from shared.access.keys import public_keys
from shared.access.machine import MachineTokens
from shared.access.table import permission_table
from shared.access.tokens import AUDIENCE, LIFETIME, Claims, TokenVerifier, sign

ISSUER = "http://access.test"


def signing_key(kid: str = "first") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": "Ed25519"})


class Issuer:
    """Signs for whoever a test wants to be; `now` moves as the test says."""

    def __init__(self, now: float | None = 1_800_000_000.0) -> None:
        """`now` is None for the time of the machine."""
        self._now = now
        self.private = signing_key()
        self.keys: dict[str, OKPKey] = dict(public_keys(b'{"keys":[%s]}' % _public(self.private)))
        self.verifier = TokenVerifier(self, ISSUER, lambda: self.now)
        self.refreshed = 0

    @property
    def now(self) -> float:
        return time.time() if self._now is None else self._now

    @now.setter
    def now(self, now: float) -> None:
        self._now = now

    def key(self, kid: str) -> OKPKey | None:
        return self.keys.get(kid)

    async def refresh(self) -> None:
        self.refreshed += 1

    async def caller(self, token: str) -> Caller:
        """As a doorkeeper."""
        return self.verifier.verify(token)

    def claims(self, **changes: Any) -> Claims:
        at = int(self.now)
        said: dict[str, Any] = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "p-1", "sid": "s-1", "jti": str(uuid.uuid4()),
            "iat": at, "nbf": at, "exp": at + LIFETIME, "kind": "person", "login": "somebody",
        }  # fmt: skip
        return Claims(**{**said, **changes})

    def token(self, **changes: Any) -> str:
        return sign(self.claims(**changes), self.private)

    def headers(self, *roles: StaffRole | GrantedRole, **changes: Any) -> dict[str, str]:
        """What a request of somebody with these roles carries."""
        staff = tuple(one for one in roles if isinstance(one, StaffRole))
        granted = tuple(one for one in roles if isinstance(one, GrantedRole))
        return {"Authorization": f"Bearer {self.token(staff_roles=staff, granted_roles=granted, **changes)}"}


def _public(key: OKPKey) -> bytes:
    import msgspec

    return msgspec.json.encode(key.as_dict(private=False))


def every_role(scope: str = "east", office: str = "east-1") -> dict[str, StaffRole | GrantedRole]:
    """One holder of each role of the table, by its name there."""
    table = permission_table()
    held: dict[str, Any] = {
        role: StaffRole(scope, office, role, f"staff-{role}")  # type: ignore[arg-type]
        for role in table.staff_roles
    }
    return held | {role: GrantedRole(role, (scope,)) for role in table.granted_roles}  # type: ignore[arg-type]


EVERYTHING: tuple[GrantedRole, ...] = tuple(
    GrantedRole(role, ("*",))  # type: ignore[arg-type]
    for role in permission_table().granted_roles
)
"""Every role that can be granted, over every scope: for tests of what is asked, not of who may."""


class Bearer(httpx.Auth):
    """Carries a token of somebody with these roles, signed when it is asked with."""

    def __init__(self, issuer: Issuer, roles: tuple[StaffRole | GrantedRole, ...], **claims: Any) -> None:
        self._issuer, self._roles, self._claims = issuer, roles, claims

    @property
    def header(self) -> str:
        return self._issuer.headers(*self._roles, **self._claims)["Authorization"]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.setdefault("Authorization", self.header)
        yield request


class Admission:
    """By whose keys services of a test let callers in: those of an issuer that the test holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.issuer = Issuer(now=None)
        self.keys = folder / "tokens.jwks.json"
        self.keys.write_bytes(b'{"keys":[%s]}' % _public(self.issuer.private))

    def settings(self) -> Mapping[str, str]:
        """Fields of the settings of a service."""
        return {"tokens_from": str(self.keys), "tokens_issuer": ISSUER, "machine": str(self.machine)}

    def environment(self) -> Mapping[str, str]:
        """The same as variables for a process."""
        return {f"PANKE_{name.upper()}": value for name, value in self.settings().items()}

    @property
    def machine(self) -> Path:
        """A file with a fresh token of a machine that is a service of the deployment."""
        return self.file_of("service")

    def file_of(self, *roles: GrantableRole) -> Path:
        """A file with a fresh token of a machine that holds the roles over every scope."""
        path = self._folder / f"{'-'.join(roles)}.token"
        granted = tuple(GrantedRole(role, ("*",)) for role in roles)
        path.write_text(self.issuer.token(granted_roles=granted, kind="machine", login=path.stem))
        return path

    def tokens(self) -> MachineTokens:
        """Who a service of the deployment is, to other services."""
        return MachineTokens(self.machine, None, time.monotonic)

    def bearer(self, *roles: StaffRole | GrantedRole, **claims: Any) -> Bearer:
        """Somebody with these roles; without any, who may do everything and signs for all staff."""
        if not roles:
            return Bearer(self.issuer, EVERYTHING, **{"kind": "machine", "login": "everybody", **claims})
        return Bearer(self.issuer, roles, **claims)


def guarded(app: FastAPI, service: str, **more: Any) -> FastAPI:
    """The application behind the door of a service, which lets in whom the admission of this process does."""
    app.add_middleware(
        AccessGuard, service=service, table=permission_table(), doorkeeper=admission().issuer, **more
    )
    return app


@cache
def admission() -> Admission:
    """The one of this process."""
    folder = tempfile.mkdtemp(prefix="panke-tokens-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Admission(Path(folder))
