"""Where a naive reading of a report goes wrong: zones, late or carried entries, joins, corrections, cancellations."""

from __future__ import annotations

from services.registers.model.periods import DaySpan
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import make_report
from services.registers.reports.explaining import TOTAL, explain
from services.registers.reports.report import OfficeReport
from shared.rules.schemes.loading import load_scheme
from tests.support.journal import (
    WrittenJournal,
    day,
    local,
    party,
    phones,
    report_of,
    shown,
    survey,
    terms,
    total,
)

GAO = {"requested_by": "li", "approved_by": ["gao"], "reason": "r"}


def lines(report: OfficeReport, table: str) -> list[dict[str, str]]:
    """What every line of a table says."""
    of = report.table(table)
    return [shown(of, one) for one in of.lines]


def test_r1_a_masked_phone_is_no_contact_and_a_corrected_one_is() -> None:
    """A visit with stars for a phone is without contact until the record is corrected, also in past reports."""
    journal = WrittenJournal()
    visit = journal.visit("03-02 10:00", {"name": "王", "phones": ["138****0001"]})
    before = total(journal.report("traffic", "03-02", "03-02").tables[0])
    journal.add("record.corrected", "03-05 10:00", record=visit, customer={"phones": phones("a")}, **GAO)
    after = total(journal.report("traffic", "03-02", "03-02").tables[0])
    assert (before["no_contact"], before["new"]) == ("1", "0")
    assert (after["no_contact"], after["new"], after["contact_rate"]) == ("0", "1", "100.0%")


def test_r1_a_repeated_visit_counts_once() -> None:
    """Whoever enters a visit again under its id adds no group."""
    journal = WrittenJournal()
    for hour in ("10:00", "10:05"):
        journal.visit(f"03-02 {hour}", "a", visit="same")
    assert total(journal.report("traffic", "03-02", "03-02").tables[0])["visits"] == "1"


def test_r1_weeks_end_on_the_day_that_the_scheme_names() -> None:
    """A week of the handbook ends on Friday, so Saturday begins the next."""
    journal = WrittenJournal()
    journal.visit("03-06 10:00", "a")
    journal.visit("03-07 10:00", "b")
    weeks = [
        lines(journal.report("traffic", "03-06", "03-07", grain="week", scheme=scheme), "week")
        for scheme in ("base", "handbook")
    ]
    assert [len(one) for one in weeks] == [1, 2]


def test_r2_a_deal_signed_and_cancelled_on_one_day_is_in_all_three_figures() -> None:
    """Subscribed yesterday, signed and cancelled today: today has no subscription and a net of minus one."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-02 10:00", "a", "d", "100")
    journal.add("deal.signed", "03-03 10:00", deal="d")
    journal.add("deal.cancelled", "03-03 11:00", deal="d", reason="r")
    journal.add("shift.opened", "03-03 08:00", order=["li", "wang"], duty_manager="gao")
    target = {"metric": "subscriptions", "from_": "2026-03-01", "to": "2026-03-31", "value": "4"}
    journal.add("target.set", "03-01 08:00", **target)
    report = journal.report("daily", "03-03", "03-03")
    day = total(report.table("consultants"))
    assert (day["subscribed"], day["signed"], day["cancelled"], day["net"]) == ("0", "1", "1", "-1")
    month = {one["figure"]: one for one in lines(report, "month")}
    assert month["大定套数 units subscribed"]["completion"] == "25.0%"
    assert any("gao" in remark.zh for remark in report.remarks)


def test_r3_the_mean_price_leaves_out_deals_without_an_area() -> None:
    """An amount without an area is in the sum, and not in the price."""
    journal = WrittenJournal()
    for who, area in (("a", "100"), ("b", None)):
        journal.visit("03-01 10:00", who, channel="报纸")
        journal.deal("03-02 10:00", who, f"d{who}", "1000000")
        if area is not None:
            terms(journal, "03-02 11:00", f"d{who}", area=area, unit_kind="两室", amount="900000")
    report = journal.report("period", "03-01", "03-31")
    units = total(report.table("units"))
    assert (units["sold"], units["amount"], units["price"]) == ("2", "1,900,000.00", "9000.00")
    assert lines(report, "channels")[0]["sold"] == "2"


def test_r3_the_units_that_sell_best_come_first() -> None:
    """Deals without a kind of unit come last, however many they are."""
    journal = WrittenJournal()
    for who, kind in (("a", "三室"), ("b", "两室"), ("c", "两室"), ("d", ""), ("e", ""), ("f", "")):
        journal.visit("03-01 10:00", who)
        journal.deal("03-02 10:00", who, f"d{who}", "100")
        if kind:
            terms(journal, "03-02 11:00", f"d{who}", unit_kind=kind)
    found = lines(journal.report("period", "03-01", "03-31"), "units")
    assert [one["kind"].split()[0] for one in found] == ["两室", "三室", "未填"]


def test_r4_a_deal_that_was_entered_late_stands_on_its_day_and_apart() -> None:
    """A subscription of the 3rd that is entered on the 6th is of the 3rd, and among those entered late."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-03 10:00", "a", "d", "100")
    journal.events[-1]["recorded_at"] = "2026-03-06T02:00:00Z"
    week, later = (
        total(journal.report("consultants", first, last).tables[0])
        for first, last in (("03-01", "03-05"), ("03-06", "03-31"))
    )
    assert (week["subscribed"], week["subscribed_late"]) == ("1", "1")
    assert (later["subscribed"], later["subscribed_late"]) == ("0", "0")


