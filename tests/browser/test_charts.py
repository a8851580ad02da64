"""Charts of reports on a telephone and at a desk: whole, and no wider than the card that they stand in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.console import ConsoleUnderTest, Visitors

BEYOND = """chart => {
    const card = chart.closest(".card").getBoundingClientRect();
    return [...chart.querySelectorAll("rect, text, circle, path")]
        .map((mark) => mark.getBoundingClientRect())
        .filter((at) => at.width > 0 && (at.left < card.left || at.right > card.right)).length;
}"""
"""How many marks and words of a chart lie beyond its card."""


@pytest.mark.parametrize("size", ["phone", "desktop"])
@pytest.mark.parametrize(("by", "marks"), [("day", ".dot"), ("channel", ".bar")])
def test_a_chart_fits_the_card_that_it_stands_in(
    console: ConsoleUnderTest, visitors: Visitors, size: str, by: str, marks: str
) -> None:
    """Lines over days and bars with their names and numbers, without scrolling."""
    last = console.now().date()
    days = f"period=days&from={last - timedelta(days=30)}&to={last}&by={by}"
    with visitors.context("manager", size=size) as context:
        page = context.new_page()
        page.goto(f"/at/{console.scope}/{console.office}/reports/traffic?{days}")
        chart = page.locator(".picture").first
        assert chart.locator(marks).count() > 1
        assert chart.evaluate(BEYOND) == 0
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
