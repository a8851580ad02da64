"""What addresses of several rooms take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

PlaceName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
"""The id of a scope or of an office."""
