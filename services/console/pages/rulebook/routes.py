"""The addresses of the room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter

from services.console.pages.rulebook.in_force import one_book, rulebook, scheme
from services.console.pages.rulebook.trial import trial, try_draft

ROOT: Final = "/in/{scope}/rulebook"


def rulebook_routes() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    pages: tuple[tuple[str, str, Callable[..., Any]], ...] = (
        ("GET", "", rulebook),
        ("GET", "/scheme", scheme),
        ("GET", "/trial", trial),
        ("POST", "/trial", try_draft),
        ("GET", "/books/{book}", one_book),
    )
    for method, path, handler in pages:
        made.add_api_route(f"{ROOT}{path}", handler, methods=[method], response_model=None)
    return made
