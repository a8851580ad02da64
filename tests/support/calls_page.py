"""docs/calls.md: every call with an example, from the OpenAPI documents of the services.

`.venv/bin/python -m tests.support.calls_page` writes it anew; a test says when it is not current.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI

from services.access.main import create_service as access
from services.access.settings import AccessSettings
from services.attribution.main import create_service as attribution
from services.attribution.settings import AttributionSettings
from services.audit.main import create_service as audit
from services.audit.settings import AuditSettings
from services.intake.main import create_service as intake
from services.intake.settings import IntakeSettings
from services.notifier.main import create_service as notifier
from services.notifier.settings import NotifierSettings
from services.registers.main import create_service as registers
from services.registers.settings import RegistersSettings
from tests.support.documents import DOCS

PAGE: Final = DOCS / "calls.md"
WIDTH: Final = 120
COMMON: Final = ("/healthz", "/readyz", "/metrics")
HEAD: Final = """\
# Calls

Every call of the services with an example, as OpenAPI shows it at `/docs` of each. What a call means, what it may be
asked with and how it may be refused is told in the [contract](contract.md#http).

This page is made of the services' own documents: `.venv/bin/python -m tests.support.calls_page` writes it anew.
"""


def apps() -> dict[str, FastAPI]:
    """The services as they are, not started."""
    nowhere: dict[str, Any] = {
        "database_url": "postgresql://panke@127.0.0.1:1/panke",
        "kafka": "127.0.0.1:1",
        "tokens_from": "/nowhere",
    }
    return {
        "Intake": intake(IntakeSettings(intake_journal_in_clear=True, **nowhere)).app,
        "Attribution": attribution(AttributionSettings(**nowhere)).app,
        "Notifier": notifier(NotifierSettings(**nowhere)).app,
        "Audit": audit(AuditSettings(**nowhere, audit_keys="/nowhere", audit_files="/nowhere")).app,
        "Registers": registers(RegistersSettings(**nowhere)).app,
        "Access": access(AccessSettings(**nowhere, access_keys="/nowhere")).app,
    }


def page() -> str:
    """The whole page."""
    return "\n".join(
        [HEAD, *(line for name, app in apps().items() for line in _service(name, app.openapi()))]
    )


def _service(name: str, document: dict[str, Any]) -> Iterator[str]:
    yield f"## {name}\n"
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items() if path not in COMMON else ():
            yield from _call(f"{method.upper()} {path}", operation)


def _call(name: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"### {name}\n\n{operation['summary']}.\n"
    yield from _shown("Asked with", operation.get("requestBody", {}))
    for status, one in sorted(operation["responses"].items()):
        if status.startswith("2"):
            yield from _shown(f"{status}, {one['description'][0].lower()}{one['description'][1:]}", one)


def _shown(said: str, told: dict[str, Any]) -> Iterator[str]:
    for kind, media in told.get("content", {}).items():
        if "example" in media:
            body = media["example"] if kind.endswith("ndjson") else laid_out(media["example"])
            yield f"{said}:\n\n```{'ndjson' if kind.endswith('ndjson') else 'json'}\n{body.rstrip()}\n```\n"


def laid_out(value: Any, indent: int = 0) -> str:
    """JSON with as much on a line as can be read."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= WIDTH or not value or not isinstance(value, dict | list):
        return flat
    pad = ",\n" + " " * (indent + 1)
    if isinstance(value, list):
        return f"[{pad.join(laid_out(one, indent + 1) for one in value)}]"
    return f"{{{pad.join(f'{json.dumps(key)}: {laid_out(one, indent + 1)}' for key, one in value.items())}}}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
