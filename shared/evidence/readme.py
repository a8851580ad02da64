"""The first page of a pack: how it is verified, and what is in it, Chinese first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated

if TYPE_CHECKING:
    from shared.evidence.making import PackSource

_VERIFY: Final = "    panke verify PACK.zip --key KEY\n"
_LINES: Final = (
    translated(
        "KEY is the public key of the log {origin}, a line such as {vkey}. Take it from somebody who does not gain by "
        "this pack, never from the pack itself. A checkpoint that you have kept or been given, of the same log, goes "
        "with --checkpoint FILE: what was cut off or forked is found by it."
    ),
    translated(
        "The command needs neither network nor database. Exit code 0: nothing is wrong; 1: something was found, and is "
        "told with its place; 2: it cannot be told."
    ),
)
_FILES: Final = (
    ("facts.ndjson", translated(
        "every fact of the scope, as it was sealed: panke judge --rulebook {rulebook} facts.ndjson "
        "gives the decisions")),
    ("opened.ndjson", translated("the customer's records in clear, as far as they name nobody else")),
    ("people.json", translated("which contact each id stands for, and keys that prove words and read nothing")),
    ("decisions.json", translated("what the rules gave for this customer")),
    ("rulebooks/", translated("the texts of the rulebooks, each with those that it extends")),
    ("checkpoint, keys.json, leaves.ndjson, nodes.bin", translated(
        "the signed head of the log, its keys, and the proof that all these facts stand in it")),
    ("alerts.json, access.json", translated(
        "whom the system told, and who looked at the customer: as the system has it, not in the log")),
    ("report.zh.pdf, report.en.pdf", translated("the same to print")),
    ("manifest.json, manifest.note", translated("the digest of every file, and the signature over it")),
)  # fmt: skip
_TITLE: Final = translated("Evidence on customer {customer} of scope {scope}")
_PRIVATE: Final = translated(
    "This pack holds personal data of the customer. Keep it locked, hand it on to nobody who need not see it, and "
    "delete it when its purpose is reached or the customer is erased: panke verify with the later log says so."
)


def readme(source: PackSource) -> str:
    """The page; what it says first is how to verify."""
    values = {
        "customer": case_number(source.customer),
        "scope": source.scope,
        "origin": source.log.origin,
        "vkey": source.log.vkey,
        "rulebook": f"{source.rulebook[0]}@{source.rulebook[1]}",
    }
    return _VERIFY + "\n" + "\n---\n\n".join(_part(language, values) for language in ("zh", "en"))


def _part(language: str, values: dict[str, str]) -> str:
    def said(text: Text) -> str:
        return str(getattr(text, language)).format(**values)

    files = "\n".join(f"- `{name}`: {said(text)}" for name, text in _FILES)
    lines = "\n\n".join(said(line) for line in _LINES)
    return f"# {said(_TITLE)}\n\n{lines}\n\n{files}\n\n{said(_PRIVATE)}\n"
