"""While a batch is read, threads take turns sooner.

Reading keeps the event loop busy, and the journal's thread waits for the interpreter after each answer of the server:
at Python's own 5 ms, batches get a fifth less done. For single events alone the change of threads costs more than it
brings, so the interval is shortened for batches only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SOONER: Final = 0.0005


class SwitchInterval:
    """Used on the event loop only."""

    def __init__(self) -> None:
        self._batches = 0
        self._usual = 0.0

    @contextmanager
    def sooner(self) -> Iterator[None]:
        """The interval of before comes back when the last of several batches ends."""
        if self._batches == 0:
            self._usual = sys.getswitchinterval()
            sys.setswitchinterval(SOONER)
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1
            if self._batches == 0:
                sys.setswitchinterval(self._usual)
