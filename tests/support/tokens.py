"""Signed tokens for tests: an issuer whose key the test holds, and callers of each kind."""

from __future__ import annotations

import uuid
from typing import Any

from joserfc.jwk import OKPKey

from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.keys import public_keys
from shared.access.table import permission_table
from shared.access.tokens import AUDIENCE, LIFETIME, Claims, TokenVerifier, sign

ISSUER = "http://access.test"


def signing_key(kid: str = "first") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid, "use": "sig", "alg": "Ed25519"})


class Issuer:
    """Signs for whoever a test wants to be; `now` moves as the test says."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self.private = signing_key()
        self.keys: dict[str, OKPKey] = dict(public_keys(b'{"keys":[%s]}' % _public(self.private)))
        self.verifier = TokenVerifier(self, ISSUER, lambda: self.now)
        self.refreshed = 0

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