def test_r4_a_backfilled_follow_up_stands_apart() -> None:
    """What was entered after its day is no follow-up of the period, only a backfilled one."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.follow("03-02 10:00", "a", recorded="03-04 10:00")
    journal.follow("03-03 10:00", "a")
    (line,) = lines(journal.report("consultants", "03-01", "03-31", "03-04 12:00"), "consultants")
    assert (line["follow_ups"], line["counting"], line["backfilled"]) == ("1", "1", "1")


def test_r5_calls_and_calls_made_are_one_figure_and_a_letter_is_none() -> None:
    """Phone contacts are calls and follow-ups by phone, reached or not; other methods have their medium."""
    journal = WrittenJournal()
    journal.call("03-01 10:00", "a", level="B")
    journal.follow("03-02 10:00", "a", reached=False)
    journal.follow("03-02 11:00", "a", method="other", medium="fax")
    journal.follow("03-02 12:00", "a", method="other", medium="letter")
    (line,) = lines(journal.report("work", "03-01", "03-06", scheme="handbook"), "contacts")
    assert (line["phone"], line["unreached"], line["fax"], line["email"]) == ("2", "1", "1", "0")
    assert line["level_B"] == "1"


def test_r6_the_level_before_is_that_of_the_record_before() -> None:
    """Each line shows the level as it was and as it became, also where the customer was joined since."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a", level="B", notes="看房")
    journal.follow("03-03 10:00", "a", level="A", next_on="2026-03-04")
    report = journal.report("activity", "03-03", "03-03", scheme="habc")
    (line,) = lines(report, "contacts")
    assert (line["before"], line["after"], line["follow_ups"]) == ("B", "A", "1")
    assert [one["consultant"] for one in lines(report, "plans")] == ["li"]


def test_r7_the_movements_of_each_level_sum_to_its_start() -> None:
    """Who rose, bought, was lost or came stands where they went; a level off the board is no line of it."""
    journal = WrittenJournal()
    for who, level in (("a", "B"), ("b", "B"), ("c", "B"), ("d", "C")):
        journal.visit("02-20 10:00", who, level=level)
    journal.follow("03-05 10:00", "a", level="A")
    journal.deal("03-06 10:00", "b", "d1")
    journal.add("opportunity.lost", "03-07 10:00", customer=party("c"), by="li", cause="价格")
    journal.visit("03-08 10:00", "e", level="H")
    report = journal.report("levels", "03-01", "03-31", scheme="habc")
    moved = {one["level"]: one for one in lines(report, "movements")}
    assert [moved["B"][key] for key in ("start", "level_A", "won", "lost")] == ["3", "1", "1", "1"]
    assert moved["本期新增 new on the board"]["level_H"] == "1"
    assert {one["customer"] for one in lines(report, "board")} == {"客户a", "客户e"}


