"""What rulebooks are called: by the title of what ships, else by name and version."""

from __future__ import annotations

from functools import cache

from shared.i18n import Text
from shared.rules.rulebooks.loading import load_book, shipped


@cache
def rulebook_title(name: str, version: int) -> Text:
    """The title with its version; of an office's own book its name, since only the services have the text."""
    told = f"{name} {version}"
    if name not in shipped():
        return Text(told, told)
    title = load_book(name).rulebook.title
    return Text(f"{title.zh}（{told}）", f"{title.en} ({told})")
