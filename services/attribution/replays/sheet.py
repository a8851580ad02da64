"""Makes the workbook of a replay in a process that ends with it: JSON on standard input, XLSX on standard output.

python -m services.attribution.replays.sheet
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Raw

from shared.contract.answers.replays import ReplayResult
from shared.i18n import bilingual
from shared.rules.replays.workbook import write_workbook

SECONDS: Final = 300
PRIORITY: Final = 10


class SheetError(Exception):
    """The workbook could not be made."""


def workbook_of(result: bytes, names: Mapping[str, str]) -> bytes:
    """The workbook of an opened result, with these names of staff; the service waits for it in a thread, and computes
    nothing."""
    command, given = [sys.executable, "-m", __name__], msgspec.json.encode((Raw(result), names))
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise SheetError(bilingual("the workbook took more than {seconds} s", seconds=SECONDS)) from None
    if done.returncode:
        raise SheetError(bilingual("the workbook's process ended: {code}", code=done.returncode))
    return done.stdout


def _main() -> None:
    os.nice(PRIORITY)
    written = io.BytesIO()
    result, names = msgspec.json.decode(sys.stdin.buffer.read(), type=tuple[ReplayResult, dict[str, str]])
    write_workbook(result, written, names)
    sys.stdout.buffer.write(written.getvalue())


if __name__ == "__main__":
    _main()
