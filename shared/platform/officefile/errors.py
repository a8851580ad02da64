"""What is said of a file that cannot be used."""

from __future__ import annotations


class OfficeFileError(ValueError):
    """A file of an office that cannot be used: file, line and key, and why; `column` where it is no YAML."""

    def __init__(self, file: str, line: int, key: str, reason: str, column: int | None = None) -> None:
        self.file, self.line, self.key, self.reason, self.column = file, line, key, reason, column
        super().__init__(f"{file}:{line}: {key or '(file)'}: {reason}")
