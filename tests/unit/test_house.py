"""The house holds together: what imports what, which name stands where, and who may take a clock."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Final

from tests.support.sources import ROOMS, ROOT, modules, nodes

LINTER: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

MIRRORED: Final = frozenset(
    {
        "Asked",
        "FollowUp",
        "Party",
        "Recognition",
        "Referrer",
        "RulebookAdopted",
        "StaffDeparted",
        "StaffEnrolled",
    }
)
"""What the contract and the domain both name, since one is the wire form of the other."""

ROOTS: Final = re.compile(
    r"services/\w+/\w+\.py|shared/platform/(clock|settings)\.py|shared/rules/commands/.*|deploy/.*"
    # A signature and an HTTP date go by the machine's time at the moment of the call; nothing is decided by them.
    r"|services/notifier/channels/(mail|provider_verdict|webhook)\.py"
)
"""Where a clock is taken and the environment read: the edge of a service, commands, and what deploys."""


def module_of(path: Path) -> str:
    name = ".".join(path.with_suffix("").parts)
    return name.removesuffix(".__init__")


def package_imports() -> dict[str, dict[str, set[str]]]:
    """Package → imported package → the modules that do it; imports inside functions count as well."""
    paths = {module_of(path): path for path in modules()}
    packages = {
        name: name if path.name == "__init__.py" else name.rpartition(".")[0] for name, path in paths.items()
    }
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, path in paths.items():
        for target in imported(path, frozenset(paths)):
            if packages[target] != packages[name]:
                found[packages[name]][packages[target]].add(f"{name} → {target}")
    return found


def imported(path: Path, known: frozenset[str]) -> Iterator[str]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in inner]
        else:
            continue
        yield from (name for name in names if name in known)


def test_no_packages_import_each_other_in_a_circle() -> None:
    """Packages of production code import one another in one direction only, also inside functions."""
    imports = package_imports()
    try:
        tuple(
            TopologicalSorter({package: set(targets) for package, targets in imports.items()}).static_order()
        )
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
        arrows = [sorted(imports[a][b])[0] for a, b in pairwise(circle)]
        raise AssertionError("a circle of packages: " + "; ".join(arrows)) from None


def test_a_class_name_stands_once() -> None:
    """A class of production code has a name of its own, but for what contract and domain mirror."""
    places: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                places[node.name].add(f"{path}:{node.lineno}")
    twice = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    mirrored = {name: where for name, where in twice.items() if name in MIRRORED}
    assert {name: where for name, where in twice.items() if name not in MIRRORED} == {}
    for name, where in mirrored.items():
        rooms = {place.rsplit("/", 1)[0] for place in where}
        assert rooms <= {"shared/contract", "shared/rules/domain"}, f"{name} stands in {sorted(rooms)}"


def takes_the_time(node: ast.AST) -> bool:
    """Whether a node takes a clock, or reads the environment."""
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        return called in {"MachineClock", "SystemClock", "datetime.now", "time.time", "date.today"}
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ"


def test_only_the_edge_takes_clocks_and_reads_the_environment() -> None:
    """Inside the rooms a clock and a setting are handed in, so that tests and demonstrations may drive them."""
    taken = [
        f"{path}:{node.lineno} {ast.unparse(node)}"  # type: ignore[attr-defined]
        for path in modules()
        if not ROOTS.fullmatch(path.as_posix())
        for node in nodes(path)
        if takes_the_time(node)
    ]
    assert taken == []


def rooms() -> set[str]:
    """Every package of production code, as a folder."""
    return {f"{path.parent.as_posix()}/" for path in modules() if path.name == "__init__.py"} - {
        f"{top}/" for top in ROOMS
    }


def test_the_table_of_rooms_is_the_house() -> None:
    """`docs/architecture.md` has a row for every package, and none for what is not there."""
    text = (ROOT / "docs/architecture.md").read_text()
    named = set(re.findall(r"^\| `((?:deploy|services|shared)/[\w/]+/)`", text, re.MULTILINE))
    assert named == rooms()


def test_every_service_states_its_layers() -> None:
    """import-linter holds layers for the whole house, and inside each service, the rules and the platform."""
    layered = {container for one in LINTER["contracts"] for container in one.get("containers", ())}
    services = {f"services.{path.parent.name}" for path in (ROOT / "services").glob("*/__init__.py")}
    assert services | {"shared.rules", "shared.platform"} <= layered
    exhaustive = {one["name"] for one in LINTER["contracts"] if one.get("exhaustive")}
    assert len(exhaustive) >= len(services) + 2


VALUE_TYPES: Final = frozenset({"msgspec.Struct", "msgspec.field", "msgspec.structs"})


def test_the_rules_take_values_from_msgspec_and_nothing_else() -> None:
    """The domain neither reads nor writes bytes: of msgspec it imports structs alone (ADR 0030)."""
    taken = {
        f"{node.module}.{alias.name}" if node.module == "msgspec" else node.module
        for path in modules()
        if path.parent.as_posix() == "shared/rules/domain"
        for node in nodes(path)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("msgspec")
        for alias in node.names
    }
    whole = [
        f"{path}:{node.lineno}"
        for path in modules()
        if path.parent.as_posix() == "shared/rules/domain"
        for node in nodes(path)
        if isinstance(node, ast.Import) and any(alias.name.startswith("msgspec") for alias in node.names)
    ]
    assert taken <= VALUE_TYPES
    assert whole == []


def asked_for(service: str) -> Iterator[re.Pattern[str]]:
    """What code of a service, or of what no service owns, may name: its words, and those made from a pattern."""
    for path in modules():
        if path.parts[0] == "services" and path.parts[1] != service:
            continue
        for node in nodes(path):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
                if any(parts) and all(part is None or re.fullmatch(r"\w+", str(part)) for part in parts):
                    yield re.compile("".join(r"\w+" if part is None else str(part) for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                yield re.compile(node.value)


def test_every_query_is_asked_for() -> None:
    """Each named query of a service's `.sql` files is named by its code: what nobody asks is deleted, not kept."""
    left = {}
    for folder in sorted((ROOT / "services").glob("*/sql")):
        names = {
            name
            for path in folder.glob("*.sql")
            for name in re.findall(r"^-- name: (\w+)", path.read_text(), re.MULTILINE) or [path.stem]
        }
        asked = list(asked_for(folder.parent.name))
        left[folder.parent.name] = sorted(n for n in names if not any(one.fullmatch(n) for one in asked))
    assert {service: names for service, names in left.items() if names} == {}
