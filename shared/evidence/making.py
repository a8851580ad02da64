"""From the facts of a scope to the files of a pack (evidence.md#form): the same bytes for the same state.

The facts of the whole scope go in as they are sealed: what the rules give for one customer rests on others' records
too, and nothing left out can be shown of a part. In clear go the customer's own words alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from shared.contract.answers.result import JudgementResult
from shared.contract.sealed import ERASED, NOBODY, sealed_text
from shared.evidence import form
from shared.evidence.archive import Pieces, digest_of
from shared.evidence.belonging import Belonging, belonging
from shared.evidence.content import EvidenceContent, Json, RecordOfCustomer
from shared.evidence.erasures import all_erased
from shared.evidence.form import LeafLine, ListedFile, Manifest, ShownPerson
from shared.evidence.readme import readme
from shared.evidence.rejudging import erased_named, judged_customer, of_events
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.loading import Book, book_of_texts
from shared.sealing.opening import open_event, open_texts, people_in_event
from shared.sealing.person import PersonKey, base64
from shared.sealing.sealing import Draft

AT_ONCE: Final = 1_000
_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode
_encode: Final = msgspec.json.Encoder().encode

KeysOf = Callable[[set[str]], Mapping[str, PersonKey]]
"""The keys of those of these people who were not erased."""


class NoSuchCustomerError(LookupError):
    """The rules know no customer of that id in the scope."""


class InClearError(Exception):
    """The facts stand in clear: a pack of them would hand out everybody's data."""


@dataclass(frozen=True, slots=True)
class ScopeInLog:
    """A scope as a checkpoint covers it: its leaves, in their order, and what lies between them."""

    checkpoint: bytes
    origin: str
    size: int
    root: str
    leaves: Sequence[LeafLine]
    nodes: bytes
    vkey: str
    vouchers: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class PackSource:
    """All that a pack is made of. `facts` are the sealed bodies by seq, as often as they are asked for."""

    scope: str
    customer: str
    facts: Callable[[], Iterable[bytes]]
    count: int
    set_asides: Sequence[bytes]
    rulebook: BookId
    texts: Mapping[BookId, tuple[bytes, ...]]
    log: ScopeInLog
    keys_of: KeysOf
    alerts: Sequence[Json] = ()
    access: Sequence[Json] = ()
    sign: Callable[[bytes], bytes] | None = None
    report: Callable[[EvidenceContent], Mapping[str, bytes]] | None = None


@dataclass(slots=True)
class _Own:
    """The records of the customer."""

    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    shown: list[tuple[int, bytes]] = field(default_factory=list)
    staff: dict[str, str] = field(default_factory=dict)


def pack_files(source: PackSource) -> dict[str, Pieces]:
    """The files of the pack. Raises `NoSuchCustomerError` and `InClearError`."""
    books = {known: book_of_texts(texts, f"{known[0]}@{known[1]}") for known, texts in source.texts.items()}
    result = _judged(source, books)
    belongs = belonging(result)
    own = _own(source, belongs)
    result = erased_named(of_events(result, belongs.events), all_erased(source.facts()))
    keys = source.keys_of(belongs.contacts | belongs.nobodies)
    opened = [(seq, open_event(body, keys)) for seq, body in own.shown if _all_there(body, keys)]
    people = {id_: _shown(key) for id_, key in sorted(keys.items()) if _is_shown(id_, opened, own)}
    content = _content(source, result, own, dict(opened), keys, books)
    small = {
        form.README: readme(source).encode(),
        form.CHECKPOINT: source.log.checkpoint,
        form.KEYS: form.pretty([voucher.decode() for voucher in source.log.vouchers]),
        form.NODES: source.log.nodes,
        form.PEOPLE: form.pretty(people),
        form.OPENED: b"".join(body + b"\n" for _, body in opened),
        form.DECISIONS: msgspec.json.format(_encode(result), indent=2) + b"\n",
        form.ALERTS: form.pretty(source.alerts),
        form.ACCESS: form.pretty(source.access),
        **_rulebook_files(source),
        **(source.report(content) if source.report is not None else {}),
    }
    files: dict[str, Pieces] = {name: _whole(data) for name, data in small.items()}
    files[form.FACTS] = lambda: _lines(source)
    files[form.LEAVES] = lambda: (form.encode(leaf) + b"\n" for leaf in source.log.leaves)
    return files | _sealed_list(source, files, result)


