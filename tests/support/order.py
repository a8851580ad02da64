"""The order in which the workers of a run come to the tests, so that none is left alone with a long one at the end.

xdist gives each worker a share of the list, in one piece, and one that has finished takes from the end of another's. So
each share begins with whole modules that take long, which are set up once there, and ends with what takes a moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

TOGETHER = "browser"
"""The folder whose modules share one deployment: it runs for as long as any of them."""
LONG = ("e2e", "integration")
"""The folders whose modules wait for servers."""


def dealt(files: Sequence[tuple[str, str]], workers: int) -> list[int]:
    """The places of the tests in their new order; each is given by its folder and its module there."""
    modules: dict[tuple[str, str], list[int]] = defaultdict(list)
    short: list[int] = []
    for place, file in enumerate(files):
        (modules[file] if file[0] in (TOGETHER, *LONG) else short).append(place)
    shares = _begun(modules, workers)
    for number, share in enumerate(shares):
        left = len(files) - sum(len(before) for before in shares[:number])
        room = max(0, left // (workers - number) - len(share))
        share += short[:room]
        short = short[room:]
    return [place for share in [*shares, short] for place in share]


def _begun(modules: dict[tuple[str, str], list[int]], workers: int) -> list[list[int]]:
    """What each share begins with: the first with the browser's, which are enough for one worker, the others in turn.

    Every second one has the long modules the other way about: not all deployments are to start at once.
    """
    begun: list[list[list[int]]] = [[] for _ in range(workers)]
    begun[0] = [places for (folder, _), places in modules.items() if folder == TOGETHER]
    others = begun[1:] or begun
    long = [places for of in LONG for (folder, _), places in modules.items() if folder == of]
    for number, places in enumerate(long):
        others[number % len(others)].append(places)
    for one in others[1::2]:
        one.reverse()
    return [[place for places in share for place in places] for share in begun]
