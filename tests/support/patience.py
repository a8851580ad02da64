"""How long a test waits for what must come, before it says that it does not."""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 400.0
"""Seconds: many times what a loaded machine takes, and less than a test may last, so that it tells what is missing."""
BROWSER_PATIENCE: Final = 120_000
"""The same for what a browser shows, in milliseconds."""
