"""What the framework finds wrong in a request, in the words of the contract: Chinese first, as everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.contract.errors import bad
from shared.i18n import bilingual

Context = Mapping[str, Any]


def validation_message(found: Mapping[str, Any]) -> str:
    """The message of one finding, without the value that was refused."""
    kind, context = str(found["type"]), found.get("ctx") or {}
    told = _MESSAGES.get(kind)
    if told is not None:
        return told(context)
    for ending in ("_parsing", "_type"):
        if kind.endswith(ending):
            return _rule("type", expected=kind.removesuffix(ending))
    said = str(found["msg"])
    return said if not said.isascii() else bilingual("is not valid: {said}", said=said)


def _rule(rule: str, **values: Any) -> str:
    return bad("", rule, **values).message


_MESSAGES: Final[dict[str, Callable[[Context], str]]] = {
    "missing": lambda context: _rule("required"),
    "extra_forbidden": lambda context: bilingual("is not a field of this request"),
    "json_invalid": lambda context: _rule("json", place=""),
    "string_pattern_mismatch": lambda context: _rule("pattern", expected=context["pattern"]),
    "literal_error": lambda context: _rule("one_of", expected=context["expected"]),
    "string_too_short": lambda context: _rule("length", limit=f"≥ {context['min_length']}"),
    "string_too_long": lambda context: _rule("length", limit=f"≤ {context['max_length']}"),
    "greater_than_equal": lambda context: _rule("range", limit=f"≥ {context['ge']}"),
    "less_than_equal": lambda context: _rule("range", limit=f"≤ {context['le']}"),
}
