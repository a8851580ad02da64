"""Who received which visit, as far as the journal tells (contract.md#concealment-found, procedure.md#concealment).

A finding of concealment cannot name the receiver of its visit as the rightful one: the judge refuses a file that holds
such a finding, so intake takes none. The journal is read for a finding alone: first beside the committer, up to the
scope's head, then, under the head's lock, what came since.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

VISIT = "visit.registered"


class _Data(Struct, gc=False):
    visit: str
    received_by: str


class _Visit(Struct, gc=False):
    data: _Data


_decode = msgspec.json.Decoder(_Visit).decode


def received_in(body: bytes) -> tuple[str, str]:
    """The visit that an envelope registers, and its receiver."""
    data = _decode(body).data
    return data.visit, data.received_by


def receivers(bodies: Iterable[bytes]) -> dict[str, str]:
    """The receiver of each visit: the first record with an id has it."""
    found: dict[str, str] = {}
    for body in bodies:
        visit, receiver = received_in(body)
        found.setdefault(visit, receiver)
    return found
