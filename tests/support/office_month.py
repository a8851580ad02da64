"""March of an office with something in every register and every report."""

from __future__ import annotations

from tests.support.journal import WrittenJournal, party, survey, terms


def office_month() -> WrittenJournal:
    """Visits, calls, follow-ups, deals, loans, complaints and the rest, from 1 to 31 March."""
    journal = WrittenJournal()
    _customers(journal)
    _work(journal)
    _deals(journal)
    _service(journal)
    _plans(journal)
    return journal


NAMES = ("王建国", "欧阳娜娜", "李雷", "赵子龙（赵子龙夫人介绍）", "孙小姐", "周女士", "吴先生", "郑成功")


def customer(number: int) -> dict[str, object]:
    return {"name": NAMES[number], "phones": [f"1391234{number:04d}"]}


def _customers(journal: WrittenJournal) -> None:
    journal.add(
        "staff.enrolled", "2025-12-01 09:00", staff="chen", name="陈晓明", role="consultant", number="0164323"
    )
    channels = ("报纸", "介绍", "户外广告", "网络", "", "路过", "介绍", "报纸")
    for number, channel in enumerate(channels):
        more = {"channel": channel} if channel else {}
        journal.visit(
            f"03-{number * 3 + 1:02d} 10:{number:02d}", customer(number), by=("li", "wang", "chen")[number % 3],
            level=("H", "A", "B")[number % 3], purpose="看两室两厅，预算一百二十万左右", notes="带家人看样板间，满意",
            started_at=f"2026-03-{number * 3 + 1:02d}T10:00:00+08:00",
            ended_at=f"2026-03-{number * 3 + 1:02d}T10:{number:02d}:00+08:00",
            next_on=f"2026-03-{number * 3 + 5:02d}", next_step="电话邀约", project="葛天花园", place="售楼部", **more,
        )  # fmt: skip
    journal.visit("03-09 14:00", "-", no_contact_reason="不愿留电话")
    journal.visit("03-10 15:00", customer(0), by="li")
    journal.call("03-02 09:00", customer(1), by="wang", channel="网络", level="A")
    journal.call("03-03 09:00", "call", by="li", channel="报纸", notes="问价格")
    journal.add(
        "outreach.registered",
        "03-04 16:00",
        customer=customer(3),
        by="wang",
        method="field",
        notes="商场派单",
    )
    values = {
        "home_district": "城东",
        "wanted_unit": "两室",
        "company": "中原商贸有限公司",
        "address": "人民路 1 号",
    }
    for number in range(3):
        journal.add(
            "profile.recorded", f"03-{number + 5:02d} 11:00", customer=customer(number), by="li", set=values
        )


def _work(journal: WrittenJournal) -> None:
    for number in range(6):
        journal.follow(
            f"03-{number + 12:02d} 11:00", customer(number), by=("li", "wang", "chen")[number % 3],
            subject="约定再次到访", content="客户在比较周边两个楼盘，希望月底前给答复", level="A",
            category="interested", stage="谈价格", obstacle={"kind": "价格"}, next_on=f"2026-03-{number + 16:02d}",
        )  # fmt: skip
    journal.follow("03-20 11:00", customer(6), method="other", medium="fax")
    journal.follow("03-21 11:00", customer(6), method="other", medium="email", recorded="03-23 09:00")
    journal.follow(
        "03-22 11:00", customer(6), method="door_visit", achieved=True, met=["吴太太"], gift="挂历"
    )
    journal.add(
        "opportunity.lost", "03-25 10:00", customer=customer(7), by="wang", cause="价格", competitor="绿城"
    )
    journal.add("opportunity.lost", "03-26 10:00", customer=customer(5), by="chen", cause="户型")
    day = {"from_": "2026-03-31", "to": "2026-03-31"}
    journal.add(
        "worklog.submitted", "03-31 18:00", by="li", kind="daily", done="回访三位客户", problems="无",
        planned="明天约看房", counts={"visits": 1, "calls": 0, "followups": 3}, **day,
    )  # fmt: skip
    journal.follow(
        "03-31 15:00", customer(0), subject="回访", content="约 4 月 2 日签约", next_on="2026-04-02"
    )


