"""Rulebooks that cannot be used: each refusal names the file, the line, the key and the reason.

The published JSON Schema refuses the same books, but for what no schema can see (sums, citations, circles).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from shared.platform.officefile.errors import OfficeFileError
from shared.platform.officefile.nodes import ListNode, Node, ScalarNode, parse_nodes
from shared.rules.commands.judge import judge_command
from shared.rules.commands.rulebook import rulebook
from shared.rules.rulebooks.loading import load
from shared.rules.rulebooks.mistake_words import NO_VALUE, mistake_words
from shared.rules.rulebooks.shape import schema

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "schemas" / "rulebook.schema.json").read_text(encoding="utf-8"))
HEAD = "rulebook: office\nversion: 1\nextends: base\n"  # so that a body begins on line 4
CLAUSES = 'clauses:\n  "1": {zh: 一, en: One.}\n'


def as_json(node: Node) -> Any:
    """What an editor's YAML reader makes of a node, by the core schema of YAML."""
    if isinstance(node, ListNode):
        return [as_json(item) for item in node.items]
    if not isinstance(node, ScalarNode):
        return {key: as_json(item) for key, item in node.items.items()}
    if node.textual:
        return node.text
    if node.null:
        return None
    if node.text.lower() in ("true", "false"):
        return node.text.lower() == "true"
    return int(node.text) if node.text.isdigit() else float(node.text)


def schema_accepts(text: str) -> bool:
    """Whether the published schema finds nothing."""
    return bool(Draft202012Validator(SCHEMA).is_valid(as_json(parse_nodes(text.encode(), "book.yaml"))))


def refusal(folder: Path, text: str | bytes) -> OfficeFileError:
    path = folder / "book.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(OfficeFileError) as caught:
        load(path)
    assert caught.value.file == str(path)
    assert mistake_words(caught.value.reason) != NO_VALUE, "an office is told what is wrong in its language"
    return caught.value


