"""Issued reports: kept as they were, taken from stage to stage by whom it is for, and explained when figures change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.journal import WrittenJournal, local, party
from tests.support.registers import Calling, JournalReader, KeptReports, ok, served, staff
from tests.support.tokens import Bearer
from tests.support.workbooks import ReadSheet, read_workbook

SUN, GAO, BO = staff("supervisor", "sun"), staff("manager", "gao"), staff("back_office", "bo")
DONG = staff("director", "dong")
LI = staff("consultant", "li")
PATH = "/v1/offices/east/issued-reports"
EARLY = local("03-04 12:00").isoformat()
WEEK = {"report": "R1", "from": "2026-03-02", "to": "2026-03-08"}


def journal_of_a_week() -> WrittenJournal:
    """Two visits in time, one that is entered two days later, a request and an outing."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.visit("03-03 10:00", "b", by="wang")
    journal.visit("03-02 09:00", "c", recorded="03-05 10:00")
    journal.add(
        "request.submitted",
        "03-03 11:00",
        request="r1",
        kind="transfer",
        by="wang",
        reason="r",
        customer=party("b"),
    )
    journal.add(
        "plan.made",
        "03-03 12:00",
        plan="p1",
        by="li",
        kind="outing",
        on="2026-03-06",
        purpose="w",
        customer=party("a"),
    )
    return journal


@pytest.fixture(scope="module")
def client() -> Iterator[Calling]:
    with served(JournalReader(journal_of_a_week().lines()), "03-10 12:00", issued=KeptReports()) as client:
        yield client


