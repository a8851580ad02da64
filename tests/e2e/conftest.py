"""What end-to-end tests may ask for: a directory that the three services may all enter, and a receiver of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.parts import open_directory
from tests.support.receiver import Receiver, receiving


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory of the test's own."""
    with open_directory() as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks, to which a deployment's alerts may go."""
    with receiving() as found:
        yield found