SHAPES = [
    ("folow_up: {every: 4 days}", 4, "folow_up", "did you mean follow_up"),
    ("follow_up:\n  evry: 4 days", 5, "follow_up.evry", "did you mean every"),
    ("honour: {visits: {by: found}}", 4, "honour.visits", "did you mean visit"),
    ("honour: {transfer: {by: found}}", 4, "honour.transfer", "unknown key"),
    ("penalties: {late: {zh: 罚, en: Fine, cite: '1'}}", 4, "penalties.late", "unknown key"),
    ("follow_up: {every: 4}", 4, "follow_up.every", "wrong unit"),
    ("follow_up: {every: 4 hours}", 4, "follow_up.every", "wrong unit"),
    ("follow_up: {every: 0 days}", 4, "follow_up.every", "wrong unit"),
    ("follow_up: {every: 1 month}", 4, "follow_up.every", "counted in days"),
    ("follow_up: {every: {call: 2 weeks}}", 4, "follow_up.every.call", "wrong unit"),
    ("follow_up: {every: {transfer: 4 days}}", 4, "follow_up.every.transfer", "unknown key"),
    ("honour: {visit: {within: 1 year}}", 4, "honour.visit.within", "wrong unit"),
    ("honour: {visit: {within: 30}}", 4, "honour.visit.within", "wrong unit"),
    ("deal: {assisted: {owner: 70%, assistant: 30%}}", 4, "deal.assisted.owner", "basis points"),
    ("deal: {assisted: {owner: 0.7, assistant: 0.3}}", 4, "deal.assisted.owner", "basis points"),
    ("deal: {assisted: {owner: 10001, assistant: 0}}", 4, "deal.assisted.owner", "basis points"),
    ("deal: {assisted: {owner: 10000, assistant: -1}}", 4, "deal.assisted.assistant", "basis points"),
    ("follow_up: {every：7 days}", 4, "follow_up.every：7 days", "a colon of Chinese texts"),
    ("named：true: x", 4, "named：true", "a colon of Chinese texts"),
    ("named: true", 4, "named", "a mapping is needed"),
    ("named: {honoured: maybe}", 4, "named.honoured", "true or false"),
    ("assist: {new_customers: nobody}", 4, "assist.new_customers", "on_behalf_of or receiver"),
    ("household: {relations: [cousin]}", 4, "household.relations", "spouse or parent_child or other"),
    ("disputes: {approved_by: manager}", 4, "disputes.approved_by", "a list is needed"),
    ("disputes: {approved_by: [boss]}", 4, "disputes.approved_by", "not boss"),
    ("disputes: {authority_after_deal: []}", 4, "disputes.authority_after_deal", "empty"),
    ("discovery: {after_deal: split}", 4, "discovery.after_deal", "needs its shares"),
    (
        "discovery: {before_deal: {split: {first: 1, second: 9999}}}",
        4,
        "discovery.before_deal.split",
        "unknown key",
    ),
    ("deal: {assisted: {owner: 7000, closer: 3000}}", 4, "deal.assisted.closer", "unknown key"),
    ("deal: {assisted: 7000}", 4, "deal.assisted", "a mapping is needed"),
    ("designated: {honoured: yes}", 4, "designated.honoured", "true or false"),
    ("designated: {honoured: 'true'}", 4, "designated.honoured", "true or false"),
    ("designated: true", 4, "designated", "a mapping is needed"),
    ("honour: {call: {by: sometimes}}", 4, "honour.call.by", "found or named or none"),
    ("honour: {call: {by: null}}", 4, "honour.call.by", "found or named or none"),
    ("honour: {call: none}", 4, "honour.call", "a mapping is needed"),
    ("discovery: {before_deal: split}", 4, "discovery.before_deal", "first or closer"),
    ("discovery: {concealed: split}", 4, "discovery.concealed", "needs its shares"),
    ("discovery: {concealed: {effect: split}}", 4, "discovery.concealed.effect", "come together"),
    (
        "discovery: {concealed: {effect: closer, split: {first: 5000, second: 5000}}}",
        4,
        "discovery.concealed.effect",
        "come together",
    ),
    ("registration: {requires: name}", 4, "registration.requires", "a list is needed"),
    ("registration: {requires: [name, name]}", 4, "registration.requires", "stands twice"),
    ("registration: {requires: [photo]}", 4, "registration.requires", "name or contact or phone"),
    ("disputes: {authority: []}", 4, "disputes.authority", "empty"),
    ("disputes: {authority: [boss]}", 4, "disputes.authority", "not boss"),
    ("follow_up: {methods: [pigeon]}", 4, "follow_up.methods", "not pigeon"),
    ("follow_up: {methods: phone}", 4, "follow_up.methods", "all or a list"),
    ("kept: {cite: 1.10}", 4, "kept.cite", "put it in quotes"),
    ("kept: {cite: [1]}", 4, "kept.cite", "text is needed"),
    ("title: 本案场", 4, "title", "a mapping is needed"),
    ("title: {zh: 本案场}", 4, "title.en", "both zh and en"),
    ("title: {zh: ' ', en: x}", 4, "title.zh", "characters is needed"),
    ("clauses: [1]", 4, "clauses", "a mapping is needed, not a list"),
    ("clauses:", 4, "clauses", "a mapping is needed, not nothing"),
    ("clauses: {'1': 一}", 4, "clauses.1", "a mapping is needed"),
    ("clauses:\n  '1': {zh: 一}", 5, "clauses.1.en", "both zh and en"),
    ("complaint: {effect: forgive}", 4, "complaint.effect", "bar"),
    ("rotation: {away: {lunch: hold}}", 4, "rotation.away.lunch", "unknown key"),
    ("penalties: null", 4, "penalties", "a mapping is needed"),
]


