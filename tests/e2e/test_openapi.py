"""What OpenAPI says holds for whatever is sent: no defect of ours answers, and every answer is one that is told.

Bad bodies that a schema cannot describe (nothing, huge, another encoding, deep nesting, a key twice) are sent by
hand to every endpoint that takes one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from shared.contract import format_instant
from shared.contract.answers import LookupAnswer, PreviewAnswer
from shared.platform.http.problem import PROBLEM_TYPE
from tests.support.answers import said_by, type_of
from tests.support.parts import eventually, fresh_database, open_directory
from tests.support.system import PATIENCE, SERVICES, System, running
from tests.support.times import odd_times
from tests.support.tokens import admission

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)
TOLD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
EXAMPLES = 3
NO_LISTS = ("/metrics", "/readyz", "/quarantine", "/workbook", "/rejected", "/import-mappings/{kind}")
Listed = tuple[str, httpx.Response, dict[str, Any]]
"""A call, what it answered, and what OpenAPI says of that."""

load_all_checks()
schemathesis.serializer.alias("application/x-ndjson", "text/plain")


# Who records may write times with another offset than UTC's.
THERE = "2026-03-02T09:59:00+08:00"


@pytest.fixture(scope="module")
def system(postgres_dsn: str, kafka: str) -> Iterator[System]:
    """One deployment for the module: nothing that is sent here hinders another test of it."""
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang", "PANKE_ATTRIBUTION_LOOKUPS_MINUTE": "100000"}
    settings |= {"PANKE_ATTRIBUTION_LOOKUPS_DAY": "100000"}
    with (
        open_directory() as directory,
        fresh_database(postgres_dsn) as database,
        running(directory, database, kafka, BEGIN, settings=settings) as found,
    ):
        seq = found.record(visit())
        found.ask("/v1/scopes/demo/customers", min_seq=seq)
        yield found


@pytest.fixture(scope="module")
def lists(system: System) -> list[Listed]:
    return list(every_list(system))


def visit() -> dict[str, Any]:
    return {
        "id": str(uuid5(NAMESPACE_URL, "openapi")),
        "type": "visit.registered",
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(BEGIN),
        "data": {
            "visit": "v1",
            "customer": {"name": "张伟", "phones": ["13800000001"]},
            "received_by": "li",
            "capacity": "on_turn",
        },
    }


@pytest.mark.timeout(900)
def test_every_answer_to_generated_requests_is_one_that_is_told(system: System) -> None:
    """Requests as the documents describe them, and such as they forbid: no 5xx, and status, type and shape as told."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = admission().bearer().header
        for name in SERVICES:
            address = system.address(name)
            document = schemathesis.openapi.from_dict(system.http.get(f"{address}/openapi.json").json())
            for found in document.get_all_operations():
                fuzz(found.ok(), address, session)


def fuzz(operation: Any, address: str, session: requests.Session) -> None:
    checks = [CHECKS.get_one(name) for name in TOLD]
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path_parameters:
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def asked(case: Any) -> None:
            if isinstance(case.query, dict):
                case.query.pop(
                    "min_seq", None
                )  # a seq that never comes is waited for, and is 503 by contract
            case.call_and_validate(base_url=address, session=session, checks=checks)

        try:
            asked()
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE, operation.label  # some documents forbid nothing


@pytest.mark.timeout(900)
def test_every_time_in_every_answer_is_told_in_one_form(lists: list[Listed]) -> None:
    """UTC with `Z`, whatever offset it was recorded with; only a recorded event stands as it was written."""
    seen = 0
    for path, answer, _ in lists:
        assert list(odd_times(answer.json())) == [], path
        seen += len(re.findall(r'[0-9]Z"', answer.text))
    assert seen > 40


@pytest.mark.timeout(900)
def test_every_answer_is_all_that_its_type_says_and_no_more(system: System, lists: list[Listed]) -> None:
    """Decoded into the struct of the contract that OpenAPI names for it and encoded again it has the same bytes."""
    seen = 0
    for path, answer, media in lists:
        if path.startswith(("intake /v1", "attribution /v1")):
            body = answer.content.rstrip(b"\n")
            assert said_by(type_of(media["schema"]), body) == body, path
            seen += 1
    for call, asked in (("lookup", {"contact": "13800000001"}), ("lookup", {"contact": "13800000009"}),
                        ("preview", visit() | {"id": str(uuid4())})):  # fmt: skip
        answer = system.http.post(f"{system.address('attribution')}/v1/scopes/demo/{call}", json=asked)
        kind = LookupAnswer if call == "lookup" else PreviewAnswer
        assert said_by(kind, answer.content) == answer.content, answer.text
    assert seen > 15


