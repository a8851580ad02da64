"""Asks the witnesses of a policy for their cosignatures, side by side, each with the proof that it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import httpx
import structlog

from shared.i18n import bilingual
from shared.tlog.checkpoints import is_decimal
from shared.tlog.errors import TlogError
from shared.tlog.notes import Signature, SignedNote, parse_signatures
from shared.tlog.policy import Witness, WitnessPolicy
from shared.tlog.proofs import Proof
from shared.tlog.witnessing import ADD_CHECKPOINT, AddCheckpoint

log: Final = structlog.get_logger()

Prove: TypeAlias = Callable[[int], Proof]
"""The proof that the checkpoint goes on from the tree of this size."""
ANSWER: Final = 64 * 1024
CONFLICT: Final = 409
MOST_TRIES: Final = 3


class WitnessRefusalError(Exception):
    """A witness did not sign; the text says why."""


class Witnesses:
    """The witnesses of a policy, and which size each is known to have signed last."""

    def __init__(self, policy: WitnessPolicy, wait: float) -> None:
        self.policy = policy
        self._wait = wait
        self._known: dict[str, int] = {}
        self.problems: dict[str, str] = {}

    async def cosigned(self, note: SignedNote, size: int, prove: Prove) -> tuple[SignedNote, Sequence[str]]:
        """The checkpoint with all cosignatures that were to be had, and by whom. `problems` tells of the others."""
        asked = [one for one in self.policy.witnesses.values() if one.url is not None]
        async with httpx.AsyncClient(timeout=self._wait, trust_env=False, follow_redirects=False) as http:
            answers = await asyncio.gather(*(self._try(http, one, note, size, prove) for one in asked))
        signatures = [one for answer in answers for one in answer]
        signed = SignedNote(note.text, (*note.signatures, *signatures))
        return signed, self.policy.cosigners(signed)

    async def _try(
        self, http: httpx.AsyncClient, witness: Witness, note: SignedNote, size: int, prove: Prove
    ) -> Sequence[Signature]:
        try:
            async with asyncio.timeout(self._wait):
                signatures = await self._ask(http, witness, note, size, prove)
        except (httpx.HTTPError, TimeoutError, TlogError, WitnessRefusalError, ValueError) as error:
            reason = str(error) or type(error).__name__
            if self.problems.get(witness.name) != reason:
                log.warning("witness_did_not_sign", witness=witness.name, reason=reason)
            self.problems[witness.name] = reason
            return ()
        self.problems.pop(witness.name, None)
        return signatures

    async def _ask(
        self, http: httpx.AsyncClient, witness: Witness, note: SignedNote, size: int, prove: Prove
    ) -> Sequence[Signature]:
        """One that knows another size than we believe says so, and is asked again from there."""
        assert witness.url is not None, "chosen by that"
        url = f"{witness.url.rstrip('/')}/{ADD_CHECKPOINT}"
        for _ in range(MOST_TRIES):
            old = min(self._known.get(witness.name, 0), size)
            proof = await asyncio.to_thread(prove, old)
            answer = await http.post(url, content=bytes(AddCheckpoint(old, proof, bytes(note))))
            if answer.status_code == CONFLICT:
                self._known[witness.name] = _size(answer.text, size)
                continue
            if answer.status_code != httpx.codes.OK or len(answer.content) > ANSWER:
                raise WitnessRefusalError(
                    bilingual(
                        "answers {status}: {text}", status=answer.status_code, text=answer.text[:200].strip()
                    )
                )
            found = [one for one in parse_signatures(answer.text) if _is_of(one, witness)]
            for one in found:
                witness.verifier.verify(note.text, one)
            if not found:
                raise WitnessRefusalError(bilingual("its answer has no signature of its key"))
            self._known[witness.name] = size
            return found[:1]
        raise WitnessRefusalError(bilingual("answers each time that it knows another size"))


def _is_of(signature: Signature, witness: Witness) -> bool:
    return (signature.name, signature.key_id) == (witness.verifier.name, witness.verifier.key_id)


def _size(text: str, ours: int) -> int:
    """Which size the witness has signed last; one larger than ours is told, for then there are two logs."""
    told = text.removesuffix("\n")
    if not is_decimal(told):
        raise WitnessRefusalError(bilingual("its answer is no size"))
    if int(told) > ours:
        raise WitnessRefusalError(
            bilingual("it has signed for {size} entries, of which this log has {ours}", size=told, ours=ours)
        )
    return int(told)
