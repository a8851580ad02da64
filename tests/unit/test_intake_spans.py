"""Seqs as the spans that they make."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from services.intake.journal.spans import Span, Spans

SEQS = st.sets(st.integers(1, 40))


def spans(seqs: list[int] | set[int]) -> Spans:
    found = Spans()
    for seq in seqs:
        found.add(seq, seq)
    return found


def seqs(found: Spans) -> set[int]:
    return {seq for first, last in found for seq in range(first, last + 1)}


@given(st.lists(st.integers(1, 40)))
def test_spans_hold_each_seq_once_and_no_two_of_them_touch(given: list[int]) -> None:
    """However often and in whatever order seqs come."""
    found = spans(given)
    assert (seqs(found), found.number) == (set(given), len(set(given)))
    told = list(found)
    assert all(one.last + 1 < next_.first for one, next_ in itertools.pairwise(told))


@given(SEQS, SEQS)
def test_what_others_have_is_left_out(mine: set[int], others: set[int]) -> None:
    """Those that only the first have."""
    assert seqs(spans(mine).without(spans(others))) == mine - others


def test_few_spans_are_named_and_the_others_counted() -> None:
    """A person reads the first ones."""
    assert str(Spans(Span(2, 2), Span(4, 6))) == "2, 4–6"
    assert str(spans({1, 3, 5, 7, 9, 11, 13})) == "1, 3, 5, 7, 9, … +2"
