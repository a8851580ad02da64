"""Issued reports and steps of findings in the database: what the calls are tested with in memory holds there too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.registers.findings.finding import FindingStep
from services.registers.findings.store import FindingSteps, StepTakenError, StoredFindingSteps
from services.registers.issued.store import (
    IssuedReport,
    IssuedReports,
    IssuedStep,
    StageTakenError,
    StoredIssuedReports,
)
from services.registers.main import PACKAGE, SCHEMA
from shared.platform.postgres.database import Database, migrate
from tests.support import parts
from tests.support.registers import KeptReports, KeptSteps

AT = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def database(postgres_dsn: str) -> Iterator[Database]:
    with parts.fresh_database(postgres_dsn) as dsn:
        migrate(dsn, PACKAGE, SCHEMA)
        with Database(dsn, schema=SCHEMA, name="kept", max_size=2) as database:
            yield database


@pytest.fixture(params=["memory", "database"])
def reports(request: pytest.FixtureRequest, database: Database) -> IssuedReports:
    return KeptReports() if request.param == "memory" else StoredIssuedReports(database)


@pytest.fixture(params=["memory", "database"])
def steps(request: pytest.FixtureRequest, database: Database) -> FindingSteps:
    return KeptSteps() if request.param == "memory" else StoredFindingSteps(database)


def report(office: str, name: str = "daily", hours: int = 0) -> IssuedReport:
    return IssuedReport(
        id=uuid4(), scope="north", office=office, report=name, first=date(2026, 3, 2), last=date(2026, 3, 8),
        grain=None, known_at=AT, as_of=AT, as_of_seq=7, scheme="base 1", rulebook="base 1", issued_by="sun",
        issued_at=AT + timedelta(hours=hours), digest="d", stage="issued", stage_at=AT + timedelta(hours=hours),
    )  # fmt: skip


def test_an_issued_report_is_kept_once_with_its_bytes_and_stages(reports: IssuedReports) -> None:
    """A second of the same id changes nothing, and of two who set the same stage one is refused."""
    office = uuid4().hex[:8]
    made = report(office)
    assert reports.put(made, b"first", "r")
    assert not reports.put(made, b"second", None)
    assert reports.document(made.id) == b"first"
    assert reports.find("north", office, made.id) == made
    assert reports.find("north", "elsewhere", made.id) is None
    later = AT + timedelta(hours=1)
    reports.add(made.id, IssuedStep("reviewed", "sun", later, None), 2)
    with pytest.raises(StageTakenError):
        reports.add(made.id, IssuedStep("returned", "gao", later, None), 2)
    assert reports.steps(made.id) == [
        IssuedStep("issued", "sun", AT, "r"),
        IssuedStep("reviewed", "sun", later, None),
    ]
    now = reports.find("north", office, made.id)
    assert now is not None and (now.stage, now.stage_at) == ("reviewed", later)


def test_issued_reports_are_paged_the_latest_first_by_stage_and_name(reports: IssuedReports) -> None:
    """Those of one office alone."""
    office = uuid4().hex[:8]
    made = [report(office, "daily", 1), report(office, "traffic", 2), report(office, "daily", 3)]
    for one in (*made, report("other")):
        reports.put(one, b"", None)
    reports.add(made[0].id, IssuedStep("returned", "gao", AT, None), 2)

    def ids(stages: tuple[str, ...], name: str | None = None, after: int = 0, limit: int = 9) -> list[UUID]:
        return [one.id for _, one in reports.page("north", office, stages, name, after, limit)]

    every = ("issued", "returned")
    assert ids(every) == [made[2].id, made[1].id, made[0].id]
    assert ids(("issued",), "daily") == [made[2].id]
    ((place, first),) = reports.page("north", office, every, None, 0, 1)
    assert (first.id, ids(every, after=place)) == (made[2].id, [made[1].id, made[0].id])


def test_steps_of_findings_are_kept_in_their_order_each_number_once(steps: FindingSteps) -> None:
    """Of two who do something at once one is refused."""
    office = uuid4().hex[:8]

    def step(number: int, act: str = "owned", owner: str | None = "li") -> FindingStep:
        return FindingStep(
            finding="f", number=number, step=act, owner=owner, note=None, by="sun", at=AT, as_of_seq=number,  # type: ignore[arg-type]
            body=b"{}",
        )  # fmt: skip

    for one in (step(1), step(2, "closed", None)):
        steps.add("north", office, one)
    with pytest.raises(StepTakenError):
        steps.add("north", office, step(2))
    assert steps.of("north", office) == [step(1), step(2, "closed", None)]
