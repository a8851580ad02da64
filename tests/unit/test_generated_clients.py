"""Whoever generates a client of a service gets one that is whole (docs/examples/openapi-python-client.yaml)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients import generate
from tests.unit.test_openapi_documents import APPS, operations


@pytest.mark.parametrize("service", APPS)
def test_a_client_has_every_call_of_a_service(service: str, tmp_path: Path) -> None:
    """No call is left out, and the generator warns of nothing."""
    document = APPS[service]().openapi()
    made = generate(document, tmp_path, "made")
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING" not in made.stdout + made.stderr
    calls = [path for path in (tmp_path / "made" / "api").glob("*/*.py") if path.name != "__init__.py"]
    assert len(calls) == len(list(operations(document)))
