"""A ruling that two must approve, in an office whose rulebook wants it: it counts with both, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from deploy.demo.accounts import ADMINISTRATOR
from tests.support.console import ConsoleUnderTest, Visitors, sign_in
from tests.support.patience import BROWSER_PATIENCE

BOOK: Final = {"rulebook": "handbook", "version": 1}
PEOPLE: Final = {
    "gao": "manager",
    "wei": "admin_manager",
    "hua": "general_manager",
    "li": "consultant",
    "wang": "consultant",
}
SIGN_IN: Final = ("gao", "wei", "hua")
expect.set_options(timeout=BROWSER_PATIENCE)


class OfficeOfTwo:
    """An office of its own beside the invented one, of the same deployment."""

    def __init__(self, console: ConsoleUnderTest) -> None:
        self.console = console
        self.scope = f"two-{uuid4().hex[:8]}"
        self.now: datetime = console.now()
        self.seq = 0

    def open(self) -> None:
        """Grant the desk's machine the scope, enrol everybody under the rulebook, and give who decides an account."""
        with httpx.Client(base_url=self.console.services["access"], timeout=60.0, trust_env=False) as http:
            given = {"login": ADMINISTRATOR, "password": self.console.password}
            token = _answered(http.post("/v1/access/sign-in", json=given))["access_token"]
            http.headers["authorization"] = f"Bearer {token}"
            accounts = _answered(http.get("/v1/access/accounts", params={"kind": "machine"}))["accounts"]
            desk = next(one["account"] for one in accounts if one["login"] == "demo-desk")
            for role in ("registry", "group_auditor"):
                asked = {"account": desk, "role": role, "scopes": [self.scope]}
                _answered(http.post("/v1/access/grants", json=asked))
            for staff in SIGN_IN:
                made = {"login": self.login(staff), "staff": [{"scope": self.scope, "staff": staff}]}
                code = _answered(http.post("/v1/access/accounts", json=made))["set_up_code"]
                chosen = {"code": code, "password": self.console.password}
                _answered(http.post("/v1/access/set-up", json=chosen))
        for staff, role in PEOPLE.items():
            self.record("staff.enrolled", {"staff": staff, "name": f"{staff}两级", "role": role}, "gao", 120)
        adopted = {**BOOK, "effective_from": self.at(119)}
        self.record("rulebook.adopted", adopted, "gao", 119)

    def login(self, staff: str) -> str:
        return f"{staff}.{self.scope}"

    def at(self, before: int) -> str:
        return (self.now - timedelta(minutes=before)).isoformat()

    def record(self, kind: str, data: Mapping[str, Any], actor: str, before: int) -> None:
        event = {
            "id": str(uuid4()), "type": kind, "scope": self.scope, "office": f"{self.scope}-1", "actor": actor,
            "occurred_at": self.at(before), "data": dict(data),
        }  # fmt: skip
        with self.console.desk() as http:
            answer = http.post(f"{self.console.services['intake']}/v1/events", json=event)
            assert answer.status_code == 202, answer.text
            self.seq = int(answer.json()["seq"])

    def owner(self, phone: str) -> str | None:
        """Whose the customer is."""
        customers = self.console.ask(f"/v1/scopes/{self.scope}/customers", limit=10)["customers"]
        found = next(one for one in customers if f"+86{phone}" in one["contacts"])
        return str(found["owner"]) if found["owner"] else None


def _answered(answer: httpx.Response) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture
def office(console: ConsoleUnderTest) -> OfficeOfTwo:
    made = OfficeOfTwo(console)
    made.open()
    return made


def test_a_ruling_counts_once_it_is_entered_with_both_approvals(
    office: OfficeOfTwo, visitors: Visitors
) -> None:
    """The manager rules; the administration manager and the general manager approve, each in their own name; then the
    manager sends the form as it stands, with both."""
    phone, dispute = f"138{uuid4().int % 10**8:08}", f"q-{uuid4().hex[:8]}"
    party = {"name": "孔两批", "phones": [phone]}
    visit = {
        "visit": str(uuid4()), "customer": party, "received_by": "li", "capacity": "on_turn",
        "asked": {"visited_before": "no"},
    }  # fmt: skip
    office.record("visit.registered", visit, "li", 60)
    opened = {"dispute": dispute, "customer": {"phones": [phone]}, "opened_by": "wang", "reason": "我先接待"}
    office.record("dispute.opened", opened, "wang", 30)
    office.console.ask(f"/v1/scopes/{office.scope}/flags", limit=1, min_seq=office.seq)
    assert office.owner(phone) == "li"

    manager = opened_by(office, visitors, "gao", dispute)
    manager.select_option("#owner", "wang")
    manager.fill("#reason", "接待记录在先")
    for box in manager.locator("input[name=approved_by]").all():
        box.uncheck()
    manager.click("button[value=record]")
    expect(manager.locator("ul.timeline")).to_contain_text("无效")
    assert office.owner(phone) == "li"

    first = opened_by(office, visitors, "wei", dispute)
    first.click("button[value=approve]")
    expect(first.locator(".notice.good")).to_be_visible()
    expect(first.locator("ul.timeline")).to_contain_text("总经理")
    assert first.locator("button[value=approve]").count() == 0, "nobody approves twice"
    assert office.owner(phone) == "li"

    second = opened_by(office, visitors, "hua", dispute)
    second.click("button[value=approve]")
    expect(second.locator(".notice.good")).to_be_visible()
    expect(second.locator(".notice.warn")).to_contain_text("已全部批准")
    assert office.owner(phone) == "li", "approved, and not entered with its approvals"

    entering = opened_by(office, visitors, "gao", dispute)
    assert entering.input_value("#owner") == "wang"
    entering.click("button[value=record]")
    expect(entering.locator("ul.timeline .tag.good")).to_have_text("有效")
    assert office.owner(phone) == "wang"


def opened_by(office: OfficeOfTwo, visitors: Visitors, staff: str, dispute: str) -> Page:
    """The page of the dispute, as this person has it."""
    page = visitors.context(None).new_page()
    sign_in(page, office.login(staff), office.console.password)
    page.goto(f"/in/{office.scope}/disputes/{dispute}")
    return page
