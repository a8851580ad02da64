"""The numbers 0, 1 and 2 of a process that was started with some of them closed, as `2>&-` does.

The first file or socket that is opened would else take the number: what is meant for the log goes into a backup or to
a client, and the event loop ends the process when it closes a socket of such a number.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_INPUT: Final = 0
_OUTPUT: Final = 1
_ERROR: Final = 2


def open_standard_streams() -> None:
    """Give each number that is closed to the null device, before anything else is opened.

    The input is opened for writing and the output for reading, so that who needs them is told that they are closed
    instead of reading nothing or writing into nowhere. What is meant for the error stream has no other reader.
    """
    for number in (_INPUT, _OUTPUT, _ERROR):
        if _closed(number):
            # The lowest number that is free, which is this one, since those below it are open by now.
            os.open(os.devnull, os.O_RDONLY if number == _OUTPUT else os.O_WRONLY)
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = os.fdopen(_INPUT, encoding="utf-8", closefd=False)
    if sys.stdout is None:
        sys.stdout = os.fdopen(_OUTPUT, "w", encoding="utf-8", closefd=False)


def _closed(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return True
    return False
