"""Where a partition is read on from, and when it is read again from its beginning.

A position counts only beside the cluster and the topic that it was made in, and within what that log holds now
(hazards.md#a-topic-made-anew-begins-at-offset-0). Elsewhere the log is read again from its first record: what was
folded is known by its `seq` and dropped, and what is missing shows as a gap, which intake fills.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.attribution.store.batch import SQL
from shared.platform.kafka.record_processor import CUT, NEW, StartOffset
from shared.platform.kafka.topic_state import without_id
from shared.platform.postgres.database import Database


class Positions:
    """The stored positions of a deployment, by the name of their source."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, bounds: Mapping[str, tuple[int, int]]) -> dict[str, StartOffset]:
        """Where each source is read on from, given where its log begins and ends."""
        return {name: self._open(name, first, end) for name, (first, end) in bounds.items()}

    def stored(self, name: str) -> int | None:
        """The next offset of a source that has a position."""
        with self._database.connection() as connection:
            row = connection.execute(SQL["position"], {"name": name}).fetchone()
        return None if row is None else int(str(row[0])) + 1

    def _open(self, name: str, first: int, end: int) -> StartOffset:
        named = {"name": name, "former": without_id(name), "first": first - 1, "last": end - 1}
        with self._database.connection() as connection:
            connection.execute(SQL["adopt_position"], named)
            connection.execute(SQL["drop_former_position"], named)
            row = connection.execute(SQL["position"], named).fetchone()
            stored = None if row is None else int(str(row[0])) + 1
            if stored is not None and first <= stored <= end:
                return StartOffset(stored)
            # The recorder begins a log whose first record is there without a row, and any other one with a row.
            connection.execute(SQL["rewind_position" if first else "forget_position"], named)
        return StartOffset(first, (NEW if stored is None else CUT) if end > first else None)
