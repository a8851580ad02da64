"""HTTP as every service speaks it: the application, its limits, problems, OpenAPI."""

from __future__ import annotations

from typing import Final

ANSWERED_BY: Final = "panke-process"
"""Header of `/readyz`: the id of the process that answers, by which its starter knows it from another one."""
