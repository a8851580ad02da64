"""The documents tell what is there: links, commands, files, settings, figures and the README's example."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from msgspec import NODEFAULT
from msgspec.structs import FieldInfo, fields
from prometheus_client import CollectorRegistry

from services.access.model.metrics import AccessMetrics
from services.attribution.fold.metrics import AttributionMetrics
from services.audit.model.metrics import AuditMetrics
from services.intake.model.metrics import IntakeMetrics
from services.notifier.model.metrics import Metrics as NotifierMetrics
from services.registers.model.metrics import RegistersMetrics
from shared.access.report_metrics import ReportMetrics
from shared.cli import command
from shared.platform.settings import CommonSettings, ServingSettings, is_secret, variable
from shared.platform.telemetry.telemetry import new_registry
from tests.support.documents import DOCS, FENCE, ROOT, anchors, text

PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
ADR_HEADINGS = ["Context", "Alternatives", "Decision", "Consequences"]
READMES = ("README.md", "README.zh.md")
SERVICES = ("access", "attribution", "audit", "console", "intake", "notifier", "registers")

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
PANKE = re.compile(r"""(?<![\w./-])(?:\.venv/bin/)?panke ([a-z][^`\n#")]*)""")
MAKE = re.compile(r"(?<![\w-])make ([a-z]+)\b")
PATH = re.compile(r"(?:services|shared|docs|tests|deploy|requirements|bench|\.ci)/[\w./*{}-]*[\w/*]")


def name(page: Path) -> str:
    """The page as it is named in a report."""
    return str(page.relative_to(ROOT))


def code(page: Path) -> str:
    """What stands in the page as code: in backticks, fences and indented lines."""
    indented = re.findall(r"^    \S.*$", text(page), re.MULTILINE)
    return "\n".join([*CODE.findall(text(page)), *indented])


@cache
def targets() -> frozenset[str]:
    """The targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z]+):", text(ROOT / "Makefile"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """A link without a scheme names a file, folder or heading of the project, relative to its page."""
    for link in LINK.findall(CODE.sub("", text(page))):
        path, _, anchor = link.partition("#")
        if "://" not in link:
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_table_has_rows_of_one_width(page: Path) -> None:
    """A bare bar within a cell would make one more cell of it, also in backticks."""
    for table in re.findall(r"(?:^\|.*\n)+", FENCE.sub("", text(page)), re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(widths) == 1, table.splitlines()[0]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    """`make x` in code is a target of the Makefile."""
    assert set(MAKE.findall(code(page))) <= targets()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_panke_command_that_is_named_exists(page: Path) -> None:
    """`panke x y --z` in code finds a command that can be loaded and that has the option."""
    assert [wrong for said in PANKE.findall(code(page)) if (wrong := mistake(said))] == []


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("up | down | status", None),
        ("alerts list --state dead", None),
        ("quarantine list | show SCOPE --plain", None),
        ("judge --rulebook shijiazhuang docs/examples/x.ndjson", None),
        ("alerts forget", "forget"),
        ("up | sideways", "sideways"),
        ("alerts list --all-dead", "--all-dead"),
    ],
)
def test_a_command_that_does_not_exist_is_found(said: str, wrong: str | None) -> None:
    """The check of commands follows groups, alternatives and options."""
    assert mistake(said) == wrong


def mistake(said: str) -> str | None:
    """The first word that is no command or option; `a | b` names several of one group."""
    first, *others = said.split("|")
    parents: list[click.Group] = []
    found: click.Command | None = command()
    for word in first.split():
        if not isinstance(found, click.Group):
            break
        parents.append(found)
        found = loaded(found, word)
        if found is None:
            return word
    said_of = [(found, first.split())]
    for other in others:
        words = other.split()
        if (alternative := loaded(parents[-1], words[0])) is None:
            return words[0]
        said_of.append((alternative, words))
    return next((wrong for one, words in said_of if (wrong := missing_option(one, words))), None)


def loaded(group: click.Group, word: str) -> click.Command | None:
    """The command of that name, unless it is only a stand-in for one that cannot be loaded."""
    found = group.get_command(click.Context(group), word)
    return None if found is None or "cannot be loaded" in (found.short_help or "") else found


def missing_option(found: click.Command | None, words: list[str]) -> str | None:
    """The first option among the words that the command does not have."""
    known = {name for param in (found.params if found else ()) for name in param.opts} | {"--help"}
    return next((word for word in words if word.startswith("-") and word not in known), None)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    """A path in code that begins with a folder of the project is there; `*` stands for any name."""
    for path in PATH.findall(code(page)):
        if "{" not in path and "bench/results" not in path:
            assert any(ROOT.glob(path.rstrip("/"))), path


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_shows_what_judge_answers(readme: str) -> None:
    """Every decision in the README is, word for word, one of those that its command prints."""
    blocks = FENCE.findall(text(ROOT / readme))
    (line,) = [body for kind, body in blocks if kind == "sh" and "panke judge" in body]
    shown = [json.loads(body) for kind, body in blocks if kind == "json"]
    arguments = [str(ROOT / word) if word.startswith("docs/") else word for word in shlex.split(line)[1:]]
    done = CliRunner().invoke(command(), arguments, prog_name="panke")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    decisions = [d for part in ("customers", "deals") for one in told[part] for d in one["decisions"]]
    assert len(shown) == 3
    assert all(decision in decisions for decision in shown)


def test_the_example_is_marked_as_invented() -> None:
    """Every record of the example belongs to the scope `demo` and says so where it has words."""
    lines = (DOCS / "examples" / "shijiazhuang.ndjson").read_text(encoding="utf-8").splitlines()
    assert all(json.loads(line)["scope"] == "demo" for line in lines)
    assert all("示例" in line for line in lines if '"name"' in line or '"notes"' in line)


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_runs_with_three_commands(readme: str) -> None:
    """A stranger is told `make demo`, `make test` and `make up`, and nothing else to make."""
    assert set(MAKE.findall(text(ROOT / readme))) - {"and"} == {"demo", "test", "up"}


def test_decisions_are_numbered_without_gaps() -> None:
    """Records of decisions count from 0001, and the index links each of them."""
    assert [adr.name[:4] for adr in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
    index = text(DOCS / "adr" / "README.md")
    assert all(f"]({adr.name})" in index for adr in ADRS)


@pytest.mark.parametrize("adr", ADRS, ids=name)
def test_a_decision_has_alternatives_and_costs(adr: Path) -> None:
    """Each record says why, what else there was, what was chosen, and what is bad about it."""
    assert re.match(rf"# {int(adr.name[:4])}\. \S", text(adr))
    assert re.findall(r"^## (.+)$", text(adr), re.MULTILINE) == ADR_HEADINGS
    assert "**Negative:**" in text(adr)


def scraped(registry: CollectorRegistry) -> set[str]:
    """Every name that a scrape of the registry can show; a histogram by its own name."""
    return {f"{one.name}_total" if one.type == "counter" else one.name for one in registry.collect()}


@cache
def figures() -> frozenset[str]:
    """The figures of the services, without those of the process and the interpreter."""
    found: set[str] = set()
    for metrics in (
        IntakeMetrics, AttributionMetrics, AuditMetrics, NotifierMetrics, AccessMetrics, RegistersMetrics,
    ):  # fmt: skip
        registry = new_registry("docs", "0")
        metrics(registry)
        found |= scraped(registry)
    registry = new_registry("docs", "0")
    ReportMetrics(registry, lambda: 0.0)
    found |= scraped(registry)
    return frozenset(one for one in found if one.startswith("panke_"))


def test_operations_tell_every_figure() -> None:
    """The table of figures in docs/operations.md has exactly those that a scrape shows."""
    told = re.findall(r"^\| `(panke_\w+)`", text(DOCS / "operations.md"), re.MULTILINE)
    assert len(told) == len(set(told))
    assert set(told) == figures()


def test_the_runbook_names_figures_that_exist() -> None:
    """A figure in the runbook, also within an expression, can be scraped."""
    said = set(re.findall(r"\bpanke_\w+", text(DOCS / "runbook.md")))
    assert said
    assert said <= figures()


def test_the_runbook_quotes_what_is_logged() -> None:
    """Whatever the runbook quotes in small letters, such as the name of a log line, stands in the code."""
    sources = "".join(
        text(path) for top in ("deploy", "services", "shared") for path in (ROOT / top).rglob("*.py")
    )
    quoted = set(re.findall(r"`([a-z]+(?:[_ ][a-z]+)*)`", text(DOCS / "runbook.md")))
    words = {one for one in quoted if not one.startswith(("panke", "make "))}
    assert len(words) > 10
    assert {one for one in words if one not in sources} == set()


def test_every_alarm_tells_meaning_metric_and_command() -> None:
    """Each alarm of the runbook has the same four rows."""
    alarms = re.split(r"^### ", text(DOCS / "runbook.md"), flags=re.MULTILINE)[1:]
    assert alarms
    for alarm in alarms:
        rows = re.findall(r"^\| \*\*(\w+)\*\* \|", alarm, re.MULTILINE)
        assert rows == ["Means", "Metric", "Look", "Do"], alarm.splitlines()[0]


def settings_of(service: str) -> type[ServingSettings]:
    """The settings class of a service."""
    module = importlib.import_module(f"services.{service}.settings")
    (found,) = [
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, ServingSettings) and item.__module__ == module.__name__
    ]
    return found


def shown_default(field: FieldInfo) -> str:
    """The default as a person would write it in the environment."""
    value: Any = field.default
    if value is NODEFAULT:
        return "*required*"
    if value in (None, ""):
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`" if value else "–"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def rows_of(known: list[FieldInfo]) -> list[tuple[str, str]]:
    """The first two columns of a table of these settings; a secret's variable is marked."""
    return [(f"`{variable(f.name)}`" + (" ⚿" if is_secret(f) else ""), shown_default(f)) for f in known]


def told_settings(heading: str) -> list[tuple[str, str]]:
    """The first two columns of the table of settings under a heading of docs/operations.md."""
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^##|\Z)", text(DOCS / "operations.md"), re.M | re.S))
    return re.findall(r"^\| (`PANKE_[^|]*?) \| ([^|]*?) \|", sections[heading], re.MULTILINE)


def test_operations_tell_the_settings_that_all_services_have() -> None:
    """The table has the variables and defaults of the common settings, in their order."""
    assert told_settings("Every service") == rows_of(list(fields(CommonSettings)))


@pytest.mark.parametrize("service", SERVICES)
def test_operations_tell_every_setting_of_a_service(service: str) -> None:
    """The table of a service has the variables and defaults of its own settings, in their order."""
    common = {field.name for field in fields(CommonSettings)}
    own = [field for field in fields(settings_of(service)) if field.name not in common]
    assert told_settings(service.capitalize()) == rows_of(own)


def test_the_glossary_gives_every_word_in_both_languages() -> None:
    """Each row has an English word, a Chinese one, a meaning, and where it is used; none stands twice."""
    rows = [
        line.strip("| ").split(" | ")
        for line in text(DOCS / "glossary.md").partition("## Words given up")[0].splitlines()
        if line[:3] == "| *"
    ]
    words = [row[0] for row in rows]
    assert len(words) == len(set(words)) > 60
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
    assert all(re.search(r"[\u4e00-\u9fff]", row[1]) for row in rows)
