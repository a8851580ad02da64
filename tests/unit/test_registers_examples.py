"""The worked examples of the registers: small journals with the exact figures of their reports.

Each is asked of the reports themselves, by `panke report`, and over HTTP.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.journal import WrittenJournal, local, phones, shown, survey, terms, total
from tests.support.registers import CommandedJournal, ServedJournal


@pytest.fixture(params=["reports", "command", "http"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> WrittenJournal:
    """An empty journal, by how its reports are asked for."""
    if request.param == "http":
        return ServedJournal()
    return CommandedJournal(folder=tmp_path) if request.param == "command" else WrittenJournal()


def test_a_week_of_visits_and_calls_is_counted_by_when_they_happened(journal: WrittenJournal) -> None:
    """A week counts five groups, two of them new, one without contact; the visit after midnight is Monday's."""
    journal.visit("01-15 10:00", "b", recorded="02-01 09:00", carried=True)
    journal.visit("03-02 10:00", "a")
    journal.visit("03-04 10:00", "a")
    journal.visit("03-05 10:00", "b")
    journal.call("03-06 10:00", "d")
    journal.visit("03-07 10:00", "-")
    journal.visit("03-08 23:30", "d")
    journal.visit("2026-03-08T16:10:00Z", "e")

    week = total(journal.report("traffic", "03-02", "03-08").tables[0])

    assert (week["visits"], week["new"], week["returning"], week["no_contact"]) == ("5", "2", "2", "1")
    assert (week["contact_rate"], week["calls"], week["call_to_visit"]) == ("80.0%", "1", "1")
    monday = journal.report("traffic", "03-09", "03-09").tables[0]
    assert shown(monday, monday.line("2026-03-09"))["visits"] == "1"


def test_a_day_is_the_local_day_of_the_office(journal: WrittenJournal) -> None:
    """What happens at 16:00 UTC is of the next day in Shanghai."""
    journal.visit("2026-02-28T16:00:00Z", "a")
    journal.deal("2026-03-31T16:30:00Z", "a", "d1", "100")

    march, april = (
        journal.report("traffic", first, last, grain="month").tables[0]
        for first, last in (("03-01", "03-31"), ("04-01", "04-30"))
    )

    assert (total(march)["visits"], total(march)["sold"]) == ("1", "0")
    assert (total(april)["visits"], total(april)["sold"]) == ("0", "1")


def test_a_cancellation_counts_in_its_own_period(journal: WrittenJournal) -> None:
    """A deal stays in the month of its subscription; that it was cancelled later stands beside it."""
    journal.visit("03-01 10:00", "a")
    journal.visit("03-01 11:00", "b")
    journal.deal("03-20 10:00", "a", "d1", "1000000")
    journal.deal("03-25 10:00", "b", "d2", "800000")
    journal.add("deal.cancelled", "04-02 10:00", deal="d1", reason="r")

    march = total(journal.report("consultants", "03-01", "03-31", "04-30 12:00").tables[0])
    april = total(journal.report("consultants", "04-01", "04-30", "04-30 12:00").tables[0])

    assert (march["subscribed"], march["subscribed_amount"]) == ("2", "1,800,000.00")
    assert (march["cancelled"], march["net"], march["cancelled_later"]) == ("0", "2", "1")
    assert (april["subscribed"], april["cancelled"], april["net"]) == ("0", "1", "-1")
    assert april["net_amount"] == "-1,000,000.00"


def test_customers_that_turn_out_to_be_one_were_one_all_along(journal: WrittenJournal) -> None:
    """Once a follow-up joins two customers, the second first visit becomes a return visit, and the report says why."""
    journal.visit("03-02 10:00", "p", by="li")
    second = journal.visit("03-03 10:00", "q", by="wang")
    journal.follow("03-06 10:00", {"name": "p", "phones": phones("p", "q")}, by="li")
    registers = journal.posted()

    issued, later = (
        journal.report("traffic", "03-02", "03-08", at, grain="consultant")
        for at in ("03-05 12:00", "03-07 12:00")
    )

    assert total(issued.tables[0])["new"] == "2"
    table = later.tables[0]
    assert (total(table)["visits"], total(table)["new"], total(table)["returning"]) == ("2", "1", "1")
    assert shown(table, table.line("li"))["new"] == "1"
    assert shown(table, table.line("wang"))["returning"] == "1"
    assert len(registers.known(local("03-07 12:00")).customers) == 1
    asked = ("traffic", "03-02", "03-08", "03-07 12:00")
    moved = [
        one
        for one in journal.differences(*asked, issued="03-05 12:00", grain="consultant")
        if one[1] == ("wang",)
    ]
    assert {(column, amount) for _, _, column, amount, _ in moved} == {("new", -1), ("returning", 1)}
    assert all(rows == ((second, ("joined",)),) for *_, rows in moved)


