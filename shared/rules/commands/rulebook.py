"""`panke rulebook`: list, show, check, explain and diff, for those who know the office and not the code."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from shared.i18n import Text, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.options import rulebook_folder
from shared.platform.text.terminal import PlainGroup, say
from shared.rules.commands.prove import prove_command
from shared.rules.commands.trial import try_command
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.rulebooks.in_words import Difference, Setting, differences, in_words, settings
from shared.rules.rulebooks.loading import Book, load_book
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry

LANGUAGES = ("zh", "en")


class _Known(click.ParamType[Book]):
    """A rulebook by its name (and version or digest) or the path of its file; a wrong one ends the command with 2."""

    name = "rulebook"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Book:
        if isinstance(value, Book):
            return value
        try:
            return Registry().find(str(value))
        except OfficeFileError as bad:
            say(mistake_line(bad), err=True)
            sys.exit(2)


@click.group("rulebook", cls=PlainGroup, help="Read, check and compare rulebooks 规则书.")
def rulebook() -> None:
    """The group; its commands follow."""


rulebook.add_command(try_command)
rulebook.add_command(prove_command)


@rulebook.command("list", help="The rulebooks that may be adopted: those that ship, and those of the folder.")
@rulebook_folder
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_books(rulebook_folder: str, as_json: bool) -> None:
    """Name, version, title and digest of each, and below them the texts that shipped earlier."""
    try:
        known = Registry(rulebook_folder)
        books = [(book.rulebook, False) for book in known.all()]
        books += [(book.rulebook, True) for book in known.earlier()]
    except OfficeFileError as bad:
        say(mistake_line(bad), err=True)
        sys.exit(2)
    if as_json:
        say(json.dumps([_listed(*row) for row in books], ensure_ascii=False, indent=2))
        return
    for book, earlier in books:
        mark = f"  ({translated('earlier text').beside})" if earlier else ""
        title = f"{book.title.zh} · {book.title.en}"
        say(f"{book.name:<14}{book.version:<4}{book.sha256[:12]}  {title}{mark}")


def _listed(book: Rulebook, earlier: bool) -> dict[str, object]:
    row = {"name": book.name, "version": book.version, "sha256": book.sha256, "title": asdict(book.title)}
    return row | {"earlier": earlier}


@rulebook.command(help="Every value of a rulebook as merged, with the clause that it cites.")
@click.argument("book", type=_Known())
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--source", is_flag=True, help="The file as written instead.")
def show(book: Book, as_json: bool, source: bool) -> None:
    """The merged values, or the text."""
    known = book.rulebook
    if source:
        say(book.texts[-1].decode(), nl=False)
    elif as_json:
        head = {"name": known.name, "version": known.version, "sha256": known.sha256}
        chain = {"title": asdict(known.title), "extends": [sheet.name for sheet in book.sheets[:-1]]}
        values = {path: asdict(setting) for path, setting in settings(book).items()}
        clauses = {clause: asdict(text) for clause, text in known.clauses.items()}
        say(json.dumps(head | chain | {"values": values, "clauses": clauses}, ensure_ascii=False, indent=2))
    else:
        say(f"{known.name} {known.version} {known.sha256}\n{known.title.zh} · {known.title.en}")
        for path, setting in settings(book).items():
            say(f"{path:<34}{setting.value:<34}{setting.clause}".rstrip())


@rulebook.command(
    help="Check rulebook files: the first error of each, with file, line, key and reason; exit 2."
)
@click.argument("books", nargs=-1, required=True)
def check(books: tuple[str, ...]) -> None:
    """All files are looked at, also after an error."""
    wrong = False
    for name in books:
        try:
            book = load_book(name).rulebook
        except OfficeFileError as bad:
            say(mistake_line(bad), err=True)
            wrong = True
        else:
            say(f"{name}: good: {book.name} {book.version} {book.sha256}")
    if wrong:
        sys.exit(2)


@rulebook.command(help="Tell a rulebook clause by clause: what it says and what its values do.")
@click.argument("book", type=_Known())
@click.option(
    "--lang", type=click.Choice((*LANGUAGES, "both")), default="both", help="Chinese, English or both."
)
def explain(book: Book, lang: str) -> None:
    """First the book's own clauses as it orders them, then those that it keeps from others."""
    languages = LANGUAGES if lang == "both" else (lang,)
    known = book.rulebook
    say(f"{_both(known.title, languages)} ({known.name} {known.version})")
    told = list(in_words(book))
    own = [clause for clause in known.clauses if clause in book.sheets[-1].clauses]
    kept = [c for c in known.clauses if c not in own and any(t.clause == c for t in told)]
    for clause in (*own, *kept):
        _print_clause(clause, known.clauses[clause], [t.text for t in told if t.clause == clause], languages)


def _print_clause(clause: Clause, sentence: Text, values: list[Text], languages: tuple[str, ...]) -> None:
    say(f"\n{clause}")
    for language in languages:
        say(f"  {getattr(sentence, language)}")
    nothing = translated("Sets no value: the common procedures or people do this.")
    for text in values or [nothing]:
        for mark, language in zip("- ", languages, strict=False):
            say(f"    {mark} {getattr(text, language)}")


def _both(text: Text, languages: tuple[str, ...]) -> str:
    return " · ".join(getattr(text, language) for language in languages)


@rulebook.command(help="Where two rulebooks differ: the values and the clauses.")
@click.argument("before", type=_Known())
@click.argument("after", type=_Known())
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff(before: Book, after: Book, as_json: bool) -> None:
    """A line for each field whose value or clause is not the same."""
    found = differences(before, after)
    if as_json:
        names = {"before": _identity(before), "after": _identity(after)}
        say(json.dumps(names | {"differences": [asdict(d) for d in found]}, ensure_ascii=False, indent=2))
        return
    say(_row("", *(_heading(book, before, after) for book in (before, after))))
    for difference in found:
        say(_row(difference.path, _cell(difference.before), _cell(difference.after)))
    say(f"{_changed(found)} of {len(found)} differ in their value, the others in their clause only.")


def _heading(book: Book, *both: Book) -> str:
    """The name, with the digest where both have the same."""
    same = len({each.rulebook.name for each in both}) == 1
    return f"{book.rulebook.name}@{book.rulebook.sha256[:12]}" if same else book.rulebook.name


def _identity(book: Book) -> dict[str, object]:
    known = book.rulebook
    return {"name": known.name, "version": known.version, "sha256": known.sha256}


def _changed(found: list[Difference]) -> int:
    return sum(1 for d in found if (d.before and d.before.value) != (d.after and d.after.value))


def _cell(setting: Setting | None) -> str:
    return (
        "–"
        if setting is None
        else f"{setting.value} ({setting.clause})".strip()
        if setting.clause
        else setting.value
    )


def _row(path: str, before: str, after: str) -> str:
    return f"{path:<34}{before:<46}{after}".rstrip()
