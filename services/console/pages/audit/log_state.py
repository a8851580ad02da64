"""The signed head of the log, checked here against the keys that the log names, and how others check it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from services.console.asking.audit_answers import ShownLogKeys
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.page import PageRequest
from shared.tlog.checkpoints import encode_hash, open_checkpoint, parse_checkpoint
from shared.tlog.errors import TlogError
from shared.tlog.notes import parse_note, read_vkey

CHECKPOINT: Final = "/v1/log/checkpoint"


class LogState(Struct, frozen=True):
    """What the log shows of itself; `signed` is whether a key of its own has signed it, `witnesses` who saw it too."""

    origin: str
    entries: int
    root: str
    keys: list[str]
    signed: bool
    witnesses: list[str]
    text: str


async def log_state(page: PageRequest) -> LogState | None:
    """The state; None while there is no checkpoint yet, as right after the first start of all."""
    try:
        shown = await page.services.call("audit", "GET", CHECKPOINT)
        keys = await page.services.get("audit", "/v1/log/keys", ShownLogKeys)
    except ServiceRefusedError as error:
        if error.status == 404:
            return None
        raise
    return state_of(shown.content, keys)


def state_of(checkpoint: bytes, keys: ShownLogKeys) -> LogState:
    """What a checkpoint says, held against the keys. Raises `TlogError` of what is none."""
    note = parse_note(checkpoint)
    told = parse_checkpoint(note.text)
    known = {read_vkey(one).name for one in keys.keys}
    try:
        open_checkpoint(checkpoint, [read_vkey(one) for one in keys.keys], keys.origin)
        signed = True
    except TlogError:
        signed = False
    return LogState(
        told.origin, told.size, encode_hash(told.root), keys.keys, signed,
        [one.name for one in note.signatures if one.name not in known], checkpoint.decode(),
    )  # fmt: skip


def reading_at(now: datetime) -> str:
    """The name under which a checkpoint is kept."""
    return f"checkpoint-{now:%Y%m%d-%H%M}.txt"