def every_list(system: System) -> Iterator[Listed]:
    """Every call that only reads, of an office that has something of everything, with what OpenAPI says of it."""
    for kind, data in RECORDED:
        seq = system.record(visit() | {"id": str(uuid4()), "type": kind, "data": data, "occurred_at": THERE})
    (customer,) = system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]
    eventually(lambda: bool(alerts(system)), "the notifier knows of the claim", PATIENCE)
    given = {
        "scope": "demo", "office": "demo-office", "deal": "d1", "id": visit()["id"],
        "customer": customer["customer"], "case": alerts(system)[0]["case"], "alert": alerts(system)[0]["id"],
        "replay": ended(system, "replays", {"scope": "demo", "rulebook": "getian"}),
        "audit": ended(system, "audits", {"scope": "demo"}), "trial": trial(system),
            "rulebook": "base", "version": 1,
    }  # fmt: skip
    for name in SERVICES:
        for path, methods in system.http.get(f"{system.address(name)}/openapi.json").json()["paths"].items():
            if "get" not in methods or path.endswith(NO_LISTS):
                continue
            query = {"customer": given["customer"]} if path.endswith("/log") else {}
            query |= {"scope": "demo"} if path.endswith("/replays") else {}
            query |= {"office": "demo-office"} if path.endswith("/imports") else {}
            place = path.replace("/imports/{id}", "/imports/{trial}").format(**given)
            answer = system.http.get(f"{system.address(name)}{place}", params=query)
            assert answer.status_code == 200, f"{path}: {answer.text}"
            yield f"{name} {path}", answer, methods["get"]["responses"]["200"]["content"]["application/json"]


def trial(system: System) -> str:
    """The id of a book that was tried out."""
    book = "来访日期,客户姓名,联系电话,置业顾问\n2026-03-01,张伟,13800000001,li\n".encode()
    fields = {"office": "demo-office", "kind": "visits", "dry_run": "true"}
    sent = httpx.Request("POST", "http://here", data=fields, files={"file": ("book.csv", book)})
    answer = system.http.post(
        f"{system.address('intake')}/v1/imports",
        content=sent.read(),
        headers={"content-type": sent.headers["content-type"]},
    )
    assert answer.status_code == 202, answer.text
    id_: str = answer.json()["id"]
    job = f"{system.address('intake')}/v1/imports/{id_}"
    eventually(lambda: system.http.get(job).json()["ended_at"], "the trial ends", PATIENCE)
    return id_


