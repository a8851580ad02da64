"""Schemes of registers and reports: those that ship, how an office's own is read, and what a person reads of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.intake.main import _schemes
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.settings import SettingsError
from shared.rules.commands.scheme import scheme
from shared.rules.schemes.loading import SchemeRegistry, load_scheme, scheme_of_texts, shipped_schemes
from shared.rules.schemes.shape import SCHEMA, SECTIONS, schema

ROOT = Path(__file__).parents[2]
HEAD = "scheme: own\nversion: 1\nextends: habc\ntitle: {zh: 自定, en: Own}\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(scheme, list(arguments))


def written(tmp_path: Path, text: str, name: str = "own.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_four_schemes_ship_and_each_is_whole() -> None:
    """Every section but the keys that are turned on stands in each, by itself or as inherited."""
    assert shipped_schemes() == ("base", "habc", "handbook", "oabc")
    for name in shipped_schemes():
        known = load_scheme(name)
        assert [section for section in SECTIONS if getattr(known.sections, section) is None] == ["keys"]
        assert not known.grants


@pytest.mark.parametrize("name", shipped_schemes())
def test_every_value_that_ships_cites_a_document_or_says_that_it_is_advised(name: str) -> None:
    """A letter of the documents and what stands there."""
    cites = [cite for _, _, cite in load_scheme(name).settings()]
    assert cites
    assert all(re.match(r"[A-T] \S|advised: \S", cite) for cite in cites)


def test_levels_and_weeks_are_those_of_the_documents() -> None:
    """L leaves C out of the pipeline, Q has O first and a card the same day, T ends weeks on Friday at 17:30."""
    habc, oabc, handbook = (load_scheme(name) for name in ("habc", "oabc", "handbook"))
    assert [habc.every(code) for code in "HABC"] == [2, 7, 15, 30]
    assert [habc.level(code).pipeline for code in "HABC"] == [True, True, True, False]  # type: ignore[union-attr]
    assert (habc.every(None), habc.level("O")) == (7, None)
    assert [oabc.every(code) for code in "OABC"] == [3, 5, 7, 15]
    assert (oabc.cards_within.days, oabc.deadlines.minutes, oabc.deadlines.complete_hours) == (0, 5, 24)
    assert [one.code for one in handbook.levels.codes] == ["A", "A1", "B", "B1", "C"]
    assert (handbook.week_ends_on.day, handbook.closing.at, handbook.appraisal_use.on) == (
        "friday",
        "17:30",
        True,
    )


def test_a_channel_is_known_by_its_synonyms() -> None:
    """What no entry knows stays as it was said."""
    base = load_scheme("base")
    assert (base.channel("老带新"), base.channel("介绍"), base.channel("电梯广告")) == (
        "介绍",
        "介绍",
        "电梯广告",
    )


def test_a_section_that_is_given_stands_whole(tmp_path: Path) -> None:
    """What is left out is inherited; the digest is over the texts of the chain, which read without any file."""
    own = load_scheme(written(tmp_path, HEAD + 'closing: {at: "20:00", cite: "advised: late"}\n'))
    assert (own.closing.at, own.closing.cite) == ("20:00", "advised: late")
    assert own.levels == load_scheme("habc").levels
    assert own.week_ends_on == load_scheme("base").week_ends_on
    again = scheme_of_texts(own.texts, "kept")
    assert (again.sha256, again.sections) == (own.sha256, own.sections)
    assert len(own.texts) == 3


MISTAKES = [
    ("levles: {codes: [], cite: L 1}\n", 5, "levles", "did you mean levels"),
    ('closing: {at: "25:00", cite: L 1}\n', 5, "closing.at", "must be a time in quotes"),
    ('closing: {at: "17:30"}\n', 5, "closing", "cite"),
    ('closing: {at: "17:30", cite: somewhere}\n', 5, "closing.cite", "must cite a document"),
    ("week_ends_on:\n  day: someday\n  cite: L 1\n", 6, "week_ends_on.day", "someday"),
    ("stages:\n  codes:\n    - {code: a, zh: 一, en: x}\n    - {code: b, zh: a, en: y}\n  cite: R 1\n", 8,
     "stages.codes[1]", "stands twice"),
    ("keys: {shoe: {purpose: {zh: a, en: a}, consent: {zh: a, en: a}, cite: P 1}}\n", 5, "keys.shoe", "is no key"),
    ("keys: {level: {purpose: {zh: a, en: a}, consent: {zh: a, en: a}, cite: P 1}}\n", 5,
     "keys.level", "on already"),
    ("keys:\n  mk48: {purpose: {zh: a, en: a}, cite: P 48}\n", 6, "keys.mk48", "consent"),
    ("keys:\n  mk48: {consent: {zh: a, en: a}, cite: P 48}\n", 6, "keys.mk48", "purpose"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "key", "reason"), MISTAKES)
def test_a_wrong_file_is_told_by_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, reason: str
) -> None:
    """Misspelt keys, values that are none, codes twice, keys that are on, and grants without purpose or consent."""
    with pytest.raises(OfficeFileError) as found:
        load_scheme(written(tmp_path, HEAD + text))
    assert (found.value.line, found.value.key) == (line, key)
    assert reason in found.value.reason


HEADS = [
    (HEAD.replace("habc", "nowhere"), "extends"),
    (HEAD.replace("habc", "own.yaml"), "extends"),
    (HEAD.replace("own", "habc"), "scheme"),
    (HEAD.replace("extends: habc\n", ""), "levels"),
    (HEAD.replace("version: 1", "version: 0"), "version"),
]


@pytest.mark.parametrize(("text", "key"), HEADS)
def test_what_a_scheme_extends_is_there_and_is_another_one(tmp_path: Path, text: str, key: str) -> None:
    """One that ships or a file beside it; without any, every section is its own."""
    with pytest.raises(OfficeFileError) as found:
        load_scheme(written(tmp_path, text))
    assert found.value.key == key


def test_a_folder_adds_to_what_ships_and_has_each_version_once(tmp_path: Path) -> None:
    """Two files with one name and version are refused by name."""
    written(tmp_path, HEAD)
    known = SchemeRegistry(tmp_path)
    assert {("own", 1), ("base", 1)} <= known.keys()
    assert known.find("own@1") is known["own", 1]
    written(tmp_path, HEAD, "again.yaml")
    with pytest.raises(OfficeFileError, match="there is another own 1"):
        SchemeRegistry(tmp_path)


def test_the_published_schema_is_current() -> None:
    """docs/schemas/scheme.schema.json is what `python -m shared.rules.schemes.shape docs/schemas` writes today."""
    published = json.loads((ROOT / "docs" / "schemas" / SCHEMA).read_text(encoding="utf-8"))
    assert published == json.loads(json.dumps(schema()))


def test_the_commands_tell_what_ships(tmp_path: Path) -> None:
    """list, show, explain, diff and schema; check ends with 2 and looks at every file."""
    assert [line.split()[0] for line in run("list").output.splitlines()] == list(shipped_schemes())
    shown = json.loads(run("show", "habc", "--json").output)
    assert shown["values"]["levels.H"]["cite"].startswith("L 意向级别")
    assert run("show", "habc", "--source").output.startswith("# Document L")
    assert "意向级别" in run("explain", "habc", "--lang", "zh").output
    assert "week_ends_on.day" in run("diff", "base", "handbook").output
    changed = json.loads(run("diff", "base", "handbook", "--json").output)
    assert changed["after"]["name"] == "handbook"
    assert json.loads(run("schema").output)["$id"].endswith(SCHEMA)
    bad = written(tmp_path, HEAD + "levles: 1\n")
    result = run("check", str(bad), "oabc")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{bad}:5: levles: ")
    assert result.stdout.startswith("oabc: good: oabc 1 ")
    assert run("show", "nowhere").exit_code == 2


def test_every_section_has_words() -> None:
    """explain has a heading for each section, also for keys that are turned on."""
    headings = run("explain", "base").output
    assert all(f"\n{name}: " in headings for name in SECTIONS if name != "keys")


WRONG = [
    *(HEAD + one[0] for one in MISTAKES),
    *(one[0] for one in HEADS),
    HEAD + "deadlines: {entered: soon, cite: L 1}\n",
    HEAD + "closing: [a]\n",
    HEAD + "anomaly: {percent: 2000, cite: L 1}\n",
    HEAD.replace("自定", "''"),
    "",
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_mistake_is_told_in_both_languages(tmp_path: Path, text: str) -> None:
    """As the reader tells it, and behind it in Chinese: by `check` and `show`, and by a service at its start."""
    file = written(tmp_path, text)
    with pytest.raises(OfficeFileError) as found:
        load_scheme(file)
    for words in ("check", "show"):
        done = run(words, str(file))
        assert done.exit_code == 2
        line = done.stderr.rstrip("\n")
        assert re.fullmatch(rf"{re.escape(str(found.value))}（.*[\u4e00-\u9fff]{{3}}.*[^。]）", line)
        assert not re.search(r"\{[a-z]+\}", line.removeprefix(str(found.value)))
    with pytest.raises(SettingsError) as refused:
        _schemes(str(tmp_path))
    assert str(refused.value) == f"PANKE_SCHEME_FOLDER: {line}"


def test_a_scheme_that_stands_twice_or_nowhere_is_told_in_both_languages(tmp_path: Path) -> None:
    """A folder with two of one name and version, and a name that nothing has."""
    written(tmp_path, HEAD)
    written(tmp_path, HEAD, "zwei.yaml")
    told = run("list", "--scheme-folder", str(tmp_path)).stderr
    assert "zwei.yaml:1: version: there is another own 1（已有同名同版本的登记方案" in told
    assert "cannot be read" in run("show", "nowhere").stderr and "无法读取" in run("show", "nowhere").stderr
