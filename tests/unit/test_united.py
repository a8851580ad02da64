"""Long lists that are put in order when they are read: what was read goes on like what was not."""

from __future__ import annotations

from shared.rules.domain.united import SHORT, Items, appended


def test_a_long_list_that_was_read_goes_on_behind_itself() -> None:
    """As a customer's records do who is kept in memory from one batch to the next."""
    records: Items[str] = ()
    written: list[str] = []
    for number in range(3 * SHORT):
        records = appended(records, f"e{number}")
        written.append(f"e{number}")
        if number % 7 == 0:
            assert tuple(records) == tuple(written)
    assert tuple(records) == tuple(written)
