"""Whether a backup can be read to its end, and what it holds: each table, and up to which seq each scope.

Nothing of it is restored: `pg_restore` writes the rows as text, and they are counted as they come by.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from deploy.backup.dump import BackupError, created_at, listed_parts, listed_tables, tool
from shared.i18n import bilingual

_HEADS: Final = {
    "intake.heads": ("scope", "seq"),
    "attribution.scopes": ("scope", "folded_seq"),
    "audit.scopes": ("scope", "seq"),
    "registers.scopes": ("scope", "seq"),
}
"""Where each part says up to which fact of a scope it has come."""


class CheckedBackup(Struct, frozen=True):
    """What a backup holds."""

    made_at: str
    parts: tuple[str, ...]
    rows: dict[str, int]
    reached: dict[str, dict[str, int]]
    """By part, up to which fact of each scope."""


def check(file: Path) -> CheckedBackup:
    """Read a backup to its end. Raises `BackupError` where it cannot be."""
    parts = listed_parts(file)
    rows: dict[str, int] = {}
    reached: dict[str, dict[str, int]] = {}
    table, names = "", tuple[str, ...]()
    for line in _lines(file):
        if table and line == b"\\.\n":
            table = ""
        elif table:
            rows[table] += 1
            if table in _HEADS:
                scope, seq = _place(_HEADS[table], names, line)
                reached.setdefault(table.partition(".")[0], {})[scope] = seq
        elif line.startswith(b"COPY "):
            table, names = _copied(line)
            rows[table] = 0
    lacking = sorted(listed_tables(file) - rows.keys())
    if lacking:
        raise BackupError(bilingual("the backup lacks the rows of {tables}", tables=", ".join(lacking[:10])))
    if table:
        raise BackupError(bilingual("the backup ends within {table}", table=table))
    return CheckedBackup(created_at(file), parts, rows, reached)


def _lines(file: Path) -> Iterator[bytes]:
    """The rows of the backup as `COPY` reads them."""
    try:
        with subprocess.Popen(
            [tool("pg_restore"), "--data-only", "--file=-", str(file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as reading:  # fmt: skip
            assert reading.stdout is not None and reading.stderr is not None
            yield from reading.stdout
            told = reading.stderr.read().decode("utf-8", "replace").strip().splitlines()
    except OSError as error:
        raise BackupError(f"pg_restore: {error.strerror}") from None
    if reading.returncode != 0:
        raise BackupError(bilingual("the backup cannot be read: {said}", said=" / ".join(told[-3:])))


def _copied(line: bytes) -> tuple[str, tuple[str, ...]]:
    """The table of a line such as `COPY intake.heads (scope, seq) FROM stdin;`, and its columns."""
    table, _, rest = line.decode().removeprefix("COPY ").partition(" (")
    return table, tuple(name.strip(' "') for name in rest.partition(")")[0].split(","))


def _place(wanted: tuple[str, str], names: tuple[str, ...], line: bytes) -> tuple[str, int]:
    values = dict(zip(names, line.decode().rstrip("\n").split("\t"), strict=True))
    scope, seq = (values[name] for name in wanted)
    return scope, int(seq)
