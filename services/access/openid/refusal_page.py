"""What somebody reads in whose browser a sign-in at a provider ends here: access has no other page.

Whoever can be sent back to the client that began is sent there, and reads it there. What is left is told here: an
answer that belongs to another browser or was used, and an address that nobody may be sent back to.
"""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from shared.i18n import Text, translated

_STYLE: Final = (
    "body{margin:0;padding:1.5rem;font:1.05rem/1.6 system-ui,'Noto Sans CJK SC','WenQuanYi Micro Hei',sans-serif;"
    "color:#1d2733;background:#f4f5f7}main{max-width:34rem;margin:2rem auto;padding:1.5rem;background:#fff;"
    "border-radius:.6rem}h1{font-size:1.3rem}"
    "[lang=en]{display:block;color:#4a5563;font-weight:normal}a{display:inline-block;padding:.7rem 0;color:#0b57a4}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TITLE: Final = translated("You are not signed in")
_AGAIN: Final = translated("Close this page, go back to Panke, and sign in again from there.")
_BACK: Final = translated("Back to Panke, to sign in again")


def reads_pages(request: Request) -> bool:
    """Whether a person looks: a browser that shows what it gets, and no program."""
    return "text/html" in request.headers.get("accept", "")


def refusal_page(status: int, told: str, back: str | None) -> Response:
    """The refusal in both languages; `back` is where the sign-in is begun again, where the deployment names that."""
    way = _both(_AGAIN) if back is None else f'<a href="{escape(back)}">{_both(_BACK)}</a>'
    page = (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_TITLE.beside} · Panke</title><style>{_STYLE}</style></head>"
        f'<body><main><h1>{_both(_TITLE)}</h1><p role="alert">{escape(told)}</p><p>{way}</p></main></body></html>'
    )
    return HTMLResponse(page, status, {"content-security-policy": _POLICY})


def _both(said: Text) -> str:
    """Chinese first; a reader is told where the English begins."""
    return f'{escape(said.zh)} <span lang="en">{escape(said.en)}</span>'
