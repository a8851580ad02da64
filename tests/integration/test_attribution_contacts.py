"""What a phone was read as when it was recorded stays what it is, whatever a newer phone library says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.attribution.historic.judge import HistoricJudge, HistoricQuery
from services.attribution.queries.customers import customers_of
from shared.contract import decode_event
from shared.contract.topics import encode_contacts
from shared.rules.domain.facts import Visit
from shared.rules.judge.translate import to_fact
from tests.support.attribution import START, Deployment, Journal, Raw, deployment
from tests.support.rules import failing_on

DESK = "010-88886666"
THEN, NOW = "+861099990000", "+861088886666"
"""What an earlier release made of the number, as the journal has it, and what this one does."""


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as made:
        yield made


def read_as(record: Raw, contact: str) -> Raw:
    """The record with what intake read its phone as."""
    stored = encode_contacts({DESK: contact})
    assert stored is not None
    return replace(record, headers=[*record.headers, ("contacts", stored)])


def contacts(live: Deployment) -> list[list[str]]:
    with live.questions.of("demo") as snapshot:
        names = [row["customer"] for row in live.rows("SELECT customer FROM claims ORDER BY born")]
        return [list(shown.contacts) for shown in customers_of(snapshot, names)]


async def test_history_is_not_identified_anew_by_a_newer_phone_library(live: Deployment) -> None:
    """Folded and refolded, the old record is of the contact that was stored; without one, of what is read now."""
    journal = Journal()
    old = read_as(journal.visit(DESK, "li"), THEN)
    live.fold(old, journal.visit(DESK, "wang", hours=1))
    assert contacts(live) == [[THEN], [NOW]]

    with live.questions.of("demo") as snapshot:
        stored = snapshot.journal()
    refolder = HistoricJudge(live.rules.books)
    try:
        as_of = START + timedelta(hours=2)
        judged = json.loads(await refolder.judge(stored, HistoricQuery(("shijiazhuang", 1), as_of)) or b"")
    finally:
        refolder.close()
    assert [customer["contacts"] for customer in judged["customers"]] == [[THEN], [NOW]]


def test_a_fact_that_waits_in_quarantine_keeps_its_contacts(live: Deployment) -> None:
    """A retry after an upgrade folds the record as it was read when it came."""
    journal = Journal()
    live.attribution = live.restarted(failing_on(live.rules, 1))
    live.fold(read_as(journal.visit(DESK, "li"), THEN))
    assert live.quarantine.retry("demo").folded == 1
    assert contacts(live) == [[THEN]]


def test_a_referrer_is_who_the_phone_was_then() -> None:
    """The phone of a referral goes by the same reading as that of a customer."""
    referred = {
        "visit": "v9",
        "customer": {"name": "王芳", "phones": ["13800000009"]},
        "received_by": "wang",
        "capacity": "on_turn",
        "referred_by": [{"phone": DESK}],
    }
    record = Journal().event("visit.registered", referred)
    assert record.value is not None
    event = decode_event(record.value, recorded=True)
    found = [to_fact(event, 1, stored).matter for stored in ({DESK: THEN}, None)]
    assert [visit.referred_by[0].contact for visit in found if isinstance(visit, Visit)] == [THEN, NOW]
