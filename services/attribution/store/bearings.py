"""The index of what facts name, by which the facts are found that bear on one customer (ADR 0052).

A name is kept as a digest of eight bytes: should two ever have the same, more facts are found than are needed, and
the answer is the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from shared.ids import CustomerId
from shared.rules.domain.bearing import names_in
from shared.rules.domain.facts import Fact
from shared.rules.domain.state import Key


def digest(key: Key) -> int:
    """What stands for a name in the index."""
    named = blake2b(f"{key.kind}:{key.id}".encode(), digest_size=8).digest()
    return int.from_bytes(named, signed=True)


def names_of(fact: Fact, begun: Iterable[CustomerId] = ()) -> list[int]:
    """Under which names a fact is found; `begun` are the customers who are there from it on."""
    return [digest(key) for key in (*names_in(fact.matter), *[Key("customer", one) for one in begun])]
