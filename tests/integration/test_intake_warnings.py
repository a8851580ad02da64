"""Who records a name that nobody enrolled is told in the answer, and the record is taken all the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.intake.answers import line_json, place_json
from services.intake.journal.journal import Journal
from services.intake.model.submission import Accepted, Duplicate
from shared.platform.postgres.database import migrations
from tests.support.intake import NOON, FixedClock, adoption, new_journal, prepare, submission


@pytest.fixture
def dsn(database: str) -> str:
    return prepare(database)


@pytest.fixture
def journal(dsn: str) -> Iterator[Journal]:
    opened = new_journal(dsn, clock=FixedClock(NOON + timedelta(days=1)))
    yield opened
    opened.close()


def staff(type_: str, member: str, at: str = "2026-03-01T08:00:00+08:00") -> dict[str, Any]:
    enrolment = {"staff": member, "name": member, "role": "consultant"}
    data = enrolment if type_ == "staff.enrolled" else {"staff": member}
    return {"type": type_, "data": data, "occurred_at": at}


def received(by: str, **changes: Any) -> dict[str, Any]:
    customer = {"name": "张伟", "phones": ["13800000001"]}
    return {"data": {"visit": by, "customer": customer, "received_by": by, "capacity": "on_turn"}} | changes


def told(journal: Journal, *events: dict[str, Any], scope: str = "demo") -> list[list[tuple[str, str]]]:
    """The paths and rules of the warnings of each answer, all of one group."""
    answers = []
    for outcome in journal.append([submission(**{"scope": scope, **event}) for event in events]):
        assert isinstance(outcome, Accepted)
        answer = json.loads(place_json(outcome.place))
        assert all(one["message"] and one["value"] for one in answer.get("warnings", ()))
        assert answer.get("warnings") != []
        answers.append([(one["path"], one["rule"]) for one in answer.get("warnings", ())])
    return answers


def test_a_receiver_whom_nobody_enrolled_is_told_in_the_answer(journal: Journal) -> None:
    """Also one who had left by then; who is enrolled, in an earlier group or in the same, is told nothing."""
    assert told(journal, staff("staff.enrolled", "li"), received("li")) == [[], []]
    assert told(journal, received("li"), received("lii")) == [[], [("data.received_by", "unknown_staff")]]
    assert told(journal, staff("staff.enrolled", "lii"), received("lii")) == [[], []]
    assert told(journal, staff("staff.departed", "lii", "2026-03-01T09:00:00+08:00")) == [[]]
    before = received("lii", occurred_at="2026-03-01T08:30:00+08:00")
    assert told(journal, before, received("lii")) == [[], [("data.received_by", "departed_staff")]]
    assert told(journal, staff("staff.enrolled", "lii"), received("lii")) == [[], []]


def test_a_scope_or_an_office_that_nobody_began_is_told_in_the_answer(journal: Journal) -> None:
    """Adopting a rulebook or enrolling somebody begins them; a new scope has no known office yet."""
    assert told(journal, adoption("base"), received("li")) == [
        [],
        [("scope", "unknown_scope"), ("data.received_by", "unknown_staff")],
    ]
    told(journal, staff("staff.enrolled", "li"))
    assert told(journal, received("li", office="dmeo-office")) == [[("office", "unknown_office")]]
    assert told(journal, received("li", office="dmeo-office")) == [[]]
    assert told(journal, staff("staff.enrolled", "wang") | {"office": "north-office"}) == [[]]
    assert told(journal, received("li"), scope="other") == [
        [("scope", "unknown_scope"), ("data.received_by", "unknown_staff")]
    ]


def test_a_repetition_gets_the_first_answer_with_its_warnings(journal: Journal) -> None:
    """The same bytes, also when who was named was enrolled in between, and on a line of a batch."""
    once = submission(**received("lii"))
    (first,) = journal.append([once])
    journal.append([submission(**staff("staff.enrolled", "lii"))])
    (again,) = journal.append([once])
    assert isinstance(first, Accepted)
    assert isinstance(again, Duplicate)
    assert place_json(again.place) == place_json(first.place)
    assert b"warnings" in place_json(first.place)
    assert json.loads(line_json(3, first))["warnings"] == json.loads(place_json(first.place))["warnings"]


def test_who_was_enrolled_before_is_known(dsn: str, journal: Journal) -> None:
    """A journal that is brought up to date knows its people from its facts."""
    told(journal, staff("staff.enrolled", "li"), staff("staff.enrolled", "wang"))
    told(journal, staff("staff.departed", "wang", "2026-03-01T09:00:00+08:00"))
    (migration,) = [one for one in migrations("services.intake") if "staff" in one.name]
    with psycopg.connect(dsn) as connection:
        before = connection.execute("SELECT * FROM intake.staff ORDER BY staff").fetchall()
        connection.execute("DROP TABLE intake.staff")
        for table, column in re.findall(r"ALTER TABLE (\S+) ADD COLUMN (\w+)", migration.text):
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}".encode())
        connection.execute(migration.text.encode())
        assert connection.execute("SELECT * FROM intake.staff ORDER BY staff").fetchall() == before
    assert told(journal, received("li"), received("wang")) == [
        [],
        [("data.received_by", "departed_staff")],
    ]
