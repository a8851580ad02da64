"""The first administrator of what `panke up` started: a code to set the account up with, shown once.

There is no default password: whoever starts Panke on this machine is shown the code, and chooses one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping

from shared.i18n import translated

WAIT = 60.0


def announce_first_administrator(addresses: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Make the account where there is no administrator; where there is one, nothing is said."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "shared.cli", "access", "bootstrap", "--if-none"],
            env={**os.environ, **addresses},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        say(translated("the first administrator was not made: panke access bootstrap").beside)
        return
    for line in (done.stdout + done.stderr).splitlines():
        say(f"access: {line}")