def test_r7_a_loss_ends_with_a_later_visit() -> None:
    """Whoever comes back is on the board again."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a", level="B")
    journal.add("opportunity.lost", "03-02 10:00", customer=party("a"), by="li", cause="价格")
    journal.visit("03-03 10:00", "a")
    assert len(lines(journal.report("levels", "03-03", "03-03", scheme="habc"), "board")) == 1
    assert lines(journal.report("losses", "03-01", "03-31"), "losses") == []


def test_r8_a_carried_customer_begins_with_a_clean_clock() -> None:
    """A visit of an older book is no contact of long ago: the days count from when it was carried over."""
    journal = WrittenJournal()
    journal.visit("01-05 10:00", "a", recorded="03-02 09:00", carried=True)
    (line,) = lines(journal.report("due", "03-05", "03-05"), "due")
    assert (line["last"], line["due"], line["days"]) == ("2026-03-02", "2026-03-09", "")


def test_r8_a_contact_by_somebody_else_moves_nothing() -> None:
    """Only the owner's contacts count, and a deal that stands takes the customer off the list."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.follow("03-08 10:00", "a", by="wang")
    journal.visit("03-08 15:00", "a", by="wang")
    (line,) = lines(journal.report("due", "03-10", "03-10"), "due")
    assert (line["last"], line["days"]) == ("2026-03-02", "1")
    journal.deal("03-09 10:00", "a", "d")
    assert lines(journal.report("due", "03-10", "03-10"), "due") == []


def test_r9_a_late_entry_brings_a_customer_into_an_earlier_cohort() -> None:
    """Who is found to have come in February is of no March cohort."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.visit("02-27 10:00", "a", recorded="03-10 10:00")
    registers = journal.posted()
    cohorts = [
        report_of(registers, "conversion", "03-01", "03-31", local(at)).table("cohort")
        for at in ("03-05 12:00", "03-31 12:00")
    ]
    assert [total(one)["customers"] for one in cohorts] == ["1", "0"]


def test_r10_a_lapse_is_no_loss() -> None:
    """A claim that runs out has a line of its own."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.follow("03-03 10:00", "a")
    journal.visit("03-02 11:00", "b")
    journal.add("opportunity.lost", "03-04 10:00", customer=party("b"), by="li", cause="价格")
    report = journal.report("losses", "03-01", "03-31", rulebook="shijiazhuang")
    (line,) = lines(report, "losses")
    assert (line["lost"], line["mean_days"], line["follow_ups"]) == ("1", "2.00", "0")
    assert lines(report, "lapsed")[0]["lapsed"] == "2"


def test_r10_who_is_lost_twice_is_lost_once() -> None:
    """Of two losses of a customer the last stands."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    for day_, cause in (("02", "价格"), ("05", "竞品")):
        journal.add("opportunity.lost", f"03-{day_} 10:00", customer=party("a"), by="li", cause=cause)
    assert [one["cause"] for one in lines(journal.report("losses", "03-01", "03-31"), "losses")] == ["竞品"]


def test_r11_a_deal_without_a_day_is_never_overdue() -> None:
    """It is counted as not agreed; one of last month that is signed late was overdue once."""
    journal = WrittenJournal()
    for name in ("a", "b"):
        journal.visit("03-01 10:00", name)
        journal.deal("03-02 10:00", name, name)
    terms(journal, "03-02 11:00", "b", sign_by="03-05")
    journal.add("deal.signed", "03-06 00:30", deal="b")
    on_the_day = lines(journal.report("overdue", "03-01", "03-05"), "summary")[0]
    assert (on_the_day["overdue"], on_the_day["undated"]) == ("0", "1")
    (line,) = lines(journal.report("overdue", "03-01", "03-31"), "summary")
    assert (line["undated"], line["overdue"], line["once_overdue"]) == ("1", "0", "1")


def test_r12_what_is_due_later_is_not_outstanding_and_a_refund_is_not_received() -> None:
    """Receivable goes by what was due by the day; a step that was held up is not done."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-02 10:00", "a", "d", "1000000")
    due = [
        {"what": "down_payment_paid", "on": "2026-03-10", "amount": "300000"},
        {"what": "balance_paid", "on": "2026-06-01", "amount": "700000"},
    ]
    terms(journal, "03-02 11:00", "d", due=due, payment="mortgage")
    journal.add("deal.signed", "03-05 10:00", deal="d")
    for date, what, amount in (("11", "down_payment_paid", "300000"), ("12", "refunded", "50000")):
        journal.add("deal.progressed", f"03-{date} 10:00", deal="d", by="bo", what=what, amount=amount)
    held = {"what": "mortgage_submitted", "done": False, "reason": "缺收入证明"}
    journal.add("deal.progressed", "03-13 10:00", deal="d", by="bo", **held)
    report = journal.report("contracts", "03-01", "03-31")
    (line,) = lines(report, "receipts")
    assert (line["due"], line["received"], line["arrears"], line["credit"]) == (
        "300,000.00", "250,000.00", "50,000.00", "C",
    )  # fmt: skip
    loans = lines(report, "loans")[0]
    assert (loans["needed"], loans["submitted"], loans["open"]) == ("1", "0", "1")
    assert lines(report, "open_loans")[0]["reason"] == "缺收入证明"


