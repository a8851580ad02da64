"""A rulebook on trial: what `panke rulebook try` tells of past facts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from shared.rules.commands.rulebook import rulebook
from shared.rules.judge.comparison import ChangedConsultant, RulebookComparison, try_rulebook
from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.loading import load, shipped

BOOKS = {(book.name, book.version): book for book in map(load, shipped())}


def line(number: int, kind: str, at: str, **data: object) -> bytes:
    """One event of a small history; `at` is a time of March 2026 in UTC."""
    event = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": f"2026-03-{at}Z",
        "recorded_at": f"2026-03-{at}Z",
        "data": data,
    }
    return json.dumps(event).encode()


CUSTOMER = {"name": "张伟", "phones": ["13800000001"]}
VISIT = {"customer": CUSTOMER, "capacity": "on_turn"}
FACTS = [
    line(1, "visit.registered", "01T02:00:00", visit="v1", received_by="li", **VISIT),
    line(2, "visit.registered", "04T02:00:00", visit="v2", received_by="wang", **VISIT),
    line(
        3, "deal.subscribed", "04T08:00:00", deal="d1", customer=CUSTOMER, closed_by="wang",
        project="garden", unit="1-101", amount="1000000.00",
    ),
]  # fmt: skip


def tried(facts: list[bytes], candidate: str, against: str) -> RulebookComparison:
    return try_rulebook(facts, load(candidate), load(against), BOOKS)


def test_a_split_that_the_candidate_lacks_moves_its_share_to_the_owner() -> None:
    """Under reception the assistant who closes has 30 percent, under getian nothing: 3000 points, 300000 yuan."""
    trial = tried(FACTS, "getian", "reception")
    assert trial.counts.basis_points_moved == 3000
    assert {row.staff: (row.basis_points, row.amount) for row in trial.consultants} == {
        "li": (3000, "300000.00"),
        "wang": (-3000, "-300000.00"),
    }
    assert trial.deals[0].before.shares == {"li": 7000, "wang": 3000}
    assert trial.deals[0].after.shares == {"li": 10000}


def test_a_rulebook_tried_against_itself_changes_nothing() -> None:
    """The same book twice gives no difference."""
    trial = tried(FACTS, "reception", "reception")
    assert (trial.customers, trial.deals, trial.consultants) == ([], [], [])


def test_adoptions_in_the_facts_count_for_what_was_decided_and_not_for_the_candidate() -> None:
    """A scope that adopted getian is compared as it was judged; the candidate stands alone."""
    adoption = line(
        9, "rulebook.adopted", "01T01:00:00", rulebook="getian", version=1,
        effective_from="2026-03-01T00:00:00Z",
    )  # fmt: skip
    trial = tried([adoption, *FACTS], "reception", "base")
    assert trial.deals[0].before.shares == {"li": 10000}
    assert trial.deals[0].after.shares == {"li": 7000, "wang": 3000}


def test_a_lapse_that_only_the_candidate_knows_changes_the_customer() -> None:
    """A claim that never lapses under reception has lapsed under shijiazhuang after four days."""
    later = line(4, "staff.enrolled", "20T02:00:00", staff="chen", name="陈", role="consultant")
    trial = tried([FACTS[0], later], "shijiazhuang", "reception")
    [changed] = trial.customers
    assert changed.before is not None and changed.after is not None
    assert (changed.before.status, changed.after.status) == ("owned", "lapsed")
    assert trial.consultants == [ChangedConsultant("li", -1, 0, "0.00")]


def test_bad_facts_are_refused_by_line() -> None:
    """The message names the line."""
    with pytest.raises(BadInputError, match="line 2"):
        tried([FACTS[0], b"{}"], "getian", "reception")


def test_the_command_tells_the_difference_as_a_table_and_as_json(tmp_path: Path) -> None:
    """Both forms name the clause of either side."""
    facts = tmp_path / "facts.ndjson"
    facts.write_bytes(b"\n".join(FACTS))
    arguments = ["try", "getian", str(facts), "--against", "reception"]
    table = CliRunner().invoke(rulebook, arguments)
    assert table.exit_code == 0, table.output
    assert "[reception.4]" in table.output
    told = json.loads(CliRunner().invoke(rulebook, [*arguments, "--json"]).output)
    assert told["counts"]["deals_changed"] == 1


def test_the_command_refuses_what_it_cannot_read_with_two(tmp_path: Path) -> None:
    """A missing file, a bad line and an unknown rulebook end with 2."""
    bad = tmp_path / "bad.ndjson"
    bad.write_text("{")
    for arguments in (["getian", str(tmp_path / "none")], ["getian", str(bad)], ["nobody", str(bad)]):
        assert CliRunner().invoke(rulebook, ["try", *arguments]).exit_code == 2
