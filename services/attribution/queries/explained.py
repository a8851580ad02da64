"""Decisions with their words: what the clause says, and the decision told in a sentence, in Chinese and English.

contract.md#history: the words come from the data of the decision, the rulebook that made it and the
records that it rests on; the same words stand in the history, in a preview and on pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from services.attribution.explanations.explain import explain
from services.attribution.explanations.record_words import KINDS, OTHER, RECORD
from services.attribution.queries.queries import Snapshot
from shared.contract import parse_instant
from shared.i18n import Text
from shared.i18n.times import dated
from shared.rules.judge.result import Json


def explained(snapshot: Snapshot, decisions: Sequence[Json], bodies: Iterable[bytes] = ()) -> list[Json]:
    """Decisions of customers or deals, each with `clause_text` and `explanation`.

    `bodies` are records that they may rest on beside those that are stored.
    """
    names = snapshot.staff_names(_staff(decisions))
    stored = (body for _, body in snapshot.facts({id_ for one in decisions for id_ in one["because"]}))
    records = _records([*stored, *bodies], ZoneInfo(snapshot.scope.timezone))
    return [decision | _words(snapshot, decision, names, records) for decision in decisions]


def both(text: Text) -> Json:
    """A text as it is answered."""
    return {"zh": text.zh, "en": text.en}


def _words(snapshot: Snapshot, decision: Json, names: Mapping[str, str], records: Mapping[str, Text]) -> Json:
    book = snapshot.book_of(decision["clause"], parse_instant(decision["at"]))
    return {
        "clause_text": snapshot.clause_text(decision["clause"], book),
        "explanation": both(explain(decision, book, names, records)),
    }


def _staff(decisions: Iterable[Json]) -> set[str]:
    found = {staff for one in decisions for staff in (one.get("owner"), one.get("previous"))}
    found |= {staff for one in decisions for staff in one.get("shares", ())}
    return {staff for staff in found if staff is not None}


def _records(bodies: Iterable[bytes], zone: ZoneInfo) -> dict[str, Text]:
    """Each record by its id, as a sentence names it: what it is, and when it happened."""
    named = {}
    for body in bodies:
        event: Json = msgspec.json.decode(body)
        kind, at = KINDS.get(event["type"], OTHER), parse_instant(event["occurred_at"])
        named[event["id"]] = RECORD.format(at=dated(at, zone), kind=kind)
    return named
