"""The logs of the services are for machines too: a line that is no JSON is one that no collector can read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.system import SERVICES, running

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)


@pytest.mark.timeout(900)
def test_every_line_of_every_log_is_json_and_names_its_service(
    directory: Path, database: str, kafka: str
) -> None:
    """From before the settings are read until after the last part has stopped, libraries at their most talkative
    included."""
    settings = {"PANKE_LOG_LEVEL": "debug"}
    settings |= {f"PANKE_{name.upper()}_PROT": "misspelt" for name in SERVICES}
    with running(directory, database, kafka, BEGIN, settings=settings) as system:
        assert system.post(b"{}").status_code == 422
    for name, log in system.logs().items():
        lines = log.splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        assert [line for line in lines if not line.startswith("{")] == [], name
        assert {line["service"] for line in told} == {name}
        assert told[0]["event"] == "settings.unknown"
        assert any(line.get("logger") == "uvicorn.error" for line in told)
