"""The message catalogue beside the code that it translates: what the code says, what is translated, what is compiled.

`python -m tests.support.catalogues` brings the messages of the code into the catalogue, drops those that are gone,
and compiles it; a message that is new stands there without a translation until somebody writes it.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment
from jinja2.ext import extract_from_ast

from shared.i18n.text import CATALOGUES, DOMAIN
from tests.support.sources import ROOMS, ROOT, modules, nodes

KEYWORDS = {"translated": 1, "bilingual": 1, "translated_in": 2}
SOURCE = CATALOGUES / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
COMPILED = SOURCE.with_suffix(".mo")
# The history of the file is that of the repository, not that of its header.
FIXED = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "# What Panke says in Chinese; the English is what the code has. `make catalogues` keeps it.\n#"

Message = tuple[str | None, str]
"""The context, for a word that Chinese tells apart, and the English."""


def said() -> Iterator[tuple[Message, str]]:
    """Each message of the code, and the file that has it; what is put together as it runs can be no message."""
    for file in modules():
        name = str(file)
        if name.startswith("shared/i18n/"):
            continue
        for call in nodes(file):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS:
                *context, english = [_constant(one, name) for one in call.args[: KEYWORDS[call.func.id]]]
                yield (context[0] if context else None, english), name
    for template in templates():
        yield from ((message, str(template)) for message in _said_in(template))


def templates() -> Iterator[Path]:
    """Every template of a page, by its path from the root."""
    return (
        path.relative_to(ROOT)
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("templates/**/*.html"))
    )


def _said_in(template: Path) -> Iterator[Message]:
    """The messages of a template: `t('English')`, `t_in('context', 'English')`."""
    tree = Environment(autoescape=True).parse((ROOT / template).read_text(encoding="utf-8"))
    for line, function, messages in extract_from_ast(tree, gettext_functions=("t", "t_in")):
        given = (None, messages) if isinstance(messages, str) else messages[: 2 if function == "t_in" else 1]
        context, english = given if len(given) == 2 else (None, given[0])
        assert english is not None and (function == "t" or context is not None), (
            f"{template}:{line}: a message is a constant; give what it is filled with by name"
        )
        yield context, english


def _constant(argument: ast.expr, file: str) -> str:
    assert isinstance(argument, ast.Constant) and isinstance(argument.value, str), (
        f"{file}:{argument.lineno}: a message is a constant; give what it is filled with by name"
    )
    return argument.value


def translations() -> dict[Message, str]:
    with SOURCE.open("rb") as file:
        return {(one.context, str(one.id)): str(one.string) for one in read_po(file, locale="zh") if one.id}


def catalogue(translated: Mapping[Message, str]) -> Catalog:
    """The messages of the code with their translations, each with the files that say it."""
    made = Catalog(
        locale="zh", domain=DOMAIN, header_comment=HEADER, project="Panke", version="zh",
        msgid_bugs_address="-", last_translator="-", language_team="-",
        creation_date=FIXED, revision_date=FIXED, fuzzy=False,
    )  # fmt: skip
    for (context, english), file in said():
        made.add(english, translated.get((context, english), ""), [(file, 0)], context=context)
    return made


def source(made: Catalog) -> bytes:
    """The catalogue as a person edits it. The order and the files leave no trace of lines, so that changes are few."""
    written = io.BytesIO()
    write_po(written, made, width=118, include_lineno=False)
    return written.getvalue()


def compiled(made: Catalog) -> bytes:
    written = io.BytesIO()
    write_mo(written, made)
    return written.getvalue()


def write(translated: Mapping[Message, str]) -> None:
    made = catalogue(translated)
    SOURCE.parent.mkdir(parents=True, exist_ok=True)
    SOURCE.write_bytes(source(made))
    COMPILED.write_bytes(compiled(made))


if __name__ == "__main__":
    write(translations())
