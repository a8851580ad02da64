"""The addresses of the desk."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from services.console.pages.desk import queued, registering, turns

DESK: Final = "/at/{scope}/{office}/desk"


def desk_routes() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    for method, path, handler in (
        ("GET", DESK, registering.desk),
        ("GET", f"{DESK}/boards", registering.boards),
        ("POST", f"{DESK}/lookup", registering.look),
        ("POST", f"{DESK}/entries", registering.register),
        ("POST", f"{DESK}/queued", queued.queued),
        ("POST", f"{DESK}/away", turns.leave),
        ("POST", f"{DESK}/back", turns.come_back),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
