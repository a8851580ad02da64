"""Files of services on their way to a browser: as they come, so that none is held here whole."""

from __future__ import annotations

from typing import Final

from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from services.console.asking.services import ServiceName
from services.console.frame.page import PageRequest

PASSED: Final = ("content-type", "content-disposition", "content-length")


async def passed_on(
    page: PageRequest, service: ServiceName, path: str, file: str = "", /, **query: str | int | bool | None
) -> Response:
    """The file that a service answers with, under the name that it gives, unless `file` is another.

    Raises `ServiceRefusedError`.
    """
    answer = await page.services.opened(service, path, **query)
    headers = {name: answer.headers[name] for name in PASSED if name in answer.headers}
    if file:
        headers["content-disposition"] = f'attachment; filename="{file}"'
    if "content-encoding" in answer.headers:
        headers.pop("content-length", None)
    sent = StreamingResponse(answer.aiter_bytes(), headers={"cache-control": "no-store", **headers})
    sent.background = BackgroundTask(answer.aclose)
    return sent
