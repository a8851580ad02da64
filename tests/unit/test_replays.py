"""A replay: what another rulebook, fewer or more facts would have come to, the same however it is spread."""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from bench.generator import facts as generated
from shared.contract.answers.replays import ReplayResult
from shared.contract.case_numbers import case_number
from shared.rules.commands.replay import replay_command
from shared.rules.judge.amounts import by_shares, flows
from shared.rules.judge.encoding import pieces
from shared.rules.judge.reading import BadInputError
from shared.rules.replays.change import Change, ReplaySetup
from shared.rules.replays.run import added_events, replay_files
from shared.rules.replays.workbook import write_workbook
from shared.rules.rulebooks.loading import load, shipped
from tests.support.workbooks import read_workbook
from tests.unit.test_trial import FACTS, VISIT, line

BOOKS = {(book.name, book.version): book for book in map(load, shipped())}


def replayed(
    lines: list[bytes], opening: str = "reception", jobs: int = 1, add: tuple[bytes, ...] = (), **change: Any
) -> ReplayResult:
    setup = ReplaySetup(load(opening), BOOKS, Change(**change))
    setup = ReplaySetup(load(opening), BOOKS, Change(**change, add=added_events(add, setup)))
    whole = b"".join(pieces(replay_files([("facts", nullcontext(lines))], setup, jobs=jobs)))
    return msgspec.json.decode(whole, type=ReplayResult)


def id_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def test_another_rulebook_moves_shares_from_whom_they_were_to_whom_they_would_be() -> None:
    """Under getian the assistant's 30 percent go to the owner: points and money by consultant and by way."""
    result = replayed(FACTS, rulebook=load("getian"))
    [moved] = result.movements
    assert (moved.giver, moved.taker, moved.basis_points, moved.amount) == ("wang", "li", 3000, "300000.00")
    assert [(one.staff, one.basis_points) for one in result.consultants] == [("li", 3000), ("wang", -3000)]
    assert result.counts.amount_moved == "300000.00"


def test_a_decision_stands_beside_the_one_of_the_same_record() -> None:
    """Both sides of a deal's decision name their clause and the events that they rest on."""
    [deal] = replayed(FACTS, rulebook=load("getian")).deals
    [pair] = deal.decisions
    assert pair.before is not None and pair.after is not None
    assert (pair.before.clause, pair.after.clause) == ("reception.4", "base.honour")
    assert pair.before.because[-1] == pair.after.because[-1] == id_of(3)


def test_a_fact_that_is_left_out_gives_the_customer_to_the_next() -> None:
    """Without the first visit the customer is the second consultant's, under another id of its own."""
    result = replayed(FACTS, drop=frozenset({id_of(1)}))
    [changed] = result.customers
    assert changed.before is not None and changed.after is not None
    assert (changed.before.owner, changed.after.owner) == ("li", "wang")
    assert changed.became is not None and changed.became != changed.customer
    assert result.counts.facts_dropped == 1


def test_a_fact_that_is_put_in_counts_where_it_was_recorded() -> None:
    """A visit to a third consultant before all others makes that one the owner."""
    earlier = line(7, "visit.registered", "01T01:00:00", visit="v0", received_by="zhao", **VISIT)
    result = replayed(FACTS, add=(earlier,))
    assert {one.staff: one.customers for one in result.consultants} == {"li": -1, "zhao": 1}


def test_what_is_left_out_must_be_there_and_what_is_put_in_must_not() -> None:
    """Both refusals name the field and the event."""
    with pytest.raises(BadInputError, match=r"^drop: .*000000000009"):
        replayed(FACTS, drop=frozenset({id_of(9)}))
    with pytest.raises(BadInputError, match=r"^add: .*000000000001"):
        replayed(FACTS, add=(FACTS[0],))


def test_a_replay_in_which_nothing_is_changed_has_no_difference() -> None:
    """The same facts under the same rulebook differ in nothing, whatever happened in the offices."""
    lines = [fact.body for fact, _ in zip(generated(5), range(600), strict=False)]
    result = replayed(lines)
    assert (result.customers, result.deals, result.movements) == ([], [], [])
    assert result.counts.facts == 600


def test_the_bytes_are_the_same_for_any_number_of_processes_and_any_cut_into_files() -> None:
    """One process, three, and two files in which scopes lie across: one result."""
    lines = [fact.body for fact, _ in zip(generated(6), range(3_000), strict=False)]
    setup = ReplaySetup(load("base"), BOOKS, Change(rulebook=load("reception")))

    def told(jobs: int, *files: list[bytes]) -> bytes:
        sources = [(str(n), nullcontext(file)) for n, file in enumerate(files)]
        return b"".join(pieces(replay_files(sources, setup, jobs=jobs)))

    whole = told(1, lines)
    assert len(json.loads(whole)["movements"]) > 3
    assert told(3, lines) == whole
    assert told(2, lines[:1_000], lines[1_000:]) == whole


def test_what_consultants_gain_and_lose_sums_to_nothing_in_points_and_in_cents() -> None:
    """Money that moves comes from somebody and goes to somebody, also where shares are odd."""
    lines = [fact.body for fact, _ in zip(generated(4), range(2_000), strict=False)]
    result = replayed(lines, "base", rulebook=load("reception"))
    assert result.counts.basis_points_moved > 0
    assert sum(one.basis_points for one in result.consultants) == 0
    assert sum(round(float(one.amount) * 100) for one in result.consultants) == 0


