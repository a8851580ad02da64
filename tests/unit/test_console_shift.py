"""The day's order as one page: places beside names, opened by whoever may, and on to where their day goes on."""

from __future__ import annotations

import re

import pytest

from services.console.frame.forms import Form, Wrong
from services.console.pages.shift.shift_page import order_of
from shared.contract.events import Role
from tests.support.made_up_desk import DESK, RECORD, DeskServices

SHIFT = "/at/east/east-1/shift"
EVENT = "019cdf9f-9034-7e06-b0d2-47c9612f7662"


def test_an_order_is_of_people_with_places_of_their_own() -> None:
    def read(**places: str) -> tuple[list[str], Wrong]:
        wrong = Wrong()
        return order_of(Form({f"place-{name}": [place] for name, place in places.items()}), wrong), wrong

    order, wrong = read(li="3", wang="1", chen="")
    assert (order, bool(wrong)) == (["wang", "li"], False)
    assert set(read(li="1", wang="1")[1].fields) == {"place-wang"}
    assert set(read(li="first")[1].fields) == set(read(li="0")[1].fields) == {"place-li"}
    assert read(li="")[1].whole


@pytest.mark.parametrize(
    ("role", "who", "where"), [("reception", "desk", DESK), ("manager", "gao", "/at/east/east-1/floor")]
)
async def test_a_shift_is_opened_by_who_may(role: Role, who: str, where: str) -> None:
    services = DeskServices()
    async with services.browser(role, who) as browser:
        page = (await browser.get(SHIFT)).text
        assert re.search(r'name="place-li"[^>]*value="1"', page)
        assert re.search(r'name="place-wang"[^>]*value="2"', page)
        assert re.search(r'name="place-chen"[^>]*value=""', page)
        assert "place-desk" not in page
        form = {"event": EVENT, "place-li": "2", "place-wang": "1", "duty_manager": "chen"}
        answer = await browser.post(SHIFT, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    (event,) = services.sent(RECORD)
    assert (event["type"], event["data"]) == (
        "shift.opened",
        {"order": ["wang", "li"], "duty_manager": "chen"},
    )


async def test_an_order_that_is_none_is_told_and_kept_as_it_was_typed() -> None:
    services = DeskServices()
    async with services.browser() as browser:
        answer = await browser.post(SHIFT, data={"event": EVENT, "place-li": "1", "place-wang": "1"})
    assert answer.status_code == 422 and 'id="place-wang-wrong"' in answer.text
    assert re.search(r'name="place-wang"[^>]*value="1"', answer.text)
    assert services.sent(RECORD) == []


async def test_a_consultant_orders_nobody() -> None:
    async with DeskServices().browser("consultant", "li") as browser:
        assert (await browser.get(SHIFT)).status_code == 404
        assert (await browser.get(f"{DESK}/shift")).status_code == 404
