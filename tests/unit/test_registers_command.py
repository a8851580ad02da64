"""`panke report`: a report over a file of events, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.registers.cli import report_command
from tests.support.journal import WrittenJournal


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two visits in time, and one of the first day that is entered two days later."""
    written = WrittenJournal()
    written.visit("03-02 10:00", "a")
    written.visit("03-03 10:00", "b", by="wang")
    written.visit("03-02 09:00", "b", recorded="03-05 10:00")
    path = tmp_path_factory.mktemp("journal") / "north.ndjson"
    path.write_bytes(b"\n".join(written.lines()))
    return path


def run(journal: Path, *more: str) -> Result:
    days = ("--from", "2026-03-02", "--to", "2026-03-03")
    return CliRunner().invoke(report_command, [*more, "--journal", str(journal), *days])


def test_json_has_every_figure_with_its_definition_and_the_ids_behind_it(journal: Path) -> None:
    """Each number can be opened to the records that it counts."""
    answer = json.loads(run(journal, "R1", "--office", "east", "--json").stdout)
    (table, _) = answer["tables"]
    assert table["total"]["figures"]["visits"]["value"] == "3"
    assert len(table["total"]["figures"]["visits"]["ids"]) == 3
    heading = next(one for one in table["columns"] if one["column"] == "visits")["heading"]
    assert heading == {"zh": "批次", "en": "visits"}


def test_an_issued_report_explains_how_the_later_one_differs(journal: Path) -> None:
    """The late entry is named as what makes the difference."""
    asked = ("traffic", "--office", "east", "--issued", "2026-03-04T00:00:00Z")
    answer = json.loads(run(journal, *asked, "--json").stdout)
    (visits,) = [
        one for one in answer["differences"] if (one["column"], one["line"]) == ("visits", ["2026-03-02"])
    ]
    assert (visits["issued"], visits["later"]) == ("1", "2")
    assert [one["reason"] for one in visits["rows"][0]["reasons"]] == ["late"]
    assert "补录" in run(journal, *asked).stdout


def test_known_at_leaves_out_what_was_recorded_later(journal: Path) -> None:
    """The report of the evening is found again."""
    asked = ("traffic", "--office", "east", "--known-at", "2026-03-04T00:00:00Z", "--json")
    answer = json.loads(run(journal, *asked).stdout)
    assert answer["tables"][0]["total"]["figures"]["visits"]["value"] == "2"


@pytest.mark.parametrize(
    "asked",
    [("nothing",), ("due", "--by", "day"), ("due", "--office", "west"), ("due", "--rulebook", "none")],
)
def test_a_wrong_question_ends_with_two_and_says_why(journal: Path, asked: tuple[str, ...]) -> None:
    """Nothing is printed but what is wrong."""
    result = run(journal, *asked)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "panke report" in result.stderr


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("due", "--office", "nowhere"), "east"),
        (("due", "--xlsx", "/nonexist/x.xlsx"), "/nonexist"),
        (("due", "--from", "2026-02-29"), "2026-02-29"),
        (("targets", "--from", "0001-01-01"), "0001-01-01"),
        (("due", "--to", "9999-12-31"), "9999-12-31"),
        (("traffic", "--from", "1772323200"), "1772323200"),
    ],
)
def test_a_refusal_names_what_is_wrong(journal: Path, asked: tuple[str, ...], says: str) -> None:
    """An office that is not there with those that are, a folder, a day; and no trace of the program."""
    name, *more = asked
    days = ("--from", "2026-03-02", "--to", "2026-03-03")
    result = CliRunner().invoke(report_command, [name, "--journal", str(journal), *days, *more])
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert "--by" not in result.stderr


def test_the_table_says_by_the_office_s_clock_when_it_was_known(journal: Path) -> None:
    """To the second, in the zone of the rulebook."""
    told = run(journal, "due", "--office", "east", "--known-at", "2026-03-04T00:00:00.123456Z").stdout
    assert "2026-03-04 08:00:00" in told
    assert "123456" not in told


def test_the_scheme_is_the_one_that_the_office_adopted(tmp_path: Path) -> None:
    """From its day on, without being named; another may be named all the same."""
    written = WrittenJournal()
    written.add(
        "scheme.adopted", "03-01 08:00", scheme="habc", version=1, effective_from="2026-03-02T00:00:00+08:00"
    )
    path = tmp_path / "north.ndjson"
    path.write_bytes(b"\n".join(written.lines()))
    for days, more, scheme in (
        (("2026-03-01", "2026-03-01"), (), "base 1"),
        (("2026-03-01", "2026-03-02"), (), "habc 1"),
        (("2026-03-01", "2026-03-02"), ("--scheme", "oabc"), "oabc 1"),
    ):
        period = ("--from", days[0], "--to", days[1], "--office", "east", "--journal", str(path), "--json")
        result = CliRunner().invoke(report_command, ["due", *period, *more])
        assert json.loads(result.stdout)["scheme"] == scheme


@pytest.mark.parametrize("option", ["--scheme-folder", "--rulebook-folder", "--place-names"])
def test_a_mistake_of_a_file_is_told_in_both_languages(tmp_path: Path, option: str) -> None:
    """By the words of its kind of file."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nversion: 1\n")
    journal = tmp_path / "journal.ndjson"
    journal.write_text("")
    told = run(journal, "traffic", option, str(wrong if option == "--place-names" else tmp_path))
    assert told.exit_code == 2
    assert f"{wrong}:2: version: given twice, first on line 1（此键重复" in told.stderr
