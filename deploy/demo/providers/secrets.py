"""Tokens and keys between the notifier and the providers of one demonstration, drawn from its seed."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Secrets:
    """None is ever shown."""

    token: str = field(repr=False)
    key_id: str = field(repr=False)
    key: str = field(repr=False)
    webhook: str = field(repr=False)


def drawn(seed: int) -> Secrets:
    """The same seed, the same secrets: nothing real is opened by them."""
    rng = random.Random(f"secret {seed}")
    webhook = "whsec_" + base64.b64encode(rng.randbytes(32)).decode()
    return Secrets(rng.randbytes(16).hex(), rng.randbytes(12).hex(), rng.randbytes(24).hex(), webhook)
