"""The command `panke verify`: what it takes, what it says, its exit codes (evidence.md#verify)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from shared.evidence.log import Trust, trust_of
from shared.evidence.verdict import UnverifiableError, Verdict
from shared.i18n import Text, bilingual, translated
from shared.platform.text.terminal import output, say

_file = click.Path(dir_okay=False, exists=True, path_type=Path)
_folder = click.Path(file_okay=False, exists=True, path_type=Path)
MOST_GIVEN = 1024 * 1024


@click.command("verify")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--key", "keys", multiple=True, metavar="VKEY", help="The public key of the log, or a file that holds it."
)
@click.option("--checkpoint", type=_file, help="A checkpoint of the same log that you trust.")
@click.option(
    "--consistency",
    type=_file,
    help="The proof that leads from one checkpoint to the other, as the log gives it.",
)
@click.option("--tiles", type=_folder, help="The files of the log, for a pack or an export.")
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY",
    help="A witness who must have signed the checkpoint, or a file that holds the key.",
)
@click.option("--json", "as_json", is_flag=True, help="What was found as JSON.")
def verify_command(
    path: Path,
    keys: tuple[str, ...],
    checkpoint: Path | None,
    consistency: Path | None,
    tiles: Path | None,
    witnesses: tuple[str, ...],
    as_json: bool,
) -> None:
    """Verify an evidence pack, an export of the journal, or the files of a log at PATH, offline.

    Finds what was altered, left out, put in, moved or back-dated, decisions that the rules do not give, and
    words that are not those under seal. Exit code 0: nothing is wrong; 1: something was found; 2: it cannot
    be told.
    """
    try:
        trust = trust_of(
            map(_key, keys),
            map(_key, witnesses),
            _bytes(checkpoint),
            _bytes(consistency),
            tiles,
        )
        verdict = _verify(path, trust)
    except UnverifiableError as error:
        verdict = Verdict("pack", str(path), unknown=[error.text])
    if as_json:
        _print_json(verdict)
    else:
        _print(verdict)
    sys.exit(verdict.exit_code)


def _verify(path: Path, trust: Trust) -> Verdict:
    from shared.evidence.export import verify_export
    from shared.evidence.pack import verify_pack
    from shared.evidence.tiles import verify_tiles

    if path.is_dir():
        return verify_tiles(path, trust)
    if _starts(path).startswith(b"PK"):
        return verify_pack(path, trust)
    return verify_export(path, trust)


def _starts(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(2)
    except OSError as error:
        raise UnverifiableError(
            translated("it cannot be read: {error}", error=error.strerror or error)
        ) from None


def _key(text: str) -> str:
    """A key as it is given, or what a file of that name holds."""
    if "+" in text:
        return text
    try:
        return Path(text).read_text(encoding="utf-8")[:MOST_GIVEN].strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UnverifiableError(translated("a key cannot be read: {error}", error=error)) from None


def _bytes(path: Path | None) -> bytes | None:
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read(MOST_GIVEN)


def _print(verdict: Verdict) -> None:
    for finding in verdict.findings:
        say(_on_one_line(f"{finding.text}  [{finding.kind}] {finding.where()}"))
    if verdict.more:
        say(bilingual("and {count} more", count=verdict.more))
    for text in (*verdict.unknown, *verdict.notices):
        say(_on_one_line(str(text)))
    say(_summary(verdict))


def _on_one_line(text: str) -> str:
    """A finding with the names that it tells: one that holds a line break forges no line of its own."""
    return text.replace("\n", "\\u000a")


def _summary(verdict: Verdict) -> Text:
    if verdict.findings:
        return translated("found: {count}", count=len(verdict.findings) + verdict.more)
    if verdict.unknown:
        return translated("it cannot be told")
    return translated(
        "nothing is wrong: {facts} facts, held against the log {origin} at {size} entries, root {root}",
        facts=verdict.facts,
        origin=verdict.origin,
        size=verdict.size,
        root=verdict.root,
    )


def _print_json(verdict: Verdict) -> None:
    import msgspec

    def written(value: Any) -> Any:
        return {"zh": value.zh, "en": value.en}

    path = verdict.path.encode(errors="backslashreplace").decode()  # a name of a file need not be text
    told = msgspec.to_builtins(verdict, enc_hook=written) | {"exit": verdict.exit_code, "path": path}
    output().write(msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n")
