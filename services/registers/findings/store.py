"""What people made of findings, in the database: added to, and never changed."""

from __future__ import annotations

from typing import Final, Protocol

from services.registers.findings.finding import FindingStep
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import rows_of

SQL: Final = queries("services.registers")


class StepTakenError(Exception):
    """Somebody else did something about the finding meanwhile."""


class FindingSteps(Protocol):
    """Where steps are kept."""

    def of(self, scope: str, office: str) -> list[FindingStep]:
        """Those of an office, by finding, in order."""

    def add(self, scope: str, office: str, step: FindingStep) -> None:
        """Keep one. Raises `StepTakenError` where there is one of its number already."""


class StoredFindingSteps:
    """Those of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, scope: str, office: str) -> list[FindingStep]:
        with self._database.connection() as connection:
            given = {"scope": scope, "office": office}
            return rows_of(connection.execute(SQL["finding_steps"], given), FindingStep)

    def add(self, scope: str, office: str, step: FindingStep) -> None:
        given = {name: getattr(step, name) for name in step.__struct_fields__}
        with self._database.connection() as connection:
            made = connection.execute(SQL["put_finding_step"], given | {"scope": scope, "office": office})
            if not made.rowcount:
                raise StepTakenError(step.finding)
