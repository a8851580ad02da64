"""What the addresses of the floor take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import StringConstraints

RecordOfPath = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{36}$")]
Cursor = Annotated[str | None, Query(max_length=2000)]
SeenSeq = Annotated[int | None, Query(ge=1)]
ChosenKinds = Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Query(max_length=20)]
DoneRecord = Annotated[str, Query(max_length=36)]
"""Whose form is done, so that the browser forgets what was typed there."""