@pytest.mark.parametrize(("body", "line", "key", "reason"), SHAPES)
def test_wrong_shapes_are_refused_here_and_by_the_schema(
    tmp_path: Path, body: str, line: int, key: str, reason: str
) -> None:
    """A key, type, unit or word that is wrong is named with its line; the schema refuses it too."""
    text = f"{HEAD}{body}\n" + ("" if "clauses" in body else CLAUSES)
    bad = refusal(tmp_path, text)
    assert (bad.line, bad.key) == (line, key)
    assert reason in bad.reason
    assert str(bad) == f"{bad.file}:{line}: {key}: {bad.reason}"
    assert not schema_accepts(text)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("version: 1\n", 1, "rulebook"),
        ("rulebook: office\nextends: base\n", 1, "version"),
        ("rulebook: Office\nversion: 1\n", 1, "rulebook"),
        ("rulebook: office\nversion: one\n", 2, "version"),
        ("rulebook: office\nversion: 0\n", 2, "version"),
        ("rulebook: office\nversion: '1'\n", 2, "version"),
        ("rulebook: office\nversion: 1\nextends: [base]\n", 3, "extends"),
    ],
)
def test_wrong_heads_are_refused_here_and_by_the_schema(
    tmp_path: Path, text: str, line: int, key: str
) -> None:
    """A rulebook names itself and its version, a whole number."""
    bad = refusal(tmp_path, text)
    assert (bad.line, bad.key) == (line, key)
    assert not schema_accepts(text)


@pytest.mark.parametrize(
    ("body", "line", "key", "reason"),
    [
        ('kept: {cite: "9"}', 4, "kept.cite", 'clause "9" is not in `clauses`'),
        ('registration: {first: "9"}', 4, "registration.first", "missing citation"),
        ('discovery:\n  cite: "9"\n  after_deal: first', 5, "discovery.after_deal.cite", "missing citation"),
        ("kept: {cite: base.honour}", 4, "kept.cite", "missing citation"),
        ("penalties: {complaint: {zh: 罚, en: Fine}}", 4, "penalties.complaint.cite", "missing citation"),
        ("penalties: {complaint: {zh: 罚, cite: '1'}}", 1, "penalties.complaint.en", "missing"),
        ("deal: {assisted: {owner: 7000, assistant: 4000}}", 4, "deal.assisted", "not owner: 7000"),
        ("deal:\n  brochure_only: {owner: 3000}", 5, "deal.brochure_only", "must sum to 10000"),
        (
            "discovery: {concealed: {split: {first: 5000, second: 4000}}}",
            4,
            "discovery.concealed.split",
            "sum",
        ),
        ("timezone: Asia/Shijiazhuang", 4, "timezone", "no time zone"),
    ],
)
def test_what_no_schema_sees_is_refused(tmp_path: Path, body: str, line: int, key: str, reason: str) -> None:
    """Citations that lead nowhere and shares that do not add up are refused with their place."""
    text = f"{HEAD}{body}\n{CLAUSES}"
    bad = refusal(tmp_path, text)
    assert (bad.line, bad.key) == (line, key)
    assert reason in bad.reason
    assert schema_accepts(text)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (b"", 1, "empty"),
        (b"# nothing\n", 1, "empty"),
        (b"just words\n", 1, "must be a mapping"),
        (b"- a\n- b\n", 1, "must be a mapping"),
        (b"rulebook: office\nversion: {1\n", 3, "not YAML"),
        (b"rulebook: office\n\tversion: 1\n", 2, "not YAML"),
        ("rulebook: office\nversion: 1\nkept：{cite: '1'}\n".encode(), 3, "a colon of Chinese texts"),
        ("rulebook: office\nhonour：\n  call: {by: found}\n".encode(), 3, "a colon of Chinese texts"),
        (b"rulebook: office\nversion: 1\n---\nrulebook: other\n", 3, "second document"),
        (b"rulebook: office\nversion: 1\nrulebook: other\n", 3, "given twice, first on line 1"),
        (b"rulebook: office\nversion: 1\nkept: {cite: '1', cite: '2'}\n", 3, "given twice"),
        (b"rulebook: &a office\nversion: 1\n", 1, "anchors"),
        (b"rulebook: office\nversion: 1\nkept: *a\n", 3, "aliases"),
        (b"rulebook: !!python/name:os.system office\nversion: 1\n", 1, "tags"),
        (b"rulebook: office\nversion: 1\n? [a]\n: 1\n", 3, "a key must be a word"),
        (b"rulebook: office\nversion: 1\nkept: {<<: {cite: '1'}}\n", 3, "unknown key"),
        ("rulebook: office\nversion: 1\ntitle: {zh: 案场}\n".encode("gbk"), 3, "not UTF-8"),
        (b"rulebook: office\nversion: 1\ntitle: \x00\n", 1, "not YAML"),
        (b"rulebook: " + b"[" * 50 + b"]" * 50 + b"\n", 1, "nested deeper"),
        (b"rulebook: [" + b"a," * 30_000 + b"]\n", 1, "more than 20000 entries"),
        (b"rulebook: office\nversion: 1\n# " + b"x" * 10_000_000, 1, "larger than"),
    ],
)
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, text: bytes, line: int, reason: str) -> None:
    """Not YAML, not UTF-8, not one mapping, too large, too deep, doubled keys, anchors and tags: refused."""
    bad = refusal(tmp_path, text)
    assert reason in bad.reason
    assert bad.line == line


