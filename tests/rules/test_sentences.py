"""Rule, sentence, function and case lead to each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.form import read_cases
from tests.rules.look import RULES, found_at, lines_of, look_up
from tests.rules.sentences import ROOT, Sentence, read_sentences
from tests.unit.test_docs import anchors

SENTENCES = read_sentences()
DOMAIN = RULES / "domain"
PROCEDURE = ROOT / "docs" / "rules" / "procedure.md"
# What carries facts in and events out, and decides nothing itself.
MACHINERY = {
    "case", "case_again", "draft", "evolve", "events", "facts", "needs", "precedent", "record", "state",
}  # fmt: skip
DECIDING = {"decide", "flag", "penalise"}
APPLIED = [sentence for sentence in SENTENCES.values() if sentence.held is None]
HELD = [sentence for sentence in SENTENCES.values() if sentence.held is not None]
# What only names or introduces what the rules under it say.
INTRODUCING = {
    "registration-kinds", "visits-table", "recognition-until", "discovery-what", "boards-what", "boards-whose",
    "boards-away",
}  # fmt: skip


def test_every_sentence_has_a_case() -> None:
    """Each sentence that records can show is shown by at least one case."""
    shown = {key for case in read_cases() for key in case.said.get("of", [])}
    assert [sentence.key for sentence in APPLIED if sentence.key not in shown] == []


def test_every_case_names_sentences_of_the_table() -> None:
    """A case says which sentences it shows, and these are in the table."""
    named = {key for case in read_cases() for key in case.said["of"]}
    assert sorted(named - {sentence.key for sentence in APPLIED}) == []


def test_every_sentence_is_a_rule_of_the_procedure() -> None:
    """The anchor that a sentence names is set in the procedure."""
    known = anchors(PROCEDURE)
    assert [sentence.key for sentence in SENTENCES.values() if sentence.at not in known] == []


def test_every_rule_of_the_procedure_has_a_sentence() -> None:
    """Each rule, row and fine point is put into a sentence; a flag is one of the rule that sets it."""
    told = re.findall(r'<a id="([^"]+)"></a>', PROCEDURE.read_text(encoding="utf-8"))
    rules = {name for name in told if not name.startswith("flag-")} - INTRODUCING
    assert sorted(rules - {sentence.at for sentence in SENTENCES.values()}) == []


@pytest.mark.parametrize("sentence", APPLIED, ids=lambda sentence: sentence.key)
def test_a_sentence_leads_to_the_functions_that_apply_it(sentence: Sentence) -> None:
    """Every function that a sentence names is there."""
    assert sentence.by
    assert [name for name in sentence.by if not is_there(name)] == []


def test_each_function_that_decides_has_a_sentence() -> None:
    """A function of the domain that decides, flags or fines, or that others call to judge, is named by a sentence."""
    named = {name for sentence in SENTENCES.values() for name in sentence.by}
    deciding = [name for path in sorted(DOMAIN.glob("*.py")) for name in functions_that_decide(path)]
    assert deciding
    assert [name for name in deciding if name not in named] == []


def test_a_function_that_cites_a_rule_is_named_by_its_sentence() -> None:
    """The rule in a function's docstring leads to a sentence that names the function."""
    named = {(sentence.at, name) for sentence in SENTENCES.values() for name in sentence.by}
    rules = {at for at, _ in named}
    cited = {pair for path in sorted(DOMAIN.glob("*.py")) for pair in rules_cited(path)}
    assert cited
    assert sorted(pair for pair in cited - named if pair[0] in rules) == []


def rules_cited(file: Path) -> Iterator[tuple[str, str]]:
    """The anchors of the procedure that functions cite in their docstrings, each with the function."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            told = re.findall(r"procedure\.md#([\w-]+)", ast.get_docstring(node) or "")
            yield from ((anchor, f"{file.stem}.{node.name}") for anchor in told)


@pytest.mark.parametrize("sentence", HELD, ids=lambda sentence: sentence.key)
def test_what_no_records_show_is_held_by_a_test(sentence: Sentence) -> None:
    """What the rules say of input and of rulebook files is held by a test that is there."""
    assert not sentence.by
    assert stands(*str(sentence.held).split("::"))


def stands(path: str, test: str) -> bool:
    """Whether the file has a test of that name."""
    file = ROOT / path
    return file.is_file() and f"def {test}(" in file.read_text(encoding="utf-8")


def is_there(name: str) -> bool:
    """Whether a function or method of this name is defined in the module that it names."""
    try:
        found_at(name)
    except LookupError:
        return False
    return True


def functions_that_decide(file: Path) -> Iterator[str]:
    """The functions that call `case.decide`, `.flag` or `.penalise`, and the public ones that are given a case."""
    if file.stem in MACHINERY:
        return
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and (is_called_to_judge(node) or decides(node)):
            yield f"{file.stem}.{node.name}"


def is_called_to_judge(node: ast.FunctionDef) -> bool:
    """Whether other modules may call it with the case."""
    return not node.name.startswith("_") and any(part.arg == "case" for part in node.args.args)


def decides(node: ast.FunctionDef) -> bool:
    """Whether it decides, flags or fines itself."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in DECIDING
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "case"
        for call in ast.walk(node)
    )


@pytest.mark.parametrize("word", ["registration.row5", "visits-row-5", "visits._forfeited", "shijiazhuang.5"])
def test_a_rule_is_found_by_sentence_anchor_function_and_clause(word: str) -> None:
    """Whichever of them is known leads to the others, and to the cases."""
    told = "\n".join(line for sentence in look_up(word) for line in lines_of(sentence))
    assert "registration.row5: " in told
    assert "docs/rules/procedure.md#visits-row-5" in told
    assert re.search(r"shared/rules/domain/visits\.py:\d+ visits\._forfeited", told)
    assert re.search(r"tests/rules/cases/03-registration\.yaml:\d+ an owner who stood by", told)
