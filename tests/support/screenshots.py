"""Pictures of every page of the console, for docs/console/: `.venv/bin/python -m tests.support.screenshots [FOLDER]`.

At both sizes and in both languages, as whoever has the page most sees it, in an invented office in the middle of an
afternoon. With `--place` the deployment is shared with whoever else holds one there; with `--only` the pages are taken
whose name holds a word, and the other pictures stay.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import time
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.support.console import CHROMIUM, SIZES, ConsoleUnderTest, Visitors, shared_console
from tests.support.pictured import FOLDER, LANGUAGES, PicturedPage, pictured
from tests.support.things_to_picture import ThingsToPicture

Colour: TypeAlias = tuple[int, int, int]

BROWSERS: Final = {"zh": "zh-CN", "en": "en-US"}
DAYS, UNTIL = 10, time(15, 40)
TALLEST: Final = {"desktop": 1600, "phone": 2200}
"""No picture is taller, in the pixels of a page: what stands below is more of the same."""
COLOURS: Final = 32


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=FOLDER)
@click.option("--place", type=click.Path(path_type=Path), help="The folder of the deployment.")
@click.option("--only", default="", help="A word in the name of the pages.")
def main(folder: Path, place: Path | None, only: str) -> None:
    """Take the pictures; the old ones go first where all are taken."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [] if only else folder.glob("*.png"):
        old.unlink()
    with _running(place) as (console, browsers):
        visitors = {language: Visitors(browser, console) for language, browser in browsers.items()}
        ids = ThingsToPicture(visitors["zh"], console).ids()
        for page in pictured():
            if only in page.name:
                take(visitors, page, ids, folder)


@contextmanager
def _running(place: Path | None) -> Iterator[tuple[ConsoleUnderTest, dict[str, Browser]]]:
    """A console, and a browser of each language: what a field for a day says is the browser's own.

    Debian's Chromium speaks Chinese where its package `chromium-l10n` is there.
    """
    with (
        tempfile.TemporaryDirectory() as own,
        shared_console(place or Path(own), DAYS, UNTIL) as console,
        sync_playwright() as playwright,
    ):
        browsers = {
            language: playwright.chromium.launch(
                executable_path=CHROMIUM,
                args=["--no-sandbox", f"--lang={tag}"],
                env={**os.environ, "LANGUAGE": tag.replace("-", "_")},
            )
            for language, tag in BROWSERS.items()
        }
        yield console, browsers
        for browser in browsers.values():
            browser.close()


def take(visitors: Mapping[str, Visitors], one: PicturedPage, ids: Mapping[str, str], folder: Path) -> None:
    """The four pictures of one page."""
    for size, window in SIZES.items():
        for language in LANGUAGES:
            page = visitors[language].visit(one.role, size=size, language=language)
            answer = page.goto(one.filled(ids))
            assert answer is not None and answer.status == 200, (one.name, answer and answer.status)
            expect(page.locator(".htmx-request")).to_have_count(0)  # parts that come by themselves
            path = folder / one.file(size, language)
            tall = page.evaluate("document.documentElement.scrollHeight")
            clip: Any = {"x": 0, "y": 0, "width": window["width"], "height": min(TALLEST[size], tall)}
            page.screenshot(path=path, full_page=True, clip=clip)
            page.context.close()
            make_small(path)


def make_small(path: Path) -> None:
    """Give the picture a palette of its own, with which it has a third of its bytes."""
    with Image.open(path) as taken:
        whole = taken.convert("RGB")
    counted: Any = whole.getcolors(whole.width * whole.height)
    palette, nearest = _palette({colour: count for count, colour in counted})
    # Pillow's own way to a given palette takes a colour nearby for one that is in it: the ground went pink.
    small = Image.new("P", whole.size)
    small.putpalette([part for colour in palette for part in colour])
    pixels: Any = whole.get_flattened_data()
    small.putdata([nearest[colour] for colour in pixels])
    small.save(path, optimize=True)


def _palette(counts: Mapping[Colour, int]) -> tuple[list[Colour], dict[Colour, int]]:
    """At most so many colours, and the place of the nearest of them for each that there was.

    The next one is always that which is worst told by those before it, by how far it is and how often it stands: with
    the commonest alone a seal or a green mark went grey, as all that was left was the ground and greys of letters.
    """
    palette = [max(counts, key=lambda colour: counts[colour])]
    nearest = dict.fromkeys(counts, 0)
    apart = {colour: _apart(colour, palette[0]) for colour in counts}
    while len(palette) < COLOURS and any(apart.values()):
        worst = max(counts, key=lambda colour: counts[colour] * apart[colour])
        for colour, before in apart.items():
            if (now := _apart(colour, worst)) < before:
                nearest[colour], apart[colour] = len(palette), now
        palette.append(worst)
    return palette, nearest


def _apart(one: Colour, other: Colour) -> int:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2 + (one[2] - other[2]) ** 2


if __name__ == "__main__":
    main()
