"""The addresses of customers: the list, one of them, its evidence pack, and where the link of an alert leads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.console.frame.files import passed_on
from services.console.frame.page import Page
from services.console.frame.parameters import PlaceName
from services.console.frame.scope_pages import place_in
from services.console.pages.customer.customer_page import (
    ACTION,
    CustomerOfPath,
    customer_page,
)
from services.console.pages.customer.list_page import case_of, customers_page, find_customers
from shared.contract.case_numbers import case_number
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

CaseOfPath = Annotated[str, Path(max_length=20)]


async def evidence(page: Page, scope: PlaceName, customer: CustomerOfPath) -> Response:
    """The evidence pack, as it comes, by the case number of the customer."""
    await place_in(page, scope, ACTION)
    path = f"/v1/scopes/{scope}/customers/{customer}/evidence"
    return await passed_on(page, "audit", path, f"evidence-{case_number(customer)}.zip")


async def case_page(page: Page, scope: PlaceName, case: CaseOfPath) -> Response:
    """Where the link of an alert leads: the customer of its case number."""
    await place_in(page, scope, ACTION)
    found = await case_of(page, scope, case)
    if found is None:
        raise ProblemError(404, bilingual("no customer within your reach has this case number"))
    return page.see_other(f"/in/{scope}/customers/{found}")


async def own_page_of(page: Page, scope: PlaceName) -> Response:
    """Where the link of a digest leads: one's own customers by the time left, or all of them."""
    place, _ = await place_in(page, scope, ACTION)
    if page.may("page.mine", place):
        return page.see_other(f"/at/{scope}/{place.office}/mine")
    return page.see_other(f"/in/{scope}/customers")


def customer_routes() -> APIRouter:
    """The list, one customer, the pack, and the short address of messages."""
    made = APIRouter(include_in_schema=False)
    for path, handler in (
        ("/in/{scope}/customers", customers_page),
        ("/in/{scope}/customers/{customer}", customer_page),
        ("/in/{scope}/customers/{customer}/evidence", evidence),
        ("/c/{scope}", own_page_of),
        ("/c/{scope}/{case}", case_page),
    ):
        made.add_api_route(path, handler, methods=["GET"], response_model=None)
    made.add_api_route("/in/{scope}/customers", find_customers, methods=["POST"], response_model=None)
    return made
