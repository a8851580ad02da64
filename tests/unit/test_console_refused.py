"""Refusals of services as people read them: sentences with the label of the field, and nothing of programs."""

from __future__ import annotations

import re
from typing import Any

import pytest

from services.console.asking.refusals import ServiceRefusedError, WrongField
from services.console.frame.field_words import field_word
from services.console.frame.refused import in_one_line, in_words, problem_words, sentence, wrong_with
from services.console.frame.templates import rendered
from services.console.frame.words import LANGUAGES
from shared.contract.errors import RULES, BadEvent, bad
from shared.i18n import Text, bilingual
from shared.platform.http.validation_words import validation_message

EXPECTED = {
    "expected": "^[a-z0-9-]{1,64}$", "limit": "<= 200", "place": " at line 1",
}  # fmt: skip
OF_PROGRAMS = re.compile(r"[a-z]_[a-z]|[$^{}\\]|data\.|\bRFC\b|UTF|JSON|basis points|基点|null")


def wrong_field(error: BadEvent) -> WrongField:
    return WrongField(error.path, error.rule, error.message)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_rule_of_the_contract_is_told_in_the_words_of_programs(rule: str) -> None:
    told = sentence(wrong_field(bad("data.customer.phones[0]", rule, **EXPECTED)))
    assert not OF_PROGRAMS.search(told.zh), told.zh
    assert not OF_PROGRAMS.search(told.en), told.en
    assert re.search("[一-鿿]", told.zh)
    assert told.en.isascii()


@pytest.mark.parametrize(
    ("found", "zh"),
    [
        ({"type": "literal_error", "ctx": {"expected": "'visit', 'call' or 'outreach'"}}, "请在所列选项中选择。"),
        ({"type": "string_too_long", "ctx": {"max_length": 200}}, "太长：最多 200。"),
        ({"type": "greater_than_equal", "ctx": {"ge": 1}}, "太小：至少 1。"),
        ({"type": "missing"}, "请填写此项。"),
        ({"type": "int_parsing"}, "填写的格式不对。"),
        ({"type": "string_pattern_mismatch", "ctx": {"pattern": "^[a-z]+$"}}, "填写的格式不对。"),
    ],
)  # fmt: skip
def test_what_the_framework_finds_is_a_sentence(found: dict[str, Any], zh: str) -> None:
    one = WrongField("query.kind", found["type"], validation_message({"msg": "", **found}))
    assert sentence(one).zh == zh


def test_bounds_say_which_way() -> None:
    for limit, zh in ((">= 2", "太短：至少 2。"), ("<= 64", "太长：最多 64。")):
        assert sentence(wrong_field(bad("data.name", "length", limit=limit))).zh == zh
    assert sentence(wrong_field(bad("data.n", "range", limit="<= 9"))).zh == "太大：最多 9。"


def test_a_refusal_stands_beside_its_field_and_what_has_none_is_told_with_its_name() -> None:
    errors = [
        wrong_field(bad("data.customer.phones[0]", "phone")),
        wrong_field(bad("data.reason", "required")),
        wrong_field(bad("data.approved_by[1]", "repeated")),
        wrong_field(bad("type", "unknown_type")),
    ]
    refused = ServiceRefusedError("intake", 422, "several", errors)
    wrong = wrong_with(refused, {"data.customer": "customer", "data.reason": "reason"})
    assert wrong.fields == {
        "customer": Text("不是有效的电话号码", "This is not a valid phone number"),
        "reason": Text("请填写此项。", "Fill this in."),
    }
    assert [getattr(one, "zh", one) for one in wrong.whole] == ["批准人：不能重复", "填写的格式不对。"]


def test_a_path_covers_what_stands_below_it_and_no_other_of_a_like_name() -> None:
    refused = ServiceRefusedError("intake", 422, "", [wrong_field(bad("data.customers", "required"))])
    assert wrong_with(refused, {"data.customer": "customer"}).fields == {}


def test_a_refusal_without_fields_is_told_as_the_service_says_it() -> None:
    later = ServiceRefusedError("intake", 503, bilingual("there is no such scope"))
    assert [one.zh for one in in_words(later)] == ["没有这个判客范围"]
    path = ServiceRefusedError("intake", 403, f"by: {bilingual('there is no such scope')}")
    assert in_one_line(path) == Text("没有这个判客范围。", "there is no such scope.")
    bare = ServiceRefusedError("intake", 405, "Method Not Allowed")
    assert in_words(bare) == [Text("填写的格式不对。", "Method Not Allowed")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_that_is_a_page_of_its_own_shows_no_path(language: Any) -> None:
    error = bad("data.capacity", "one_of", expected="'on_turn', 'assist'")
    document = {
        "detail": str(error), "errors": [{"path": error.path, "rule": error.rule, "message": error.message}],
    }  # fmt: skip
    page = rendered(language, "problem.html", {
        "status": 422, "told": problem_words(document), "asset": lambda name: name, "sign_in": "/sign-in",
    })  # fmt: skip
    assert "on_turn" not in page
    assert "data." not in page
    assert {"zh": "请在所列选项中选择", "en": "Choose one of what is offered"}[language] in page


def test_fields_have_names_by_their_place_in_what_was_sent() -> None:
    assert field_word("data.customer.phones[0]") == field_word("phones")
    assert field_word("query.from") == field_word("from")
    assert field_word("data.approved_by[2]") is not None
    assert field_word("id") is None
