"""What a deployment may set of intake; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.platform.settings import CommonSettings, Count, Port, Seconds

RulebookRef = Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}@[1-9][0-9]{0,5}$")]

SHIPPED = ("base@1", "reception@1", "getian@1", "shijiazhuang@1", "confirmation@1", "handbook@1")


class IntakeSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    intake_port: Port = 8001
    rulebooks: tuple[RulebookRef, ...] = SHIPPED
    rulebook_folder: str = ""
    scheme_folder: str = ""
    default_rulebook: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}(@[1-9][0-9]{0,5})?$")] = "base"
    partitions: Count = 6
    replication: Count = 1
    intake_group_size: Count = 2000
    intake_queue_size: Count = 20_000
    intake_backlog_limit: Count = 1_000_000
    intake_clock_tolerance: Seconds = 30.0
    intake_send_wait: Seconds = 10.0
    intake_stuck_after: Seconds = 30.0
    intake_exit_after: Seconds = 90.0
    intake_journal_in_clear: bool = False
    intake_import_zone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$")] = "Asia/Shanghai"
    intake_import_bytes: Count = 20_000_000
    intake_import_rows: Count = 100_000
    intake_import_seconds: Count = 300
    intake_import_memory: Count = 2048
    intake_imports_open: Count = 20
    intake_imports_caller: Count = 2
    intake_imports_days: Count = 7
    intake_attribution: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8002"

    @property
    def port(self) -> int:
        """Under the name that serving knows."""
        return self.intake_port
