"""A real spreadsheet program (LibreOffice) that opens workbooks and prints them as PDF, all in one run of it."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest

SECONDS = 900
"""A guard against hanging, no part of what is tested: quiet, it takes half a minute."""
MISSING = "{} is missing: apt-get install --no-install-recommends libreoffice-calc-nogui fonts-wqy-microhei"
_SEPARATORS = re.compile("[\\s\u0002\ufffe-]")
"""White space, and hyphens, which a line may end with and which are then read as marks of their own."""
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass
class PrintedPages:
    """What a printed workbook says, page by page, as `joined` has it; `fonts` are those that its Chinese is in."""

    pages: list[str]
    fonts: set[str]
    outside: list[str]

    @property
    def text(self) -> str:
        return "".join(self.pages)


def print_all(files: Iterable[Path], folder: Path) -> dict[str, PrintedPages]:
    """Open every file in one run of the program; answers what it printed, by the names of the files."""
    if shutil.which("soffice") is None:
        pytest.fail(MISSING.format("soffice"))
    if not subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout:
        pytest.fail(MISSING.format("a Chinese font"))
    named = list(files)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--norestore",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
    ]
    done = subprocess.run([*command, *map(str, named)], capture_output=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return {file.stem: _printed(folder / f"{file.stem}.pdf") for file in named}


def joined(text: str) -> str:
    """A text without what the end of a line changes."""
    return _SEPARATORS.sub("", text)


def _printed(file: Path) -> PrintedPages:
    assert file.exists(), f"{file.stem} was not opened"
    found = PrintedPages([], set(), [])
    with pypdfium2.PdfDocument(file) as document:
        for page in document:
            text = page.get_textpage()
            found.pages.append(joined(text.get_text_bounded()))
            found.fonts |= set(_fonts(text))
            found.outside += _outside(page, text)
    return found


def _fonts(text: pypdfium2.PdfTextPage) -> Iterator[str]:
    """The fonts of Chinese characters; every tenth is looked at."""
    name, flags = ctypes.create_string_buffer(256), ctypes.c_int()
    for at in range(0, text.count_chars(), 10):
        if _CHINESE.match(chr(pdfium.FPDFText_GetUnicode(text, at))):
            pdfium.FPDFText_GetFontInfo(text, at, name, 256, ctypes.byref(flags))
            yield name.value.decode("utf-8", "replace")


def _outside(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[str]:
    """Texts that stand beyond the edge of the page."""
    width, height = page.get_size()
    for at in range(text.count_rects()):
        left, bottom, right, top = text.get_rect(at)
        if left < 0 or bottom < 0 or right > width + 1 or top > height + 1:
            yield text.get_text_bounded(left, bottom, right, top)
