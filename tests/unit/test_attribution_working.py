"""The slice of a scope while it is folded: a fact that fails leaves no trace of itself."""

from __future__ import annotations

import pytest

from services.attribution.store.working import WorkingSlice
from shared.rules.domain.state import Board, CustomerRef, Key

ONE, TWO, THREE = Key("visit", "1"), Key("visit", "2"), Key("visit", "3")


def loaded() -> WorkingSlice:
    slice_ = WorkingSlice()
    slice_.load(ONE, CustomerRef("a"), 4)
    slice_.load(TWO, None)
    return slice_


def test_a_fact_that_fails_is_taken_back_whole() -> None:
    """Changed, added and removed records are as before, and nothing is left to be saved."""
    slice_ = loaded()
    with pytest.raises(ZeroDivisionError), slice_.fact(9):
        slice_[ONE] = CustomerRef("b")
        slice_[ONE] = CustomerRef("c")
        slice_[TWO] = CustomerRef("d")
        slice_.pop(ONE)
        raise ZeroDivisionError
    assert slice_ == {ONE: CustomerRef("a")}
    assert slice_.unsaved == set()


def test_a_fact_that_succeeds_tells_what_was_before() -> None:
    """The records before it, None for those that were not there, and all of them are to be saved."""
    slice_ = loaded()
    with slice_.fact(9) as before:
        slice_[ONE] = CustomerRef("b")
        slice_[THREE] = Board("hall")
        slice_.pop(TWO, None)
    assert before == {ONE: CustomerRef("a"), THREE: None}
    assert slice_.unsaved == {ONE, THREE}
    assert (slice_.born[ONE], slice_.born[THREE]) == (4, 9)


def test_what_is_known_to_be_absent_is_not_asked_for_again() -> None:
    """Missing are only the keys that were neither loaded nor made."""
    slice_ = loaded()
    with slice_.fact(9):
        slice_[THREE] = CustomerRef("a")
    assert slice_.missing([ONE, TWO, THREE, Key("visit", "4")]) == {Key("visit", "4")}
