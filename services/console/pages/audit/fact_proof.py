"""That a fact is in the log: the proof of audit, verified here against the checkpoint that it leads to."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.audit_answers import ShownInclusion, ShownLogKeys
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.page import Page, PageRequest
from services.console.frame.scope_pages import place_in
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError
from shared.tlog.checkpoints import decode_hash, encode_hash
from shared.tlog.errors import TlogError
from shared.tlog.notes import read_vkey
from shared.tlog.tlog_proof import TlogProof

ACTION: Final = "page.proof"
NOT_YET: Final = 503

Seq = Annotated[int, Path(ge=1, le=2**62)]


class FactProof(Struct, frozen=True):
    """Where a fact stands in the log. `refused` says why the proof does not hold, in both languages on one line."""

    entry: int
    entries: int
    leaf: str
    hashes: list[str]
    root: str
    refused: str | None
    text: bytes


async def fact_proof(page: Page, scope: str, seq: Seq) -> Response:
    """The page: whether the fact is in the log, checked here, and what to keep to check it elsewhere."""
    place, facts = await place_in(page, scope, ACTION)
    proof, keys = await _proof(page, scope, seq)
    return page.render(
        "audit/proof.html", place=place, room="audit", facts=facts, seq=seq, proof=proof, keys=keys,
    )  # fmt: skip


async def proof_file(page: Page, scope: str, seq: Seq) -> Response:
    """The proof with its checkpoint as one text (C2SP tlog-proof), which holds no word of the fact."""
    await place_in(page, scope, ACTION)
    proof, _ = await _proof(page, scope, seq)
    if proof is None:
        raise ProblemError(
            NOT_YET, bilingual("no checkpoint holds the fact yet"), headers={"Retry-After": "2"}
        )
    named = f'attachment; filename="{scope}-{seq}.tlog-proof"'
    return Response(proof.text, media_type="text/plain", headers={"content-disposition": named})


async def _proof(page: PageRequest, scope: str, seq: int) -> tuple[FactProof | None, list[str]]:
    """The proof, and the keys that the log names; no proof while no checkpoint holds the fact."""
    keys = await page.services.get("audit", "/v1/log/keys", ShownLogKeys)
    try:
        told = await page.services.get("audit", f"/v1/log/proof/inclusion/{scope}/{seq}", ShownInclusion)
    except ServiceRefusedError as error:
        if error.status != NOT_YET:
            raise
        return None, keys.keys
    return proof_of(told, keys), keys.keys


def proof_of(told: ShownInclusion, keys: ShownLogKeys) -> FactProof:
    """What audit told, held against the signed checkpoint; nothing of it is believed without."""
    hashes = [decode_hash(one) for one in told.proof]
    leaf = decode_hash(told.leaf)
    checkpoint = (told.checkpoint or "").encode()
    proof = TlogProof(told.index, tuple(one for one in hashes if one is not None), checkpoint)
    entries, root, refused = told.size, "", None
    try:
        verifiers = [read_vkey(one) for one in keys.keys]
        signed = proof.verify(leaf or b"", verifiers, keys.origin).checkpoint
        entries, root = signed.size, encode_hash(signed.root)
    except TlogError as error:
        refused = str(error)
    return FactProof(told.index + 1, entries, told.leaf, told.proof, root, refused, bytes(proof))