def issued(client: Calling, caller: Bearer = SUN, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = ok(client.post(PATH, json={**WEEK, **more}, auth=caller))
    return body


def step(client: Calling, report: dict[str, Any], stage: str, caller: Bearer, **more: Any) -> Any:
    return client.post(f"{PATH}/{report['id']}/steps", json={"stage": stage, **more}, auth=caller)


def test_an_issued_report_stays_as_it_was_and_explains_what_came_later(client: Calling) -> None:
    """The late entry is in the figures of now, and named as why they differ; the document says what it said."""
    made = issued(client, known_at=EARLY)
    assert (made["report"], made["stage"], made["awaits"], made["issued_by"]) == (
        "traffic",
        "issued",
        "reviewed",
        "sun",
    )
    document = client.get(f"{PATH}/{made['id']}/document", auth=GAO)
    assert ok(document)["tables"][0]["total"]["figures"]["visits"]["value"] == "2"
    assert hashlib.sha256(document.content).hexdigest() == made["digest"]
    now = ok(client.get(f"{PATH}/{made['id']}/differences", auth=GAO))
    assert now["tables"][0]["total"]["figures"]["visits"]["value"] == "3"
    (visits,) = [one for one in now["differences"] if (one["line"], one["column"]) == (["*"], "visits")]
    assert (visits["issued"], visits["later"]) == ("2", "3")
    assert [one["reason"] for one in visits["rows"][0]["reasons"]] == ["late"]


def test_the_same_report_as_known_at_the_same_time_is_issued_once(client: Calling) -> None:
    """A request that was sent twice is answered with the first report."""
    first, again = issued(client, known_at=EARLY), issued(client, GAO, known_at=EARLY)
    assert (first["id"], again["issued_by"]) == (again["id"], "sun")
    assert issued(client, known_at=EARLY, by="week")["id"] != first["id"]


def test_a_report_is_reviewed_approved_and_filed_by_whom_each_is_for(client: Calling) -> None:
    """Every stage in its order, with who set it and what they remarked; phones in a remark are masked."""
    made = issued(client, known_at=local("03-06 12:00").isoformat())
    assert step(client, made, "approved", GAO).status_code == 409
    assert step(client, made, "reviewed", LI).status_code == 403
    assert ok(step(client, made, "reviewed", SUN))["awaits"] == "approved"
    assert step(client, made, "approved", SUN).status_code == 403
    approved = ok(step(client, made, "approved", GAO, remark="可，致电13900001111"))
    assert (approved["awaits"], "13900001111" in json.dumps(approved)) == ("filed", False)
    assert step(client, made, "filed", GAO).status_code == 403
    filed = ok(step(client, made, "filed", BO))
    assert (filed["stage"], filed["awaits"]) == ("filed", None)
    assert [one["stage"] for one in filed["steps"]] == ["issued", "reviewed", "approved", "filed"]
    assert [one["by"] for one in filed["steps"]] == ["sun", "sun", "gao", "bo"]
    late = step(client, made, "returned", GAO)
    assert (late.status_code, late.json()["errors"][0]["rule"]) == (409, "order")


def test_an_issued_report_is_masked_when_it_is_shown() -> None:
    """Whoever sees phones reads the bytes that were kept; the auditor reads no phone in words, names or differences."""
    journal = journal_of_a_week()
    named: Any = {"name": "王13912345678", "phones": ["13712345678"]}
    journal.visit("03-04 10:00", named, by="wang", notes="他说打 13900000055", channel="139 1234 5678")
    with served(JournalReader(journal.lines()), "03-10 12:00", issued=KeptReports()) as client:
        made = issued(client, report="activity")
        manager, auditor = (
            [client.get(f"{PATH}/{made['id']}/{part}", auth=who) for part in ("document", "differences")]
            for who in (GAO, staff("auditor", "x"))
        )
        assert all("13900000055" in one.text and "王13912345678" in one.text for one in manager)
        assert [one.status_code for one in auditor] == [200, 200]
        assert not any(leak in one.text for one in auditor for leak in ("13900000055", "13912345678"))
        assert all("139****0055" in one.text for one in auditor)


def test_whoever_issued_a_report_does_not_approve_it(client: Calling) -> None:
    """Four eyes, also where the role would allow it."""
    made = issued(client, GAO, known_at=local("03-06 13:00").isoformat())
    ok(step(client, made, "reviewed", SUN))
    refused = step(client, made, "approved", GAO)
    assert (refused.status_code, refused.json()["errors"][0]["rule"]) == (403, "own_report")
    waiting = [ok(client.get("/v1/offices/east/approvals", auth=who))["reports"] for who in (GAO, DONG)]
    assert [[one["mine"] for one in each if one["report"]["id"] == made["id"]] for each in waiting] == [
        [False],
        [True],
    ]
    ok(step(client, made, "approved", DONG))


def test_a_returned_report_is_at_its_end_and_issued_again_as_known_later(client: Calling) -> None:
    """What was returned is not taken up again under the same figures."""
    early = local("03-06 14:00").isoformat()
    made = issued(client, known_at=early)
    assert ok(step(client, made, "returned", GAO, remark="缺一条"))["awaits"] is None
    again = client.post(PATH, json={**WEEK, "known_at": early}, auth=SUN)
    assert (again.status_code, again.json()["errors"][0]["rule"]) == (409, "returned")
    assert issued(client, known_at=local("03-06 15:00").isoformat())["stage"] == "issued"


def test_issued_reports_are_listed_the_latest_first_a_page_at_a_time(client: Calling) -> None:
    """By stage and by report; a consultant reads none, since all of an office's rows stand in them."""
    for hour in ("16", "17"):
        issued(client, known_at=local(f"03-06 {hour}:00").isoformat(), report="daily")
    page = ok(client.get(PATH, params={"report": "R2", "limit": 1}, auth=GAO))
    rest = ok(client.get(PATH, params={"report": "R2", "cursor": page["cursor"]}, auth=GAO))
    found = page["reports"] + rest["reports"]
    assert [one["known_at"][11:13] for one in found] == ["09", "08"]
    assert rest["cursor"] is None
    assert ok(client.get(PATH, params={"stage": "filed", "report": "R2"}, auth=GAO))["reports"] == []
    assert client.get(PATH, auth=LI).status_code == 403
    assert client.get(f"{PATH}/{found[0]['id']}/document", auth=LI).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"report": "shoes"}, 404, None),
        ({"known_at": "now"}, 422, "known_at"),
        ({"to": "2026-03-01"}, 422, "query.to"),
        ({"by": "shoe"}, 422, "query.by"),
        ({"from": "x"}, 422, "body.from"),
        ({"more": 1}, 422, "body.more"),
    ],
)
def test_what_cannot_be_issued_is_refused_by_field(
    client: Calling, body: dict[str, Any], status: int, field: str | None
) -> None:
    """Nothing is kept of it."""
    answer = client.post(PATH, json={**WEEK, **body}, auth=SUN)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["errors"][0]["path"] == field


def test_what_waits_for_whom_is_records_and_reports() -> None:
    """A visit waits for its receiver, then a superior, then the back office; outings and requests for who decides."""
    journal = journal_of_a_week()
    visit = journal.events[len(journal.events) - 5]["id"]
    journal.add("record.approved", "03-06 10:00", record=visit, stage="reviewed", by="li")
    with served(JournalReader(journal.lines()), "03-10 12:00", issued=KeptReports()) as client:
        found = ok(client.get("/v1/offices/east/approvals", auth=GAO))
        told = {one["row"]["name"] or one["row"]["register"]: one for one in found["records"]}
        assert found["counts"] == {"reviewed": 2, "approved": 3, "filed": 0}
        assert (told["客户a"]["awaits"], told["客户c"]["awaits"]) == ("approved", "reviewed")
        own = ok(client.get("/v1/offices/east/approvals", params={"mine": "true"}, auth=LI))
        assert [one["row"]["name"] for one in own["records"]] == ["客户c"]
        (transfer,) = [one for one in found["records"] if one["row"]["register"] == "requests"]
        assert (transfer["roles"], transfer["mine"]) == (["admin_manager", "general_manager"], False)
        issued(client, known_at=EARLY)
        (waiting,) = ok(client.get("/v1/offices/east/approvals", auth=SUN))["reports"]
        assert (waiting["awaits"], waiting["mine"]) == ("reviewed", True)
        first = ok(client.get("/v1/offices/east/approvals", params={"limit": 2}, auth=GAO))
        query = {"limit": 9, "cursor": first["cursor"]}
        second = ok(client.get("/v1/offices/east/approvals", params=query, auth=GAO))
        ids = [one["row"]["row"] for one in first["records"] + second["records"]]
        assert ids == [one["row"]["row"] for one in found["records"]]


