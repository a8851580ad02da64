"""What machines find in the registers: signs of 截客 and 飞单, lacking data, relations that fail; people close it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from services.registers.findings.signs import kinds
from tests.support.journal import WrittenJournal, party, phones
from tests.support.registers import Calling, JournalReader, KeptSteps, ok, served, staff
from tests.support.tokens import Bearer

SUN, GAO, LI = staff("supervisor", "sun"), staff("manager", "gao"), staff("consultant", "li")
PATH = "/v1/offices/east/findings"
NOW = "03-20 12:00"


def sold(
    journal: WrittenJournal, who: str, deal: str, unit: str, at: str = "03-10 10:00", by: str = "li"
) -> None:
    journal.deal(at, who, deal, "100", by=by, unit=unit)


def plain_office(journal: WrittenJournal) -> None:
    """Two customers of two consultants, of whom nothing is to be said but what the forms want."""
    journal.visit("03-01 10:00", "a")
    journal.visit("03-01 11:00", "b", by="wang")


def one_unit_twice(journal: WrittenJournal) -> None:
    sold(journal, "a", "d1", "3-1201")
    sold(journal, "b", "d2", " 3-1201", "03-12 10:00", "wang")


def sold_at_once(journal: WrittenJournal) -> None:
    journal.visit("03-10 10:00", "x")
    sold(journal, "x", "d1", "u1", "03-10 10:20")


def registered_twice(journal: WrittenJournal) -> None:
    journal.visit("03-10 10:00", "x", by="li")
    journal.visit("03-10 10:12", "x", by="wang")


def edited_before_a_deal(journal: WrittenJournal) -> None:
    visit = journal.visit("03-08 10:00", "x")
    journal.add(
        "record.corrected", "03-10 09:00", record=visit, customer={"phones": phones("x", "y")}, reason="r",
        requested_by="li", approved_by=["gao"],
    )  # fmt: skip
    sold(journal, "x", "d1", "u1")


def named_by_nobody(journal: WrittenJournal) -> None:
    journal.visit("03-10 10:00", "x", by="ghost")


def masked(journal: WrittenJournal) -> None:
    journal.visit("03-10 10:00", {"name": "张三", "phones": ["138****0001"]})


def stranger(journal: WrittenJournal) -> None:
    journal.visit("03-10 10:00", "-")


SIGNS = {
    "unit_sold_twice": one_unit_twice, "sold_at_once": sold_at_once, "registered_twice": registered_twice,
    "edited_before_deal": edited_before_a_deal, "unknown_staff": named_by_nobody, "masked_contact": masked,
    "no_contact": stranger,
}  # fmt: skip


def journal_of(*kinds_: str) -> WrittenJournal:
    journal = WrittenJournal()
    plain_office(journal)
    for kind in kinds_:
        SIGNS[kind](journal)
    return journal


def found(client: Calling, caller: Bearer = GAO, **query: Any) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = ok(client.get(PATH, params=query, auth=caller))["findings"]
    return body


def act(client: Calling, finding: str, what: str, caller: Bearer = SUN, **body: Any) -> Any:
    return client.post(f"{PATH}/{finding}/{what}", json=body, auth=caller)


@pytest.mark.parametrize("kind", SIGNS)
def test_each_sign_is_found_where_it_is_and_nowhere_else(kind: str) -> None:
    """By its kind alone, with the rows by which it shows; an office without it has none of it."""
    with served(JournalReader(journal_of().lines()), NOW) as client:
        assert found(client, kind=kind) == []
    with served(JournalReader(journal_of(kind).lines()), NOW) as client:
        assert {one["kind"] for one in found(client)} & set(SIGNS) == {kind}
        (sign,) = found(client, kind=kind)
        assert (sign["state"], sign["stands"], sign["rows"] != []) == ("open", True, True)
        assert sign["says"]["zh"] != sign["says"]["en"]


def test_what_is_long_before_a_deal_is_no_sign() -> None:
    """An edit of days before, and a deal an hour after the first visit."""
    journal = journal_of()
    visit = journal.visit("03-06 10:00", "x")
    journal.add(
        "record.corrected", "03-07 09:00", record=visit, customer={"phones": phones("x", "y")}, reason="r",
        requested_by="li", approved_by=["gao"],
    )  # fmt: skip
    sold(journal, "x", "d1", "u1")
    journal.visit("03-11 10:00", "z")
    sold(journal, "z", "d2", "u2", "03-11 11:00")
    with served(JournalReader(journal.lines()), NOW) as client:
        assert not {"edited_before_deal", "sold_at_once"} & {one["kind"] for one in found(client)}


def test_relations_and_lacking_data_stand_among_the_findings() -> None:
    """R18 of the last whole day unless another is asked for, and R19 as it stands."""
    journal = journal_of()
    journal.visit("03-19 10:00", {"name": "无电话", "wechat": "quiet-one"})
    with served(JournalReader(journal.lines()), NOW) as client:
        assert {"relation_1", "relation_5", "data"} <= {one["kind"] for one in found(client)}
        (data,) = [one for one in found(client, kind="data") if one["customer"]["name"] == "无电话"]
        assert data["customer"]["number"] == 3
        assert "relation_5" not in {one["kind"] for one in found(client, day="2026-03-18")}
        counts = ok(client.get(PATH, auth=GAO))["counts"]
        assert counts["relation_5"] == 1


def test_what_a_record_lacks_is_told_in_words_and_known_again_by_the_fields_it_always_was() -> None:
    """Whoever closed it before the words were mended has it closed still."""
    journal = journal_of()
    visit = journal.visit("03-19 10:00", "x")
    with served(JournalReader(journal.lines()), NOW) as client:
        (one,) = found(client, kind="relation_1")
    assert one["says"]["zh"].startswith("登记缺开始时间")
    assert one["says"]["en"] == "the record lacks its start time, end time and notes"
    about = f"relation_1/{visit}/the record lacks started at, ended at, notes"
    assert one["finding"] == hashlib.sha256(about.encode()).hexdigest()[:24]


def test_a_finding_is_owned_and_closed_with_a_note() -> None:
    """Whoever has it is named with it; closed, it is in the list of what is closed alone."""
    kept = KeptSteps()
    with served(JournalReader(journal_of("unit_sold_twice").lines()), NOW, findings=kept) as client:
        (one,) = found(client, kind="unit_sold_twice")
        given = ok(act(client, one["finding"], "owner", owner="wang"))
        assert (given["state"], given["owner"]) == ("owned", "wang")
        assert [each["finding"] for each in found(client, staff="wang", kind="unit_sold_twice")] == [
            one["finding"]
        ]
        closed = ok(act(client, one["finding"], "closing", note="夫妻合购，电话13900001111"))
        assert (closed["state"], closed["steps"][-1]["note"]) == ("closed", "夫妻合购，电话139****1111")
        assert found(client, kind="unit_sold_twice") == []
        assert [each["finding"] for each in found(client, state="closed")] == [one["finding"]]
        assert [each["step"] for each in closed["steps"]] == ["owned", "closed"]


def test_a_closed_finding_is_open_again_when_it_stands_after_something_new() -> None:
    """A third deal on the unit reopens it, with its owner; what has nothing to do with it does not."""
    kept, journal = KeptSteps(), journal_of("unit_sold_twice")
    with served(JournalReader(journal.lines()), NOW, findings=kept) as client:
        (one,) = found(client, kind="unit_sold_twice")
        ok(act(client, one["finding"], "owner", owner="sun"))
        ok(act(client, one["finding"], "closing", note="r"))
    journal.visit("03-15 10:00", "z")
    with served(JournalReader(journal.lines()), NOW, findings=kept) as client:
        assert found(client, kind="unit_sold_twice") == []
    sold(journal, "z", "d3", "3-1201", "03-16 10:00")
    with served(JournalReader(journal.lines()), NOW, findings=kept) as client:
        (again,) = found(client, kind="unit_sold_twice")
        assert (again["finding"], again["state"], again["reopened"]) == (one["finding"], "owned", True)
    for deal in ("d2", "d3"):
        journal.add("deal.cancelled", "03-17 10:00", deal=deal, reason="r")
    with served(JournalReader(journal.lines()), NOW, findings=kept) as client:
        (gone,) = found(client, state="closed")
        assert (gone["finding"], gone["stands"]) == (one["finding"], False)


def test_findings_are_for_who_keeps_order_in_the_office() -> None:
    """A consultant neither sees nor closes one; nobody who left, or was never there, is given one."""
    with served(JournalReader(journal_of("no_contact").lines()), NOW) as client:
        (one,) = found(client, SUN, kind="no_contact")
        assert client.get(PATH, auth=LI).status_code == 403
        assert act(client, one["finding"], "closing", LI, note="r").status_code == 403
        refused = act(client, one["finding"], "owner", owner="ghost")
        assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (422, "unknown_staff")
        assert act(client, one["finding"], "closing").status_code == 422
        assert act(client, "0" * 24, "closing", note="r").status_code == 404
        assert client.get(PATH, params={"kind": "shoe"}, auth=GAO).status_code == 422


def test_findings_come_a_page_at_a_time() -> None:
    """In the order of their kinds, each once."""
    with served(JournalReader(journal_of(*SIGNS).lines()), NOW) as client:
        whole = found(client)
        order = list(kinds())
        assert [one["kind"] for one in whole] == sorted((one["kind"] for one in whole), key=order.index)
        page = ok(client.get(PATH, params={"limit": 4}, auth=GAO))
        rest = ok(client.get(PATH, params={"limit": 500, "cursor": page["cursor"]}, auth=GAO))
        ids = [one["finding"] for one in page["findings"] + rest["findings"]]
        assert ids == [one["finding"] for one in whole]
        assert party("a")["phones"][0] not in str(whole)
