"""The room of the rulebook: every book in words in both languages, what differs, drafts with their mistakes by line."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from services.console.frame.forms import Form, Wrong
from services.console.frame.office_books import OfficeBooks
from services.console.frame.place_facts import SeenScope
from services.console.frame.words import LANGUAGES, Language
from services.console.pages.rulebook.book_words import book_difference, book_view
from services.console.pages.rulebook.in_force import OfferedBook
from services.console.pages.rulebook.scheme_words import scheme_view
from services.console.pages.rulebook.trial import DraftMistake, mistake_in, where, without_head
from shared.contract.answers.scopes import AdoptedRulebook
from shared.i18n import Text
from shared.rules.rulebooks.loading import load_book, shipped
from shared.rules.schemes.documents import document_cited
from shared.rules.schemes.loading import load_scheme, shipped_schemes
from tests.support.console_rendering import HOSTILE, PLACE, made_up_scope, page_text

HAN = re.compile(r"[\u4e00-\u9fff]")
BOOKS = OfficeBooks()
GOOD = (
    "rulebook: our-draft\nversion: 1\nextends: getian\ntitle: {zh: 试行规则, en: Our draft}\n"
    "clauses:\n  our-draft.1: {zh: 七日内须回访。, en: Followed up within seven days.}\n"
    "follow_up:\n  every: 7 days\n  cite: our-draft.1\n"
)


@pytest.mark.parametrize("name", shipped())
def test_every_clause_of_a_book_is_told_once_in_both_languages(name: str) -> None:
    view = book_view(load_book(name))
    told = [*view.own, *view.kept]
    assert len({one.clause for one in told}) == len(told)
    assert all(HAN.search(one.sentence.zh) and one.sentence.en for one in told)
    assert all(value.zh and value.en for one in told for value in one.values)
    assert view.own, name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", shipped())
def test_no_two_clauses_of_a_book_have_one_heading(name: str, language: Language) -> None:
    """Those without a number are told apart by what they are about."""
    view = book_view(load_book(name))
    text = page_text(
        language, "rulebook/book.html", view=view, differs=None, force=None, may_try=False, place=PLACE
    )
    headings = re.findall(r'<h3><a href="#[^"]*" title="[^"]*">([^<]*)</a></h3>', text)
    assert len(headings) == len(view.own) + len(view.kept)
    assert len(set(headings)) == len(headings)
    assert view.sha256 in text and f">{name} {view.version} " not in text, (
        "the foot names it as its head does"
    )


def test_a_book_differs_from_itself_in_nothing_and_from_another_by_its_values() -> None:
    getian, reception = load_book("getian"), load_book("reception")
    same = book_difference(getian, getian)
    assert (same.values, same.clauses_only) == ([], 0)
    there = book_difference(getian, reception).values
    back = book_difference(reception, getian).values
    assert there
    assert [(one.before, one.after) for one in there] == [(one.after, one.before) for one in back]
    assert all(one.before != one.after for one in there)


@pytest.mark.parametrize("name", shipped_schemes())
def test_a_scheme_is_told_in_words_of_the_language(name: str) -> None:
    """No value of a closed list stands there as the file has it."""
    sections = scheme_view(load_scheme(name))
    values = [value.value for one in sections for value in one.values]
    words = [value.zh if isinstance(value, Text) else value for value in values]
    assert all(HAN.search(word) or re.fullmatch(r"[\d:]+|\d+%|", word) for word in words), words
    cites = [one.cite for one in sections if isinstance(one.cite, Text)]
    assert all(" and " not in cite.zh and "advised" not in cite.zh for cite in cites)
    assert not any(re.match("[A-T] ", cite.zh) for cite in cites), "a document is its title"


def test_what_a_scheme_cites_is_the_title_of_a_document_and_the_place_in_it() -> None:
    told = document_cited("E 3 and H 登记3; days of an answer are advised")
    assert told.zh == "《案场客户界定制度》第3条；《售楼处客户确认及判定制度》登记3"
    assert told.en.startswith("On-site customer definition rules, clause 3; ")
    assert document_cited("D 销售情况分析表(周)").zh.endswith("销售情况分析表（周）")


@pytest.mark.parametrize("name", shipped())
def test_a_draft_begins_without_the_comments_of_its_file(name: str) -> None:
    """They are for who keeps the file; what they stand before is a book as it was."""
    text = load_book(name).texts[-1].decode()
    draft = without_head(text)
    assert draft.startswith("rulebook:") and text.endswith(draft)
    assert mistake_in(draft, BOOKS.rulebooks) is None


@pytest.mark.parametrize(
    ("draft", "line", "key"),
    [
        (GOOD.replace("getian", "nobody"), 3, "extends"),
        (GOOD + "unknown: 1\n", 10, "unknown"),
        (GOOD.replace("7 days", "often"), 8, "follow_up.every"),
        ("", 1, ""),
        ("- a\n- b\n", 1, ""),
    ],
)
def test_a_mistake_in_a_draft_is_told_by_its_line_and_key(draft: str, line: int, key: str) -> None:
    found = mistake_in(draft, BOOKS.rulebooks)
    assert found is not None
    assert (found.line, found.key) == (line, key)
    assert HAN.search(found.words.zh) and not HAN.search(found.words.en)
    assert found.column >= 1
    if key:
        assert key.rpartition(".")[2] in found.text
        assert key in where(found).zh


@pytest.mark.parametrize(
    ("draft", "place", "zh"),
    [
        (GOOD + "kept: a: b\n", (10, 8), "此处不能有冒号"),
        (GOOD + "\tname: a\n", (10, 1), "缩进请用空格"),
        (GOOD + 'name: "a\n', (11, 1), "没有闭合"),
        (GOOD + "kept: [a, b\n", (11, 1), "括号没有闭合"),
        (GOOD + "kept: &a {cite: b}\n", (10, 1), "锚点"),
        (GOOD + "version: 2\n", (10, 1), "此键重复；第一次在第 2 行"),
        (GOOD.replace("7 days", "often"), None, "回访间隔以天计"),
        (GOOD.replace("7 days", "[]"), None, "回访间隔以天计"),
    ],
)
def test_why_a_draft_is_none_is_said_in_chinese_with_line_and_column(
    draft: str, place: tuple[int, int] | None, zh: str
) -> None:
    found = mistake_in(draft, BOOKS.rulebooks)
    assert found is not None
    assert zh in found.words.zh
    assert place in (None, (found.line, found.column))
    assert f"第 {found.line} 行第 {found.column} 列" in where(found).zh


def test_a_draft_without_a_mistake_may_be_tried_also_with_lines_of_a_browser() -> None:
    assert mistake_in(GOOD, BOOKS.rulebooks) is None
    assert mistake_in(GOOD.replace("\n", "\r\n"), BOOKS.rulebooks) is None


def test_a_book_is_found_by_its_digest_before_its_name() -> None:
    """What was adopted before it was amended is told by the text that decides."""
    earlier = next(iter(BOOKS.rulebooks.earlier())).rulebook
    found = BOOKS.book(earlier.name, earlier.version, earlier.sha256)
    assert found is not None
    assert found.rulebook.sha256 == earlier.sha256
    assert BOOKS.book("nobody", 1) is None
    assert BOOKS.scheme("habc 1") is load_scheme("habc")
    assert BOOKS.scheme("habc 77") is None


def in_force_page(language: Language, facts: SeenScope) -> str:
    told = facts.scope.rulebook
    return page_text(
        language, "rulebook/in_force.html", facts=facts, told=told, view=book_view(load_book("shijiazhuang")),
        offered=[OfferedBook("getian", 1, Text(HOSTILE, HOSTILE), False)], title_of=BOOKS.title, may_try=True,
        adoptions=[AdoptedRulebook(seq=9, rulebook="getian", version=1, effective_from="2026-03-01T16:00:00Z")],
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_the_book_in_force_and_its_adoptions_in_one_language(language: Language) -> None:
    text = in_force_page(language, made_up_scope())
    view = book_view(load_book("shijiazhuang"))
    other = view.own[0].sentence.en if language == "zh" else view.own[0].sentence.zh
    assert other not in text
    assert "/in/east/rulebook/books/getian@1" in text
    assert {"zh": "2026年3月2日00:00", "en": "2 March 2026 at 00:00"}[language] in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_draft_comes_back_as_it_was_typed_with_what_is_wrong(language: Language) -> None:
    draft = f"</textarea>{HOSTILE}"
    text = page_text(
        language, "rulebook/trial.html", form=Form({"draft": [draft], "source": [HOSTILE]}), draft=draft, wrong=Wrong(),
        place_of=where,
        mistake=DraftMistake(4, 2, HOSTILE, Text(HOSTILE, HOSTILE), HOSTILE),
        options=[("getian@1", Text(HOSTILE, HOSTILE))],
    )  # fmt: skip
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert text.count("</textarea>") == 1
    assert "&lt;/textarea&gt;" in text
    assert SimpleNamespace(zh="第 4 行", en="Line 4").__dict__[language] in text
