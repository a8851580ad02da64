"""Clients of the services as a generator of standing makes them from OpenAPI, imported for a test."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.documents import DOCS
from tests.support.tokens import admission

CONFIG = DOCS / "examples" / "openapi-python-client.yaml"


def generate(document: dict[str, Any], folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Make a client of a service as package `name` of a folder; a warning is a failure."""
    source = folder / f"{name}.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    return subprocess.run(
        [
            Path(sys.executable).with_name("openapi-python-client"), "generate", "--path", source, "--meta", "none",
            "--output-path", folder / name, "--config", CONFIG, "--fail-on-warning",
        ],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


class GeneratedClient:
    """A client of one service: its calls by the name of their operation, its models by theirs."""

    def __init__(self, package: str, address: str) -> None:
        self._package = package
        token = admission().bearer().header.removeprefix("Bearer ")
        given = {"base_url": address, "token": token, "httpx_args": {"trust_env": False}}
        self.client = self.module("client").AuthenticatedClient(**given)
        self.models: Any = self.module("models")
        self.unset = self.module("types").UNSET

    def module(self, name: str) -> ModuleType:
        return import_module(f"{self._package}.{name}")

    def file(self, content: bytes) -> Any:
        """Bytes as a body."""
        from io import BytesIO

        return self.module("types").File(payload=BytesIO(content))

    def call(self, group: str, operation: str, *path: str, **given: Any) -> Any:
        """What an operation answers, as its model."""
        return self.module(f"api.{group}.{operation}").sync(*path, client=self.client, **given)
