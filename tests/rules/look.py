"""Look up a rule: by sentence, anchor or function, with everything that the sentence leads to.

.venv/bin/python -m tests.rules.look visits-row-5
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.rules.form import HERE, read_cases
from tests.rules.sentences import ROOT, Sentence, read_sentences

RULES = ROOT / "shared" / "rules"
OTHER_ROOMS = ("judge.", "rulebooks.")


def main() -> None:
    """Print what the arguments name; exit with 1 if something is unknown."""
    unknown = [word for word in sys.argv[1:] if not show(word)]
    sys.exit(f"no sentence, anchor, function or clause: {', '.join(unknown)}" if unknown else 0)


def show(word: str) -> bool:
    """Print each sentence that is, is of, or is applied by what the word names; whether there was one."""
    found = look_up(word)
    for sentence in found:
        print("\n".join(lines_of(sentence)))
    return bool(found)


def look_up(word: str) -> list[Sentence]:
    """The sentences with this key, of this rule (`visits-row-5`) or clause, or applied by this function."""
    rules = rules_of(word)
    return [
        said
        for said in read_sentences().values()
        if word in (said.key, said.at, *said.by) or said.at in rules
    ]


def rules_of(clause: str) -> frozenset[str]:
    """The rules that read the values of a clause (`shijiazhuang.4`), as the page of its rulebook names them."""
    page = ROOT / "docs" / "rules" / f"{clause.partition('.')[0]}.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    section = re.search(rf"^## {re.escape(clause)}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    told = re.search(r"^Rules: .+$", section[1], re.MULTILINE) if section is not None else None
    return frozenset(re.findall(r"#([\w-]+)\)", told[0]) if told is not None else ())


def lines_of(sentence: Sentence) -> Iterator[str]:
    """The sentence, its rule, its functions and its cases, each where it stands."""
    yield f"{sentence.key}: {sentence.says}"
    yield f"  rule      docs/rules/procedure.md#{sentence.at}"
    yield from (f"  function  {place(name)}" for name in sentence.by)
    yield from (f"  case      {case}" for case in cases_of(sentence.key))
    if sentence.held is not None:
        yield f"  test      {sentence.held}"


def cases_of(key: str) -> Iterator[str]:
    """Each case of the sentence, with its file and line."""
    for case in read_cases():
        if key in case.said["of"]:
            file = HERE / "cases" / f"{case.file}.yaml"
            line = file.read_text(encoding="utf-8").splitlines().index(f"- case: {case.name}") + 1
            yield f"{file.relative_to(ROOT)}:{line} {case.name}"


def place(name: str) -> str:
    """The file and the line of a function."""
    file, line = found_at(name)
    return f"{file.relative_to(ROOT)}:{line} {name}"


def found_at(name: str) -> tuple[Path, int]:
    """Where a function or method is defined: in the domain, or in the room that its name begins with."""
    folder = RULES if name.startswith(OTHER_ROOMS) else RULES / "domain"
    *path, last = name.split(".")
    owner = path.pop() if path[-1][0].isupper() else None
    file = folder.joinpath(*path).with_suffix(".py")
    if file.is_file() and (owner, last) in (lines := defined(file)):
        return file, lines[owner, last]
    raise LookupError(name)


def defined(file: Path) -> dict[tuple[str | None, str], int]:
    """The line of each function of a module, and of each method with its class."""
    found: dict[tuple[str | None, str], int] = {}
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[None, node.name] = node.lineno
        elif isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {(node.name, method.name): method.lineno for method in methods}
    return found


if __name__ == "__main__":
    main()
