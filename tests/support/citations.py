"""Citations in docstrings, comments and documents, and where each of them leads.

`contract.md#claim-message` names a page and an anchor of it, found in `docs/`, `docs/rules/` or beside the page that
cites it; `ADR 0004` a decision; `sentences.yaml#time.late` a sentence of the rules.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.documents import DOCS, FENCE, ROOT, anchors, text

FOLDERS: Final = ("services", "shared", "tests", "docs", "bench", "deploy")
KINDS: Final = (".py", ".sql", ".md", ".yaml", ".yml", ".toml")
HOMES: Final = (ROOT, DOCS, DOCS / "rules", DOCS / "adr")

LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_CODE: Final = re.compile(r"`[^`\n]+`")
PAGE: Final = re.compile(r"(?<![\w/:.-])((?:\.{1,2}/)*[\w][\w./-]*\.md)\b(?:#([\w-]+))?")
SENTENCE: Final = re.compile(r"\bsentences\.yaml#([\w.]+)")
DECISION: Final = re.compile(r"\bADRs?([ -]?\d+)")
OLD: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<!RFC \d{4} )\bsections? \d",
        r"\bchoices? \d",
        r"\bguarantees? G\d",
        r"\b(?:rules|contract|hazards|architecture|patterns)(?:\.md)?,? [\"“]?\d",
        r"\b(?:rules|contract|hazards|architecture|patterns),? [\"“][a-z]",
        r"\bhazards:",
        r"(?<![\w/-])(?:house|changes|rules|patterns)\.md\b",
        r"\bshared/spec\b",
    )
)
"""Forms that name a text which is not in the repository, or a place in one that moves when it is edited."""


def sources() -> Iterator[Path]:
    """What may cite. A released migration is left alone: its digest is stored wherever it ran."""
    yield ROOT / ".ci" / "run"
    for path in sorted(ROOT.glob("*")):
        if path.suffix in KINDS or path.name == "Makefile":
            yield path
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if (path.suffix in KINDS or path.name == "Dockerfile") and "migrations" not in path.parts:
                yield path


@cache
def prose(path: Path) -> str:
    """What people read of a file, without line breaks: of code the comments and the docstrings."""
    body = text(path)
    if path.suffix == ".py":
        body = "\n".join(_words(path, body))
    elif path.suffix == ".md":
        body = FENCE.sub("", body)
    return re.sub(r"\s*\n\s*(?:--|#(?= ))?\s*", " ", body)


def _words(path: Path, body: str) -> Iterator[str]:
    """Comments and docstrings; of production code the other texts too, since messages name documents."""
    every = "tests" not in path.parts
    for token in tokenize.generate_tokens(io.StringIO(body).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("#")
        elif token.type == tokenize.STRING and (every or token.string.startswith('"""')):
            yield token.string


def broken(said: str, beside: Path) -> list[str]:
    """The citations of a text that lead nowhere; `beside` is the folder of the file that holds it."""
    wrong = [
        f"{page}#{anchor}" if anchor else page
        for page, anchor in PAGE.findall(said)
        if not _leads(page, anchor, beside)
    ]
    wrong += [
        f"ADR{number}"
        for number in DECISION.findall(said)
        if number[0] != " " or number[1:] not in decisions()
    ]
    return wrong + [f"sentences.yaml#{key}" for key in SENTENCE.findall(said) if key not in sentences()]


def broken_links(page: Path) -> list[str]:
    """The relative links of a Markdown page that lead to no file, folder or anchor."""
    wrong = []
    for link in LINK.findall(_CODE.sub("", FENCE.sub("", text(page)))):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in anchors(target))):
            wrong.append(link)
    return wrong


def old_forms(said: str) -> list[str]:
    """What of a text names a place by an old form."""
    return [found.group() for form in OLD for found in form.finditer(said)]


def _leads(page: str, anchor: str, beside: Path) -> bool:
    for home in (beside,) if page.startswith(".") else (beside, *HOMES):
        target = home / page
        if target.is_file():
            return not anchor or anchor in anchors(target.resolve())
    return False


@cache
def decisions() -> frozenset[str]:
    """The numbers of the decisions that are recorded."""
    return frozenset(path.name[:4] for path in (DOCS / "adr").glob("[0-9]*.md"))


@cache
def sentences() -> frozenset[str]:
    """`section.key` of each sentence of the rules."""
    told: dict[str, dict[str, Any]] = yaml.safe_load(text(DOCS / "rules" / "sentences.yaml"))
    return frozenset(f"{section}.{key}" for section, keys in told.items() for key in keys)
