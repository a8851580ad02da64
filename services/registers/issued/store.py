"""Issued reports in the database, added to and never changed; their bytes stand under seal, as registers have them."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Final, Protocol
from uuid import UUID

from msgspec import Struct

from services.registers.issued.stages import IssuedStage
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of

SQL: Final = queries("services.registers")


class IssuedReport(Struct, frozen=True, kw_only=True):
    """A report as it was issued; `digest` is that of its bytes."""

    id: UUID
    scope: str
    office: str
    report: str
    first: date
    last: date
    grain: str | None
    known_at: datetime
    as_of: datetime
    as_of_seq: int
    scheme: str
    rulebook: str
    issued_by: str
    issued_at: datetime
    digest: str
    stage: IssuedStage
    stage_at: datetime


class IssuedStep(Struct, frozen=True):
    """A stage that was set on an issued report."""

    stage: IssuedStage
    by: str
    at: datetime
    remark: str | None


class StageTakenError(Exception):
    """Somebody else set a stage meanwhile."""


class IssuedReports(Protocol):
    """Where issued reports are kept."""

    def put(self, report: IssuedReport, document: bytes, remark: str | None) -> bool:
        """Keep a report; False where it is kept already, as it was."""

    def find(self, scope: str, office: str, id_: UUID) -> IssuedReport | None:
        """One of an office."""

    def document(self, id_: UUID) -> bytes:
        """The bytes of one."""

    def steps(self, id_: UUID) -> list[IssuedStep]:
        """The stages of one, as they were set."""

    def page(
        self, scope: str, office: str, stages: tuple[str, ...], report: str | None, after: int, limit: int
    ) -> list[tuple[int, IssuedReport]]:
        """Those of an office at these stages, the latest first, before a place (0: from the latest)."""

    def add(self, id_: UUID, step: IssuedStep, number: int) -> None:
        """Set a stage as the so manieth. Raises `StageTakenError` where there is one already."""


class PlacedReport(IssuedReport, frozen=True, kw_only=True):
    """One with its place in the list."""

    place: int


class _Document(Struct, frozen=True):
    document: bytes


class StoredIssuedReports:
    """Those of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, report: IssuedReport, document: bytes, remark: str | None) -> bool:
        given = {name: getattr(report, name) for name in report.__struct_fields__}
        with self._database.connection() as connection:
            made = connection.execute(SQL["put_issued"], given | {"document": document}).rowcount
            if made:
                step = {"id": report.id, "number": 1, "stage": "issued", "by": report.issued_by}
                at = {"at": report.issued_at, "remark": remark}
                connection.execute(SQL["put_issued_step"], step | at)
        return bool(made)

    def find(self, scope: str, office: str, id_: UUID) -> IssuedReport | None:
        with self._database.connection() as connection:
            given = {"scope": scope, "office": office, "id": id_}
            return row_of(connection.execute(SQL["issued_report"], given), IssuedReport)

    def document(self, id_: UUID) -> bytes:
        with self._database.connection() as connection:
            found = row_of(connection.execute(SQL["issued_document"], {"id": id_}), _Document)
        if found is None:
            raise LookupError(id_)
        return found.document

    def steps(self, id_: UUID) -> list[IssuedStep]:
        with self._database.connection() as connection:
            return rows_of(connection.execute(SQL["issued_steps"], {"id": id_}), IssuedStep)

    def page(
        self, scope: str, office: str, stages: tuple[str, ...], report: str | None, after: int, limit: int
    ) -> list[tuple[int, IssuedReport]]:
        given = {
            "scope": scope, "office": office, "stages": list(stages), "report": report, "after": after,
            "limit": limit,
        }  # fmt: skip
        with self._database.connection() as connection:
            found = rows_of(connection.execute(SQL["issued_page"], given), PlacedReport)
        return [(one.place, one) for one in found]

    def add(self, id_: UUID, step: IssuedStep, number: int) -> None:
        given = {name: getattr(step, name) for name in step.__struct_fields__}
        with self._database.connection() as connection:
            if not connection.execute(SQL["put_issued_step"], given | {"id": id_, "number": number}).rowcount:
                raise StageTakenError(id_)


def digest_of(document: bytes) -> str:
    """By which the bytes of a report are known."""
    return hashlib.sha256(document).hexdigest()
