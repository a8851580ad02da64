"""A pack held against its own proofs, the log's key and whatever else the auditor trusts (evidence.md#verify)."""

from __future__ import annotations

from pathlib import Path

from shared.evidence import form
from shared.evidence.archive import DamagedError, PackArchive
from shared.evidence.log import Trust, check_checkpoint
from shared.evidence.manifest import check_head, check_manifest
from shared.evidence.pack_decisions import check_decisions
from shared.evidence.pack_facts import check_facts, check_proof, check_set_asides
from shared.evidence.pack_opened import check_opened
from shared.evidence.pack_rulebooks import check_rulebooks
from shared.evidence.tiles import note_checkpoint
from shared.evidence.trusted import check_trusted
from shared.evidence.verdict import Discrepancy, UnverifiableError, Verdict
from shared.i18n import translated


def verify_pack(path: Path, trust: Trust) -> Verdict:
    """All that is wrong with a pack. Raises `UnverifiableError` where it cannot be read."""
    verdict = Verdict("pack", str(path))
    with PackArchive(path) as archive:
        _take_vouchers(archive, trust, verdict)
        manifest = check_manifest(archive, trust, verdict)
        if manifest is None:
            return verdict
        verdict.scopes, verdict.customer = [manifest.scope], manifest.customer
        checkpoint = None
        try:
            raw = archive.read(form.CHECKPOINT)
        except DamagedError:
            verdict.unknown.append(translated("the pack has no checkpoint that can be read"))
        else:
            checkpoint = check_checkpoint(raw, trust, verdict, form.CHECKPOINT)
        fits, as_logged = False, False
        try:
            if checkpoint is not None:
                note_checkpoint(checkpoint, verdict)
                check_head(manifest, checkpoint, verdict)
                if check_proof(archive, checkpoint, verdict):
                    fits = check_facts(archive, manifest, verdict)
                    as_logged = check_set_asides(archive, manifest.scope, verdict) and fits
                check_trusted(archive, manifest, checkpoint, trust, verdict)
            books = check_rulebooks(archive, manifest, verdict, fits=fits)
            check_opened(archive, manifest, verdict, fits=fits)
            if as_logged:
                check_decisions(archive, manifest, books, verdict)
            else:  # nor is it known how much of them there would be to hold
                verdict.unknown.append(translated("the facts are not those of the log, and were not judged"))
        except DamagedError as error:
            verdict.unknown.append(translated("{file} cannot be read to its end", file=error))
        except UnverifiableError as error:
            verdict.unknown.append(error.text)
    return verdict


def _take_vouchers(archive: PackArchive, trust: Trust, verdict: Verdict) -> None:
    try:
        vouchers = form.decoded(archive.read(form.KEYS), list[str], form.KEYS)
    except DamagedError:
        return  # found with the manifest
    except UnverifiableError as error:
        verdict.find(Discrepancy("key.history", error.text, form.KEYS))
        return
    trust.take_vouchers([voucher.encode() for voucher in vouchers], verdict, form.KEYS)
