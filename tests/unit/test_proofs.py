"""`panke rulebook prove`: small histories one and all, and the shortest that shows what an office would not want."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shared.rules.commands.rulebook import rulebook
from shared.rules.judge.files import open_events
from shared.rules.judge.judge import judge
from shared.rules.proofs.faults import FAULTS, FaultKind, ShownFault
from shared.rules.proofs.folding import PrefixJudge
from shared.rules.proofs.instants import instants_of
from shared.rules.proofs.search import RulebookProof, SearchBounds, prove
from shared.rules.rulebooks.loading import load

CLEAN = """
rulebook: clean
version: 1
extends: base
title: {zh: 无冲突, en: without conflict}
designated: {honoured: false}
"""
CONFLICTING = """
rulebook: conflicting
version: 1
extends: base
title: {zh: 有冲突, en: with a conflict}
assist: {new_customers: receiver}
named: {honoured: true}
"""
LAPSING = """
rulebook: lapsing
version: 1
extends: base
title: {zh: 会失效, en: lapsing}
follow_up: {every: 3 days}
"""


DISTANT = """
rulebook: distant
version: 1
extends: base
title: {zh: 期限极长, en: of distant ends}
honour: {call: {within: 999 months}}
follow_up: {every: {visit: 9999 days, call: 7 days}}
"""


@pytest.fixture
def books(tmp_path: Path) -> Path:
    for name, text in (
        ("clean", CLEAN),
        ("conflicting", CONFLICTING),
        ("lapsing", LAPSING),
        ("distant", DISTANT),
    ):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def proved(
    book: str | Path, facts: int, *faults: FaultKind, jobs: int = 1, seconds: float = 600
) -> RulebookProof:
    loaded = load(str(book))
    bounds = SearchBounds(facts, seconds=seconds, faults=faults or FAULTS)
    return prove(PrefixJudge(loaded, {(loaded.name, loaded.version): loaded}), bounds, jobs)


def words(finding: ShownFault, course: int = 0) -> list[str]:
    return [placed.step.kind for placed in finding.courses[course].steps]


def test_a_rulebook_in_which_a_visit_has_one_ground_alone_shows_nothing_in_two_facts(books: Path) -> None:
    """All histories of two facts are judged, and none shows a fault."""
    proof = proved(books / "clean.yaml", 2)
    assert (proof.findings, proof.searched, proof.exhaustive) == ({}, 2, True)
    assert proof.histories > 100


def test_two_clauses_that_give_a_customer_to_different_people_are_shown_in_one_visit(books: Path) -> None:
    """Asked for at the door, and named when asked: each alone decides, by its own clause, for its own consultant."""
    finding = proved(books / "conflicting.yaml", 2).findings["conflict"]
    both, first, second = finding.courses
    assert len(both.steps) == 1
    assert (first.owner, first.clauses) == ("wang", ("base.designated",))
    assert (second.owner, second.clauses) == ("zhao", ("base.named",))
    assert both.owner == "wang"


def test_a_deal_that_is_signed_and_pays_nobody_is_shown(books: Path) -> None:
    """Whoever closes it is barred by a complaint, and nobody else ever came."""
    finding = proved(books / "clean.yaml", 4, "unpaid").findings["unpaid"]
    assert words(finding) == ["plain", "complaint", "subscribed", "signed"]
    assert finding.courses[0].shares == {}


def test_who_gains_by_entering_late_is_shown_beside_the_same_entered_at_once(books: Path) -> None:
    """Where claims lapse, an entry a day late lives a day longer; the happenings are the same."""
    finding = proved(books / "lapsing.yaml", 3, "late").findings["late"]
    at_once, late = finding.courses
    assert finding.who is not None
    assert (late.shares or {}).get(finding.who, 0) > (at_once.shares or {}).get(finding.who, 0)  # type: ignore[call-overload]
    assert sorted(one.number for one in at_once.steps) == sorted(one.number for one in late.steps)
    assert {one.occurred for one in at_once.steps} == {one.occurred for one in late.steps}


def test_the_order_of_two_records_of_one_instant_is_looked_for_on_request(books: Path) -> None:
    """Whoever is recorded first owns a new customer, in every rulebook."""
    finding = proved(books / "clean.yaml", 2, "order").findings["order"]
    one, other = finding.courses
    assert one.steps == other.steps[::-1]
    assert (one.owner, one.shares) != (other.owner, other.shares)


def test_what_is_found_does_not_depend_on_the_number_of_processes(books: Path) -> None:
    """Three find what one finds, among as many histories."""
    alone, together = (proved(books / "lapsing.yaml", 3, "late", "conflict", jobs=jobs) for jobs in (1, 3))
    assert alone == together


def test_a_window_that_ends_after_the_years_of_the_contract_has_no_instants(books: Path) -> None:
    """Nothing happens there: no record can be of a later year than the last one of the contract."""
    tried = instants_of(load(str(books / "distant.yaml")))
    assert [at.year for at in tried if at.year > 2026] == [2053, 2053]
    assert proved(books / "distant.yaml", 1).histories > 0


def test_a_search_that_runs_out_of_time_says_how_far_it_came(books: Path) -> None:
    """Without any time no length is whole."""
    proof = proved(books / "clean.yaml", 4, seconds=0)
    assert (proof.exhaustive, proof.searched) == (False, 0)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rulebook, ["prove", *arguments, "--jobs", "1"])


def test_the_command_shows_the_history_in_words_with_clauses_and_as_files_to_judge(
    books: Path, tmp_path: Path
) -> None:
    """Exit 1; `panke judge` over a file gives the owner that the command told."""
    told = run(str(books / "conflicting.yaml"), "--facts", "1", "--output", str(tmp_path / "out"))
    assert told.exit_code == 1, told.output
    assert "base.designated" in told.output
    assert "asks for wang" in told.output
    book = load(str(books / "conflicting.yaml"))
    for n, owner in enumerate(("wang", "wang", "zhao"), 1):
        with open_events(str(tmp_path / "out" / f"conflict-{n}.ndjson")) as lines:
            [customer] = judge(lines, book, {}).customers
        assert customer.owner == owner


def test_the_command_says_with_nothing_found_what_was_searched(books: Path) -> None:
    """Exit 0, and the counts; as JSON too."""
    told = run(str(books / "clean.yaml"), "--facts", "2")
    assert told.exit_code == 0, told.output
    assert "nothing was found" in told.output
    plain = json.loads(run(str(books / "clean.yaml"), "--facts", "2", "--json").output)
    assert (plain["exhaustive"], plain["searched"], plain["findings"]) == (True, 2, [])


def test_the_command_refuses_a_rulebook_that_is_none_with_two(tmp_path: Path) -> None:
    """A name that nobody knows, and a file with an unknown key."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rulebook: bad\nversion: 1\nextends: base\ntitle: {zh: x, en: x}\nnothing: 1\n")
    assert run("nobody").exit_code == run(str(bad)).exit_code == 2
