"""What is shown of a person to somebody who need not know them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.contract.events import DATA_TYPES
from shared.contract.masking import mask_name, mask_typed, masked_data, names_somebody_of
from shared.contract.personal import personal_texts

TYPED = {
    "phone": "138 0000 0001", "wechat": "WX_Secret", "text": "打 13800000001 找他", "evidence": "13800000001",
    "address": "li.na@example.com", "name": "张伟",
}  # fmt: skip
SECRET = ("13800000001", "138 0000 0001", "Secret", "secret", "li.na", "example.com")


def with_all(event_type: str) -> dict[str, Any]:
    """Data with every personal text that a type has."""
    data: dict[str, Any] = {"other": "stays", "number": 13800000001}
    for path, kind in personal_texts(event_type).items():
        node: Any = data
        *steps, last = path.split(".")[1:]
        for step in steps:
            name, listed = step.removesuffix("[]"), step.endswith("[]")
            node = node.setdefault(name, [{}] if listed else {})
            node = node[0] if listed else node
        node[last.removesuffix("[]")] = [TYPED[kind]] if last.endswith("[]") else TYPED[kind]
    return data


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_no_contact_of_an_event_is_shown_whatever_its_type(event_type: str) -> None:
    """Which texts are contacts the types say, so that a new field is masked as well; names and all else stay."""
    data = with_all(event_type)
    before = json.dumps(data, ensure_ascii=False)
    shown = masked_data(event_type, data)
    text = json.dumps(shown | {"number": 0}, ensure_ascii=False)
    assert not any(word in text for word in SECRET)
    assert (shown["other"], shown["number"]) == ("stays", 13800000001)
    assert text.count("张伟") == before.count("张伟")
    assert json.dumps(data, ensure_ascii=False) == before


@pytest.mark.parametrize(
    ("kind", "typed", "shown"),
    [
        ("phone", "13800000001", "138****0001"),
        ("phone", "138****0001", "138****0001"),
        ("phone", "无", "无"),
        ("wechat", "wx_abc", "wechat:wx****"),
        ("wechat", "13800000001", "138****0001"),
        ("wechat", "", ""),
        ("text", "打 13800000001 找他", "打 138****0001 找他"),
        ("text", "微信 zhang_wei88，加她", "微信 zh****，加她"),
        ("text", "微信号：zhangwei 或 wx: wei-zhang", "微信号：zh**** 或 wx: we****"),
        ("text", "发微信给他，wechat message", "发微信给他，wechat message"),
        ("evidence", "微信zhang_wei88的聊天", "微信zh****的聊天"),
        ("text", "加v:zhangwei88，vx wei_88zhang", "加v:zh****，vx we****"),
        ("text", "薇信zhang_wei88 V信：zhangwei 加她微zhangwei", "薇信zh**** V信：zh**** 加她微zh****"),
        ("text", "微信账号 zhang_wei，微信ID:zhang_wei", "微信账号 zh****，微信ID:zh****"),
        ("text", "vx message, TV: samsung, level:abcdef", "vx message, TV: samsung, level:abcdef"),
        ("text", "一三八零零零零零零零一找他", "138****0001找他"),
        ("text", "幺三八 〇〇〇〇 〇〇〇二，13八 0000 零零零三", "138****0002，138****0003"),
        ("text", "一二三四五六七八九〇一，三八节", "一二三四五六七八九〇一，三八节"),
        ("text", "tel138 0000 0001、139/0000/0002", "tel138****0001、139****0002"),
        ("address", "li@example.com", "li****"),
        ("address", "13800000001", "138****0001"),
    ],
)
def test_a_contact_is_masked_as_it_was_typed(kind: str, typed: str, shown: str) -> None:
    """Enough is left to tell one from another; what is masked already, or says nothing, stays."""
    assert mask_typed(kind, typed) == shown


def test_a_wechat_id_of_the_event_is_masked_in_its_words_too() -> None:
    """Whose id stands in a field is not told by the notes beside it, in whatever case they have it."""
    data = {
        "customer": {"wechat": "zhang_wei"},
        "companions": [{"wechat": "Li.Na88", "relation": "妻子 li.na88"}],
        "notes": "ZHANG_WEI 常用，zhang_wei2 是别的",
    }
    shown = masked_data("visit.registered", data)
    assert shown["notes"] == "ZH**** 常用，zhang_wei2 是别的"
    assert shown["companions"][0]["relation"] == "妻子 li****"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("张伟", "张*"), ("欧阳娜娜", "欧**"), ("张", "张*"), ("", "*"), ("John Smith", "J**")],
)
def test_of_a_name_as_much_is_shown_as_tells_whether_it_is_the_right_person(name: str, shown: str) -> None:
    """How long it is is not told beyond two letters."""
    assert mask_name(name) == shown


def test_a_known_wechat_id_is_masked_in_words_though_the_event_does_not_name_it() -> None:
    """By itself, in whatever letters; what only begins so is another word."""
    data = {"customer": {"phones": ["13800000001"]}, "by": "li", "method": "phone", "subject": "回访",
            "content": "加了Zhang_Wei88，zhang_wei881 不是"}  # fmt: skip
    shown = masked_data("followup.recorded", data, {"zhang_wei88"})
    assert shown["content"] == "加了Zh****，zhang_wei881 不是"
    assert masked_data("followup.recorded", data)["content"] == data["content"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("张伟的登记重复", True),
        ("号码 138-0000-0001 录错", True),
        ("微信 zhang wei", True),
        ("１３８０００００００１", True),
        ("同事家属王芳", True),
        ("录入重复", False),
        ("13800000009", False),
    ],
)
def test_words_that_tell_whom_an_event_names_are_known(words: str, told: bool) -> None:
    """Name, phone or WeChat id of anybody in it, however they are written."""
    data = {
        "customer": {"name": "张伟", "phones": ["+86 138 0000 0001"], "wechat": "Zhang_Wei"},
        "companions": [{"name": "王芳"}],
    }
    assert names_somebody_of(words, "visit.registered", data) == told
