"""The first accounts of what `panke up` started: an administrator with a code to set it up, shown once, and the machine
as which the services ask one another.

There is no default password: whoever starts Panke on this machine is shown the code, and chooses one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.i18n import translated

WAIT = 60.0


def make_first_accounts(addresses: Mapping[str, str], machine: Path, say: Callable[[str], None]) -> None:
    """Make what is not there; where there is an administrator, nothing is said."""
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "shared.cli",
                "access",
                "bootstrap",
                "--if-none",
                "--services",
                str(machine),
            ],
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
