"""The copy as one page to print, Chinese first; what it shows is text, and nothing in it is loaded or run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from shared.contract.alert_words import alert_word
from shared.contract.field_words import field_word, last_name
from shared.contract.value_words import value_word
from shared.i18n import Text, translated

Json = dict[str, Any]

_STYLE: Final = """
body { font: 10.5pt/1.5 "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
body { margin: 2em auto; max-width: 50em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; border-bottom: 1px solid; margin-top: 2em } h3 { font-size: 1em }
table { border-collapse: collapse; width: 100%; page-break-inside: avoid }
th, td { border: 1px solid #999; padding: .2em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { width: 14em; font-weight: normal; background: #f2f2f2 }
@page { margin: 18mm }
"""
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

_SECTIONS: Final[tuple[tuple[str, Text], ...]] = (
    ("records", translated("records of this customer")),
    ("entries", translated("entries of the registers")),
    ("mentions", translated("records of others in which this person stands")),
    ("decisions", translated("decisions")),
    ("deals", translated("deals")),
    ("disputes", translated("disputes")),
    ("alerts", translated("what staff were told about this customer")),
)
_LABELS: Final[Mapping[str, Text]] = {
    "made_at": translated("made at"),
    "scope": translated("ownership scope"),
    "case": translated("case number"),
    "names": translated("names"),
    "status": translated("status"),
    "office": translated("office"),
    "actor": translated("entered by"),
    "occurred_at": translated("happened at"),
    "recorded_at": translated("recorded at"),
    "seq": translated("place in the journal"),
    "set_aside": translated("set aside"),
}
"""What a copy says besides the fields of records."""
_TITLE: Final = translated("Copy of personal data")
_SHOWN_APART: Final = frozenset({"kind", "explanation", "clause_text"})


def page_of(copy: Json) -> bytes:
    """The page as HTML."""
    html = Element("html", lang="zh-CN")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": _POLICY})
    SubElement(head, "title").text = _TITLE.beside
    SubElement(head, "style").text = _STYLE
    body = SubElement(html, "body")
    SubElement(body, "h1").text = _TITLE.beside
    sections = dict(_SECTIONS)
    _table(body, {name: value for name, value in copy.items() if name not in sections})
    for name, title in _SECTIONS:
        if copy.get(name):
            SubElement(body, "h2").text = title.beside
            for item in copy[name]:
                _item(body, item)
    written: bytes = tostring(html, encoding="utf-8", method="html")
    return b"<!doctype html>\n" + written + b"\n"


def _item(body: Element, item: Json) -> None:
    for name in ("kind", "explanation", "clause_text"):
        words = item.get(name)
        if words:
            SubElement(body, "h3" if name == "kind" else "p").text = f"{words['zh']} {words['en']}"
    _table(body, {name: value for name, value in item.items() if name not in _SHOWN_APART})


def _table(body: Element, fields: Json) -> None:
    table = SubElement(body, "table")
    for path, value in _flat(fields.items()):
        row = SubElement(table, "tr")
        SubElement(row, "th").text = _label(path)
        SubElement(row, "td").text = value


def _label(path: str) -> str:
    """The last name of a path in words, with the path where it is below another."""
    last = last_name(path)
    words = _LABELS.get(last) or field_word(path)
    if words is None:
        return path
    return words.beside if last == path else f"{words.beside} ({path})"


def _flat(fields: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for path, value in fields:
        if isinstance(value, dict):
            yield from _flat((f"{path}.{name}", each) for name, each in value.items())
        elif isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
            yield from _flat((f"{path}[{n}]", each) for n, each in enumerate(value, 1))
        elif isinstance(value, list):
            yield path, "、".join(_said(path, each) for each in value) or "-"
        else:
            yield path, "-" if value is None else _said(path, value)


def _said(path: str, value: Any) -> str:
    """A value in words where it is of a closed list."""
    known = value_word(path, value) or alert_word(path, value)
    return known.beside if isinstance(known, Text) else str(value)
