"""The one seam through which stored party data passes (hazards.md#the-cipher-knows-no-place).

What the journal stores goes through `seal`, and what leaves it through `open`: a codec that encrypts by
record takes this place without another line of the service changing.
"""

from __future__ import annotations

from typing import Protocol


class Codec(Protocol):
    def seal(self, record: str, body: bytes) -> bytes: ...

    def open(self, record: str, sealed: bytes) -> bytes: ...

    def sought(self, text: str) -> bytes | None:
        """What stands in every sealed body that holds this text; None where nothing can be told of them."""


class PlainCodec:
    """Stores bodies as they are."""

    def seal(self, record: str, body: bytes) -> bytes:
        return body

    def open(self, record: str, sealed: bytes) -> bytes:
        return sealed

    def sought(self, text: str) -> bytes | None:
        return text.encode()
