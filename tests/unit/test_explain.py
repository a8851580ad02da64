"""Decisions in words: who, what, when, under which clause, on which records, in Chinese and English."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from services.attribution.explanations.explain import explain
from services.attribution.explanations.words import DEAL, OWNERSHIP
from shared.contract.answers import DealDecision, OwnershipDecision
from shared.contract.topics import DealStatus, Decision
from shared.i18n import Text
from shared.rules.rulebooks.loading import load

NAMES = {"li": "李伟", "wang": "王芳"}


def decided(kind: Decision, clause: str, **more: Any) -> OwnershipDecision:
    made = OwnershipDecision("2026-03-01T02:00:00Z", kind, "li", None, clause, ("e1", "e2"))
    return replace(made, **more)


def dealt(clause: str, shares: dict[str, int], status: DealStatus = "final") -> DealDecision:
    return DealDecision("2026-03-01T02:00:00Z", status, shares, clause, ("e1",))


def test_a_decision_is_told_whole() -> None:
    """Who, what, the local time, the clause with its sentence, and the records stand in the words."""
    told = explain(decided("established", "shijiazhuang.1"), load("shijiazhuang"), NAMES)
    assert told.zh == (
        "2026年3月1日10:00，李伟接待并登记，该客户归李伟。"
        "依据shijiazhuang.1：以首次来访（完整填写客户来访登记表）为首要确认原则。所据记录：e1、e2。"
    )
    assert told.en == (
        "On 1 March 2026 at 10:00 李伟 received and registered the customer, and owns it. "
        "This rests on shijiazhuang.1: The first visit with a complete registration is what decides. "
        "Records: e1, e2."
    )


def test_records_are_told_in_the_words_given() -> None:
    """A record that has words is told by them, another by its id."""
    words = {"e1": Text("3月1日来访登记", "the visit of 1 March")}
    told = explain(decided("established", "reception.3"), load("reception"), NAMES, words)
    assert told.zh.endswith("所据记录：3月1日来访登记、e2。")
    assert told.en.endswith("Records: the visit of 1 March, e2.")


@pytest.mark.parametrize(
    ("book", "kind", "clause", "words"),
    [
        ("reception", "established", "reception.5", "点名"),
        ("reception", "established", "reception.1", "义务接待"),
        ("getian", "established", "getian.3", "点名或由同事义务接待"),
        ("getian", "established", "getian.2", "接听并登记来电"),
        ("shijiazhuang", "established", "shijiazhuang.2", "来电或拓客"),
        ("shijiazhuang", "established", "shijiazhuang.4", "逾期失效后重新登记"),
        ("confirmation", "established", "confirmation.8", "经介绍而来"),
        ("confirmation", "established", "confirmation.1", "几位顾问的客户共同介绍"),
        ("shijiazhuang", "superseded", "shijiazhuang.4", "王芳的归属已逾期"),
        ("shijiazhuang", "superseded", "shijiazhuang.5", "王芳在场而未认出"),
        ("confirmation", "superseded", "confirmation.5", "未能确认王芳的原登记"),
        ("shijiazhuang", "returned", "shijiazhuang.3", "两次登记实为同一客户"),
        ("shijiazhuang", "returned", "shijiazhuang.4", "经认出或发现"),
        ("confirmation", "returned", "confirmation.4", "经认出或发现"),
        ("confirmation", "returned", "confirmation.3", "一家人"),
        ("base", "kept", "base.discovery", "成交后才发现"),
        ("base", "kept", "base.honour", "仍归李伟"),
        ("getian", "disputed", "getian.4", "归属存在争议"),
        ("base", "disputed", "base.household", "一家人分属不同顾问"),
        ("shijiazhuang", "lapsed", "shijiazhuang.4", "王芳逾期未回访"),
        ("base", "released", "base.departed", "离职"),
        ("base", "released", "base.correction", "归属解除"),
    ],
)
def test_what_made_a_decision_is_told(book: str, kind: Decision, clause: str, words: str) -> None:
    """The words are of the value behind the clause; where two share it, they leave open which."""
    assert words in explain(decided(kind, clause, previous="wang"), load(book), NAMES).zh


def test_a_clause_for_two_things_is_told_by_the_shares() -> None:
    """reception.4 keeps a customer and splits a deal: only 70 to 30 is told as the split."""
    book = load("reception")
    split = explain(dealt("reception.4", {"li": 7000, "wang": 3000}), book, NAMES)
    assert "由后续接待人成交或成交后才查明，业绩分成：李伟 70%、王芳 30%" in split.zh
    whole = explain(dealt("reception.4", {"li": 10000}), book, NAMES)
    assert "成交业绩：李伟 100%" in whole.zh


def test_shares_that_a_discovery_moved_are_told_as_such() -> None:
    """shijiazhuang.4 gives the first registrant all that the second had; a whole deal of an owner is not told so."""
    book = load("shijiazhuang")
    assert "成交后发现两次登记" in explain(dealt("shijiazhuang.4", {"li": 10000}), book, NAMES).zh
    assert "成交业绩：李伟 100%" in explain(dealt("shijiazhuang.1", {"li": 10000}), book, NAMES).zh


def test_confiscated_shares_are_told_as_such() -> None:
    """confirmation.8 splits a referral and confiscates: the whole to one is the confiscation."""
    told = explain(dealt("confirmation.8", {"li": 10000}), load("confirmation"), NAMES)
    assert "隐瞒归属者的业绩没收" in told.zh and "forfeited" in told.en


def test_deals_that_wait_or_ended_are_told() -> None:
    """A deal that waits says so with what stands until then; one without shares says that nobody has any."""
    book = load("confirmation")
    waits = explain(dealt("confirmation.registration", {"wang": 10000}, "pending_ruling"), book, NAMES)
    assert "客户无人登记，业绩暂列王芳 100%，待裁定" in waits.zh
    nobody = explain(dealt("confirmation.complaint", {}, "pending_ruling"), book, NAMES)
    assert "业绩暂列无人" in nobody.zh and "until then: nobody" in nobody.en
    assert "成交取消" in explain(dealt("confirmation.first", {}, "cancelled"), book, NAMES).zh


def test_a_clause_of_another_book_is_told_by_its_number() -> None:
    """A clause that the book at hand does not have is cited without its sentence."""
    told = explain(decided("renewed", "riverside.9", because=()), load("base"), NAMES)
    assert told.zh.endswith("依据riverside.9。") and told.en.endswith("This rests on riverside.9.")


def test_every_kind_of_decision_can_be_told() -> None:
    """Every decision and every status of the contract has words, and each template is filled without rest."""
    kinds = "established renewed kept superseded returned lapsed revoked released transferred ruled disputed"
    assert set(OWNERSHIP) == set(kinds.split())
    assert set(DEAL) == {"final", "pending_ruling", "cancelled"}
    for templates in (*OWNERSHIP.values(), *DEAL.values()):
        for template in templates.values():
            for words in (template.zh, template.en):
                assert words.format(at="1", owner="2", previous="3", shares="4")
