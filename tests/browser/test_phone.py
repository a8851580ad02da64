"""On a telephone what is chosen is read whole, and what stands side by side elsewhere stays within its card."""

from __future__ import annotations

import pytest

from tests.support.console import ConsoleUnderTest, Visitors

CUT = """select => {
    const style = getComputedStyle(select), pen = document.createElement("canvas").getContext("2d");
    pen.font = style.font;
    const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const lines = Math.ceil(pen.measureText(select.selectedOptions[0].text.trim()).width / room);
    const tall = select.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return [lines, Math.round(tall / parseFloat(style.fontSize))];
}"""
"""How many lines a chosen text needs, and how many it has room for."""
BEYOND = """table => {
    const card = table.closest(".card").getBoundingClientRect();
    const texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT), found = [];
    while (texts.nextNode()) {
        const range = document.createRange();
        range.selectNodeContents(texts.currentNode);
        for (const at of range.getClientRects()) if (at.right > card.right + 1) found.push(range.toString());
    }
    return found;
}"""
"""The texts of a table that stand over the edge of its card."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_chosen_of_long_names_is_read_whole(
    console: ConsoleUnderTest, visitors: Visitors, language: str
) -> None:
    with visitors.context("auditor", size="phone", language=language) as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/audit/replays")
        choice = page.locator("select[name=rulebook]")
        choice.evaluate("""select => {
            const longest = [...select.options].sort((a, b) => b.text.length - a.text.length)[0];
            longest.text = `${longest.text}, ${longest.text}`;
            longest.selected = true;
        }""")
        needs, has = choice.evaluate(CUT)
        assert needs > 1 and has >= needs
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_another_rulebook_does_otherwise_stays_within_its_card(
    console: ConsoleUnderTest, visitors: Visitors, language: str
) -> None:
    with visitors.context("auditor", size="phone", language=language) as context:
        page = context.new_page()
        for book in ("getian", "reception", "confirmation", "handbook"):
            page.goto(f"/in/{console.scope}/rulebook/books/{book}@1")
            table = page.locator("table.pairs").first
            assert table.locator("tr").count() > 1
            assert table.evaluate(BEYOND) == []
