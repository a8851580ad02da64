"""Which files a pack holds, and that each is what its manifest says; the manifest itself is signed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from shared.evidence import form
from shared.evidence.archive import NAMES, DamagedError, PackArchive
from shared.evidence.form import ListedFile, Manifest
from shared.evidence.log import Trust, signs_manifest
from shared.evidence.verdict import Discrepancy, Kind, UnverifiableError, Verdict
from shared.i18n import Text, translated
from shared.tlog.checkpoints import Checkpoint
from shared.tlog.notes import Verifier

_MOST_SHOWN: Final = 100


def check_manifest(archive: PackArchive, trust: Trust, verdict: Verdict) -> Manifest | None:
    """The manifest, where there is one that can be gone by; what is wrong with it and the files is found."""
    names = archive.names()
    _check_names(names, verdict)
    manifest = _read(archive, verdict)
    if manifest is None:
        return None
    if manifest.panke_evidence != form.FORM:
        raise UnverifiableError(
            translated(
                "the pack has form {form}, which this version does not know", form=manifest.panke_evidence
            )
        )
    _check_signature(archive, trust.keys_of(manifest.origin), verdict)
    listed = {file.name: file for file in manifest.files}
    if len(listed) < len(manifest.files):
        told = translated("the manifest lists a file more than once")
        _find(verdict, "archive.repeated", told, form.MANIFEST)
    beside = {form.MANIFEST, form.SIGNATURE}
    for name in sorted(set(names) - set(listed) - beside):
        if NAMES.fullmatch(name):
            _find(verdict, "manifest.unlisted", translated("the manifest does not list the file"), name)
    for name in sorted({*listed, *form.NEEDED} - set(names)):
        _find(verdict, "archive.missing", translated("the file is missing"), name)
    for name in sorted(set(listed) & set(names)):
        _check_file(archive, listed[name], verdict)
    return manifest


def check_head(manifest: Manifest, checkpoint: Checkpoint, verdict: Verdict) -> None:
    """The log and its size that the manifest names are those of the head that all is held against."""
    if (manifest.origin, manifest.size) != (checkpoint.origin, checkpoint.size):
        told = translated(
            "the manifest names the log {origin} at {size} entries, and the head is of {other} at {count}",
            origin=manifest.origin, size=manifest.size, other=checkpoint.origin, count=checkpoint.size,
        )  # fmt: skip
        _find(verdict, "manifest.head", told, form.MANIFEST)


def _check_names(names: list[str], verdict: Verdict) -> None:
    for name, times in Counter(names).items():
        shown = name[:_MOST_SHOWN]
        if times > 1:
            _find(verdict, "archive.repeated", translated("the file stands there more than once"), shown)
        if NAMES.fullmatch(name) is None:
            told = translated(
                "a pack has no file of that name; it was not opened, and nothing was written anywhere"
            )
            _find(verdict, "archive.unexpected", told, shown)


def _read(archive: PackArchive, verdict: Verdict) -> Manifest | None:
    try:
        found: Manifest = form.decoded(archive.read(form.MANIFEST), Manifest, form.MANIFEST)
    except DamagedError:
        _find(
            verdict,
            "archive.damaged",
            translated("the file is missing, or its bytes are damaged"),
            form.MANIFEST,
        )
    except UnverifiableError as error:
        _find(verdict, "manifest.unreadable", error.text, form.MANIFEST)
    else:
        return found
    return None


def _check_signature(archive: PackArchive, keys: Sequence[Verifier], verdict: Verdict) -> None:
    try:
        signed = signs_manifest(archive.read(form.SIGNATURE), archive.read(form.MANIFEST), keys)
    except DamagedError:
        signed = False
    if not signed:
        told = translated(
            "the manifest is not signed by the key of the log: a file may have been put in another's place"
        )
        _find(verdict, "manifest.signature", told, form.SIGNATURE)


def _check_file(archive: PackArchive, listed: ListedFile, verdict: Verdict) -> None:
    try:
        digest, size = archive.digest(listed.name, listed.bytes)
    except DamagedError:
        _find(verdict, "archive.damaged", translated("the bytes are damaged"), listed.name)
        return
    if (digest, size) != (listed.sha256, listed.bytes):
        told = translated("the file is not the one of which the manifest has the digest")
        _find(verdict, "manifest.digest", told, listed.name)


def _find(verdict: Verdict, kind: Kind, text: Text, name: str) -> None:
    verdict.find(Discrepancy(kind, text, name))
