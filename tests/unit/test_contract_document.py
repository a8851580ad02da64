"""The contract is what the code does: fields, values, rules, flags, calls, topics and examples of docs/contract.md."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import pytest
from msgspec import NODEFAULT, Struct
from msgspec.structs import fields

import shared.contract.fields as kinds
import shared.contract.topics as topics
from services.intake.answers import batch_ndjson
from services.intake.model.submission import Accepted, JournalPlace, MalformedEventError
from shared.contract import DATA_TYPES, RULES, BadEvent, bad, decode_event, decode_set_aside, parse_instant
from shared.contract import events as ev
from shared.contract.profile import catalogue
from shared.contract.times import Instant
from shared.contract.warnings import MESSAGES
from shared.platform.http.problem import bad_event
from shared.rules.rulebooks.loading import load
from shared.rules.rulebooks.registry import Registry
from tests.support.answers import result_of
from tests.support.calls_page import PAGE, page
from tests.support.documents import DOCS, ROOT, examples, name_in, section, slug, tables
from tests.unit.test_openapi_documents import APPS

CONTRACT = DOCS / "contract.md"
KINDS: dict[str, Any] = {
    "staff id": kinds.StaffId,
    "id": kinds.VisitId,
    "event id": kinds.EventId,
    "rulebook name": kinds.RulebookName,
    "name": kinds.Label,
    "person name": kinds.PersonName,
    "WeChat id": kinds.WechatId,
    "subject": kinds.Subject,
    "aside": kinds.Aside,
    "prose": kinds.Prose,
    "remark": kinds.Remark,
    "note": kinds.Note,
    "phone": kinds.Phone,
    "staff phone": kinds.PhoneAddress,
    "address": kinds.Address,
    "amount": kinds.Amount,
    "date": kinds.Day,
    "version": kinds.Version,
    "row": kinds.Row,
    "score": kinds.Score,
    "party size": kinds.PartySize,
    "count": kinds.Count,
    "percentage": kinds.Percentage,
    "size in bytes": kinds.Bytes,
    "area": kinds.Area,
    "digest": kinds.Sha256,
    "media type": kinds.MediaType,
    "scheme name": kinds.SchemeName,
    "basis points": kinds.BasisPoints,
    "list of person names": kinds.PersonNames,
    "list of ids": kinds.PlanIds,
    "list of profile keys": ev.ProfileKeyList,
    "list of staff ids": kinds.StaffList,
    "list of prose": kinds.Evidence,
    "list of phones": kinds.Phones,
    "list of person ids": kinds.People,
    "time": Instant,
    "place": kinds.ScopeId,
    "boolean": bool,
}
PARTS: dict[str, type[Struct]] = {
    "party": ev.Party,
    "corrected-party": ev.CorrectedParty,
    "asked": ev.Asked,
    "referrer": ev.Referrer,
    "staff-contacts": ev.StaffContacts,
    "survey-answers": ev.SurveyAnswers,
    "carried": ev.Carried,
    "obstacle": ev.Obstacle,
    "deal-terms": ev.DealTerms,
    "due-term": ev.DueTerm,
    "work-counts": ev.WorkCounts,
    "check-item": ev.CheckItem,
    "amended-fields": ev.AmendedFields,
}
WRITTEN_ALIKE = (
    kinds.DealId, kinds.DisputeId, kinds.PlanId, kinds.FeedbackId, kinds.ReservationId, kinds.RequestId, kinds.CheckId,
)  # fmt: skip
MESSAGES_OF = {
    "decision-message": topics.DecisionMessage,
    "claim-message": topics.ClaimMessage,
    "staff-message": topics.StaffMessage,
}
EVERY_SERVICE = ("/healthz", "/readyz", "/metrics")


def section_of(anchor: str) -> str:
    return section(CONTRACT, anchor)


def rows(anchor: str, number: int = 0) -> list[list[str]]:
    """The rows of a table of a section."""
    return tables(section_of(anchor))[number]


def names(anchor: str, number: int = 0) -> list[str]:
    """What a table is about: the names in its first column."""
    return [name_in(row[0]) for row in rows(anchor, number)]


def event_sections() -> dict[str, str]:
    """Event type → its section, as the index of the contract links it."""
    linked = {name_in(row[0]): re.findall(r"\(#([\w-]+)\)", row[1]) for row in rows("events")}
    return {kind: anchor for kind, (anchor,) in linked.items()}


def value(hint: Any) -> str:
    """How the contract names a type."""
    hint = kinds.VisitId if hint in WRITTEN_ALIKE else hint
    named = next((name for name, kind in KINDS.items() if hint == kind), None)
    if named is not None:
        return named
    if hint == ev.Answer:
        return "`0`, `1`"
    if hint is ev.ProfileValues:
        return "profile values"
    if hint in PARTS.values():
        return next(name for name, part in PARTS.items() if part is hint).replace("-", " ")
    arguments = [one for one in get_args(hint) if one is not type(None)]
    if get_origin(hint) is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if get_origin(hint) is dict:
        return f"object: {value(arguments[0])} → {value(arguments[1])}"
    if get_origin(hint) is tuple:
        one = value(arguments[0])
        several = {"party": "parties"}
        return f"list of {one}" if one.startswith("`") else f"list of {several.get(one, one + 's')}"
    assert get_origin(hint) is Annotated or len(arguments) == 1, hint
    return value(arguments[0])


def fields_of(model: type[Struct]) -> list[tuple[str, str, str]]:
    """Name, whether it is needed, and kind of each field, as a table of the contract has them."""
    hints = get_type_hints(model, include_extras=True)
    return [(f"`{one.encode_name}`", needed(one), value(hints[one.name])) for one in fields(model)]


def needed(field: Any) -> str:
    return "yes" if field.default is NODEFAULT and field.default_factory is NODEFAULT else ""


def told_fields(anchor: str) -> list[tuple[str, str, str]]:
    """The same, as the contract tells them."""
    return [
        (name, must, re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", kind)) for name, must, kind, _ in rows(anchor)
    ]


def test_the_contract_has_every_event_in_order() -> None:
    """The index lists the event types as the decoder knows them, and each leads to its section."""
    assert list(event_sections()) == list(DATA_TYPES)
    assert all(f"`{kind}`" in section_of(anchor) for kind, anchor in event_sections().items())


@pytest.mark.parametrize("kind", DATA_TYPES)
def test_the_contract_has_every_field_of_an_event(kind: str) -> None:
    """Names, order, which are needed, and what their values are."""
    assert told_fields(event_sections()[kind]) == fields_of(DATA_TYPES[kind])


@pytest.mark.parametrize("anchor", PARTS)
def test_the_contract_has_every_field_of_a_part(anchor: str) -> None:
    """What events are made of is told likewise."""
    assert told_fields(anchor) == fields_of(PARTS[anchor])


@pytest.mark.parametrize("kind", DATA_TYPES)
def test_the_example_of_an_event_can_be_sent(kind: str) -> None:
    """Each event has an example that the decoder takes."""
    (example,) = examples(section_of(event_sections()[kind]))
    assert decode_event(example.encode(), recorded=False).type == kind


def test_the_contract_has_every_key_of_a_profile() -> None:
    """Each key of the catalogue in its order, how it is held, and what it is called in both languages."""
    assert [(name_in(key), held, said) for key, _, held, said in rows("profile-values")] == [
        (name, entry.kind + ", by scheme" * entry.by_scheme, f"{entry.zh} ({entry.en})")
        for name, entry in catalogue().items()
    ]


def test_the_contract_has_the_envelope() -> None:
    """The fields of the envelope; `recorded_at` and `carried` alone may be missing."""
    known = {field.name: needed(field) for field in fields(ev.Event)}
    assert {name_in(row[0]): row[1] for row in rows("envelope")} == known
    (example,) = examples(section_of("envelope"))
    assert decode_event(example.encode(), recorded=True).recorded_at is not None


def test_the_contract_has_the_sizes_of_values() -> None:
    """Every kind that a table names is explained, with its bounds."""
    told = {name: said for cell, said in rows("kinds-of-values") for name in cell.split(", ")}
    assert set(told) == {*KINDS} - {"boolean"}
    for name, kind in KINDS.items():
        for meta in getattr(kind, "__metadata__", ()):
            bounds = (meta.min_length, meta.max_length, meta.ge, meta.le)
            for bound in bounds if meta.pattern is None else ():
                assert bound is None or re.search(rf"\b{bound}\b", told[name]), (name, bound)


def test_the_contract_has_every_rule() -> None:
    """Each rule that the decoder knows, in its order; those of the journal stand in the code of a service."""
    assert names("rules-of-a-field") == list(RULES)
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    assert [rule for rule in names("rules-of-the-journal") if f'"{rule}"' not in sources] == []


def test_the_contract_has_every_warning() -> None:
    """The rules of warnings, in their words."""
    assert {name_in(rule): said for rule, said in rows("warnings")} == {
        rule: re.findall(r"\((.+)\)$", message)[0] for rule, message in MESSAGES.items()
    }


def flags_of_the_rules() -> Iterator[str]:
    """What the domain flags: `case.flag("x")`, `flags.append("x")`, the reasons of a follow-up and of a ruling."""
    for path in sorted((ROOT / "shared" / "rules" / "domain").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                flags = node.func.attr == "flag" or ast.unparse(node.func) == "flags.append"
                yield from words(node.args) if flags else ()
            elif isinstance(node, ast.FunctionDef) and node.name in ("refusal", "_reasons"):
                for part in ast.walk(node):
                    yield from words(part.keys if isinstance(part, ast.Dict) else [])
                    yield from words([part.value] if isinstance(part, ast.Return) else [])


def words(nodes: list[Any]) -> Iterator[str]:
    """The words among expressions, and what a choice between two of them can be."""
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from words([node.body, node.orelse])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_contract_has_every_flag() -> None:
    """Each flag that the rules give is named, and no other, with a link to where it is explained."""
    told = re.findall(r"\[`(\w+)`\]\(rules/procedure\.md#flag-(\w+)\)", section_of("flags"))
    assert sorted(flag for flag, _ in told) == sorted(set(flags_of_the_rules()))
    assert all(flag == anchor for flag, anchor in told)


def test_the_contract_has_every_decision_and_status() -> None:
    """What may be decided, and how customers and deals may stand."""
    assert names("decisions", 1) == list(get_args(topics.Decision))
    status = dict(rows("customers-of-a-result"))["`status`"]
    assert set(re.findall(r"`(\w+)`", status)) - {"owner"} == set(get_args(topics.ClaimStatus))
    status = dict(rows("deals-of-a-result"))["`status`"]
    assert set(re.findall(r"`(\w+)`", status)) == set(get_args(topics.DealStatus))


def test_the_result_of_the_contract_is_what_judge_answers() -> None:
    """The records that it shows, judged, give the result that it shows, and its tables have every field."""
    (records,) = examples(section_of("result"), "ndjson")
    (shown,) = [json.loads(block) for block in examples(section_of("result"))]
    judged = result_of(records.encode().splitlines(), load("reception"), Registry("").books)
    shown["rulebook"]["sha256"] = judged["rulebook"]["sha256"]
    assert shown == judged
    assert names("result") == list(judged)
    assert names("customers-of-a-result") == list(judged["customers"][0])
    assert names("decisions") == list(judged["customers"][0]["decisions"][0])
    assert names("deals-of-a-result") == list(judged["deals"][0])
    assert names("disputes-of-a-result") == list(judged["disputes"][0])
    assert names("boards-of-a-result") == list(judged["boards"]["east-1"]["visit"])
    assert names("flags") == list(judged["flags"][0])
    assert names("penalties") == list(judged["penalties"][0])


def calls_of(service: str) -> dict[str, tuple[set[str], set[str]]]:
    """Each call of a service: its query parameters and the statuses that it may be answered with."""
    found = {}
    for path, methods in APPS[service]().openapi()["paths"].items():
        for method, operation in methods.items():
            query = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            found[f"{method.upper()} {path}"] = query, set(operation["responses"]) - {"default"}
    return found


@pytest.mark.parametrize("service", APPS)
def test_the_contract_has_every_call(service: str) -> None:
    """Every call of a service, with its query parameters and its answers, and no other."""
    anchor = "calls-of-the-notifier" if service == "notifier" else f"calls-of-{service}"
    told = {
        name_in(call): (set(re.findall(r"`(\w+)`", query)), set(answers.split(", ")))
        for call, query, answers, _ in rows(anchor) + rows("calls-of-every-service")
    }
    assert told == calls_of(service)


def test_the_contract_has_every_topic_and_header() -> None:
    """Names and headers of the topics, and what a topic that keeps everything is made with."""
    known = topics.Topics()
    assert set(names("topics")) == {
        known.intake, known.ownership, known.dead, known.log, known.intake_watermark, known.ownership_watermark
    }  # fmt: skip
    known_headers = {field.name.replace("_", "-") for field in fields(topics.Headers)}
    assert set(names("headers")) == known_headers
    dead = dict(topics.dead_headers("", "", 0, 0))
    assert all(f"`{name}`" in section_of("headers") for name in dead)


@pytest.mark.parametrize("anchor", MESSAGES_OF)
def test_the_contract_has_every_field_of_a_message(anchor: str) -> None:
    """Fields and example of each message of the ownership topic."""
    model = MESSAGES_OF[anchor]
    assert [(name, must) for name, must, _ in rows(anchor)] == [
        (f"`{field.name}`", needed(field)) for field in sorted(fields(model), key=order_in(anchor))
    ]
    (example,) = examples(section_of(anchor))
    assert isinstance(topics.decode_message(example.encode()), model)


def order_in(anchor: str) -> Any:
    """Messages are keyword only: the order of their fields is the table's own."""
    told = names(anchor)
    return lambda field: told.index(field.name) if field.name in told else len(told)


