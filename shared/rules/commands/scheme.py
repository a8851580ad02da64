"""`panke scheme`: list, show, check, explain and diff schemes, as `panke rulebook` does with books; their schema."""

from __future__ import annotations

import json
import sys
from itertools import chain
from typing import Any

import click

from shared.contract.profile import catalogue
from shared.i18n import Text
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.text.terminal import PlainGroup, say
from shared.rules.schemes.loading import SchemeRegistry, load_scheme
from shared.rules.schemes.mistake_words import scheme_mistake
from shared.rules.schemes.scheme import Scheme
from shared.rules.schemes.shape import schema
from shared.rules.schemes.words import heading

LANGUAGES = ("zh", "en")
scheme_folder = click.option(
    "--scheme-folder",
    envvar="PANKE_SCHEME_FOLDER",
    default="",
    metavar="FOLDER",
    help="The folder with the offices' own schemes (PANKE_SCHEME_FOLDER).",
)


class _KnownScheme(click.ParamType[Scheme]):
    """A scheme by its name (and version) or the path of its file; a wrong one ends the command with 2."""

    name = "scheme"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Scheme:
        if isinstance(value, Scheme):
            return value
        try:
            return SchemeRegistry().find(str(value))
        except OfficeFileError as bad:
            say(scheme_mistake(bad), err=True)
            sys.exit(2)


@click.group("scheme", cls=PlainGroup, help="Read, check and compare schemes of the registers.")
def scheme() -> None:
    """The group; its commands follow."""


@scheme.command("list", help="The schemes that may be adopted: those that ship, and those of the folder.")
@scheme_folder
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_schemes(scheme_folder: str, as_json: bool) -> None:
    """Name, version, title and digest of each."""
    try:
        known = list(SchemeRegistry(scheme_folder).values())
    except OfficeFileError as bad:
        say(scheme_mistake(bad), err=True)
        sys.exit(2)
    if as_json:
        say(json.dumps([_identity_of(one) for one in known], ensure_ascii=False, indent=2))
        return
    for one in known:
        say(f"{one.name:<14}{one.version:<4}{one.sha256[:12]}  {one.title.zh} · {one.title.en}")


@scheme.command("show", help="Every value of a scheme as merged, with what it cites.")
@click.argument("scheme", type=_KnownScheme())
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--source", is_flag=True, help="The file as written instead.")
def show_scheme(scheme: Scheme, as_json: bool, source: bool) -> None:
    """The merged values, or the text."""
    if source:
        say(scheme.texts[-1].decode(), nl=False)
    elif as_json:
        values = {path: {"value": value, "cite": cite} for path, value, cite in scheme.settings()}
        say(json.dumps(_identity_of(scheme) | {"values": values}, ensure_ascii=False, indent=2))
    else:
        say(f"{scheme.name} {scheme.version} {scheme.sha256}\n{scheme.title.zh} · {scheme.title.en}")
        for path, value, cite in scheme.settings():
            say(f"{path:<26}{value}  ({cite})")


@scheme.command(
    "check", help="Check files of schemes: the first error of each, with file, line, key and reason; exit 2."
)
@click.argument("schemes", nargs=-1, required=True)
def check_schemes(schemes: tuple[str, ...]) -> None:
    """All files are looked at, also after an error."""
    wrong = False
    for name in schemes:
        try:
            found = load_scheme(name)
        except OfficeFileError as bad:
            say(scheme_mistake(bad), err=True)
            wrong = True
        else:
            say(f"{name}: good: {found.name} {found.version} {found.sha256}")
    if wrong:
        sys.exit(2)


@scheme.command("explain", help="Tell a scheme section by section: its values, and where they come from.")
@click.argument("scheme", type=_KnownScheme())
@click.option(
    "--lang", type=click.Choice((*LANGUAGES, "both")), default="both", help="Chinese, English or both."
)
def explain_scheme(scheme: Scheme, lang: str) -> None:
    """Each section with its words, then its values."""
    languages = LANGUAGES if lang == "both" else (lang,)
    say(f"{_in(scheme.title, languages)} ({scheme.name} {scheme.version})")
    section = ""
    for path, value, cite in scheme.settings():
        name, _, rest = path.partition(".")
        if name != section:
            section = name
            say(f"\n{name}: {_in(heading(name), languages)}")
        label = _in(catalogue()[rest].label, languages) if name == "keys" else rest
        say(f"  - {label}: {value}  ({cite})" if label else f"  - {value}  ({cite})")


@scheme.command("diff", help="Where two schemes differ: the values, and what they cite.")
@click.argument("before", type=_KnownScheme())
@click.argument("after", type=_KnownScheme())
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff_schemes(before: Scheme, after: Scheme, as_json: bool) -> None:
    """A line for each value that is not the same."""
    told = [{path: (value, cite) for path, value, cite in one.settings()} for one in (before, after)]
    paths = [path for path in dict.fromkeys(chain(*told)) if told[0].get(path) != told[1].get(path)]
    if as_json:
        rows = [{"path": path, "before": told[0].get(path), "after": told[1].get(path)} for path in paths]
        names = {"before": _identity_of(before), "after": _identity_of(after)}
        say(json.dumps(names | {"differences": rows}, ensure_ascii=False, indent=2))
        return
    say(f"{'':<26}{before.name} → {after.name}")
    for path in paths:
        say(f"{path:<26}{_shown(told[0].get(path))} → {_shown(told[1].get(path))}")


@scheme.command("schema", help="The JSON Schema of a scheme's file.")
def schema_of_schemes() -> None:
    """For editors that check while one types."""
    say(json.dumps(schema(), ensure_ascii=False, indent=2))


def _identity_of(one: Scheme) -> dict[str, object]:
    title = {"zh": one.title.zh, "en": one.title.en}
    return {"name": one.name, "version": one.version, "sha256": one.sha256, "title": title}


def _in(text: Text, languages: tuple[str, ...]) -> str:
    return " · ".join(getattr(text, language) for language in languages)


def _shown(told: tuple[str, str] | None) -> str:
    return "–" if told is None else f"{told[0]} ({told[1]})"
