"""Every page of every room."""

from __future__ import annotations

from fastapi import APIRouter

from services.console.pages.accounts.routes import account_routes
from services.console.pages.audit.routes import audit_routes
from services.console.pages.customer.routes import customer_routes
from services.console.pages.desk.routes import desk_routes
from services.console.pages.disputes.routes import dispute_routes
from services.console.pages.floor.routes import floor_routes
from services.console.pages.home import home_routes
from services.console.pages.mine.routes import mine_routes
from services.console.pages.people.routes import people_routes
from services.console.pages.reports.routes import report_routes
from services.console.pages.rulebook.routes import rulebook_routes
from services.console.pages.shift.shift_page import shift_routes


def page_routes() -> APIRouter:
    """The addresses of all rooms; who may open which stands in the table of permissions."""
    made = APIRouter(include_in_schema=False)
    for routes in (
        home_routes,
        account_routes,
        audit_routes,
        customer_routes,
        desk_routes,
        dispute_routes,
        floor_routes,
        mine_routes,
        people_routes,
        report_routes,
        rulebook_routes,
        shift_routes,
    ):
        made.include_router(routes())
    return made
