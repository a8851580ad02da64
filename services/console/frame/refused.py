"""What a service refused, in the words of a page: each refusal a sentence, beside its field or with the name of it.

Services write for programs as well: by the path of a field, with the patterns and the values that it may have. A person
reads by which rule a field is wrong and what to do about it; no path, no pattern and no value of a program.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError, WrongField
from services.console.frame.field_words import field_word
from services.console.frame.forms import Wrong
from services.console.frame.words import line_in
from shared.i18n import Text, translated
from shared.platform.http.problem import FieldError, problem

_CHOOSE: Final = translated("Choose one of what is offered.")
_FILL_IN: Final = translated("Fill this in.")
_WRITTEN: Final = translated("This is not written as it has to be.")
_NO_TIME: Final = translated("This is no time, such as 2026-03-31 18:00.")
_SENTENCES: Final[Mapping[str, Text]] = {
    "required": _FILL_IN,
    "missing": _FILL_IN,
    "blank": _FILL_IN,
    "one_of": _CHOOSE,
    "choice": _CHOOSE,
    "literal_error": _CHOOSE,
    "instant": _NO_TIME,
    "plus": _NO_TIME,
    "utc": _NO_TIME,
    "date": translated("This is no day, such as 2026-03-31."),
    "future": translated("That is later than now."),
    "shares": translated("Together the shares have to be 100%."),
    "with_assist": translated("This is only for whoever receives on behalf of a colleague."),
    "ruled_field": translated("This decides whose the customer is: correct the record instead."),
    "same_content": translated("It is recorded already, with other content: look whether both are meant."),
    "unknown_parameter": translated("This page knows no such choice."),
    "null": _FILL_IN,
} | dict.fromkeys(
    (
        "json", "encoding", "depth", "duplicate_key", "unknown_field", "unknown_type", "type", "pattern", "number",
        "stamped", "carried_type", "carried_import", "once", "cursor", "json_invalid", "extra_forbidden",
        "string_pattern_mismatch", "key_twice",
    ),
    _WRITTEN,
)  # fmt: skip
"""How a rule that is told by paths and values elsewhere is told to a person; other rules have words of their own."""
_BOUNDS: Final[Mapping[str, Text]] = {
    "length<": translated("This is too long: {limit} at most."),
    "length>": translated("This is too short: {limit} at least."),
    "range<": translated("This is too much: {limit} at most."),
    "range>": translated("This is too little: {limit} at least."),
}
_KINDS: Final = {
    "length": "length", "string_too_long": "length", "string_too_short": "length",
    "range": "range", "less_than_equal": "range", "greater_than_equal": "range",
}  # fmt: skip
_bound = re.compile(r"(<|≤|>|≥)=? ?(\d+)").search
_of_a_field = re.compile(r"(is|has|lacks|holds|needs|must|contains|says|cannot) ").match
_path = re.compile(r"^[a-z][\w.\[\]-]*: ").match


def sentence(one: WrongField) -> Text:
    """One refusal of a field as a person reads it."""
    if one.rule in _SENTENCES:
        return _SENTENCES[one.rule]
    if one.rule.endswith(("_parsing", "_type")):
        return _WRITTEN
    bound = _bound(one.message) if one.rule in _KINDS else None
    if bound is not None:
        side = "<" if bound[1] in "<≤" else ">"
        return _BOUNDS[_KINDS[one.rule] + side].format(limit=bound[2])
    return _said(one.message)


def with_name(one: WrongField) -> Text:
    """The same with the name of the field before it, for where the field itself is not shown."""
    name, told = field_word(one.path), sentence(one)
    return told if name is None else Text(f"{name.zh}：{told.zh}", f"{name.en}: {told.en}")


def in_words(error: ServiceRefusedError) -> list[Text]:
    """All that was refused, each with the name of its field; what has no field as the service says it."""
    return [with_name(one) for one in error.errors] or [_said(error.detail)]


def problem_words(document: Mapping[str, Any]) -> list[Text]:
    """What a problem document says, as a page of its own shows it."""
    errors = msgspec.convert(document.get("errors", []), list[WrongField])
    told = str(document.get("detail", ""))
    return in_words(ServiceRefusedError("", 0, told, errors)) if told or errors else []


def in_one_line(error: ServiceRefusedError) -> Text:
    """The same, one after another."""
    told = [one.ended() for one in in_words(error)]
    return Text("".join(one.zh for one in told), " ".join(one.en for one in told))


def wrong_with(error: ServiceRefusedError, fields: Mapping[str, str]) -> Wrong:
    """What a service found wrong, beside the fields of the form; `fields` has them by the path in the event.

    A path covers what stands below it. What is said of no field stands above the form.
    """
    wrong = Wrong()
    for one in error.errors:
        name = next((fields[path] for path in fields if _within(one.path, path)), None)
        if name is None:
            wrong.whole.append(with_name(one))
        else:
            wrong.fields.setdefault(name, sentence(one))
    if not wrong:
        wrong.whole.append(_said(error.detail))
    return wrong


def handle_refused(app: FastAPI) -> None:
    """Every refusal that a page does not show itself."""
    app.add_exception_handler(ServiceRefusedError, _on_refused)


async def _on_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceRefusedError)
    errors: list[FieldError] = [
        {"path": one.path, "rule": one.rule, "message": one.message} for one in error.errors
    ]
    headers = {"Retry-After": error.retry_after} if error.retry_after else {}
    return problem(error.status, error.detail, errors=errors, headers=headers)


def _within(path: str, of: str) -> bool:
    return path == of or path.startswith((f"{of}.", f"{of}["))


def _said(line: str) -> Text:
    """A line of a service as a text, without the path of the field before it; one in English alone says nothing to
    whoever reads Chinese."""
    head = _path(line)
    bare = line[head.end() :] if head is not None else line
    zh, en = line_in("zh", bare), line_in("en", bare)
    if zh == en:
        return Text(_WRITTEN.zh if bare.isascii() else bare, bare or _WRITTEN.en)
    return Text(zh, f"This {en}" if _of_a_field(en) else en)
