"""Tokens for what is measured: a key of the run's own, and a machine that may do everything with every scope.

A token is made anew for each measurement, since it is good for ten minutes.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import msgspec
from joserfc.jwk import OKPKey

from shared.access.caller import EVERY_SCOPE, GrantableRole, GrantedRole
from shared.access.tokens import ALGORITHM, AUDIENCE, LIFETIME, Claims, sign

ISSUER = "panke"


class Issuer:
    """Signs by a key of its own, whose public half can be put into a file."""

    def __init__(self) -> None:
        self._key = OKPKey.generate_key(ALGORITHM, {"kid": "bench", "use": "sig", "alg": ALGORITHM})

    @property
    def public(self) -> OKPKey:
        """By which its tokens are verified."""
        return OKPKey.import_key(self._key.as_dict(private=False))

    def settings(self, folder: Path) -> Mapping[str, str]:
        """By which a service takes these tokens, from a file of the folder."""
        file = folder / "keys.json"
        file.write_bytes(msgspec.json.encode({"keys": [self._key.as_dict(private=False)]}))
        return {"PANKE_TOKENS_FROM": str(file)}

    def token(self) -> str:
        now = int(time.time())
        granted = tuple(GrantedRole(role, (EVERY_SCOPE,)) for role in get_args(GrantableRole))
        claims = Claims(
            iss=ISSUER, aud=AUDIENCE, sub="bench", sid="bench", jti=str(uuid.uuid4()), iat=now, nbf=now,
            exp=now + LIFETIME, kind="machine", login="bench", granted_roles=granted,
        )  # fmt: skip
        return sign(claims, self._key)
