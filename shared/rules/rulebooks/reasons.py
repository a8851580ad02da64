"""What is wrong with a value of a rulebook, in an office's words."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from shared.platform.officefile.conversion import Mistake, extra
from shared.platform.officefile.strict import fields_of, options, struct_in


def reason_of(mistake: Mistake) -> str:
    """Why the value is none, by the type that is needed."""
    if rule := extra(mistake.kind, "rule"):
        return f"{rule}, not {mistake.shown}"
    known = list(options(mistake.kind))
    words = [word for one in known if get_origin(one) is Literal for word in get_args(one)]
    items = next((get_args(one)[0] for one in known if get_origin(one) is tuple), None)
    if items is not None:
        return _of_list(mistake, words, items)
    if words:
        return _of_words(mistake, words)
    if bool in known:
        return f"wrong type: true or false is needed, not {mistake.shown}"
    if struct_in(mistake.kind) is not None:
        return f"wrong type: a mapping is needed, not {mistake.shown}"
    return _of_text(mistake)


def _of_list(mistake: Mistake, words: list[str], items: object) -> str:
    if isinstance(mistake.value, list):
        return "the list is empty"
    if words:
        return f"{' or '.join(words)} or a list is needed, not {mistake.shown}"
    return f"wrong type: a list is needed, as [{get_args(items)[0]}], not {mistake.shown}"


def _of_words(mistake: Mistake, words: list[str]) -> str:
    struct = struct_in(mistake.kind)
    if struct is not None and mistake.value == "split" and "split" in fields_of(struct):
        return "a split needs its shares: {split: {first: 5000, second: 5000}}"
    return f"{' or '.join(words)} is needed, not {mistake.shown}"


def _of_text(mistake: Mistake) -> str:
    if isinstance(mistake.value, str):
        return extra(mistake.kind, "form")
    if mistake.value is None or isinstance(mistake.value, dict | list):
        return f"wrong type: text is needed, not {mistake.shown}"
    return f"wrong type: YAML reads {mistake.shown} as something other than text; put it in quotes"