def test_a_late_entry_counts_on_the_day_of_the_visit_from_when_it_was_known(journal: WrittenJournal) -> None:
    """A visit of 30 March that is entered on 1 April is March's, and makes that of the 31st a return visit."""
    journal.visit("03-31 10:00", "f")
    journal.visit("03-30 10:00", "f", recorded="04-01 10:00")

    before = total(journal.report("traffic", "03-01", "03-31", "03-31 20:00").tables[0])
    march = total(journal.report("traffic", "03-01", "03-31", "04-02 12:00").tables[0])
    april = total(journal.report("traffic", "04-01", "04-30", "04-02 12:00").tables[0])

    assert (before["visits"], before["new"]) == ("1", "1")
    assert (march["visits"], march["new"], march["returning"], march["late"]) == ("2", "1", "1", "1")
    assert april["visits"] == "0"


def test_a_customer_is_due_by_the_earliest_of_level_claim_and_agreed_day(journal: WrittenJournal) -> None:
    """The last contact that reached counts, at the level of then; under a rulebook that lets it lapse, it is gone."""
    journal.visit("03-02 10:00", "a", level="H")
    journal.follow("03-03 10:00", "a", reached=False)
    journal.follow("03-04 10:00", "a", level="A", next_on="2026-03-09")

    reports = {
        (book, at): journal.report("due", f"03-{at}", f"03-{at}", scheme="habc", rulebook=book).tables[0]
        for book, at in (("reception", "12"), ("shijiazhuang", "08"), ("shijiazhuang", "09"))
    }

    (line,) = (shown(table, one) for table in [reports["reception", "12"]] for one in table.lines)
    assert (line["due"], line["by_level"], line["by_plan"], line["days"]) == (
        "2026-03-09",
        "2026-03-11",
        "2026-03-09",
        "3",
    )
    eighth = reports["shijiazhuang", "08"]
    assert [shown(eighth, one)["due"] for one in eighth.lines] == ["2026-03-08"]
    assert reports["shijiazhuang", "09"].lines == ()


def test_money_is_shared_to_the_cent_and_the_rest_goes_to_the_largest_share(journal: WrittenJournal) -> None:
    """Parts of an amount sum to it; of equal shares, the first by staff id has the cent that is left."""
    for name, amount, shares in (
        ("a", "1000000.01", {"li": 5000, "wang": 5000}),
        ("b", "999999.99", {"li": 7000, "wang": 3000}),
    ):
        month = "03" if name == "a" else "04"
        journal.visit(f"{month}-01 10:00", name)
        journal.deal(f"{month}-02 10:00", name, f"d{name}", amount)
        dispute = {"dispute": f"x{name}", "customer": {"phones": phones(name)}}
        journal.add("dispute.opened", f"{month}-02 11:00", opened_by="wang", reason="r", **dispute)
        journal.add(
            "dispute.ruled",
            f"{month}-02 12:00",
            dispute=f"x{name}",
            ruled_by="gao",
            shares=shares,
            reason="r",
        )

    march, april = (
        journal.report("consultants", f"{month}-01", f"{month}-30").tables[0] for month in ("03", "04")
    )

    each = {who: shown(march, march.line(who)) for who in ("li", "wang")}
    assert (each["li"]["subscribed_amount"], each["li"]["subscribed"]) == ("500,000.01", "0.5")
    assert (each["wang"]["subscribed_amount"], each["wang"]["subscribed"]) == ("500,000.00", "0.5")
    each = {who: shown(april, april.line(who)) for who in ("li", "wang")}
    assert [each[who]["subscribed_amount"] for who in ("li", "wang")] == ["700,000.00", "299,999.99"]


def add_overdue(journal: WrittenJournal) -> None:
    days = {
        "d4": ("02-20", "02-27"),
        "d1": ("03-02", "03-09"),
        "d2": ("03-05", "03-12"),
        "d5": ("03-10", "03-17"),
    }
    for name, (subscribed, sign_by) in {**days, "d3": ("03-28", "04-04")}.items():
        journal.visit(f"{subscribed} 09:00", name)
        journal.deal(f"{subscribed} 10:00", name, name, "100")
        terms(journal, f"{subscribed} 10:05", name, sign_by=sign_by)
    journal.add("deal.signed", "03-09 23:00", deal="d1")
    journal.add("deal.cancelled", "03-16 10:00", deal="d5", reason="r")


