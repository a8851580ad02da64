"""What is said of a file that cannot be used."""

from __future__ import annotations


class OfficeFileError(ValueError):
    """A file of an office that cannot be used: which file, line and key, and why."""

    def __init__(self, file: str, line: int, key: str, reason: str) -> None:
        self.file, self.line, self.key, self.reason = file, line, key, reason
        super().__init__(f"{file}:{line}: {key or '(file)'}: {reason}")
