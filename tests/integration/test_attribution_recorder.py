"""The recorder passes the `eventsourcing` library's own cases, and what they leave out (hazards.md#eventsourcing)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import DataError, StoredEvent, Tracking
from eventsourcing.tests import persistence as published
from psycopg import Cursor
from psycopg.rows import DictRow

from services.attribution.store.recorder import (
    SCHEMA,
    AttributionDatastore,
    AttributionRecorder,
    StalePositionError,
)
from shared.platform.postgres.database import migrate


@pytest.fixture
def recorder(database: str) -> Iterator[AttributionRecorder]:
    """Our recorder on a database of its own."""
    migrate(database, "services.attribution", SCHEMA)
    datastore = AttributionDatastore(database)
    yield AttributionRecorder(datastore)
    datastore.close()


class _OnRealDatabase:
    """Gives the library's cases our recorder; they ask for it by a method, not by a fixture."""

    recorder: AttributionRecorder

    @pytest.fixture(autouse=True)
    def _take(self, recorder: AttributionRecorder) -> None:
        self.recorder = recorder

    def create_recorder(self) -> Any:
        return self.recorder


class TestApplicationCases(_OnRealDatabase, published.ApplicationRecorderTestCase[AttributionRecorder]):
    """The published application recorder cases hold."""


class TestTrackingCases(_OnRealDatabase, published.TrackingRecorderTestCase):
    """The published tracking recorder cases hold."""


class TestProcessCases(_OnRealDatabase, published.ProcessRecorderTestCase):
    """The published process recorder cases hold."""


@pytest.mark.parametrize("time", range(10))
def test_notification_ids_of_two_writers_never_interleave(recorder: AttributionRecorder, time: int) -> None:
    """The published non-interleaving case holds, ten times over."""
    case = _NonInterleaving("test")
    case.recorder = recorder
    case.test()


class _NonInterleaving(_OnRealDatabase, published.NonInterleavingNotificationIDsBaseCase):
    __test__ = False


def event(version: int = 1, topic: str = "topic") -> StoredEvent:
    return StoredEvent(uuid4(), version, topic, b"state")


def nothing(curs: Cursor[DictRow]) -> None:
    """A batch without rows of its own."""


def stored(recorder: AttributionRecorder) -> int:
    with recorder.datastore.get_connection() as connection:
        row = connection.execute("SELECT count(*) AS n FROM stored_events").fetchone()
    assert row is not None
    return int(row["n"])


def test_a_client_side_error_commits_neither_position_nor_events(recorder: AttributionRecorder) -> None:
    """A NUL in a topic fails on the client; the position does not move without the events."""
    with pytest.raises(DataError):
        recorder.insert_events([event(topic="a\x00b")], tracking=Tracking("p", 7))
    assert recorder.max_tracking_id("p") is None
    assert stored(recorder) == 0


def test_a_failing_projection_takes_the_whole_batch_back(recorder: AttributionRecorder) -> None:
    """Events, rows and position are one transaction."""

    def fails(curs: Cursor[DictRow]) -> None:
        curs.execute("INSERT INTO offices VALUES ('o', 's')")
        curs.execute("SELECT 1 / 0")

    with pytest.raises(DataError):
        recorder.commit_batch([event()], tracking=Tracking("p", 3), expected=None, project=fails)
    assert recorder.max_tracking_id("p") is None
    assert stored(recorder) == 0
    with recorder.datastore.get_connection() as connection:
        assert connection.execute("SELECT * FROM offices").fetchall() == []


def test_the_position_moves_only_from_where_the_batch_began(recorder: AttributionRecorder) -> None:
    """A consumer that is behind or ahead of the stored position is refused, whatever it brings."""
    recorder.commit_batch([event()], tracking=Tracking("p", 3), expected=None, project=nothing)
    for wrong in (None, 2, 4):
        with pytest.raises(StalePositionError):
            recorder.commit_batch([event()], tracking=Tracking("p", 9), expected=wrong, project=nothing)
    recorder.commit_batch([event()], tracking=Tracking("p", 9), expected=3, project=nothing)
    assert recorder.max_tracking_id("p") == 9
    assert stored(recorder) == 2


def test_database_functions_are_refused(database: str) -> None:
    """They would skip the tracking, so a recorder with them does not come up."""
    datastore = AttributionDatastore(database)
    datastore.enable_db_functions = True
    with pytest.raises(ValueError, match="tracking"):
        AttributionRecorder(datastore)
    datastore.close()


def test_the_hot_position_row_is_vacuumed(recorder: AttributionRecorder, database: str) -> None:
    """The tracking table overrides the library's autovacuum threshold of a hundred million."""
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "SELECT reloptions FROM pg_class WHERE relname = 'notification_tracking'"
        ).fetchone()
    assert row is not None
    assert "autovacuum_vacuum_threshold=1000" in row[0]
