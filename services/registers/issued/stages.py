"""The stages of an issued report: which follows which, and by whose action."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

IssuedStage: TypeAlias = Literal["issued", "reviewed", "approved", "filed", "returned"]
NextStage: TypeAlias = Literal["reviewed", "approved", "filed", "returned"]

ACTIONS: Final[dict[NextStage, str]] = {
    "reviewed": "report.review",
    "approved": "report.approve",
    "filed": "report.file",
    "returned": "report.return",
}
_FOLLOWING: Final[dict[IssuedStage, tuple[NextStage, ...]]] = {
    "issued": ("reviewed", "returned"),
    "reviewed": ("approved", "returned"),
    "approved": ("filed", "returned"),
    "filed": (),
    "returned": (),
}


def following(stage: IssuedStage) -> tuple[NextStage, ...]:
    """The stages that may come next; the first of them is what the report waits for."""
    return _FOLLOWING[stage]


def awaits(stage: IssuedStage) -> NextStage | None:
    """What a report waits for; None of one that is filed, or was returned."""
    return next(iter(_FOLLOWING[stage]), None)