def test_r13_the_referrer_is_an_owner_of_a_home_only_if_the_deal_stood_then() -> None:
    """A deal that was cancelled before the visit makes nobody a home owner."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "o")
    journal.deal("03-02 10:00", "o", "d")
    journal.visit("03-03 10:00", "a", by="wang", referred_by=[{"phone": phones("o")[0]}])
    journal.add("deal.cancelled", "03-04 10:00", deal="d", reason="r")
    journal.visit("03-05 10:00", "b", by="wang", referred_by=[{"phone": phones("o")[0]}])
    found = lines(journal.report("referrals", "03-01", "03-31"), "referrals")
    assert [(one["customer"], one["owner"], one["referrers"]) for one in found] == [
        ("客户a", "是 yes", "客户o"), ("客户b", "", "客户o"),
    ]  # fmt: skip


def test_r14_a_record_is_in_time_by_when_it_ended_and_carried_ones_are_in_no_figure() -> None:
    """Under five minutes a visit that lasts an hour is entered in time at its end."""
    journal = WrittenJournal()
    ended = {"ended_at": "2026-03-02T03:00:00Z"}
    first = journal.visit("03-02 10:00", "a", recorded="03-02 11:04", **ended)
    journal.visit("03-02 10:00", "b", recorded="03-02 11:06", **ended)
    journal.visit("01-02 10:00", "c", recorded="03-02 12:00", carried=True)
    journal.add("record.approved", "03-02 13:00", record=first, stage="approved", by="sun")
    report = journal.report("timeliness", "01-01", "03-31", scheme="oabc")
    assert (total(report.table("in_time"))["records"], total(report.table("in_time"))["in_time"]) == (
        "2",
        "1",
    )
    assert [one["finding"] for one in lines(report, "findings")] == ["顺序不对 out of order"]


def test_r15_a_survey_without_answers_counts_its_score_alone() -> None:
    """The mean total is that of surveys with answers."""
    journal = WrittenJournal()
    survey(journal, "03-01 10:00", "a", "10111", 5)
    survey(journal, "03-02 10:00", "b", "", 3)
    means = total(journal.report("satisfaction", "03-01", "03-31").table("means"))
    assert (means["mean_points"], means["mean_score"], means["satisfied_rate"]) == ("8.00", "4.00", "50.0%")


def test_r16_an_answer_is_in_time_by_local_days() -> None:
    """Three days after the day of the complaint, to its midnight; a praise needs no upholding."""
    journal = WrittenJournal()
    for name, answered in (("f1", "03-04 23:59"), ("f2", "03-05 00:10")):
        said = {"feedback": name, "kind": "complaint", "content": "c", "against": "li"}
        journal.add("feedback.received", "03-01 09:00", customer=party("a"), **said)
        journal.add("feedback.answered", answered, feedback=name, by="sun", action="a", outcome="resolved")
    told = total(journal.report("complaints", "03-01", "03-31").table("complaints"))
    assert (told["received"], told["in_time"], told["open"]) == ("2", "1", "0")


def test_r17_a_reservation_is_sold_by_the_deal_that_names_it() -> None:
    """A deal of the same customer that names none leaves it open."""
    journal = WrittenJournal()
    for who in ("a", "b", "c"):
        journal.visit("03-01 10:00", who)
        said = {"reservation": f"r{who}", "by": "li", "project": "garden", "kind": "queue"}
        journal.add("reservation.made", "03-02 10:00", customer=party(who), **said)
    journal.deal("03-03 10:00", "a", "da", reservation="ra")
    journal.deal("03-03 11:00", "b", "db")
    journal.add("reservation.closed", "03-04 10:00", reservation="rc", outcome="refunded", reason="r")
    told = total(journal.report("reservations", "03-01", "03-31").table("reservations"))
    assert [told[key] for key in ("made", "sold", "refunded", "open")] == ["3", "1", "1", "1"]
    assert (told["rate"], told["settled_rate"]) == ("33.3%", "50.0%")


def test_r18_a_customer_with_a_standing_deal_needs_no_plan() -> None:
    """Who bought is closed; cancelled again, the customer must be tracked again."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a", level="A", next_on="2026-03-02")
    journal.deal("03-02 10:00", "a", "d")
    relations = [
        one["relation"]
        for one in lines(journal.report("consistency", "03-05", "03-05", scheme="habc"), "failures")
    ]
    assert "4" not in relations
    journal.add("deal.cancelled", "03-04 10:00", deal="d", reason="r")
    relations = [
        one["relation"]
        for one in lines(journal.report("consistency", "03-05", "03-05", scheme="habc"), "failures")
    ]
    assert "4" in relations


