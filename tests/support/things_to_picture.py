"""What has to be there before every page has something to show: a follow-up, an issued report, a replay, a request.

All is made in the console itself, by the people who would.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from playwright.sync_api import Page

from tests.support.console import ConsoleUnderTest, Visitors
from tests.support.patience import BROWSER_PATIENCE

OTHER_BOOK: Final = "getian@1"


class ThingsToPicture:
    """The ids that stand in the addresses of pages, of things that are there or are made by this."""

    def __init__(self, visitors: Visitors, console: ConsoleUnderTest) -> None:
        self._visitors = visitors
        self._console = console
        self._at = f"/at/{console.scope}/{console.office}"
        self._in = f"/in/{console.scope}"

    def ids(self) -> Mapping[str, str]:
        """By the names of the table; behind a question mark is what a page is asked with."""
        own = self._own()
        record = self._record(own["customer"])
        self._ask_for_correction(record)
        return {
            "scope": self._console.scope, "office": self._console.office, "staff": own["owner"], "seq": "12",
            "report": "traffic", "register": "visits", "book": OTHER_BOOK, "record": record,
            "customer": own["customer"], "case": self._case(own["customer"]), "dispute": self._dispute(),
            "event": self._follow_up(own["customer"]), "issued": self._issue(), "replay": self._replay(),
            "account": self._account(),
            "?/at/{scope}/{office}/reports/{report}/rows": "?table=day&column=visits",
            "?/in/{scope}/rulebook/trial": f"?from={OTHER_BOOK}",
        }  # fmt: skip

    def _own(self) -> Any:
        """A customer of the consultant's with a history."""
        login = self._console.login("consultant")
        path = f"/v1/scopes/{self._console.scope}/customers"
        told = self._console.ask(path, status="owned", owner=login, limit=100)["customers"]
        return max(told, key=lambda one: len(one["decisions"]))

    def _case(self, customer: str) -> str:
        page = self._open("consultant", f"{self._in}/customers/{customer}")
        return self._closed(page, page.locator("h1 span").inner_text())

    def _record(self, customer: str) -> str:
        """A record of theirs that may be corrected, as its page links to it."""
        page = self._open("manager", f"{self._in}/customers/{customer}")
        href = page.locator("a[href*='/corrections/']").first.get_attribute("href") or ""
        return self._closed(page, href.rpartition("/")[2])

    def _ask_for_correction(self, record: str) -> None:
        page = self._open("consultant", f"{self._at}/corrections/{record}")
        page.fill("#wechat", "demo_wechat_7")
        page.fill("#reason", "客户补充了微信号")
        page.click("button[value=ask]")
        page.wait_for_selector(".notice.good")
        self._closed(page, "")

    def _dispute(self) -> str:
        """One that waits for a ruling, over a colleague's customer."""
        path, login = f"/v1/scopes/{self._console.scope}/customers", self._console.login("consultant")
        told = self._console.ask(path, status="owned", limit=500)["customers"]
        theirs = [one for one in told if one["owner"] != login]
        contested = max(theirs, key=lambda one: len(one["decisions"]))
        page = self._open("consultant", f"{self._in}/open-dispute")
        page.fill("#contact", contested["contacts"][0])
        page.fill("#reason", "客户先由我接待，当天已登记")
        page.locator("main button.main").click()
        page.wait_for_url(re.compile(r"/disputes/.+"))
        return self._closed(page, page.url.rpartition("/")[2].partition("?")[0])

    def _follow_up(self, customer: str) -> str:
        page = self._open("consultant", f"{self._at}/mine/{customer}/follow-up")
        page.fill("#content", "介绍了样板间，周末来看")
        page.locator(".outcomes button").first.click()
        page.wait_for_url(re.compile(r"/follow-up/.+"))
        return self._closed(page, page.url.rpartition("/")[2])  # with what the page is asked with

    def _issue(self) -> str:
        page = self._open("manager", f"{self._at}/reports/consultants")
        page.get_by_label("备注").fill("月中")
        page.get_by_role("button", name="出具").click()
        page.wait_for_url("**/issued-reports/**")
        page.get_by_role("button", name="审核").click()
        page.wait_for_selector(".notice.good")
        return self._closed(page, page.url.rpartition("/")[2].partition("?")[0])

    def _replay(self) -> str:
        page = self._open("auditor", f"{self._in}/audit/replays")
        page.locator("#rulebook").select_option(OTHER_BOOK)
        page.get_by_role("button", name="重放", exact=True).click()
        page.wait_for_selector(".figures-of", timeout=BROWSER_PATIENCE)
        return self._closed(page, page.url.rpartition("/")[2])

    def _account(self) -> str:
        page = self._open("administrator", "/accounts")
        login = self._console.login("manager")
        href = page.get_by_role("link", name=login, exact=True).first.get_attribute("href") or ""
        return self._closed(page, href.rpartition("/")[2])

    def _open(self, role: str, path: str) -> Page:
        page = self._visitors.visit(role)
        page.goto(path)
        return page

    @staticmethod
    def _closed(page: Page, found: str) -> str:
        page.context.close()
        return found
