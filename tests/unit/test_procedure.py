"""docs/rules/procedure.md: its anchors, the shipped books side by side, and its flags."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

import pytest

from shared.rules.rulebooks.in_words import Setting, settings
from shared.rules.rulebooks.loading import load_book
from tests.unit.test_docs import FENCE, ROOT, anchors, text

PROCEDURE = ROOT / "docs" / "rules" / "procedure.md"
CASES = ROOT / "tests" / "rules" / "README.md"
BOOKS = ("reception", "getian", "shijiazhuang", "confirmation", "handbook")


def test_every_anchor_of_the_procedure_is_set_once() -> None:
    """A citation leads to one place."""
    headings = re.findall(r"^#+ (.+)$", text(PROCEDURE), re.MULTILINE)
    named = re.findall(r'<a id="([^"]+)"></a>', text(PROCEDURE))
    slugs = [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings]
    assert [name for name, times in Counter([*named, *slugs]).items() if times > 1] == []


def test_each_rule_of_the_procedure_has_an_anchor() -> None:
    """Every paragraph, row and point that begins in bold, with a number or as a fine point can be cited."""
    body = text(PROCEDURE).split("## Time\n", 1)[1].split("### Shipped books", 1)[0]
    bare = re.findall(r"^(?:\*\*[^*]+\*\*|- (?!<a id|\[)|\| \d).*$", body, re.MULTILINE)
    assert bare == []


def test_the_shipped_books_stand_side_by_side_as_they_are() -> None:
    """Where a book that ships differs from base, the table says so, and nowhere else."""
    section = text(PROCEDURE).split("### Shipped books", 1)[1].split("## Flags", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == list(side_by_side())


def side_by_side() -> Iterator[str]:
    """A row for each value but penalties in which a book differs from base, in value or in clause."""
    base, books = settings(load_book("base")), {name: settings(load_book(name)) for name in BOOKS}
    paths = dict.fromkeys(path for said in (base, *books.values()) for path in said)
    for path in paths:
        cells = [cell(name, books[name].get(path), base.get(path)) for name in BOOKS]
        if any(cells) and not path.startswith("penalties."):
            value = base[path].value if path in base else ""
            yield " | ".join([f"| `{path}`", f"`{value}`" if value else "", *cells]) + " |"


def cell(book: str, own: Setting | None, base: Setting | None) -> str:
    """The book's own clause in brackets, behind its value where that is another one than base's."""
    if own is None or own == base:
        return ""
    clause = f"({own.clause.removeprefix(f'{book}.')})"
    return clause if base is not None and own.value == base.value else f"`{own.value}` {clause}"


@pytest.mark.parametrize("name", ["base", *BOOKS])
def test_each_clause_of_a_page_leads_to_its_rules(name: str) -> None:
    """Under the values of a clause stand the rules that read them."""
    page = text(ROOT / "docs" / "rules" / f"{name}.md")
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    told = {clause: re.findall(r"^Rules: (.+)$", body, re.MULTILINE) for clause, body in pairs(parts)}
    by_clause = rules_by_clause(name)
    wanted = {clause: [", ".join(link(rule) for rule in by_clause.get(clause, []))] for clause in told}
    assert told == {clause: lines if lines != [""] else [] for clause, lines in wanted.items()}


def pairs(parts: list[str]) -> Iterator[tuple[str, str]]:
    """Headings with what stands under them."""
    yield from zip(parts[1::2], parts[2::2], strict=True)


def link(rule: str) -> str:
    """A link to a rule of the procedure."""
    return f"[{rule}](procedure.md#{rule})"


def rules_by_clause(name: str) -> dict[str, list[str]]:
    """The rules that read the values of each clause that the book writes itself."""
    found: dict[str, dict[str, None]] = {}
    for path, setting in settings(load_book(name)).items():
        rule = next((rule for key, rule in rules_of_keys() if f"{path}.".startswith(f"{key}.")), None)
        assert rule is not None, path
        found.setdefault(setting.clause, {})[rule] = None
    return {clause: list(rules) for clause, rules in found.items()}


@cache
def rules_of_keys() -> list[tuple[str, str]]:
    """Each key of a rulebook with the rule that reads it, as the guide has them, the longest key first."""
    found: list[tuple[str, str]] = []
    for row in re.findall(r"^\| `.+ \|$", text(ROOT / "docs" / "rules" / "README.md"), re.MULTILINE):
        cells = row.strip("| ").split(" | ")
        keys, rules = (
            re.findall(r"`([\w.]+)`", cells[0]),
            re.findall(r"\(procedure\.md#([\w-]+)\)", cells[-1]),
        )
        if rules:
            found += zip(keys, rules if len(rules) == len(keys) else rules * len(keys), strict=True)
    return sorted(found, key=lambda pair: -len(pair[0]))


def test_the_procedure_has_every_flag() -> None:
    """The table of flags has each flag that the rules set, and no other."""
    domain = (ROOT / "shared" / "rules" / "domain").glob("*.py")
    code = "\n".join(map(text, domain))
    told = set(re.findall(r'<a id="flag-(\w+)"', text(PROCEDURE)))
    set_ = set(re.findall(r'\bflag\("(\w+)"\)', code))
    assert sorted(set_ - told) == []
    assert [flag for flag in sorted(told) if f'"{flag}"' not in code] == []


def test_the_case_that_is_read_aloud_is_a_case() -> None:
    """What the guide to the cases explains is one of them, word for word."""
    (written,) = [body for kind, body in FENCE.findall(text(CASES)) if kind == "yaml"]
    files = [text(path) for path in (CASES.parent / "cases").glob("*.yaml")]
    assert any(written in body for body in files)


def test_the_guide_to_the_cases_links_what_is_there() -> None:
    """Each link of the guide leads to a file."""
    links = re.findall(r"\]\(([^)#\s]+)(?:#([\w-]+))?\)", text(CASES))
    assert links
    for path, anchor in links:
        assert (CASES.parent / path).exists(), path
        assert not anchor or anchor in anchors(CASES.parent / path), anchor
