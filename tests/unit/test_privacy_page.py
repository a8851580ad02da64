"""The page of a copy: text and nothing else, Chinese first."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from services.intake.privacy.page import page_of

COPY: dict[str, Any] = {
    "made_at": "2026-03-02T02:00:00Z",
    "scope": "east",
    "contacts": ["+8613800000001"],
    "names": ["</td><script>alert(1)</script>"],
    "records": [
        {
            "seq": 7,
            "kind": {"zh": "来访登记", "en": "visit"},
            "data": {
                "customer": {"name": '"><img src=x onerror=y>', "phones": ["138 0000 0001"]},
                "companions": [{"name": "a & b"}],
                "capacity": "on_turn",
                "brochure_only": True,
            },
        }
    ],
    "decisions": [{"decision": "kept", "owner": "li"}],
    "deals": [],
    "alerts": [
        {
            "step": "last_call", "audience": "owner", "state": "sent",
            "history": [{"what": "answer sent", "channel": "dingtalk/east"}],
        }
    ],
}  # fmt: skip


class Reader(HTMLParser):
    """Which elements a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_what_was_typed_is_text() -> None:
    """A name that looks like an element is shown as it was typed, and nothing runs or is loaded."""
    page = page_of(COPY).decode()
    read = Reader(page)
    assert not read.elements & {"script", "img", "link", "iframe"}
    assert COPY["names"][0] in read.texts and COPY["records"][0]["data"]["customer"]["name"] in read.texts
    assert re.search(r"default-src 'none'", page)


def test_fields_have_their_names_in_both_languages() -> None:
    """Chinese first; a field within another says where it stands, and a section without anything is left out."""
    texts = Reader(page_of(COPY).decode()).texts
    assert "联系方式 contacts" in texts and "来访登记 visit" in texts
    assert "姓名 name (data.companions[1].name)" in texts and "a & b" in texts
    assert not any("deals" in text for text in texts)


def test_values_of_closed_lists_are_in_words() -> None:
    """A person who reads what is kept of them is told nothing in words of a program."""
    texts = Reader(page_of(COPY).decode()).texts
    told = {
        "按轮接待 On turn",
        "是 yes",
        "维持 kept",
        "最后提醒 last call",
        "服务商已受理 taken by the provider",
        "钉钉 DingTalk",
    }
    assert told <= set(texts)
    assert not {"on_turn", "True", "kept", "last_call", "answer sent", "dingtalk/east"} & set(texts)
