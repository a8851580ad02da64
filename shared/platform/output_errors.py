"""What a command says of an output that it cannot write."""

from __future__ import annotations

import errno
from typing import Final

from shared.i18n import bilingual

_LOST: Final = {
    errno.EPIPE: bilingual("nobody reads the output any more"),
    errno.ENOSPC: bilingual("the output cannot be written: no space is left on the device"),
    errno.EDQUOT: bilingual("the output cannot be written: the quota is exceeded"),
    errno.EFBIG: bilingual("the output cannot be written: the file is too large"),
    errno.EIO: bilingual("the output cannot be written: the device fails"),
    errno.EBADF: bilingual("the output cannot be written: it is closed"),
}


def lost_output(error: Exception) -> str | None:
    """Why there is no output, in words; None for an error that is of something else."""
    return _LOST.get(error.errno or 0) if isinstance(error, OSError) else None


def said_of(error: Exception) -> str:
    """Why a command ends: that it has lost its output, in words, else what the error says itself."""
    return lost_output(error) or str(error)