def alerts(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.http.get(f"{system.address('notifier')}/v1/alerts").json()["alerts"]
    return found


PARTY = {"name": "张伟", "phones": ["13800000001"]}
# What fills the lists: people, a record with a flag, one that nobody enrolled is named in, a deal, a dispute.
RECORDED: list[tuple[str, dict[str, Any]]] = [
    ("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}),
    ("shift.opened", {"order": ["li", "wang"]}),
    ("staff.away", {"staff": "li", "reason": "brief"}),
    ("visit.registered", {"visit": "v2", "customer": {"name": "王"}, "received_by": "wang", "capacity": "on_turn"}),
    ("deal.subscribed", {"deal": "d1", "customer": PARTY, "closed_by": "wang", "project": "云山府", "unit": "1-1"}),
    ("deal.signed", {"deal": "d1"}),
    ("visit.registered", {"visit": "v3", "customer": {"phones": ["13800000001"], "name": "张"}, "received_by": "li",
                          "capacity": "on_turn"}),
]  # fmt: skip

BODIES = {
    "nothing": b"",
    "blank": b" \n ",
    "huge": b'{"id":"' + b"x" * 40_000_000 + b'"}',
    "not UTF-8": b'{"id":"\xff\xfe"}',
    "UTF-16": '{"id":"a"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "deep": b'{"data":' * 20_000 + b"1" + b"}" * 20_000,
    "a deep list": b"[" * 200_000,
    "a key twice": b'{"id":"a","id":"b","contact":"13800000001","contact":"13800000002"}',
    "NUL": b'{"id":"a\\u0000b","contact":"a\\u0000b"}',
    "half a surrogate": b'{"id":"\\ud800","contact":"\\ud800"}',
    "NaN": b'{"id":NaN,"contact":NaN}',
    "a number": b"1e400",
    "a long number": b"9" * 10_000,
    "no JSON": b"<xml/>",
}

POSTS = [
    ("intake", "/v1/events"),
    ("intake", "/v1/events:batch"),
    ("intake", "/v1/journal/demo/set-asides"),
    ("attribution", "/v1/scopes/demo/lookup"),
    ("attribution", "/v1/scopes/demo/preview"),
]

GETS = [
    ("intake", "/v1/events/{}"),
    ("attribution", "/v1/scopes/{}/customers"),
    ("attribution", "/v1/scopes/{}/judgement"),
    ("attribution", "/v1/scopes/demo/customers/{}"),
    ("attribution", "/v1/scopes/demo/customers/{}/history"),
    ("attribution", "/v1/scopes/demo/customers?owner={}"),
    ("attribution", "/v1/scopes/demo/customers?cursor={}"),
    ("attribution", "/v1/scopes/demo/customers?expires_before={}"),
    ("attribution", "/v1/scopes/demo/judgement?as_of={}"),
    ("attribution", "/v1/scopes/demo/deals?known_at={}"),
    ("attribution", "/v1/scopes/demo/customers?as_of=2026-03-02T03:00:00Z&cursor={}"),
    ("attribution", "/v1/scopes/demo/customers/{}/history?as_of=2026-03-02T03:00:00Z"),
    ("attribution", "/v1/scopes/demo/flags?limit={}"),
    ("attribution", "/v1/offices/{}/boards"),
    ("attribution", "/v1/scopes?cursor={}"),
    ("attribution", "/v1/scopes/{}/staff"),
    ("attribution", "/v1/scopes/demo/staff?cursor={}"),
    ("attribution", "/v1/scopes/demo/deals/{}"),
    ("notifier", "/v1/alerts?cursor={}"),
    ("notifier", "/v1/alerts/{}"),
]
NAMES = [
    "%00",
    "%ff%fe",
    "x" * 5000,
    "..%2f..%2fetc",
    "'%20OR%201=1--",
    "%F0%9F%98%80",
    "9" * 400,
    "%0d%0aX:%20y",
]


@pytest.mark.timeout(900)
def test_bad_input_by_hand_is_refused_and_nothing_of_it_is_kept(system: System) -> None:
    """Each body to each endpoint, each odd name in each place: a problem document, and the journal is as it was."""
    for service, path in POSTS:
        for kind, body in BODIES.items():
            answer = system.http.post(system.address(service) + path, content=body)
            if answer.status_code == 200:  # a batch answers each line
                assert path == "/v1/events:batch", (path, kind)
                assert '"status":2' not in answer.text, kind
            else:
                assert 400 <= answer.status_code < 500, (path, kind, answer.text)
                assert answer.headers["content-type"] == PROBLEM_TYPE, (path, kind)
    for service, path in GETS:
        for name in NAMES:
            answer = system.http.get(system.address(service) + path.format(name))
            assert answer.status_code < 500, (path, name, answer.text)
    assert system.record(visit()) == 1
    assert len(system.ask("/v1/scopes/demo/customers")["customers"]) == 1
    for service, log in system.logs().items():
        assert "http.defect" not in log, service


def ended(system: System, kind: str, asked: dict[str, str]) -> str:
    """The id of a job that was asked for and is over."""
    jobs = f"{system.address('attribution')}/v1/{kind}"
    answer = system.http.post(jobs, json=asked)
    assert answer.status_code in {200, 202}, answer.text
    told = answer.json()
    id_: str = told.get("id") or told["audit"]
    eventually(lambda: system.http.get(f"{jobs}/{id_}").json()["ended_at"], f"{kind} end", PATIENCE)
    return id_
