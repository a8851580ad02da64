"""The addresses of the room of one's own customers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from services.console.pages.mine.follow_up import (
    follow_up,
    follow_up_page,
    follow_up_preview,
    follow_up_result,
)
from services.console.pages.mine.list_page import mine
from services.console.pages.mine.plan import plan, plan_page
from services.console.pages.mine.profile import profile, profile_page

ROOM: Final = "/at/{scope}/{office}/mine"


def mine_routes() -> APIRouter:
    """The list, and the forms about one customer of it."""
    made = APIRouter(include_in_schema=False)
    one = f"{ROOM}/{{customer}}"
    for method, path, handler in (
        ("GET", ROOM, mine),
        ("GET", f"{one}/follow-up", follow_up_page),
        ("POST", f"{one}/follow-up", follow_up),
        ("POST", f"{one}/follow-up/preview", follow_up_preview),
        ("GET", f"{one}/follow-up/{{event}}", follow_up_result),
        ("GET", f"{one}/plan", plan_page),
        ("POST", f"{one}/plan", plan),
        ("GET", f"{one}/profile", profile_page),
        ("POST", f"{one}/profile", profile),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