def test_a_bomb_of_aliases_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    """The first anchor ends the reading, so nothing grows."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    bad = refusal(tmp_path, "\n".join(lines))
    assert (bad.line, bad.key) == (1, "a0")


def test_a_circle_of_extends_is_told(tmp_path: Path) -> None:
    """Books that extend each other are refused with the circle."""
    for name, other in (("book", "second"), ("second", "third"), ("third", "book")):
        text = f"rulebook: {name}\nversion: 1\nextends: {other}.yaml\n"
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(OfficeFileError) as caught:
        load(tmp_path / "book.yaml")
    assert (caught.value.line, caught.value.key) == (3, "extends")
    assert "book.yaml → second.yaml → third.yaml → book.yaml" in caught.value.reason


def test_a_book_that_extends_itself_is_told(tmp_path: Path) -> None:
    """A book cannot extend itself."""
    bad = refusal(tmp_path, "rulebook: own\nversion: 1\nextends: book.yaml\n")
    assert (bad.line, bad.key) == (3, "extends")


def test_a_book_cannot_take_the_name_of_one_that_it_extends(tmp_path: Path) -> None:
    """Two books of one name in a chain would have clauses that cannot be told apart."""
    assert refusal(tmp_path, "rulebook: base\nversion: 2\nextends: base\n").key == "rulebook"


def test_extends_that_leads_nowhere_names_what_ships(tmp_path: Path) -> None:
    """A missing book is told with the names that could have been meant."""
    bad = refusal(tmp_path, "rulebook: own\nversion: 1\nextends: recepton\n")
    assert (bad.line, bad.key) == (3, "extends")
    assert "reception" in bad.reason


def test_an_error_in_an_extended_file_names_that_file(tmp_path: Path) -> None:
    """What is wrong in a file that is extended is told of that file."""
    (tmp_path / "parent.yaml").write_text(f"{HEAD}kept: {{cite: '7'}}\n", encoding="utf-8")
    child = tmp_path / "child.yaml"
    child.write_text("rulebook: child\nversion: 1\nextends: parent.yaml\n", encoding="utf-8")
    with pytest.raises(OfficeFileError) as caught:
        load(child)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "parent.yaml"), 4)


def test_a_book_that_extends_nothing_must_say_everything(tmp_path: Path) -> None:
    """Without `extends`, the first value that is missing is named."""
    bad = refusal(tmp_path, "rulebook: own\nversion: 1\n")
    assert (bad.key, bad.reason) == ("timezone", "missing, and no rulebook that has it is extended")


GOOD = [
    "",
    "kept: {cite: 1}",
    "follow_up: {every: {visit: 7 days, call: 15 days}, methods: [phone, door_visit], must_reach: true}",
    "follow_up: {every: 1 day, methods: all, revive: true, cite: '1'}",
    "honour: {visit: {by: found, within: 45 days}, call: {by: named, cite: '1'}, cite: '1'}",
    "discovery: {before_deal: {effect: first, cite: '1'}, after_deal: closer}",
    "discovery: {concealed: {split: {first: 1, second: 9999}}}",
    "discovery: {concealed: {effect: split, split: {first: 4000, second: 6000}, cite: '1'}}",
    "discovery: {concealed: {cite: '1'}}",
    "household: {effect: separate}",
    "referral: {single: {effect: referrer_consultant}, joint: {effect: on_turn}, cite: '1'}",
    "deal: {unregistered: {cite: '1'}, assisted: null}",
    "deal: {referral_same_day: {owner: 2500, closer: 7500, cite: '1'}}",
    "rotation: {calls: reversed, away: {brief: skip, cite: '1'}, cite: '1'}",
    "rotation: {calls: {effect: same, cite: '1'}}",
    "penalties: {tampering: {zh: 罚款, en: A fine., cite: '1'}}",
    "registration: {requires: [], first: '1'}",
    "disputes: {authority: [manager, general_manager], evidence: required}",
    "transfers: {approved_by: []}",
    "corrections: {approved_by: [], cite: '1'}",
    "disputes: {approved_by: []}",
    "follow_up: {methods: []}",
    "household: {relations: []}",
]


@pytest.mark.parametrize("body", GOOD)
def test_good_books_pass_here_and_in_the_schema(tmp_path: Path, body: str) -> None:
    """What the form allows (procedure.md#rulebook-files) is read, and the schema finds nothing."""
    text = f"{HEAD}{body}\n{CLAUSES}"
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    assert load(path).name == "office"
    assert schema_accepts(text)


def test_the_published_schema_of_rulebooks_is_that_of_the_types() -> None:
    """docs/schemas/rulebook.schema.json is what `python -m shared.rules.rulebooks.shape` writes today."""
    assert json.loads(json.dumps(schema())) == SCHEMA


@pytest.mark.parametrize(
    "path", sorted((ROOT / "shared/rules/rulebooks").glob("*.yaml")), ids=lambda p: p.stem
)
def test_the_schema_accepts_what_ships(path: Path) -> None:
    """Every rulebook that ships passes the schema, which is itself a valid schema."""
    Draft202012Validator.check_schema(SCHEMA)
    assert schema_accepts(path.read_text(encoding="utf-8"))


BY_HAND = {
    "unknown key": (f"{HEAD}folow_up: {{every: 4 days}}\n", ":4: folow_up: unknown key"),
    "duplicate key": (f"{HEAD}kept: {{}}\nkept: {{}}\n", ":5: kept: given twice, first on line 4"),
    "missing citation": (f"{HEAD}kept: {{cite: '9'}}\n", ":4: kept.cite: missing citation"),
    "circle": ("rulebook: office\nversion: 1\nextends: book.yaml\n", ":3: extends: a circle"),
    "wrong sum": (
        f"{HEAD}deal: {{assisted: {{owner: 6000}}}}\n",
        ":4: deal.assisted: shares must sum to 10000",
    ),
    "wrong unit": (f"{HEAD}follow_up: {{every: 7天}}\n", ":4: follow_up.every: wrong unit"),
    "colon of Chinese": (f"{HEAD}follow_up: {{every：7 days}}\n", ":4: follow_up.every：7 days: unknown key"),
    "not YAML": (f"{HEAD}kept: {{\n", ":5: (file): not YAML"),
    "bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", ":1: a: anchors"),
    "10 MB": (f"{HEAD}# {'x' * 10_000_000}\n", ":1: (file): larger than 1000000 bytes"),
}


@pytest.mark.parametrize("fault", BY_HAND)
@pytest.mark.parametrize("arguments", [("rulebook", "check"), ("rulebook", "try"), ("judge", "--rulebook")])
def test_a_bad_book_ends_the_command_with_2(tmp_path: Path, fault: str, arguments: tuple[str, str]) -> None:
    """Whoever checks, tries or judges by a bad book has its place and fault, exit code 2, and nothing else."""
    text, told = BY_HAND[fault]
    book, facts = tmp_path / "book.yaml", tmp_path / "facts.ndjson"
    book.write_text(text, encoding="utf-8")
    facts.write_text("", encoding="utf-8")
    given = [str(book)] if arguments[1] == "check" else [str(book), str(facts)]
    command = judge_command if arguments[0] == "judge" else rulebook
    result = CliRunner().invoke(command, [*arguments[1:], *given])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{book}{told}" in result.stderr
    assert result.stderr.rstrip().endswith("）"), "and the reason in Chinese"
