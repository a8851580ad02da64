"""The addresses of the room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter

from services.console.pages.audit.fact_proof import fact_proof, proof_file
from services.console.pages.audit.looked_at import looked_at
from services.console.pages.audit.overview import audit, check_stored, search
from services.console.pages.audit.replays import ask, remove, replay, replays, workbook

ROOT: Final = "/in/{scope}/audit"


def audit_routes() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    pages: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("GET", "", audit),
        ("POST", "/search", search),
        ("POST", "/checks", check_stored),
        ("GET", "/access", looked_at),
        ("GET", "/facts/{seq}", fact_proof),
        ("GET", "/facts/{seq}/proof", proof_file),
        ("GET", "/replays", replays),
        ("POST", "/replays", ask),
        ("GET", "/replays/{replay}", replay),
        ("POST", "/replays/{replay}/remove", remove),
        ("GET", "/replays/{replay}/workbook", workbook),
    )
    for method, path, handler in pages:
        made.add_api_route(f"{ROOT}{path}", handler, methods=[method], response_model=None)
    return made
