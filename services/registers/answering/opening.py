"""Personal texts of what is answered, opened: words of records by the events that had them, names and contacts by their
people.

In the registers stands what the topic has: a mark for words, and of a name or a contact a text that only its person's
key reads. Nothing is opened but what an answer shows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from services.registers.model.deals import DealRow
from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord, KnownRegisters
from services.registers.posting.amendments import Amendments
from services.registers.posting.deals import with_records
from services.registers.reading.known_scope import KnownScope
from shared.contract import Data, DealProgressed, DealSubscribed, DealTermsSet, RecordAmended, decode_event
from shared.contract.sealed import ERASED, WORDS, is_sealed_form
from shared.ids import DealId, EventId

_MARK = WORDS.encode()
_IDS = "ids"


def with_words(scope: KnownScope, known: KnownRegisters, shown: Iterable[AnyRecord]) -> KnownRegisters:
    """What was known, with the words of the records that are shown; the rest stays under seal."""
    those = {one.id: one for one in shown}
    sealed = [one for one in those.values() if _is_sealed(one.data)]
    cancelled = _cancelled(known, those)
    if not sealed and not cancelled:
        return known
    opened = dict(zip((one.id for one in sealed), _opened(scope, known, sealed), strict=True))
    records = {one.id: replace(one, data=opened[one.id]) for one in sealed}
    found = KnownRegisters(known.registers, known.known_at, known.as_of, records)
    deals = {one.data.deal for one in sealed if isinstance(one.data, DealProgressed | DealTermsSet)}
    told = _deals(known, found.entries, deals) if deals else known.deals
    found.__dict__["deals"] = _with_reasons(scope, told, cancelled) if cancelled else told
    return found


def _cancelled(known: KnownRegisters, shown: Mapping[EventId, AnyRecord]) -> dict[DealId, int]:
    """Of the deals that are shown those whose reason of the cancellation is under seal, with the seq that holds it: a
    cancellation has no row of its own."""
    if not any(isinstance(one.data, DealSubscribed) for one in shown.values()):
        return {}
    return {
        deal.deal: deal.cancelled_seq
        for deal in known.deals
        if deal.reason == WORDS and deal.cancelled_seq is not None and deal.event in shown
    }


def _with_reasons(
    scope: KnownScope, deals: Iterable[DealRow], cancelled: Mapping[DealId, int]
) -> list[DealRow]:
    wanted = sorted(set(cancelled.values()))
    said = {
        seq: getattr(_without_erased(decode_event(body, recorded=True).data), "reason", None)
        for seq, body in zip(wanted, scope.bodies(wanted), strict=True)
    }
    return [
        replace(deal, reason=said[cancelled[deal.deal]]) if deal.deal in cancelled else deal for deal in deals
    ]


def _is_sealed(data: Data) -> bool:
    return _MARK in msgspec.json.encode(data)


def _opened(scope: KnownScope, known: KnownRegisters, records: list[AnyRecord]) -> Iterator[Data]:
    """The data of records as they were typed and amended."""
    amendments = _amendments(known, records)
    wanted = sorted({one.seq for one in records} | {one.seq for made in amendments.values() for one in made})
    bodies = zip(wanted, scope.bodies(wanted), strict=True)
    said = {seq: _without_erased(decode_event(body, recorded=True).data) for seq, body in bodies}
    for record in records:
        yield _amended(record, said[record.seq], [(one.id, said[one.seq]) for one in amendments[record.id]])


def _without_erased(data: Data) -> Data:
    """What stays under seal is of somebody who was erased, and reads so."""
    raw = msgspec.json.encode(data)
    if _MARK not in raw:
        return data
    return msgspec.json.decode(raw.replace(b'"%s"' % _MARK, msgspec.json.encode(ERASED)), type=type(data))


def _amendments(
    known: KnownRegisters, records: Iterable[AnyRecord]
) -> dict[EventId, list[PostedRecord[RecordAmended]]]:
    """Of each record the amendments that count, and what withdrew one of them, as they were recorded."""
    found: dict[EventId, list[PostedRecord[RecordAmended]]] = defaultdict(list)
    of = {one.id: one.id for one in records}
    for made in sorted(known.of(RecordAmended), key=lambda one: one.seq):
        record = of.get(made.data.record)
        if record is not None and not made.flags:
            of[made.id] = record
            found[record].append(made)
    return found


def _amended(record: AnyRecord, data: Data, made: list[tuple[EventId, Data]]) -> Data:
    if not made:
        return data
    amendments = Amendments()
    for id_, amendment in made:
        assert isinstance(amendment, RecordAmended), "found by its type"
        amendments.add(id_, amendment)
    return amendments.amended(record.id, data) or record.data


def _deals(known: KnownRegisters, entries: Mapping[EventId, AnyRecord], opened: set[DealId]) -> list[Any]:
    """The deals, those whose papers were opened with their words."""
    of: dict[DealId, list[AnyRecord]] = defaultdict(list)
    for one in entries.values():
        if isinstance(one.data, DealProgressed | DealTermsSet) and one.data.deal in opened:
            of[one.data.deal].append(one)
    return [
        with_records(deal, [entries[id_] for id_ in (deal.event,) if id_ in entries] + of[deal.deal])
        if deal.deal in opened
        else deal
        for deal in known.deals
    ]


class OpenedTexts:
    """Names and contacts as they were typed, many at a time."""

    def __init__(self, scope: KnownScope) -> None:
        self._scope = scope
        self._known: dict[str, str] = {}

    def learn(self, texts: Iterable[str | None]) -> None:
        """Open these, so that each can be read."""
        wanted = [
            one for one in dict.fromkeys(texts) if one and one not in self._known and is_sealed_form(one)
        ]
        if wanted:
            self._known |= zip(wanted, self._scope.opener.texts(wanted), strict=True)

    def read(self, text: str) -> str:
        """A text as it was typed."""
        return self._known.get(text, text)


def opened_document(scope: KnownScope, document: Any) -> Any:
    """A document in which names and contacts under seal stand as they were typed.

    The ids of the rows behind figures are under no seal, and are passed by: to look at each of some ten thousand was a
    third of what a report of a month costs (`bench console`, `traffic`).
    """
    texts = OpenedTexts(scope)
    texts.learn(_texts(document))
    return _read(document, texts)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if key != _IDS:
                yield from _texts(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _texts(value)


def _read(node: Any, texts: OpenedTexts) -> Any:
    if isinstance(node, str):
        return texts.read(node)
    if isinstance(node, Mapping):
        return {key: value if key == _IDS else _read(value, texts) for key, value in node.items()}
    return [_read(value, texts) for value in node] if isinstance(node, list | tuple) else node
