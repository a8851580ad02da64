"""The order of a run: each worker's share begins with whole long modules and ends with what takes a moment."""

from __future__ import annotations

from itertools import groupby

import pytest

from tests.support.order import dealt

FILES = [
    *[("browser", f"test_{name}.py") for name in "ab" for _ in range(9)],
    *[("e2e", f"test_{name}.py") for name in "abcde" for _ in range(2)],
    *[("integration", f"test_{name}.py") for name in "abcdefghijkl" for _ in range(5)],
    *[("unit", f"test_{name}.py") for name in "abcdefgh" for _ in range(50)],
]


def shares(workers: int) -> list[list[tuple[str, str]]]:
    """What xdist hands out at first: an even part of what is left to each worker, in one piece."""
    left, found = [FILES[place] for place in dealt(FILES, workers)], []
    for number in range(workers):
        size = len(left) // (workers - number)
        found.append(left[:size])
        left = left[size:]
    return found


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 7, 600])
def test_every_test_is_dealt_once(workers: int) -> None:
    assert sorted(dealt(FILES, workers)) == list(range(len(FILES)))
    assert dealt([], workers) == []


def test_a_long_module_is_of_one_worker_and_stands_in_one_piece_before_what_is_short() -> None:
    found = shares(4)
    of_the_long = [{file for file in share if file[0] != "unit"} for share in found]
    assert sum(map(len, of_the_long)) == len({file for file in FILES if file[0] != "unit"})
    for share in found:
        folders = [file[0] for file in share]
        assert "unit" not in folders[: len([one for one in folders if one != "unit"])]
        modules = [file for file, _ in groupby(share) if file[0] != "unit"]
        assert len(modules) == len(set(modules))


def test_the_browser_s_modules_are_of_one_worker_and_the_other_long_ones_of_the_others() -> None:
    first, *others = shares(4)
    assert {file[0] for file in first} == {"browser", "unit"}
    for share in others:
        assert {"e2e", "integration"} <= {file[0] for file in share}
        assert "browser" not in {file[0] for file in share}
    assert [share[0][0] for share in others] == ["e2e", "integration", "e2e"]


def test_a_run_of_long_modules_alone_leaves_none_out() -> None:
    files = [file for file in FILES if file[0] == "integration"]
    assert sorted(dealt(files, 4)) == list(range(len(files)))
