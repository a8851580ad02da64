"""A journal under seal is answered as one in clear: names, contacts and words are opened of what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from services.registers.lists.kinds import REGISTERS
from services.registers.reports.catalogue import REPORTS
from shared.contract.sealed import WORDS
from tests.support.journal import WrittenJournal, party, phones
from tests.support.registers import Calling, JournalReader, SealedReader, ok, served, staff
from tests.support.tokens import Bearer
from tests.unit.test_registers_http import NOW, office_journal

GAO, BO, LI = staff("manager", "gao"), staff("back_office", "bo"), staff("consultant", "li")
MONTH = {"from": "2026-03-01", "to": "2026-03-31"}


def wordy_journal() -> WrittenJournal:
    """An office whose every kind of record has words, and a visit whose words were amended."""
    journal = office_journal()
    first = journal.events[len(journal.events) - 13]
    assert first["type"] == "visit.registered"
    journal.add(
        "record.amended", "03-13 09:00", record=first["id"], set={"notes": "改：看过两居"}, reason="漏记",
        requested_by="li", approved_by=["gao"],
    )  # fmt: skip
    journal.add(
        "feedback.received",
        "03-13 10:00",
        feedback="f1",
        kind="complaint",
        content="等了很久",
        customer=party("b"),
    )
    journal.add(
        "feedback.answered", "03-14 10:00", feedback="f1", by="sun", action="已致歉", outcome="resolved"
    )
    journal.add(
        "worklog.submitted",
        "03-12 18:00",
        by="li",
        kind="daily",
        from_="2026-03-12",
        to="2026-03-12",
        done="回访",
    )
    journal.add(
        "deal.progressed",
        "03-15 10:00",
        deal="d1",
        by="bo",
        what="mortgage_submitted",
        done=False,
        missing="收入证明",
    )
    journal.add("deal.cancelled", "03-15 10:30", deal="d1", reason="贷款未批，退订")
    journal.add(
        "reservation.made", "03-15 11:00", reservation="r1", customer=party("c"), by="li", project="garden",
        kind="queue", wants="南向",
    )  # fmt: skip
    return journal


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Calling, Calling]]:
    lines = wordy_journal().lines()
    with (
        served(JournalReader(lines, scheme="habc"), NOW) as clear,
        served(SealedReader(lines, scheme="habc"), NOW) as sealed,
    ):
        yield clear, sealed


def same(both: tuple[Calling, Calling], path: str, caller: Bearer, **query: Any) -> Any:
    """What both answer, which is the same."""
    clear, sealed = (ok(one.get(f"/v1/offices/east/{path}", params=query, auth=caller)) for one in both)
    assert sealed == clear
    assert WORDS not in json.dumps(sealed)
    return sealed


@pytest.mark.parametrize("caller", [GAO, BO, LI], ids=["manager", "back_office", "consultant"])
def test_registers_under_seal_are_those_in_clear(both: tuple[Calling, Calling], caller: Bearer) -> None:
    """Row by row, masked where they are masked; also what was amended."""
    allowed = {one["register"] for one in same(both, "registers", caller)["registers"]}
    for register in REGISTERS:
        if register in allowed:
            same(both, f"registers/{register}", caller)
    if caller is GAO:
        assert "改：看过两居" in json.dumps(same(both, "registers/visits", GAO), ensure_ascii=False)


def test_reports_under_seal_are_those_in_clear(both: tuple[Calling, Calling]) -> None:
    """Each of them, with what explains a difference, and the rows behind a figure."""
    for name in REPORTS:
        same(both, f"reports/{name}", GAO, **MONTH, issued="2026-03-06T04:00:00Z")
    same(both, "reports/traffic/rows", BO, **MONTH, column="visits")
    assert "等了很久" in json.dumps(same(both, "reports/complaints", GAO, **MONTH), ensure_ascii=False)


def test_customers_under_seal_are_found_as_in_clear(both: tuple[Calling, Calling]) -> None:
    """By name and phone, in the order of their names; their cards, the board and the work list say the same."""
    for typed in ("户b", phones("b")[0], "某先生"):
        assert same(both, "registers/visits", GAO, search=typed)["total"] == 1
    same(both, "registers/customers", GAO, sort="customer", limit=2)
    customer = same(both, "registers/customers", GAO, search="客户b")["rows"][0]["customer"]["customer"]
    card = same(both, f"customers/{customer}/card", BO)
    assert "收入证明" in json.dumps(card, ensure_ascii=False) or card["deals"] != []
    same(both, "level-board", GAO, **MONTH)
    same(both, "work-list", LI)
    same(both, "approvals", GAO)
    same(both, "findings", GAO)


def test_who_was_erased_reads_so_in_every_answer() -> None:
    """Rows and figures stand; of the person nothing is left."""
    reader = SealedReader(wordy_journal().lines(), scheme="habc")
    reader.vault.erase(f"+86{phones('a')[0]}")
    with served(reader, NOW) as client:
        for path in ("registers/visits", "registers/customers", "reports/due", "reports/activity"):
            said = client.get(f"/v1/offices/east/{path}", params={}, auth=GAO)
            assert ok(said) and "客户a" not in said.text and phones("a")[0] not in said.text
        visits = ok(client.get("/v1/offices/east/registers/visits", auth=GAO))
        assert visits["total"] == 4


def test_an_issued_report_is_kept_under_seal_and_read_in_clear(both: tuple[Calling, Calling]) -> None:
    """In the bytes that are kept stands no name; what is read has it, and its words."""
    body = {"report": "complaints", **MONTH, "known_at": "2026-03-16T00:00:00Z"}
    for client in both:
        made = ok(client.post("/v1/offices/east/issued-reports", json=body, auth=GAO))
        read = client.get(f"/v1/offices/east/issued-reports/{made['id']}/document", auth=GAO)
        assert "等了很久" in read.text and "客户b" in read.text
