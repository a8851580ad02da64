"""The harness of the benchmarks: what it generates, computes and keeps. Nothing here is timed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from bench import __main__ as command
from bench.folding import headers_of, records
from bench.generator import CONSULTANTS, PER_DAY, Made, facts, take
from bench.judge import write
from bench.load import Requests
from bench.measure import Goal, Result, at_least, at_most, in_turns, median_ratio, rounded
from bench.noop import create
from bench.report import document, keep, line
from bench.scale import Scope
from shared.contract import decode_event
from shared.contract.topics import decode_headers
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import result_of

COMMIT = {"id": "0" * 40, "changed": False}


def test_facts_are_of_the_contract() -> None:
    """Every generated fact passes the decoder, and all types that cost most are among them."""
    kinds = Counter(decode_event(made.body, recorded=True).type for made in take(6000, 20))
    assert {"visit.registered", "record.corrected", "customer.recognised", "dispute.ruled"} <= kinds.keys()
    assert kinds["visit.registered"] + kinds["followup.recorded"] > 3000


def test_same_seed_same_facts() -> None:
    """A seed decides every byte, and another seed decides otherwise."""
    assert take(500, 5) == take(500, 5)
    assert take(500, 5) != take(500, 5, seed=2)


def test_facts_stand_in_recorded_order() -> None:
    """The stream is what a journal could hold: times never run back, and each scope counts from 1."""
    made = take(5 * PER_DAY * 3, 5)
    times = [fact.recorded_at for fact in made]
    assert times == sorted(times)
    assert [fact.seq for fact in made if fact.scope == made[0].scope] == list(range(1, PER_DAY * 3 + 1))


def test_generated_facts_are_judged() -> None:
    """The offices live: customers are owned, disputed and sold to, under every rulebook that ships."""
    books = {(book.name, book.version): book for book in map(load, shipped())}
    answer = result_of((made.body for made in take(3000, 10)), load("base"), books)
    assert {"owned", "disputed", "closed"} <= {customer["status"] for customer in answer["customers"]}
    clauses = {customer["clause"].partition(".")[0] for customer in answer["customers"] if customer["clause"]}
    assert len(clauses) >= 4


def test_files_of_several_sizes_begin_alike(tmp_path: Path) -> None:
    """A shorter file is the beginning of a longer one, so that only length tells them apart."""
    paths = write(tmp_path, (50, 200))
    short, long = (paths[size].read_bytes() for size in (50, 200))
    assert long.startswith(short)
    assert (short.count(b"\n"), long.count(b"\n")) == (50, 200)


def test_requests_repeat_no_id() -> None:
    """Each event of the load is new to intake, and such as HTTP takes it: without a time of recording."""
    requests = Requests(100, "token")
    bodies = [requests.next().partition(b"\r\n\r\n")[2] for _ in range(30)]
    events = [decode_event(text, recorded=False) for body in bodies for text in body.split(b"\n")]
    assert len({event.id for event in events}) == 3000


def test_request_announces_its_length() -> None:
    """The head of a request states how many bytes follow."""
    head, _, body = Requests(1, "token").next().partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_noop_serves_what_intake_serves() -> None:
    """The limit answers at the same paths, behind the same middlewares."""
    app = create()
    paths = app.openapi()["paths"]
    assert {"/v1/events", "/v1/events:batch"} <= paths.keys()
    behind = [getattr(added.cls, "__name__", "") for added in app.user_middleware]
    assert behind == ["AnswerHeaders", "AccessLog", "OriginGuard", "BodyLimit"]


def test_records_are_those_of_the_relay() -> None:
    """A record has its place in the headers, and a scope's first one the rulebook that it begins under."""
    first, second = (decode_headers(record.headers) for record in records(take(2, 1)))
    assert (first.seq, first.default_rulebook) == (1, "base")
    assert (second.seq, second.default_rulebook) == (2, None)
    assert headers_of(take(1, 1)[0], "shijiazhuang") != headers_of(take(1, 1)[0])


def test_sizes_name_each_customer_once_a_batch() -> None:
    """A measured batch loads as many customers at every size, and the warm one the same as the cold one."""
    scope = Scope("scope-1", 1000)
    opening = list(scope.opening())
    assert len(opening) == 1000 + len(CONSULTANTS)
    cold, warm = _phones(scope.cold()), _phones(scope.warm())
    assert cold == warm
    assert len(set(cold)) == len(cold)


def _phones(made: list[Made]) -> list[str]:
    bodies = [msgspec.json.decode(fact.body) for fact in made]
    return [body["data"]["customer"]["phones"][0] for body in bodies]


def test_turns_alternate() -> None:
    """Measures take turns, so that what slows a round slows all of them."""
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns(2, one=lambda: measure("one"), other=lambda: measure("other"))
    assert order == ["one", "other", "one", "other"]
    assert found == {"one": [1.0, 3.0], "other": [2.0, 4.0]}


def test_ratio_is_the_median_of_rounds() -> None:
    """One round that was disturbed does not decide."""
    assert median_ratio([2.0, 200.0, 4.0], [1.0, 1.0, 2.0]) == 2.0
    assert rounded(123456.0) == 123500.0


@pytest.mark.parametrize(
    ("goal", "met"),
    [
        (at_least("a", 0.45, 0.45), True),
        (at_least("a", 0.44, 0.45), False),
        (at_most("a", 1.25, 1.25), True),
        (at_most("a", 1.26, 1.25), False),
    ],
)
def test_goal_knows_its_side(goal: Goal, met: bool) -> None:
    """A goal is met on its limit and on the right side of it, and the line for a person says which."""
    assert goal.met is met
    assert ("SHORT" in line(goal)) is not met


def test_result_is_kept_with_its_commit(tmp_path: Path) -> None:
    """A kept result says what was measured where, and whether each goal is met."""
    result = Result("sample", (at_least("of one to another", 2.0, 1.0),), {"facts": 3})
    told = json.loads(keep("sample", document(result, 1.0, COMMIT), tmp_path).read_text())
    assert told["commit"] == COMMIT
    assert told["goals"] == [
        {"what": "of one to another", "ratio": 2.0, "side": "at least", "limit": 1.0, "met": True}
    ]
    assert told["machine"]["cpus"] >= 1


def test_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is none ends with the names that are, before anything is measured."""
    with pytest.raises(SystemExit, match="2"):
        command.main(["sprint"])
    assert "judge" in capsys.readouterr().err


def test_every_benchmark_can_be_named() -> None:
    """Each name has a module with something to run."""
    for name in command.BENCHMARKS:
        module = __import__(f"bench.{name}", fromlist=["run"])
        assert callable(module.run)


def test_scopes_take_turns() -> None:
    """One fact of each scope after the other, as many offices work side by side."""
    stream = facts(3)
    assert [next(stream).scope for _ in range(6)] == ["scope-0000", "scope-0001", "scope-0002"] * 2