def _judged(source: PackSource, books: Mapping[BookId, Book]) -> JudgementResult:
    known = {id_: book.rulebook for id_, book in books.items()}
    result = judged_customer(_lines(source), known[source.rulebook], known, source.customer)
    if not result.customers:
        raise NoSuchCustomerError(source.customer)
    return result


def _own(source: PackSource, belongs: Belonging) -> _Own:
    own = _Own()
    for seq, body in enumerate(source.facts(), start=1):
        if b'"type":"staff.enrolled"' in body:
            data = _decode(body)["data"]
            own.staff[data["staff"]] = data["name"]
        if b'"sealed":{' not in body and Draft(body, _type(body)).is_personal:
            raise InClearError(source.scope)
        if not belongs.takes(body):
            continue
        own.bodies.append((seq, body))
        if belongs.shows(body) and b'"sealed":{' in body:
            own.shown.append((seq, body))
    return own


def _type(body: bytes) -> str:
    return str(_decode(body)["type"])


def _all_there(body: bytes, keys: Mapping[str, PersonKey]) -> bool:
    return people_in_event(body) <= keys.keys()


def _is_shown(id_: str, opened: Sequence[tuple[int, bytes]], own: _Own) -> bool:
    """A contact that stands for somebody in a record that is shown, or whoever proves one."""
    shown = {seq for seq, _ in opened}
    return any(id_ in people_in_event(body) or _by(body) == id_ for seq, body in own.bodies if seq in shown)


def _by(body: bytes) -> str:
    return str(_decode(body)["sealed"]["by"])


def _shown(person: PersonKey) -> ShownPerson:
    contact = None if person.id.startswith(NOBODY) else person.contact
    return ShownPerson(contact, base64(person.proof_key))


def _content(
    source: PackSource,
    result: JudgementResult,
    own: _Own,
    opened: Mapping[int, bytes],
    keys: Mapping[str, PersonKey],
    books: Mapping[BookId, Book],
) -> EvidenceContent:
    (customer,) = result.customers
    clauses = {str(clause): text for book in books.values() for clause, text in book.rulebook.clauses.items()}
    names = [
        text for text in open_texts(customer.names, keys) if sealed_text(text) is None and text != ERASED
    ]
    return EvidenceContent(
        scope=source.scope,
        customer=source.customer,
        seq=source.count,
        result=result,
        records=[_record(seq, body, opened.get(seq)) for seq, body in own.bodies],
        contacts=[key.contact for id_ in customer.contacts if (key := keys.get(id_)) and key.contact],
        names=names,
        staff=own.staff,
        clauses=clauses,
        zone=books[source.rulebook].rulebook.timezone,
        alerts=source.alerts,
        access=source.access,
        origin=source.log.origin,
        size=source.log.size,
        root=source.log.root,
    )


def _record(seq: int, body: bytes, opened: bytes | None) -> RecordOfCustomer:
    event = _decode(body)
    if "sealed" not in event:
        return RecordOfCustomer(seq, event, event["data"])
    return RecordOfCustomer(seq, event, None if opened is None else _decode(opened)["data"])


def _lines(source: PackSource) -> Iterator[bytes]:
    for body in source.facts():
        yield body + b"\n"
    for line in source.set_asides:
        yield line + b"\n"


def _rulebook_files(source: PackSource) -> dict[str, bytes]:
    return {
        f"rulebooks/{name}@{version}/{number}.yaml": text
        for (name, version), texts in source.texts.items()
        for number, text in enumerate(texts)
    }


def _whole(data: bytes) -> Pieces:
    return lambda: (data,)


def _sealed_list(
    source: PackSource, files: Mapping[str, Pieces], result: JudgementResult
) -> dict[str, Pieces]:
    """The manifest over all files, and the note over the manifest."""
    listed = [(name, *digest_of(files[name])) for name in sorted(files)]
    manifest = form.pretty(
        Manifest(
            form.FORM,
            source.scope,
            source.customer,
            source.count,
            f"{source.rulebook[0]}@{source.rulebook[1]}",
            result.as_of,
            source.log.origin,
            source.log.size,
            tuple(ListedFile(name, size, digest) for name, digest, size in listed),
        )
    )
    made = {form.MANIFEST: _whole(manifest)}
    if source.sign is not None:
        made[form.SIGNATURE] = _whole(source.sign(manifest))
    return made
