"""The decisions of a pack, made again from its facts by its rulebooks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, zip_longest
from typing import Any, Final

import msgspec

from shared.contract.answers.result import JudgementResult
from shared.evidence import form
from shared.evidence.archive import DamagedError, PackArchive
from shared.evidence.erasures import all_erased
from shared.evidence.form import Manifest
from shared.evidence.pack_facts import fact_lines, set_aside_lines
from shared.evidence.pack_shown import check_shown
from shared.evidence.rejudging import erased_named, judged_customer, of_events
from shared.evidence.verdict import Discrepancy, Kind, UnverifiableError, Verdict
from shared.i18n import Text, translated
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.loading import Book

Json = dict[str, Any]
_LISTS: Final = ("deals", "disputes", "flags", "penalties")

_WORDS: Final[Mapping[Kind, Text]] = {
    "decision.altered": translated("the rules give another decision: {said} is said, {given} is given"),
    "decision.missing": translated("the rules give a decision that the pack does not have: {given}"),
    "decision.inserted": translated("the pack has a decision that the rules do not give: {said}"),
}


def check_decisions(
    archive: PackArchive, manifest: Manifest, books: Mapping[BookId, Book], verdict: Verdict
) -> None:
    """Judge the facts again, and compare."""
    known = {id_: book.rulebook for id_, book in books.items()}
    named = {f"{name}@{version}": book for (name, version), book in known.items()}
    book = named.get(manifest.rulebook)
    if book is None:
        return  # found with the rulebooks
    try:
        said = form.decoded(archive.read(form.DECISIONS), Json, form.DECISIONS)
        lines = map(_ended, chain(fact_lines(archive), set_aside_lines(archive)))
        result = judged_customer(lines, book, known, manifest.customer)
    except DamagedError:
        return  # found with the manifest
    except UnverifiableError as error:
        verdict.find(Discrepancy("decision.altered", error.text, form.DECISIONS))
        return
    except Exception as error:  # whatever facts bring the rules to that somebody may have made for it
        told = translated("the facts cannot be judged: {error}", error=error)
        verdict.find(Discrepancy("judgement.failed", told, form.FACTS, scope=manifest.scope))
        return
    own = of_events(result, check_shown(archive, manifest.scope, result, verdict))
    read = erased_named(own, all_erased(fact_lines(archive)))
    given = msgspec.json.decode(msgspec.json.encode(read))
    _check_claims(manifest, result, verdict)
    _Comparison(manifest.scope, verdict).compare(said, given)


def _check_claims(manifest: Manifest, result: JudgementResult, verdict: Verdict) -> None:
    """What the manifest says of the judging: as of when it was, and that there is such a customer."""
    if manifest.as_of != result.as_of:
        told = translated(
            "{path}: {said} is said, and the rules give {given}",
            path="as_of", said=manifest.as_of, given=result.as_of,
        )  # fmt: skip
        verdict.find(Discrepancy("judgement.differs", told, form.MANIFEST, scope=manifest.scope))
    if not result.customers:
        told = translated("the rules know no customer {customer} in these facts", customer=manifest.customer)
        verdict.find(Discrepancy("judgement.differs", told, form.MANIFEST, scope=manifest.scope))


def _ended(line: bytes) -> bytes:
    return line + b"\n"


class _Comparison:
    def __init__(self, scope: str, verdict: Verdict) -> None:
        self._scope = scope
        self._verdict = verdict
        self._found = False

    def compare(self, said: Json, given: Json) -> None:
        """What is said, against what the rules give."""
        self._decisions(_first(said), _first(given))
        for name in _LISTS:
            for one, other in zip_longest(_list(said, name), _list(given, name)):
                self._item(name, one, other)
        for name in sorted({*said, *given} - {"customers", *_LISTS}):
            self._value(name, said.get(name), given.get(name))
        if not self._found and form.encode(said) != form.encode(given):
            told = translated("the file says something that the rules do not give")
            self._find(Discrepancy("judgement.differs", told, form.DECISIONS, scope=self._scope))

    def _decisions(self, said: Json, given: Json) -> None:
        pairs = zip_longest(_list(said, "decisions"), _list(given, "decisions"))
        for number, (one, other) in enumerate(pairs, start=1):
            self._decision(number, one, other)
        for name in sorted({*said, *given} - {"decisions"}):
            self._value(f"customers[0].{name}", said.get(name), given.get(name))

    def _decision(self, number: int, said: Any, given: Any) -> None:
        if said == given:
            return
        kind: Kind = "decision.altered"
        if said is None or given is None:
            kind = "decision.missing" if said is None else "decision.inserted"
        told = _WORDS[kind].format(said=_brief(said), given=_brief(given))
        event = _last_cause(given if given is not None else said)
        self._find(Discrepancy(kind, told, form.DECISIONS, number, self._scope, event=event))

    def _item(self, name: str, said: Any, given: Any) -> None:
        if said != given:
            kind: Kind = "decision.altered"
            if said is None or given is None:
                kind = "decision.missing" if said is None else "decision.inserted"
            told = _WORDS[kind].format(said=f"{name} {_brief(said)}", given=f"{name} {_brief(given)}")
            self._find(Discrepancy(kind, told, form.DECISIONS, scope=self._scope))

    def _value(self, path: str, said: Any, given: Any) -> None:
        if said != given:
            told = translated(
                "{path}: {said} is said, and the rules give {given}",
                path=path, said=_brief(said), given=_brief(given),
            )  # fmt: skip
            self._find(Discrepancy("judgement.differs", told, form.DECISIONS, scope=self._scope))

    def _find(self, finding: Discrepancy) -> None:
        self._found = True
        self._verdict.find(finding)


def _first(result: Json) -> Json:
    customers = _list(result, "customers")
    return customers[0] if customers and isinstance(customers[0], dict) else {}


def _list(value: Json, name: str) -> list[Any]:
    found = value.get(name)
    return found if isinstance(found, list) else []


def _last_cause(decision: Any) -> str | None:
    """The event that led to a decision, as far as what stands there is one."""
    because = decision.get("because") if isinstance(decision, dict) else None
    last = because[-1] if isinstance(because, list) and because else None
    return last if isinstance(last, str) else None


def _brief(value: Any) -> str:
    """A value in a line."""
    if isinstance(value, dict):
        names = ("at", "decision", "owner", "clause", "status", "shares", "deal", "dispute")
        return " ".join(str(value[name]) for name in names if value.get(name) is not None)[:200]
    return str(value)[:200]
