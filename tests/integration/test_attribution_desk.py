"""The desk's words follow the rulebook that the claim stands under, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.attribution.explanations import desk_words as say
from services.attribution.queries.desk import look_up
from shared.contract import format_instant
from shared.i18n import Text
from shared.ids import OfficeId
from tests.support.answers import plain
from tests.support.attribution import START, Deployment, Journal, deployment

LI = "13800000001"
CONTACT = "+8613800000001"


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def asked_and_done(live: Deployment, contact: str = CONTACT, hours: float = 2) -> Any:
    with live.questions.of("demo") as snapshot:
        return plain(look_up(snapshot, contact, START + timedelta(hours=hours)))


def words(told: list[dict[str, str]]) -> list[str]:
    return [said["zh"] for said in told]


def filled(text: Text, **values: str) -> str:
    return text.zh.format(**values)


def call(journal: Journal) -> Any:
    party = {"name": "张伟", "phones": [LI]}
    return journal.event("call.registered", {"customer": party, "answered_by": "li"})


@pytest.mark.parametrize(
    ("rulebook", "asked"),
    [
        ("base", ["ASK_BEFORE", "ASK_DESIGNATED"]),
        ("shijiazhuang", ["ASK_BEFORE", "ASK_CONTACTED", "ASK_DESIGNATED"]),
        ("confirmation", ["ASK_BEFORE", "ASK_CONTACTED", "ASK_DESIGNATED", "ASK_REFERRER"]),
    ],
)
def test_a_stranger_is_asked_what_could_make_somebody_elses_customer(
    live: Deployment, rulebook: str, asked: list[str]
) -> None:
    """Whether a call counts that is named, whom they wish to see, who sent them: as far as the rulebook cares."""
    live.fold(Journal(rulebook=rulebook).event("shift.opened", {"order": ["li"]}))
    told = asked_and_done(live, "+8613900000000")
    assert not told["known"]
    book = live.rules.books[rulebook, 1]
    assert words(told["ask"]) == [getattr(say, name).zh for name in asked]
    about = {"ASK_BEFORE": "visited_before", "ASK_CONTACTED": "contacted_by", "ASK_DESIGNATED": "designated"}
    assert [said["about"] for said in told["ask"]] == [about.get(name, "referred_by") for name in asked]
    assert all(said["en"] and said["clause"] in book.clauses for said in told["ask"] + told["do"])


def test_a_claim_that_is_found_is_honoured_and_its_owner_looks_first(live: Deployment) -> None:
    """By visit under shijiazhuang: call the owner; one who stands by without a follow-up may lose the customer."""
    live.fold(Journal().visit(LI, "li"))
    told = asked_and_done(live)
    assert words(told["ask"]) == [filled(say.ASK_OWNER, owner="li")]
    assert [said["about"] for said in told["ask"]] == ["owner"]
    assert words(told["do"]) == [filled(say.DO_OWNED, owner="li"), filled(say.DO_PRESENT, owner="li")]
    assert [said["clause"] for said in told["do"]] == ["shijiazhuang.1", "shijiazhuang.5"]


def test_after_a_follow_up_nobody_loses_by_standing_by(live: Deployment) -> None:
    """Clause 5 is about who neither followed up nor recognised."""
    journal = Journal()
    party = {"name": "张伟", "phones": [LI]}
    followed = {"customer": party, "by": "li", "method": "phone", "subject": "回访", "content": "约看房"}
    live.fold(journal.visit(LI, "li"), journal.event("followup.recorded", followed, hours=1))
    assert words(asked_and_done(live)["do"]) == [filled(say.DO_OWNED, owner="li")]


def test_a_claim_that_must_be_named_is_not_put_into_the_customers_mouth(live: Deployment) -> None:
    """By call under shijiazhuang: the customer must say the name, so the question does not hold it."""
    live.fold(call(Journal()))
    told = asked_and_done(live)
    assert words(told["ask"]) == [say.ASK_UNPROMPTED.zh]
    assert [said["about"] for said in told["ask"]] == ["unprompted"]
    assert words(told["do"]) == [filled(say.DO_IF_NAMED, owner="li")]
    assert told["do"][0]["clause"] == "shijiazhuang.2"


def test_a_claim_that_lapsed_is_taken_up_by_name_only(live: Deployment) -> None:
    """In the pool: who is named keeps the customer."""
    journal = Journal()
    live.fold(journal.visit(LI, "li"), journal.watermark(hours=300))
    told = asked_and_done(live, hours=300)
    assert told["status"] == "lapsed"
    assert words(told["ask"]) == [say.ASK_UNPROMPTED.zh]
    assert words(told["do"]) == [filled(say.DO_LAPSED, owner="li")]


def test_a_registration_with_an_age_says_until_when_it_counts(live: Deployment) -> None:
    """Under a book whose honour has `within`: through that day the owner, from then on who is named."""
    dated = [book for book, found in live.rules.books.items() if found.honour["visit"].within is not None]
    (name, _), *_ = dated
    live.fold(Journal(rulebook=name).visit(LI, "li"))
    within = live.rules.books[name, 1].honour["visit"].within
    assert within is not None
    until = within.last_day(START.date())
    early, late = asked_and_done(live), asked_and_done(live, hours=24 * ((until - START.date()).days + 1))
    assert filled(say.DO_UNTIL, owner="li", until=until.isoformat()) in words(early["do"])
    assert words(late["do"]) == [filled(say.DO_TOO_OLD, owner="li", until=until.isoformat())]
    assert words(late["ask"]) == [say.ASK_UNPROMPTED.zh]


def test_a_deal_a_dispute_and_a_released_customer_have_words_of_their_own(live: Deployment) -> None:
    """Sold, in dispute, and nobody's."""
    journal = Journal()
    party = {"name": "张伟", "phones": [LI]}
    sale = {"deal": "d1", "customer": party, "closed_by": "li", "project": "p", "unit": "1-1"}
    live.fold(journal.visit(LI, "li"), journal.event("deal.subscribed", sale, hours=1))
    assert words(asked_and_done(live)["do"]) == [filled(say.DO_CLOSED, owner="li")]
    opened = {"dispute": "x1", "customer": party, "opened_by": "wang", "reason": "先登记"}
    live.fold(journal.event("dispute.opened", opened, hours=1))
    assert words(asked_and_done(live)["do"]) == [say.DO_DISPUTED.zh]
    other = Journal(offset=journal.offset, seqs=journal.seqs)
    live.fold(
        other.visit("13800000002", "wang", hours=1), other.event("staff.departed", {"staff": "wang"}, hours=1)
    )
    told = asked_and_done(live, "+8613800000002")
    assert (told["owner"], words(told["do"])[0]) == (None, say.DO_UNOWNED.zh)


def test_an_office_says_when_it_opened_its_last_shift(live: Deployment) -> None:
    """The last that was recorded; an office that opened none says so, whatever others do."""
    journal = Journal()
    live.fold(
        journal.event("shift.opened", {"order": ["li"]}),
        journal.event("shift.opened", {"order": ["wang", "li"]}, hours=24),
        journal.visit(LI, "li", hours=25),
    )
    with live.questions.of("demo") as snapshot:
        assert snapshot.shift_opened(OfficeId("demo-office")) == format_instant(START + timedelta(hours=24))
        assert snapshot.shift_opened(OfficeId("elsewhere")) is None
