"""What end-to-end tests may ask for: the three services as processes, and a directory that they may all enter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.parts import open_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory of the test's own."""
    with open_directory() as found:
        yield found
