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


def test_new_is_what_the_store_is_known_not_to_have() -> None:
    """What was asked for and is not there; not what it has, nor what nobody asked it for."""
    slice_ = loaded()
    slice_.take_over({ONE: CustomerRef("b"), TWO: CustomerRef("b"), THREE: CustomerRef("b")}, 9)
    assert slice_.new == {TWO}
    slice_.saved()
    slice_.take_over({TWO: CustomerRef("c")}, 10)
    assert slice_.new == set()


def test_what_went_and_comes_again_is_not_new() -> None:
    """Its row may be there still: it goes with the batch in which it went, or with a later one."""
    slice_ = loaded()
    slice_.take_over({ONE: None, TWO: CustomerRef("b")}, 9)
    slice_.saved()
    slice_.take_over({TWO: None}, 10)
    slice_.take_over({ONE: CustomerRef("c"), TWO: CustomerRef("c")}, 11)
    assert slice_.new == set()


def test_what_is_known_to_be_absent_is_not_asked_for_again() -> None:
    """Missing are only the keys that were neither loaded nor made."""
    slice_ = loaded()
    slice_.take_over({THREE: CustomerRef("a")}, 9)
    assert slice_.missing([ONE, TWO, THREE, Key("visit", "4")]) == {Key("visit", "4")}