def test_the_contract_has_the_watermark() -> None:
    """Fields and example of a watermark."""
    assert set(names("watermark-message")) == {field.name for field in fields(topics.WatermarkMessage)}
    (example,) = examples(section_of("watermark-message"))
    assert topics.decode_watermark(example.encode()).offset == 42


def test_a_setting_aside_is_as_an_export_has_it() -> None:
    """The example of a record that sets an event aside is read as `panke judge` reads it."""
    (example,) = examples(section_of("setting-aside"))
    assert decode_set_aside(example.encode()).line().decode() == example.strip().replace(
        '": "', '":"'
    ).replace('", "', '","')


def test_every_guarantee_names_tests_that_are_there() -> None:
    """Each guarantee has an anchor, what holds it, and files of tests."""
    guarantees = rows("guarantees")
    assert [re.findall(r'<a id="(g\d)"></a>', row[0]) for row in guarantees] == [
        [f"g{n}"] for n in range(1, 7)
    ]
    for _, said, held, tested in guarantees:
        paths = re.findall(r"`([\w/.]+)`", tested)
        assert said and held and paths
        assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_headings_of_the_contract_are_links() -> None:
    """No two headings have one anchor, so a citation leads to one place."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"(?s)```.*?```", "", CONTRACT.read_text(encoding="utf-8")), re.M
    )
    found = [slug(heading) for heading in headings]
    assert sorted(set(found)) == sorted(found)


def test_the_page_of_calls_is_current() -> None:
    """docs/calls.md shows every call with the example of today; `python -m tests.support.calls_page` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run .venv/bin/python -m tests.support.calls_page"


def test_the_refusal_of_the_contract_is_as_it_is_answered() -> None:
    """The problem document that it shows is that of an event whose phone is none."""
    (example,) = examples(section_of("refusals"))
    (event,) = examples(section_of("outreach-registered"))
    with pytest.raises(BadEvent) as refusal:
        decode_event(event.replace("13800000003", "138").encode(), recorded=False)
    assert json.loads(example) == json.loads(bytes(bad_event(refusal.value).body))


def test_the_results_of_a_batch_are_as_they_are_answered() -> None:
    """A line that was taken, and one that was refused, as the contract shows them."""
    (example,) = examples(section_of("recording-a-batch"), "ndjson")
    taken, refused = map(json.loads, example.splitlines())
    place = JournalPlace(taken["id"], taken["scope"], taken["seq"], parse_instant(taken["recorded_at"]))
    unknown = bad("type", "unknown_type")
    outcomes = [Accepted(place), MalformedEventError(unknown.path, unknown.rule, unknown.message)]
    assert [json.loads(line) for line in batch_ndjson(outcomes).splitlines()] == [taken, refused]