def _deals(journal: WrittenJournal) -> None:
    journal.add("shift.opened", "03-31 08:00", order=["li", "wang"], duty_manager="gao")
    journal.add("reservation.made", "03-08 10:00", reservation="r1", customer=customer(0), by="li",
                project="葛天花园", kind="queue", number="A001", amount="10000", wants="东区 两室 90 平米")  # fmt: skip
    journal.deal(
        "03-12 10:00", customer(0), "d1", "1234567.89", project="葛天花园", unit="3-1-1201", reservation="r1"
    )
    journal.deal("03-14 10:00", customer(1), "d2", "800000", by="wang", unit="3-2-0502")
    journal.deal("03-31 10:00", customer(2), "d3", "950000.50", by="chen", unit="5-1-0301")
    terms(journal, "03-12 11:00", "d1", area="98.5", unit_kind="两室", payment="mortgage", sign_by="03-19",
          amount="1234567.89")  # fmt: skip
    terms(journal, "03-14 11:00", "d2", area="88", unit_kind="三室", payment="fund", sign_by="03-21")
    journal.add("deal.signed", "03-18 10:00", deal="d1")
    journal.add("deal.progressed", "03-20 10:00", deal="d1", by="bo", what="mortgage_submitted", done=False,
                missing="收入证明", reason="银行要求补件")  # fmt: skip
    journal.add(
        "deal.progressed", "03-19 10:00", deal="d1", by="bo", what="down_payment_paid", amount="370000"
    )
    journal.add(
        "deal.progressed", "03-22 10:00", deal="d2", by="bo", what="filed", done=False, reason="客户出差"
    )
    for metric, value in (
        ("visits", "20"),
        ("subscriptions", "5"),
        ("signings", "4"),
        ("signed_amount", "5000000"),
    ):
        journal.add(
            "target.set", "03-01 08:00", metric=metric, from_="2026-03-01", to="2026-03-31", value=value
        )


def _service(journal: WrittenJournal) -> None:
    survey(journal, "03-24 10:00", customer(0), "11111", 5)  # type: ignore[arg-type]
    survey(journal, "03-24 11:00", customer(1), "11110", 4, by="chen")  # type: ignore[arg-type]
    survey(journal, "03-24 12:00", customer(2), "", 3, by="wang")  # type: ignore[arg-type]
    journal.add("feedback.received", "03-15 10:00", feedback="f1", kind="complaint", content="等候太久，无人接待",
                customer=customer(3), against="wang")  # fmt: skip
    journal.add("feedback.answered", "03-16 10:00", feedback="f1", by="gao", action="当面致歉", outcome="resolved",
                satisfied=True)  # fmt: skip
    referred = {"name": "新客户", "phones": ["13700001111"]}
    journal.visit("03-27 10:00", referred, referred_by=[{"phone": "13912340000"}], by="chen", level="A")
    journal.add("request.submitted", "03-28 10:00", request="q1", kind="referral_reward", by="chen", reason="老带新",
                customer=referred)  # fmt: skip
    journal.add(
        "request.submitted", "03-28 11:00", request="q2", kind="data_change", by="li", reason="换了手机",
        customer=customer(1), proposed="电话改为 13900000000",
    )  # fmt: skip
    items = [
        {"verdict": "ok", "customer": customer(0)},
        {"verdict": "stale", "customer": customer(1), "note": "换号"},
    ]
    journal.add("check.recorded", "03-29 10:00", check="c1", kind="data", by="bo", from_="2026-01-01", to="2026-03-31",
                items=items)  # fmt: skip
    journal.add("document.attached", "03-29 11:00", kind="合同", title="认购书", sha256="ab" * 32, bytes=1024,
                media_type="application/pdf", deal="d1", customer=party("a"))  # fmt: skip


def _plans(journal: WrittenJournal) -> None:
    journal.add("plan.made", "03-30 10:00", plan="p1", by="li", kind="outing", on="2026-03-31", purpose="上门送合同",
                customer=customer(0), place="客户公司", method="door_visit")  # fmt: skip
    journal.add("plan.made", "03-31 10:00", plan="p2", by="li", kind="follow_up", on="2026-04-01", purpose="回访",
                customer=customer(1))  # fmt: skip
    first = next(event["id"] for event in journal.events if event["type"] == "visit.registered")
    for stage, by in (("reviewed", "li"), ("approved", "sun"), ("filed", "bo")):
        journal.add("record.approved", "03-01 18:00", record=first, stage=stage, by=by, remark="已核对")
