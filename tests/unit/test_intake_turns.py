"""How soon threads take turns while batches are read."""

from __future__ import annotations

import sys

import pytest

from services.intake.admission.switch_interval import SOONER, SwitchInterval


def test_the_usual_interval_comes_back_with_the_end_of_the_last_batch() -> None:
    """Also where batches overlap and where one fails."""
    usual, turns = sys.getswitchinterval(), SwitchInterval()
    assert usual > SOONER
    with pytest.raises(KeyError), turns.sooner():
        with turns.sooner():
            assert sys.getswitchinterval() == pytest.approx(SOONER)
        assert sys.getswitchinterval() == pytest.approx(SOONER)
        raise KeyError
    assert sys.getswitchinterval() == usual
