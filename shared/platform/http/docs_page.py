"""The page of a service's API at `/docs`: Swagger UI with nothing from another host.

The framework's own page takes its scripts from a public network. An office without a way out would see an empty
page, and whoever serves those scripts could read and write whatever the page's reader may. The assets therefore
come from an installed package, pinned by its hash like every other, and the browser is told to take no others.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import FileResponse, Response

PACKAGE: Final = "fastapi_offline"
ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "favicon.png": "image/png",
}
# FastAPI's page has one script and Swagger UI sets styles in place; its icons are `data:`.
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Swagger UI would send the document's address to a public validator.
_PARAMETERS: Final = {"validatorUrl": None}


def add_docs(app: FastAPI) -> None:
    """The page and what it needs; an application that shows no OpenAPI has none."""
    if app.openapi_url is None:
        return

    async def page() -> Response:
        html = get_swagger_ui_html(
            openapi_url=str(app.openapi_url),
            title=app.title,
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="/docs/favicon.png",
            swagger_ui_parameters=_PARAMETERS,
        )
        html.headers["content-security-policy"] = POLICY
        return html

    app.add_api_route("/docs", page, include_in_schema=False)
    for name in ASSETS:
        app.add_api_route(f"/docs/{name}", _Asset(name), include_in_schema=False)


class _Asset:
    """One file of the package; its folder is looked up without importing it."""

    def __init__(self, name: str) -> None:
        self._path = _folder() / name
        self._type = ASSETS[name]

    async def __call__(self) -> Response:
        return FileResponse(self._path, media_type=self._type, headers={"cache-control": "max-age=86400"})


def _folder() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} is not installed", name=PACKAGE)
    return Path(spec.origin).parent / "static"
