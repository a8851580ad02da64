"""Which rulebooks may be adopted: known by name and version (architecture, choice 9).

The texts are attribution's; intake only has to refuse an adoption that nobody could judge under.
"""

from __future__ import annotations

from collections.abc import Iterable


def parse_rulebook(text: str) -> tuple[str, int]:
    """`base@1` is version 1 of `base`."""
    name, at, version = text.strip().partition("@")
    if not name or (at and not version.isdecimal()):
        raise ValueError(f"a rulebook is named like base@1, not {text!r}")
    return name, int(version) if at else 1


class Registry:
    """The rulebooks that this deployment knows."""

    def __init__(self, rulebooks: Iterable[str]) -> None:
        self._known = frozenset(parse_rulebook(rulebook) for rulebook in rulebooks)

    def __call__(self, name: str, version: int) -> bool:
        return (name, version) in self._known