def test_a_request_says_about_whom_it_is_to_whoever_reaches_them() -> None:
    """By the record that it names; of one that names none, or nobody's record, nothing is said."""
    journal = journal_of_a_week()
    visit = journal.visit("03-04 10:00", "d", by="wang")
    asked = {"kind": "data_change", "by": "li", "reason": "r"}
    journal.add("request.submitted", "03-05 10:00", request="r2", record=visit, **asked)
    journal.add("request.submitted", "03-05 11:00", request="r3", record=str(uuid4()), **asked)
    with served(JournalReader(journal.lines()), "03-10 12:00", issued=KeptReports()) as client:
        about = {}
        for caller in (GAO, LI):
            records = ok(client.get("/v1/offices/east/approvals", auth=caller))["records"]
            about[caller] = {
                one["row"]["values"]["request"]: one.get("about", {}).get("name")
                for one in records
                if one["row"]["register"] in ("requests", "data-changes")
            }
    assert about[GAO] == {"r1": None, "r2": "客户d", "r3": None}
    assert about[LI] == {"r2": None, "r3": None}, "the customer of a colleague"


def workbook(client: Calling, report: dict[str, Any], caller: Bearer = GAO, **query: str) -> list[ReadSheet]:
    answer = client.get(f"{PATH}/{report['id']}/workbook", params=query, auth=caller)
    assert answer.status_code == 200, answer.text
    return read_workbook(answer.content)


def test_an_issued_report_is_a_workbook_of_what_was_kept(client: Calling) -> None:
    """The two visits of then, not the three of now; who issued, reviewed and approved it, when, and its digest."""
    made = issued(client, known_at=EARLY, report="R1", by="consultant", remark="电话 13900001111 已核")
    ok(step(client, made, "reviewed", SUN, remark="数字无误"))
    ok(step(client, made, "approved", GAO))
    first, *_, notes = workbook(client, made)
    assert first.below("批次")[-1] == 2
    above = " ".join(str(cell) for row in first.rows[:3] for cell in row if cell)
    assert "签发人：sun" in above
    assert "审核：sun" in above
    assert "审批：gao" in above
    said = {row[0]: row[1] for row in notes.rows if len(row) > 1 and row[0]}
    assert said["审核人"] == "sun  2026-03-10 12:00:00  数字无误"
    assert said["审批人"] == "gao  2026-03-10 12:00:00"
    assert said["留存文件摘要（SHA-256）"] == made["digest"]


def test_a_report_that_comes_out_otherwise_now_keeps_its_figures_in_the_workbook() -> None:
    """Issued by another version of the program: every figure stands as it was printed, ratios and money too."""
    kept = KeptReports()
    with served(JournalReader(journal_of_a_week().lines()), "03-10 12:00", issued=kept) as client:
        made = issued(client, known_at=EARLY, by="consultant")
        (report, document), said = kept.reports[0], json.loads(kept.reports[0][1])
        table = said["tables"][0]
        money = {"column": "amount", "heading": {"zh": "金额", "en": "amount"}, "kind": "money"}
        table["columns"].append({**money, "definition": {"zh": "金额", "en": "amount"}})
        for line in [*table["lines"], table["total"]]:
            line["figures"]["amount"] = {"value": "1,234.50", "ids": []}
            line["figures"]["visits"]["value"] = "41"
            line["figures"]["contact_rate"]["value"] = "66.7%"
            line["figures"]["sold_rate"]["value"] = "—"
        kept.reports[0] = report, json.dumps(said).encode()
        assert kept.reports[0][1] != document
        first, *_ = workbook(client, made)
    totals = {heading: first.below(heading)[-1] for heading in ("批次", "留资料比例", "成交比例", "金额")}
    assert totals == {"批次": 41, "留资料比例": 0.667, "成交比例": "—", "金额": 1234.5}


def test_the_workbook_of_an_issued_report_is_for_whoever_reads_it(client: Calling) -> None:
    """Not for a consultant; in both languages where that is asked for; its name says what it is."""
    made = issued(client, known_at=EARLY)
    assert client.get(f"{PATH}/{made['id']}/workbook", auth=LI).status_code == 403
    assert any("visits" in one for one in workbook(client, made, english="true")[0].texts())
    named = client.get(f"{PATH}/{made['id']}/workbook", auth=GAO).headers["content-disposition"]
    assert 'filename="traffic_east_2026-03-02_2026-03-08.xlsx"' in named
