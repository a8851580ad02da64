"""The slice of a scope while it is folded: what it asks for once, and what it has to store."""

from __future__ import annotations

from services.attribution.store.working import WorkingSlice
from shared.rules.domain.state import Board, CustomerRef, Key

ONE, TWO, THREE = Key("visit", "1"), Key("visit", "2"), Key("visit", "3")


def loaded() -> WorkingSlice:
    slice_ = WorkingSlice()
    slice_.load(ONE, CustomerRef("a"), 4)
    slice_.load(TWO, None)
    return slice_


def test_what_a_fact_changes_is_to_be_stored() -> None:
    """Changed, new and removed records, under the fact that each began with, until they are saved."""
    slice_ = loaded()
    slice_.take_over({ONE: CustomerRef("b"), TWO: None, THREE: Board("hall")}, 9)
    assert slice_ == {ONE: CustomerRef("b"), THREE: Board("hall")}
    assert slice_.unsaved == {ONE, TWO, THREE}
    assert (slice_.born[ONE], slice_.born[THREE]) == (4, 9)
    slice_.saved()
    assert slice_.unsaved == set()


def test_what_is_known_to_be_absent_is_not_asked_for_again() -> None:
    """Missing are only the keys that were neither loaded nor made."""
    slice_ = loaded()
    slice_.take_over({THREE: CustomerRef("a")}, 9)
    assert slice_.missing([ONE, TWO, THREE, Key("visit", "4")]) == {Key("visit", "4")}