def test_a_subscription_is_overdue_for_signing_from_the_day_after_the_one_agreed(
    journal: WrittenJournal,
) -> None:
    """Of the month's standing deals one is overdue; that it was put off after its day stays known."""
    add_overdue(journal)
    plain = journal.report("overdue", "03-01", "03-31")
    terms(journal, "03-20 10:00", "d2", sign_by="04-10", reason="贷款")
    put_off = journal.report("overdue", "03-01", "03-31")

    before, after = (shown(one.table("summary"), one.table("summary").lines[0]) for one in (plain, put_off))
    assert (before["subscribed"], before["overdue"], before["rate"], before["all_overdue"]) == (
        "3",
        "1",
        "33.3%",
        "2",
    )
    days = {line.key: shown(plain.table("overdue"), line)["days"] for line in plain.table("overdue").lines}
    assert days == {("d4",): "32", ("d2",): "19"}
    assert (after["overdue"], after["rate"], after["all_overdue"], after["once_overdue"]) == (
        "0",
        "0.0%",
        "1",
        "1",
    )


def test_satisfaction_counts_the_first_two_answers_as_one_question(journal: WrittenJournal) -> None:
    """The eighteen rows of the form: a mean of 8.78 of 9, not of five answers added up."""
    answers = [("11111", 5)] * 15 + [("11111", 4)] * 2 + [("11110", 4)]
    for number, (said, score) in enumerate(answers):
        survey(journal, f"03-{number + 1:02d} 10:00", f"s{number:02d}", said, score)

    means = total(journal.report("satisfaction", "03-01", "03-31").table("means"))

    assert (means["surveys"], means["points"], means["mean_points"]) == ("18", "158", "8.78")
    assert (means["mean_score"], means["satisfied_rate"], means["recommend_rate"]) == (
        "4.83",
        "100.0%",
        "94.4%",
    )


def test_conversion_goes_by_who_first_came_and_what_stands(journal: WrittenJournal) -> None:
    """Of those who first came in March, whoever has a standing deal at the end of April is won."""
    for number in range(4):
        journal.visit(f"03-0{number + 1} 10:00", f"j{number}", channel="介绍")
    for number in range(6):
        journal.visit(f"03-0{number + 1} 11:00", f"b{number}", channel="报纸")
    for number in range(4):
        journal.visit(f"03-1{number} 11:00", "j0")
    journal.deal("03-20 10:00", "j0", "d1")
    journal.deal("03-21 10:00", "b0", "d2")
    journal.deal("04-02 10:00", "j1", "d3")
    journal.add("deal.cancelled", "04-10 10:00", deal="d1", reason="r")

    report = journal.report("conversion", "03-01", "03-31", "04-30 12:00")

    cohort = report.table("cohort")
    rates = {line.key[0]: shown(cohort, line)["rate"] for line in cohort.lines}
    assert rates == {"介绍": "25.0%", "报纸": "16.7%"}
    assert total(cohort)["rate"] == "20.0%"
    assert shown(report.table("period"), report.table("period").lines[0])["sold_rate"] == "14.3%"


def test_the_relations_of_the_registers_name_what_fails(journal: WrittenJournal) -> None:
    """A customer with a level and no next contact fails the fourth relation, a log that is too early the fifth."""
    times = {"started_at": "2026-03-10T02:00:00Z", "ended_at": "2026-03-10T03:00:00Z", "notes": "n"}
    for who in ("b", "c"):
        journal.visit("03-06 10:00", who, level="B")
    journal.visit("03-10 11:00", "a", level="A", next_on="2026-03-12", **times)
    for who in ("a", "b", "c"):
        said = {"occupation": "教师"}
        journal.add("profile.recorded", "03-10 12:00", customer={"phones": phones(who)}, by="li", set=said)
    counts = {"visits": 1, "followups": 2}
    day = {"from_": "2026-03-10", "to": "2026-03-10"}
    journal.add("worklog.submitted", "03-10 18:00", by="li", kind="daily", done="d", counts=counts, **day)
    journal.follow("03-10 19:00", "b", level="H", next_on="2026-03-12")

    report = journal.report("consistency", "03-10", "03-10", "03-10 23:59", scheme="habc").tables[0]

    failing = [(line.texts["relation"], line.texts["customer"], line.texts["lacks"]) for line in report.lines]
    assert [one[0] for one in failing] == ["4", "5", "5"]
    assert failing[0][1] == "客户c"
    assert any("before the last record" in str(one[2]) for one in failing)
    assert any("2 said, 1 recorded" in str(one[2]) for one in failing)
