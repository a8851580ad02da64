"""The page of ASVS has every requirement once, and what it says of the code holds."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support import sources
from tests.support.documents import DOCS, ROOT, tables, text
from tests.support.sources import nodes
from tests.unit.test_openapi_documents import APPS

PAGE = DOCS / "asvs.md"
LEVELS = dict(line.split() for line in text(Path(__file__).with_name("asvs_levels.txt")).splitlines()[1:])
VERDICTS = {"达到 met", "部分 partly", "未达到 not met", "不适用 n/a"}
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+)[^)]*\)")
CRYPTOGRAPHY = {"argon2", "cryptography", "hashlib", "hmac", "joserfc", "secrets", "ssl"}
DANGEROUS = {"dill", "marshal", "pickle", "shelve", "xmlrpc"}
READS_XML = {"fromstring", "fromstringlist", "iterparse", "parse", "XMLParser", "XMLPullParser"}


def rows() -> list[list[str]]:
    """The rows of the requirements: ids, level, requirement, verdict, where, test."""
    found = [row for table in tables(text(PAGE)) for row in table]
    return [row for row in found if row[0].startswith("V")]


@cache
def modules() -> dict[str, tuple[ast.AST, ...]]:
    """The nodes of the production code but the demonstration, by its path."""
    return {str(path): nodes(path) for path in sources.modules() if "deploy/demo/" not in str(path)}


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Every call of the production code: where, the call, and what is called."""
    for name, module in modules().items():
        for node in module:
            if isinstance(node, ast.Call):
                yield f"{name}:{node.lineno}", node, ast.unparse(node.func)


def imported(module: tuple[ast.AST, ...]) -> set[str]:
    """The packages that a module imports."""
    found = set()
    for node in module:
        if isinstance(node, ast.Import):
            found |= {one.name.partition(".")[0] for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_every_requirement_of_levels_1_and_2_stands_once() -> None:
    """None is left out, none is told twice, and none of level 3 stands among them."""
    counted = Counter(id for row in rows() for id in row[0].split(", "))
    assert {id: times for id, times in counted.items() if times > 1} == {}
    assert set(counted) == set(LEVELS)
    assert len(LEVELS) == 253


def test_every_row_has_its_level_and_one_of_the_verdicts() -> None:
    """A row of several ids has their levels, and one verdict for all of them."""
    for ids, level, *_, verdict, _, _ in rows():
        assert level == "/".join(sorted({LEVELS[id] for id in ids.split(", ")})), ids
        assert verdict in VERDICTS, ids


def test_what_is_met_says_where_and_what_is_not_says_why() -> None:
    """Whatever is met, or met in part, has a test; every other row has a reason in words."""
    for ids, _, _, verdict, where, test in rows():
        assert len(where) > 5, ids
        if verdict in ("达到 met", "部分 partly"):
            assert LINK.search(test) or verdict == "部分 partly", ids
        else:
            assert test == "–", ids


def test_every_test_that_is_named_is_there() -> None:
    """By its file, and by its name within it."""
    for ids, *_, test in rows():
        for name, target in LINK.findall(test):
            path, _, function = name.partition("::")
            assert target == f"../tests/{path}.py", ids
            assert re.search(rf"^(async )?def {function or 'test_'}", text(ROOT / target[3:]), re.M), name


def test_every_file_that_is_named_is_there() -> None:
    """Where something is met is a file of the repository, under its own name."""
    for name, target in LINK.findall(text(PAGE)):
        if "://" not in target:
            assert (PAGE.parent / target).exists(), target
            assert name.partition("::")[0] in target or target.endswith(name) or "#" not in name, name


def test_the_inventory_names_every_use_of_cryptography() -> None:
    """A module that hashes, signs, encrypts, draws chance or speaks TLS has a row of the inventory."""
    told = text(PAGE).partition("## Cryptography")[2]
    used = {name for name, module in modules().items() if imported(module) & CRYPTOGRAPHY}
    assert {name for name in used if f"]({'../' + name})" not in told} == set()


def test_secrets_come_from_the_system() -> None:
    """`random` spreads times, looks for a free port and numbers spans, and nothing else."""
    users = {name for name, module in modules().items() if "random" in imported(module)}
    assert users == {
        "deploy/local/ports.py",
        "services/notifier/delivery/retry_policy.py",
        "shared/platform/telemetry/telemetry.py",
    }


def test_no_process_is_started_through_a_shell() -> None:
    """Arguments are lists: nothing of them is read by a shell."""
    shells = [
        where
        for where, call, called in calls()
        if called in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput")
        or any(word.arg == "shell" for word in call.keywords)
    ]
    assert shells == []


def test_no_input_is_run_or_unpickled() -> None:
    """No `eval`, no `exec`, no pickle, no XML that is read."""
    run = [where for where, _, called in calls() if called in ("eval", "exec", "compile", "__import__")]
    assert run == []
    assert [name for name, module in modules().items() if imported(module) & DANGEROUS] == []
    trees = {name for name, module in modules().items() if {"xml", "lxml"} & imported(module)}
    read = [
        where
        for where, _, called in calls()
        if where.partition(":")[0] in trees and called.rpartition(".")[2] in READS_XML
    ]
    assert read == []


def test_no_pattern_is_made_of_input() -> None:
    """What `re` is given first is made of texts and constants of the code, or of what `re.escape` made plain."""
    made = {
        where.partition(":")[0]
        for where, call, called in calls()
        if called.startswith("re.") and called != "re.escape" and call.args and not _is_constant(call.args[0])
    }
    assert {name for name in made if "re.escape(" not in text(ROOT / name)} == set()


def _is_constant(pattern: ast.expr) -> bool:
    """Whether every name in it is a constant's; `pattern` runs over the constants of a schema that ships."""
    names = {node.id for node in ast.walk(pattern) if isinstance(node, ast.Name)}
    return all(name.upper() == name or name == "pattern" for name in names)


def test_no_client_follows_redirects() -> None:
    """httpx follows none by itself, and nobody has it do so."""
    followed = [
        where
        for where, call, _ in calls()
        for word in call.keywords
        if word.arg in ("follow_redirects", "allow_redirects") and ast.unparse(word.value) != "False"
    ]
    assert followed == []


@pytest.mark.parametrize("name", APPS)
def test_no_call_takes_a_contact_or_a_secret_in_its_address(name: str) -> None:
    """Logs of proxies keep addresses. What a provider of OpenID Connect sends back is good once, and bound."""
    kept = {"contact", "name", "password", "phone", "refresh_token", "secret", "token", "wechat"}
    for path, operations in APPS[name]().openapi()["paths"].items():
        for operation in operations.values():
            asked = {one["name"] for one in operation.get("parameters", ()) if one["in"] in ("query", "path")}
            assert not asked & kept, path
