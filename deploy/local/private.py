"""What the parts keep is of this user alone: the journal's facts name people, and who can write can forge.

Folders are 0700 and files 0600, those of an earlier start too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from shared.platform.whole_file import PRIVATE, private_file

FOLDER: Final = 0o700
# On the way to the data of PostgreSQL, which another user reads where we are root: passed through, and not listed.
PASSED: Final = 0o711
UMASK: Final = 0o077


def make_private(folder: Path) -> None:
    """Take everything in the folder, and the folder itself, from all others; links are left as they are."""
    folder.chmod(FOLDER)
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if not path.is_symlink():
                path.chmod(FOLDER if name in folders else PRIVATE)


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all; one that is there loses the rights that it gave."""
    with private_file(path) as file:
        file.write(text.encode())
