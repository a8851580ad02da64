"""The words in clear of a pack, each held against the fact that they were sealed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from shared.contract import MAX_SEALED_BYTES
from shared.contract.sealed import contact_id
from shared.evidence import form
from shared.evidence.archive import MOST_SMALL, DamagedError, PackArchive
from shared.evidence.erasures import erased_in
from shared.evidence.form import Manifest, ShownPerson
from shared.evidence.opened import NotSealedWordsError, demand_sealed_words
from shared.evidence.pack_facts import fact_lines
from shared.evidence.verdict import Discrepancy, Kind, UnverifiableError, Verdict
from shared.i18n import Text, translated


class _Event(msgspec.Struct):
    id: str


_id: Final = msgspec.json.Decoder(_Event).decode
_BROKEN: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_WORDS: Final[Mapping[Kind, Text]] = {
    "opened.unreadable": translated("what stands in clear is no fact: {path}"),
    "opened.altered": translated("what stands in clear is not what was sealed: {path}"),
    "opened.contact": translated("the contact in clear is not the one that the id stands for: {path}"),
    "opened.key": translated("the pack has no key that could prove it: {path}"),
}


def check_opened(archive: PackArchive, manifest: Manifest, verdict: Verdict, *, fits: bool) -> None:
    """Every record in clear, and that nobody is shown who is erased; seqs are known where the facts fit."""
    try:
        people = form.decoded(archive.read(form.PEOPLE), dict[str, ShownPerson], form.PEOPLE)
        clear = _clear(archive, manifest.scope, verdict)
    except DamagedError:
        return  # the manifest has it
    except UnverifiableError as error:
        verdict.find(Discrepancy("opened.unreadable", error.text, form.PEOPLE))
        return
    proven: set[str] = set()
    for number, line in enumerate(fact_lines(archive), start=1):
        seq = number if fits else None
        id_ = id_of(line)
        if id_ in clear:
            proven |= _check(line, clear.pop(id_), seq, people, manifest.scope, verdict)
        _check_erasure(line, seq, people, manifest.scope, verdict)
    for id_ in clear:
        told = translated("a record stands in clear that is none of the facts")
        verdict.find(Discrepancy("opened.unknown", told, form.OPENED, scope=manifest.scope, event=id_))
    if not clear:
        _check_people(people, proven, manifest.scope, verdict)


def _check_people(people: Mapping[str, ShownPerson], proven: set[str], scope: str, verdict: Verdict) -> None:
    """Nobody is shown whom no record in clear proves, nor with a contact where there is none."""
    for id_, person in people.items():
        if id_ not in proven or (person.contact is not None and contact_id(id_) is None):
            told = translated(
                "the pack shows a person or a contact that no record in clear proves: {id}", id=id_
            )
            verdict.find(Discrepancy("opened.unproven", told, form.PEOPLE, scope=scope))


def _clear(archive: PackArchive, scope: str, verdict: Verdict) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for number, line in enumerate(archive.lines(form.OPENED, MAX_SEALED_BYTES, MOST_SMALL), start=1):
        id_ = id_of(line)
        if id_ is None:
            told = translated("the line is no fact")
            verdict.find(Discrepancy("opened.unreadable", told, form.OPENED, number, scope))
        elif id_ in found:
            told = translated("the record stands in clear twice")
            verdict.find(Discrepancy("opened.repeated", told, form.OPENED, number, scope, event=id_))
        else:
            found[id_] = line
    return found


def opened_ids(archive: PackArchive) -> set[str]:
    """Which records stand in clear; raises `DamagedError` and `UnverifiableError`."""
    found = map(id_of, archive.lines(form.OPENED, MAX_SEALED_BYTES, MOST_SMALL))
    return {id_ for id_ in found if id_ is not None}


def id_of(line: bytes) -> str | None:
    """The id of an event; None of what is none."""
    try:
        return _id(line).id
    except _BROKEN:
        return None


def _check(
    sealed: bytes,
    clear: bytes,
    seq: int | None,
    people: Mapping[str, ShownPerson],
    scope: str,
    verdict: Verdict,
) -> set[str]:
    """Whom a record in clear proves; after one that does not hold, nobody is asked for any further."""
    try:
        return demand_sealed_words(sealed, clear, people)
    except NotSealedWordsError as error:
        told = _WORDS[error.kind].format(path=error.path or "-")
        found = Discrepancy(error.kind, told, form.OPENED, scope=scope, seq=seq, event=id_of(clear))
        verdict.find(found)
        return set(people)


def _check_erasure(
    line: bytes, seq: int | None, people: Mapping[str, ShownPerson], scope: str, verdict: Verdict
) -> None:
    if erased_in(line) & people.keys():
        told = translated("the pack shows a person whom this fact erased before it was made")
        verdict.find(Discrepancy("person.erased", told, form.PEOPLE, scope=scope, seq=seq, event=id_of(line)))


def notice_erased(facts: Iterable[bytes], shown: Iterable[str], verdict: Verdict) -> None:
    """Say that somebody whom the pack shows was erased by a later fact of the log."""
    left = set(shown)
    for line in facts:
        gone = erased_in(line) & left
        if gone:
            left -= gone
            told = translated(
                "the pack holds personal data of somebody who was erased since, by the event {event}: delete the pack, "
                "and every copy of it",
                event=id_of(line),
            )
            verdict.notices.append(told)
