"""Directories of tests, which may lie in memory: none outlives the run that made it for long."""

from __future__ import annotations

import fcntl
from pathlib import Path

from tests.support import parts


def test_what_a_killed_run_left_is_removed_and_what_a_run_holds_stays(tmp_path: Path) -> None:
    """The lock beside a directory goes with its process, however that one ends."""
    for name in ("panke-test-left", "panke-test-held"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.held").touch()
    with (tmp_path / "panke-test-held.held").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        parts.remove_abandoned(tmp_path)
        assert sorted(one.name for one in tmp_path.iterdir()) == ["panke-test-held", "panke-test-held.held"]


def test_a_directory_of_a_test_is_held_and_goes_with_it() -> None:
    with parts.open_directory() as directory:
        parts.remove_abandoned(directory.parent)
        assert directory.is_dir()
    assert list(directory.parent.glob(f"{directory.name}*")) == []