def test_r19_a_customer_is_still_only_while_open() -> None:
    """Ninety days without a record are a finding of who neither bought nor was lost."""
    journal = WrittenJournal()
    for who in ("a", "b"):
        journal.visit("01-05 10:00", who)
    journal.deal("01-06 10:00", "b", "d")
    items = [{"verdict": "ok", "customer": party("a")}, {"verdict": "stale", "customer": party("b")}]
    period = {"from_": "2026-04-01", "to": "2026-06-30"}
    journal.add("check.recorded", "05-04 10:00", check="c", kind="data", by="bo", items=items, **period)
    report = journal.report("checks", "05-01", "05-31")
    assert [(one["customer"], one["finding"]) for one in lines(report, "findings")] == [
        ("客户a", "90 天无动静 still for 90 days")
    ]
    assert total(report.table("verdicts"))["ok_rate"] == "50.0%"
    assert journal.report("checks", "07-01", "07-31").remarks


def test_r20_a_target_is_of_exactly_its_period_and_the_last_statement_stands() -> None:
    """A target of the quarter is no target of the month."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-02 10:00", "a", "d", "100")
    for value, last in (("9", "03-31"), ("2", "03-31"), ("50", "05-31")):
        period = {"from_": "2026-03-01", "to": f"2026-{last}"}
        journal.add("target.set", "03-01 09:00", metric="subscriptions", value=value, **period)
    told = {one["metric"]: one for one in lines(journal.report("targets", "03-01", "03-31"), "period")}
    assert (told["大定套数 units subscribed"]["target"], told["大定套数 units subscribed"]["rate"]) == (
        "2",
        "50.0%",
    )


def test_an_amendment_changes_a_row_and_a_withdrawal_takes_it_out() -> None:
    """Both are known from when they were recorded; without the approvals they change nothing."""
    journal = WrittenJournal()
    visit = journal.visit("03-01 10:00", "a", channel="报纸")
    loss = journal.add("opportunity.lost", "03-02 10:00", customer=party("a"), by="li", cause="价格")
    journal.add("record.amended", "03-03 10:00", record=visit, set={"channel": "网络"}, **GAO)
    journal.add("record.amended", "03-03 11:00", record=loss, withdrawn=True, **GAO)
    wrong = {**GAO, "approved_by": ["sun"]}
    journal.add("record.amended", "03-04 11:00", record=visit, set={"channel": "户外"}, **wrong)
    registers = journal.posted()
    for known, channel, lost in (("03-02 12:00", "报纸", 1), ("03-05 12:00", "网络", 0)):
        at = local(known)
        table = report_of(registers, "traffic", "03-01", "03-01", at, grain="channel").tables[0]
        assert [line.key for line in table.lines] == [(channel,)]
        losses = report_of(registers, "losses", "03-01", "03-31", at).table("losses")
        assert len(losses.lines) == lost


def test_a_customer_number_is_never_given_again_and_a_join_keeps_the_older() -> None:
    """The third customer is number three, also after the first two turned out to be one."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.visit("03-02 10:00", "b")
    journal.follow("03-03 10:00", {"name": "x", "phones": phones("a", "b")})
    journal.visit("03-04 10:00", "c")
    known = journal.posted().known(local("03-05 10:00"))
    assert [one.number for one in known.customers.values()] == [1, 3]


