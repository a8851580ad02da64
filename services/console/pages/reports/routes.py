"""The addresses of the room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter

from services.console.pages.reports.issued import issue, issued_report, step
from services.console.pages.reports.one_report import report, rows, shelf, workbook
from services.console.pages.reports.registers import register, register_workbook, search_register

PLACE: Final = "/at/{scope}/{office}"


def report_routes() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    pages: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("reports", shelf),
        ("reports/{report}", report),
        ("reports/{report}/rows", rows),
        ("reports/{report}/workbook", workbook),
        ("registers/{register}", register),
        ("issued-reports/{issued}", issued_report),
    )
    for path, handler in pages:
        made.add_api_route(f"{PLACE}/{path}", handler, methods=["GET"], response_model=None)
    sent = (
        ("reports/{report}/issue", issue),
        ("registers/{register}", search_register),
        ("registers/{register}/workbook", register_workbook),
        ("issued-reports/{issued}/steps", step),
    )
    for path, done in sent:
        made.add_api_route(f"{PLACE}/{path}", done, methods=["POST"], response_model=None)
    return made
