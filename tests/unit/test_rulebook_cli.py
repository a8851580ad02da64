"""`panke rulebook`: what a person reads, and how a book that is wrong ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from shared.rules.commands.rulebook import rulebook
from shared.rules.rulebooks.in_words import differences, in_words
from shared.rules.rulebooks.loading import load_book, shipped
from shared.rules.rulebooks.shape import CITING, VALUES, leaves
from shared.rules.rulebooks.words import FIELDS
from shared.rules.rulebooks.words import VALUES as TITLES

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "rulebook.schema.json").read_text(encoding="utf-8"))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rulebook, list(arguments))


def resolved(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What a node of the schema may be, references followed."""
    if "$ref" in node:
        return resolved(SCHEMA["$defs"][node["$ref"].rpartition("/")[2]])
    return [one for option in node["anyOf"] for one in resolved(option)] if "anyOf" in node else [node]


def allowed(path: str) -> list[Any]:
    """The words that the published schema allows for a field."""
    node: dict[str, Any] = SCHEMA
    for key in path.split("."):
        node = next(one["properties"][key] for one in resolved(node) if key in one.get("properties", {}))
    found = [word for one in resolved(node) for word in one.get("enum", [])]
    return found + ([True, False] if any(one.get("type") == "boolean" for one in resolved(node)) else [])


def test_list_names_what_ships() -> None:
    """list has a line for each book and for each of its earlier texts, and the same as JSON."""
    lines = [line for line in run("list").output.splitlines() if "earlier text" not in line]
    assert [line.split()[0] for line in lines] == list(shipped())
    rows = json.loads(run("list", "--json").output)
    assert [row["name"] for row in rows if not row["earlier"]] == list(shipped())


def test_check_ends_with_2_and_looks_at_every_file(tmp_path: Path) -> None:
    """check tells file, line, key and reason of the bad one on stderr, and still tells the good one."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rulebook: bad\nversion: 1\nextends: base\nkept: {cite: '9'}\n", encoding="utf-8")
    result = run("check", str(bad), "reception")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{bad}:4: kept.cite: ")
    assert result.stdout.startswith("reception: good: reception 1 ")
    assert run("check", "reception").exit_code == 0


@pytest.mark.parametrize("arguments", [("show",), ("explain",), ("diff", "base")])
def test_a_bad_book_ends_every_command_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """No command goes on with a book that is wrong."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("rulebook: bad\n", encoding="utf-8")
    result = run(*arguments, str(bad))
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{bad}:1: version: missing" in result.stderr


def test_show_gives_values_with_clauses() -> None:
    """show has every value as an office would write it, with its clause; --source the text itself."""
    told = json.loads(run("show", "shijiazhuang", "--json").output)
    assert told["values"]["follow_up.every.visit"] == {"value": "4 days", "clause": "shijiazhuang.4"}
    assert told["extends"] == ["base"]
    source = run("show", "shijiazhuang", "--source").output
    assert source == load_book("shijiazhuang").texts[-1].decode()
    assert any(
        line.split() == ["kept", "shijiazhuang.1"] for line in run("show", "shijiazhuang").output.splitlines()
    )


@pytest.mark.parametrize("name", ["base", "confirmation", "getian", "handbook", "reception", "shijiazhuang"])
def test_explain_tells_every_clause_and_value(name: str) -> None:
    """explain prints each clause of the book and each of its values, in both languages."""
    book, output = load_book(name), run("explain", name).output
    for clause in book.sheets[-1].clauses:
        assert (
            f"\n{clause}\n  {book.rulebook.clauses[clause].zh}\n  {book.rulebook.clauses[clause].en}\n"
            in output
        )
    for value in in_words(book):
        assert f"- {value.text.zh}\n" in output and f"  {value.text.en}\n" in output


def test_explain_in_one_language() -> None:
    """With --lang zh nothing is told in English."""
    assert "最后一次有效联系后4天内有效" in run("explain", "shijiazhuang", "--lang", "zh").output
    assert "valid for 4 days" not in run("explain", "shijiazhuang", "--lang", "zh").output


def test_there_are_words_for_every_value_that_may_be_written() -> None:
    """Each word that the schema allows for a field has its saying, and each value its title."""
    assert set(TITLES) == {*CITING, "registration.first"}
    for value, shape in VALUES.items():
        for leaf in leaves(shape):
            path = f"{value}.{leaf}"
            if path != "registration.first" and not path.startswith("penalties."):
                assert all(word in FIELDS[path] or ... in FIELDS[path] for word in allowed(path)), path


def test_visits_that_are_not_honoured_are_told_as_kept(tmp_path: Path) -> None:
    """`honour.visit: none` falls through to "kept" (procedure.md#fine-honour-visit-none): a visit gives its claim."""
    path = tmp_path / "office.yaml"
    path.write_text(
        "rulebook: office\nversion: 1\nextends: base\nhonour: {visit: {by: none}, call: {by: none}}\n",
        encoding="utf-8",
    )
    told = run("explain", str(path), "--lang", "en").output
    assert "A claim by visit, when another receives: honoured whenever the records show it" in told
    assert "A claim by call, when another receives: only a record; it gives no claim" in told


def test_a_list_that_names_nothing_is_told_in_words(tmp_path: Path) -> None:
    """An empty list is a value: nobody approves, no way of contact counts, no link makes a household."""
    path = tmp_path / "office.yaml"
    path.write_text(
        "rulebook: office\nversion: 1\nextends: base\ntransfers: {approved_by: []}\n"
        "follow_up: {every: 4 days, methods: []}\nhousehold: {relations: []}\n",
        encoding="utf-8",
    )
    told = run("explain", str(path), "--lang", "en").output
    assert "Transfers: needs no approval" in told
    assert "only visits and calls count" in told
    assert "for no link; any link is only recorded" in told


def test_diff_finds_what_differs() -> None:
    """diff names each field whose value or clause differs, and tells the two kinds apart."""
    found = {d.path: d for d in differences(load_book("base"), load_book("handbook"))}
    assert set(found) == {
        "registration.requires",
        "registration.first",
        "disputes.authority",
        "disputes.approved_by",
        "disputes.evidence",
        "transfers.approved_by",
        "corrections.approved_by",
    }
    after = found["transfers.approved_by"].after
    assert after is not None and after.value == "[admin_manager, general_manager]"
    lines = run("diff", "base", "handbook").output.splitlines()
    assert lines[-1] == "5 of 7 differ in their value, the others in their clause only."


def test_diff_as_json_names_both_books() -> None:
    """diff --json carries both books with their digests and every difference."""
    told = json.loads(run("diff", "reception", "shijiazhuang", "--json").output)
    assert (told["before"]["name"], told["after"]["name"]) == ("reception", "shijiazhuang")
    assisted = next(d for d in told["differences"] if d["path"] == "deal.assisted.owner")
    assert (assisted["before"]["value"], assisted["after"]["value"]) == ("7000", "null")
    only = next(d for d in told["differences"] if d["path"] == "penalties.out_of_turn.zh")
    assert only["after"] is None


def test_a_book_does_not_differ_from_itself() -> None:
    """The same book twice gives no difference."""
    assert differences(load_book("getian"), load_book("getian")) == []
