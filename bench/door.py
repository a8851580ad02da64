"""A token at the door of a service: one that is seen for the first time, and one that was seen before."""

from __future__ import annotations

import time
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from bench.measure import Result, at_most, in_turns, summary
from bench.tokens import ISSUER, Issuer
from shared.access.tokens import TokenVerifier

TOKENS: Final = 1000
ROUNDS: Final = 5
GOAL: Final = 100e-6
"""Seconds, on whatever machine: a round of the door is to be nothing beside the question behind it."""


class OneKey:
    """A key set of one public key."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    def key(self, kid: str) -> OKPKey | None:
        return self._key if kid == self._key.kid else None


def run() -> Result:
    """Processor time of one verification, in turns with the signature alone."""
    issuer = Issuer()
    tokens = [issuer.token() for _ in range(TOKENS)]
    seen = TokenVerifier(OneKey(issuer.public), ISSUER, time.time)
    seen.verify(tokens[0])
    signer = Ed25519PrivateKey.generate()
    content = tokens[0].rpartition(".")[0].encode()
    signature, public = signer.sign(content), signer.public_key()

    def first() -> float:
        verifier = TokenVerifier(OneKey(issuer.public), ISSUER, time.time)
        begun = time.process_time()
        for token in tokens:
            verifier.verify(token)
        return (time.process_time() - begun) / TOKENS

    def again() -> float:
        begun = time.process_time()
        for _ in range(TOKENS):
            seen.verify(tokens[0])
        return (time.process_time() - begun) / TOKENS

    def alone() -> float:
        begun = time.process_time()
        for _ in range(TOKENS):
            public.verify(signature, content)
        return (time.process_time() - begun) / TOKENS

    took = in_turns(ROUNDS, first=first, again=again, signature_alone=alone)
    told = {name: summary([one * 1e6 for one in found]) for name, found in took.items()}
    goals = (
        at_most("a token at its first look, in 100 µs", told["first"]["median"] * 1e-6 / GOAL, 1.0),
        at_most("a token seen before, in 100 µs", told["again"]["median"] * 1e-6 / GOAL, 1.0),
    )
    return Result("door", goals, {"tokens": TOKENS, "us": told})