def test_r8_a_category_says_the_days_where_no_level_does() -> None:
    """The level goes before the category, and both before the days of who has neither."""
    journal = WrittenJournal()
    journal.visit("03-02 10:00", "a")
    journal.follow("03-02 11:00", "a", category="prospect")
    journal.visit("03-02 10:00", "b", level="A")
    journal.follow("03-02 11:00", "b", category="prospect")
    found = {
        one["customer"]: one["by_level"]
        for one in lines(journal.report("due", "03-03", "03-03", scheme="habc"), "due")
    }
    assert found == {"客户a": "2026-03-05", "客户b": "2026-03-09"}


def test_as_of_leaves_out_what_happened_later_and_keeps_what_was_entered_late() -> None:
    """What is asked as of a time is what is known today of what had happened by then."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-02 10:00", "a", "d", "100")
    journal.visit("03-02 12:00", "b", recorded="03-09 10:00")
    journal.visit("03-05 10:00", "c")
    journal.add("deal.cancelled", "03-06 10:00", deal="d", reason="r")
    known = journal.posted().known(local("03-31 10:00"), local("03-03 10:00"))
    basis = ReportBasis(
        known, values_of(load_scheme("base")), None, DaySpan(day("03-01"), day("03-31")), "base 1"
    )
    told = total(make_report("consultants", basis).tables[0])
    assert [told[key] for key in ("visits", "late", "cancelled", "cancelled_later")] == ["2", "1", "0", "0"]


def test_what_explains_a_difference_is_the_cancellation_and_the_correction() -> None:
    """Each row of a difference says what came to be known of it: 退定, 更正."""
    journal = WrittenJournal()
    first = journal.visit("03-01 10:00", "a")
    second = journal.visit("03-02 10:00", "b")
    journal.deal("03-03 10:00", "a", "d", "100")
    cancelled = journal.add("deal.cancelled", "04-02 10:00", deal="d", reason="r")
    corrected = journal.add(
        "record.corrected", "04-03 10:00", record=second, customer={"phones": phones("a")}, **GAO
    )
    registers = journal.posted()
    issued, later = (
        report_of(registers, "consultants", "03-01", "03-31", local(at))
        for at in ("03-31 23:00", "04-30 12:00")
    )
    found = {
        (one.column, row.row): (row.amount, row.reasons, row.facts)
        for one in explain(registers, issued, later)
        if one.line == TOTAL
        for row in one.rows
    }
    assert found["cancelled_later", journal.events[-3]["id"]] == (1, ("cancelled",), (cancelled,))
    assert found["new", second] == (-1, ("corrected",), (corrected,))
    assert found["returning", second] == (1, ("corrected",), (corrected,))
    assert ("new", first) not in found


def test_r8_an_open_interval_counts_only_once_it_is_too_long() -> None:
    """Kept intervals are those within the days of the level of then; a plan is done by its id, or on its day."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a", level="A")
    journal.follow("03-06 10:00", "a", plan="p1")
    journal.follow("03-16 10:00", "a")
    for number, date in enumerate(("05", "16", "20")):
        said = {
            "plan": f"p{number + 1}",
            "by": "li",
            "kind": "follow_up",
            "on": f"2026-03-{date}",
            "purpose": "p",
        }
        journal.add("plan.made", "03-01 11:00", customer=party("a"), **said)
    for last, intervals, kept in (("20", "2", "1"), ("31", "3", "1")):
        report = journal.report("due", "03-01", f"03-{last}", scheme="habc")
        told = total(report.table("intervals"))
        assert (told["intervals"], told["in_time"]) == (intervals, kept)
        assert total(report.table("plans"))["kept_rate"] == "66.7%"
