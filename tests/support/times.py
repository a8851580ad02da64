"""Times in answers: all in one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")
TOLD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def odd_times(answer: Any, path: str = "$") -> Iterator[str]:
    """Where a time is not told in UTC with `Z`; a recorded event, with its `data`, is as it was recorded."""
    if isinstance(answer, dict):
        recorded = isinstance(answer.get("data"), dict) and "occurred_at" in answer
        for key, value in answer.items():
            if not (recorded and key in ("data", "occurred_at")):
                yield from odd_times(value, f"{path}.{key}")
    elif isinstance(answer, list):
        for number, value in enumerate(answer):
            yield from odd_times(value, f"{path}[{number}]")
    elif isinstance(answer, str) and TIME.match(answer) and not TOLD.fullmatch(answer):
        yield f"{path}: {answer}"
