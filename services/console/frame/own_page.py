"""Where somebody goes on: to pages of this console, and to the sign-in that leads back to one."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

SIGN_IN: Final = "/sign-in"


def sign_in_address(then: str) -> str:
    """The sign-in that leads to a page of ours afterwards."""
    return SIGN_IN if then == "/" else f"{SIGN_IN}?then={quote(then, safe='/')}"


def own_page(given: str | None) -> str:
    """Where to go on after a sign-in: an address of this console, or the first page where it is none.

    A browser takes `//host`, `/\\host` and a tab within for another host: all that is not plainly a path is none.
    """
    if not given or not given.startswith("/") or not given.isprintable() or "\\" in given:
        return "/"
    parts = urlsplit(given)
    if parts.scheme or parts.netloc or given.startswith("//") or parts.path.startswith(SIGN_IN):
        return "/"
    return given


def page_again(given: str | None) -> str:
    """The same page in another language: as `own_page`, and the sign-in with the page that it leads to."""
    parts = urlsplit(given or "")
    if (parts.scheme, parts.netloc, parts.path) == ("", "", SIGN_IN):
        return sign_in_address(own_page(parse_qs(parts.query).get("then", ["/"])[0]))
    return own_page(given)