def test_a_line_that_is_wrong_is_named_by_its_file_and_number() -> None:
    """Also where it is one of another scope's lines, and in another process."""
    lines = [fact.body for fact, _ in zip(generated(3), range(2_500), strict=False)]
    bad = json.loads(lines[2_000])
    bad["type"] = "visit.imagined"
    lines[2_000] = json.dumps(bad).encode()
    for jobs in (1, 2):
        with pytest.raises(BadInputError, match=r"^facts: line 2001: type"):
            replayed(lines, jobs=jobs)


def test_what_was_set_aside_counts_on_neither_side() -> None:
    """The export says of a fact that it is left out; its owner is the next consultant on both sides."""
    aside = {"set_aside": id_of(1), "reason": "a defect", "by": "chen", "at": "2026-03-09T00:00:00Z"}
    result = replayed([*FACTS, json.dumps(aside).encode()], rulebook=load("getian"))
    assert (result.counts.facts, result.deals) == (2, [])


def test_money_by_shares_is_cut_to_the_cent_and_the_rest_goes_to_the_first() -> None:
    """By share, then by staff id; the parts sum to the whole."""
    assert by_shares(100, {"a": 3333, "b": 3333, "c": 3334}) == {"a": 33, "b": 33, "c": 34}  # type: ignore[dict-item]
    assert by_shares(101, {"b": 5000, "a": 5000}) == {"a": 51, "b": 50}  # type: ignore[dict-item]


def test_what_has_nowhere_to_go_goes_to_nobody() -> None:
    """A deal that only one side has takes from its consultants without giving to others."""
    assert list(flows({"a": 7, "b": 3}, {"b": 5})) == [("a", "b", 2), ("a", None, 5)]  # type: ignore[dict-item]
    assert list(flows({}, {"b": 5})) == [(None, "b", 5)]  # type: ignore[dict-item]


def test_a_workbook_holds_every_text_as_text_and_is_the_same_each_time() -> None:
    """A name that a program would take for a formula is a quoted cell of text; two writings give the same bytes."""
    named = json.loads(FACTS[0])
    named["data"]["customer"]["name"] = "=HYPERLINK(1)"
    result = replayed([json.dumps(named).encode(), *FACTS[1:]], drop=frozenset({id_of(1)}))
    written = [io.BytesIO(), io.BytesIO()]
    for file in written:
        write_workbook(result, file)
    assert written[0].getvalue() == written[1].getvalue()
    with zipfile.ZipFile(written[0]) as book:
        sheets = [book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name]
    assert len(sheets) == 7
    assert not any("<f>" in sheet for sheet in sheets)
    assert any('t="inlineStr"' in sheet for sheet in sheets)


def test_a_workbook_calls_staff_by_their_names_and_customers_by_their_case_numbers() -> None:
    """Each with the id besides, by which records are found; the id alone of whom nobody named."""
    result = replayed(FACTS, rulebook=load("getian"))
    file = io.BytesIO()
    write_workbook(result, file, {"wang": "王强"})
    cells = {cell for sheet in read_workbook(file.getvalue()) for cell in sheet.texts()}
    assert "王强 (wang)" in cells and "wang" not in cells
    assert any(re.search(r"王强 \(wang\) \d+", cell) and "li " in cell for cell in cells), "shares"
    assert {case_number(one.customer) for one in result.deals} <= cells


def run(tmp_path: Path, *arguments: str) -> Result:
    facts = tmp_path / "facts.ndjson"
    facts.write_bytes(b"\n".join(FACTS))
    return CliRunner().invoke(replay_command, [str(facts), "--against", "reception", *arguments])


def test_the_command_tells_the_difference_as_tables_as_json_and_as_a_workbook(tmp_path: Path) -> None:
    """Clauses of both sides in each; the workbook is a zip of the form."""
    out = tmp_path / "out.xlsx"
    told = run(tmp_path, "--rulebook", "getian", "--xlsx", str(out))
    assert told.exit_code == 0, told.output
    assert "[reception.4]" in told.output
    assert zipfile.is_zipfile(out)
    whole = json.loads(run(tmp_path, "--rulebook", "getian", "--json").output)
    assert whole["movements"][0]["from"] == "wang"


def test_a_value_of_the_rulebook_may_be_another_one(tmp_path: Path) -> None:
    """With half of a deal for whoever assisted, 2000 points more move to that one."""
    settings = "deal.assisted={owner: 5000, assistant: 5000}"
    told = run(tmp_path, "--set", settings, "--json")
    assert told.exit_code == 0, told.output
    whole = json.loads(told.output)
    assert whole["counts"]["basis_points_moved"] == 2000
    assert whole["changed"]["rulebook"]["name"] == "reception-changed"


def test_the_command_refuses_what_it_cannot_do_with_two(tmp_path: Path) -> None:
    """Nothing changed, an unknown rulebook, an unknown fact, an unknown value, a file that is not there."""
    for arguments in ([], ["--rulebook", "nobody"], ["--drop", id_of(9)], ["--set", "deal.nothing=1"],
                      ["--set", "version=2"], ["--add", str(tmp_path / "none")]):  # fmt: skip
        told = run(tmp_path, *arguments)
        assert told.exit_code == 2, (arguments, told.output)
        assert told.output.count("\n") >= 1
