"""The short form in which the cases of the rules are written: read, made into events, judged, compared.

A case is a sentence with the facts that show it. An event's first key is its kind and its id
(`visit: v1`), `who` names the customer by number, and what a case does not say has a plain default; so a case
holds only what matters to its sentence. Flags, penalties, disputes and deals are compared whole, named or not:
what the rules do beside the sentence must be nothing.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from shared.rules.domain.rulebook import Rulebook
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import result_of

HERE = Path(__file__).parent
LOCAL = timezone(timedelta(hours=8))
OFFICE = "demo-office"
STAFF = {
    "li": "consultant", "wang": "consultant", "zhao": "consultant", "zhou": "consultant", "sun": "supervisor",
    "gao": "manager", "ding": "director", "adm": "admin_manager", "gm": "general_manager",
}  # fmt: skip
ENVELOPE = {"at", "rec", "scope", "office", "carried"}


class Words(yaml.CSafeLoader):
    """YAML in which yes, no, on, off and dates stay words; read in C, as every process of the tests reads all cases."""


Words.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if not pair[0].endswith((":bool", ":timestamp", ":int", ":float"))]
    for first, pairs in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True, slots=True)
class Case:
    """One case as it is written."""

    file: str
    name: str
    said: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.file}: {self.name}"


def read_cases() -> list[Case]:
    """Every case of every file beside this one."""
    found = []
    for path in sorted((HERE / "cases").glob("*.yaml")):
        said = yaml.load(path.read_text(encoding="utf-8"), Words)
        found += [Case(path.stem, case.pop("case"), case) for case in said]
    return found


# From the short form to events


def instant(text: str) -> datetime:
    """`03-01 10:00[:SS]` is local time of 2026; anything longer is RFC 3339."""
    if re.match(r"\d\d-\d\d ", text):
        return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=LOCAL)
    return datetime.fromisoformat(text)


def event_id(short: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"panke-rules:{short}"))


def dispute_id(short: str) -> str:
    name = short.removeprefix("system:")
    return f"system:{event_id(name)}" if name != short else short


def contact(number: str) -> str:
    """The phone of customer `1` is +8613800000001; what is longer is a contact as it stands."""
    return f"+861380000{int(number):04d}" if number.isdigit() else number


def party(who: Any) -> dict[str, Any]:
    """`1`: a name and a phone; `1 2`: two phones; `1?`: no name; `?`: a name and an empty list of phones."""
    if isinstance(who, dict):
        return who
    words = str(who).split()
    numbers = [word.rstrip("?") for word in words if word.rstrip("?")]
    named = {} if words[0].endswith("?") and numbers else {"name": f"客户{words[0].rstrip('?')}"}
    return {**named, "phones": [contact(number) for number in numbers]}


def _words(text: Any) -> list[str]:
    return text if isinstance(text, list) else str(text).split()


Data = dict[str, Any]


def _visit(said: Data, short: str) -> Data:
    data = {"visit": short, "received_by": said.pop("by"), "capacity": "on_turn"}
    for behalf in [said.pop("for", None)]:
        if behalf is not None:
            data |= {"capacity": "assist", **({"on_behalf_of": behalf} if behalf != "-" else {})}
    if "ended_at" in said:
        said["ended_at"] = instant(said["ended_at"]).isoformat()
    if "present" in said:
        said["present"] = _words(said["present"])
    if "asked" in said:
        said["asked"] = {"visited_before": "yes", **said["asked"]}
    referrers = _words(said.pop("referred", ""))
    if referrers:
        data["referred_by"] = [
            {"phone": contact(word)} if word.isdigit() else {"consultant": word} for word in referrers
        ]
    return data


def _recognise(said: Data, short: str) -> Data:
    data = {"visit": said.pop("of"), "evidence": _words(said.pop("evidence", []))}
    if "record" in said:
        data["registration"] = event_id(said.pop("record"))
    return data


def _rule(said: Data, short: str) -> Data:
    data: Data = {"dispute": dispute_id(said.pop("of")), "ruled_by": said.pop("by"), "reason": "r"}
    if "shares" in said:
        data["shares"] = {k: int(v) for k, v in (word.split("=") for word in _words(said.pop("shares")))}
    return data


KINDS: dict[str, tuple[str, Callable[[Data, str], Data]]] = {
    "enrol": ("staff.enrolled", lambda s, i: {"staff": s["name"], "role": s.pop("role", "consultant")}),
    "depart": ("staff.departed", lambda s, i: {}),
    "adopt": (
        "rulebook.adopted",
        lambda s, i: {"version": 1, "effective_from": instant(s.pop("from")).isoformat()},
    ),
    "shift": ("shift.opened", lambda s, i: {"order": _words(s.pop("order"))}),
    "away": ("staff.away", lambda s, i: {}),
    "back": ("staff.back", lambda s, i: {}),
    "visit": ("visit.registered", _visit),
    "call": ("call.registered", lambda s, i: {"answered_by": s.pop("by")}),
    "outreach": ("outreach.registered", lambda s, i: {"method": "sms"}),
    "follow": ("followup.recorded", lambda s, i: {"method": "phone", "subject": "s", "content": "c"}),
    "recognise": ("customer.recognised", _recognise),
    "household": (
        "household.linked",
        lambda s, i: {"members": [party(m) for m in s.pop("members")], "relation": "spouse"},
    ),
    "complain": ("complaint.upheld", lambda s, i: {"decided_by": "gao", "reason": "r"}),
    "conceal": (
        "concealment.found",
        lambda s, i: {"visit": s.pop("of"), "decided_by": "gao", "reason": "r"},
    ),
    "transfer": (
        "claim.transferred",
        lambda s, i: {
            "requested_by": "li", "approved_by": _words(s.pop("approved", "gao")), "reason": "r",
        },
    ),
    "deal": (
        "deal.subscribed",
        lambda s, i: {"deal": i, "closed_by": s.pop("by"), "project": "p", "unit": "u"},
    ),
    "sign": ("deal.signed", lambda s, i: {"deal": s.pop("of")}),
    "cancel": ("deal.cancelled", lambda s, i: {"deal": s.pop("of"), "reason": "r"}),
    "dispute": (
        "dispute.opened",
        lambda s, i: {"dispute": i, "opened_by": s.pop("by", "wang"), "reason": "r"},
    ),
    "evidence": (
        "dispute.evidence_added",
        lambda s, i: {"dispute": dispute_id(s.pop("of")), "by": "wang", "evidence": ["photo"]},
    ),
    "rule": ("dispute.ruled", _rule),
    "correct": (
        "record.corrected",
        lambda s, i: {
            "record": event_id(s.pop("of")), "reason": "r", "requested_by": "wang",
            "approved_by": _words(s.pop("approved", "gao")),
        },
    ),
    "approve": (
        "record.approved",
        lambda s, i: {"record": event_id(s.pop("of")), "stage": "approved", "by": "gao"},
    ),
    "survey": (
        "survey.recorded",
        lambda s, i: {
            "consultant": "li", "score": 5,
            "answers": dict.fromkeys(("greeted", "introduced", "patient", "clear", "would_recommend"), 1),
        },
    ),
    "profile": ("profile.recorded", lambda s, i: {"by": s.pop("by", "li"), "set": {"level": "A"}}),
    "plan": (
        "plan.made",
        lambda s, i: {"plan": i, "by": s.pop("by", "li"), "kind": "follow_up", "on": "2026-03-05", "purpose": "p"},
    ),
    "amend": (
        "record.amended",
        lambda s, i: {
            "record": event_id(s.pop("of")), "reason": "r", "requested_by": "wang",
            "approved_by": _words(s.pop("approved", "gao")),
            **({"withdrawn": True} if s.pop("withdrawn", False) else {"set": {"channel": "c"}}),
        },
    ),
    "erase": (
        "person.erased",
        lambda s, i: {"people": _words(s.pop("people")), "reason": "r", "asked_by": "a", "by": "gao"},
    ),
}  # fmt: skip


def expand(event: Data) -> Data:
    """The envelope of one event."""
    said = dict(event)
    kind = next(iter(said))
    name = said.pop(kind)
    type_, make = KINDS[kind]
    short = said.pop("id", name)
    envelope = {key: said.pop(key) for key in ENVELOPE if key in said}
    at = instant(envelope["at"])
    recorded = instant(envelope["rec"]) if "rec" in envelope else at + timedelta(minutes=2)
    data = make(said, name)
    if "who" in said:
        data["customer"] = party(said.pop("who"))
    scope = envelope.get("scope", "demo")
    return {
        "id": event_id(short),
        "type": type_,
        "scope": scope,
        "office": envelope.get("office", f"{scope}-office"),
        "actor": "desk",
        "occurred_at": at.isoformat(),
        "recorded_at": recorded.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": {**data, **said},
        **({"carried": _carried(envelope["carried"])} if "carried" in envelope else {}),
    }


def _carried(attested_by: str) -> Data:
    return {"register": "book", "row": 1, "attested_by": attested_by}


def enrolments(scope: str = "demo") -> Iterator[Data]:
    for name, role in STAFF.items():
        short = f"staff-{scope}-{name}"
        yield {"enrol": short, "at": "01-01 08:00", "scope": scope, "staff": name, "name": name, "role": role}


# Judging


@cache
def books() -> dict[tuple[str, int], Rulebook]:
    return {(book.name, book.version): book for book in map(load, shipped())}


def rulebook(case: Case, folder: Path) -> Rulebook:
    """The rulebook of a case: a shipped name, or what an office changes of one."""
    said = case.said.get("rulebook", "base")
    if isinstance(said, str):
        return load(said)
    path = folder / "own.yaml"
    head = {"rulebook": "own", "version": 1, "extends": "base", "title": {"zh": "自定", "en": "Own"}}
    path.write_text(json.dumps({**head, **_numbers(said)}, ensure_ascii=False), encoding="utf-8")
    return load(path)


def _numbers(said: Any) -> Any:
    """Numbers of a rulebook are written as words here."""
    if isinstance(said, dict):
        return {key: _numbers(value) for key, value in said.items()}
    return int(said) if isinstance(said, str) and said.isdigit() else said


def judged(case: Case, folder: Path) -> Data:
    """What is decided of the events of a case."""
    events = [*enrolments(), *case.said["events"]]
    lines = [json.dumps(expand(event), ensure_ascii=False).encode() for event in events]
    times: Data = {key: instant(case.said[key]) for key in ("as_of", "known_at") if key in case.said}
    return result_of(lines, rulebook(case, folder), books(), **times)
