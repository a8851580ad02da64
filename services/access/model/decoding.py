"""Reads a body of access. Other than in a fact, a text may be whatever its type allows: spaces belong to a password."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from shared.contract.errors import bad
from shared.contract.fields import MAX_EVENT_BYTES
from shared.contract.scrutiny import check_depth
from shared.contract.translate import translate

T = TypeVar("T", bound=msgspec.Struct)


def decode_body(raw: bytes, model: type[T]) -> T:
    """The body, or `BadEvent` that names the field and never what stands in it."""
    if len(raw) > MAX_EVENT_BYTES:
        raise bad("", "too_large", limit=MAX_EVENT_BYTES)
    try:
        check_depth(raw.decode())
        return msgspec.json.decode(raw, type=model)
    except UnicodeDecodeError:
        raise bad("", "encoding") from None
    except msgspec.ValidationError as refusal:
        raise translate(str(refusal), model, "") from None
    except (msgspec.DecodeError, RecursionError):
        raise bad("", "json", place="") from None
