"""However events are split into groups, the journal comes out the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.journal.numbering import KnownEvent, Numberer, ScopeHead
from services.intake.model.submission import Outcome, Submission
from tests.support.intake import NOON, submission

POOL = [submission(scope, office=office) for scope in "ab" for office in "xyz" for _ in range(3)]


class Books:
    """A journal in memory, as the planner sees the real one."""

    def __init__(self) -> None:
        self.heads: dict[str, ScopeHead] = {}
        self.offices: dict[str, str] = {}
        self.known: list[KnownEvent] = []
        self.outcomes: list[Outcome] = []

    def append(self, group: list[Submission], minutes: int) -> None:
        planned = Numberer(
            heads=dict(self.heads),
            known=list(self.known),
            offices=dict(self.offices),
            not_before=NOON + timedelta(minutes=minutes),
            knows_rulebook=lambda name, version: True,
        ).plan(group)
        self.heads |= planned.heads
        self.offices |= planned.new_offices
        self.known += [KnownEvent(fact.place, fact.submission.digest) for fact in planned.facts]
        self.outcomes += planned.outcomes


events = st.lists(st.sampled_from(POOL), max_size=30)


@settings(deadline=None)
@given(events, st.lists(st.integers(1, 5), min_size=30, max_size=30))
def test_groups_do_not_change_what_is_recorded(arrivals: list[Submission], sizes: list[int]) -> None:
    """One group, or many of any sizes: the same outcomes, places and offices."""
    whole, split = Books(), Books()
    whole.append(arrivals, 0)
    rest = list(arrivals)
    for size in sizes:
        split.append(rest[:size], 0)
        rest = rest[size:]
    assert split.outcomes == whole.outcomes
    assert (split.heads, split.offices) == (whole.heads, whole.offices)


@settings(deadline=None)
@given(st.lists(st.tuples(events, st.integers(0, 60)), max_size=6))
def test_every_scope_has_no_gap_and_time_never_runs_backwards(
    groups: list[tuple[list[Submission], int]],
) -> None:
    """Whatever the clock does between groups, seq counts 1, 2, 3 and recorded_at never decreases with it."""
    books = Books()
    for group, minutes in groups:
        books.append(group, minutes)
    for scope in "ab":
        places = [entry.place for entry in books.known if entry.place.scope == scope]
        assert [place.seq for place in places] == list(range(1, len(places) + 1))
        times = [place.recorded_at for place in places]
        assert times == sorted(times)
