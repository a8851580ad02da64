"""What a deployment may set of attribution; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.platform.settings import CommonSettings, Count, Port, Seconds


class AttributionSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    attribution_port: Port = 8002
    default_rulebook: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}(@[1-9][0-9]{0,5})?$")] = "base"
    rulebook_folder: str = ""
    partitions: Count = 6
    replication: Count = 1
    attribution_group: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "panke-attribution"
    attribution_batch: Count = 4000
    attribution_batch_seconds: Seconds = 1.0
    attribution_part: Count = 1000
    attribution_shared_contact: Count = 50
    attribution_send_wait: Seconds = 10.0
    attribution_stuck_after: Seconds = 30.0
    attribution_exit_after: Seconds = 90.0
    attribution_desk_readers: Count = 4
    attribution_list_readers: Count = 2
    attribution_readers_waiting: Count = 32
    attribution_lookups_minute: Count = 60
    attribution_lookups_day: Count = 1000
    attribution_customer_workers: Count = 1
    attribution_customer_waiting: Count = 2
    attribution_refold_workers: Count = 1
    attribution_refold_wait: Seconds = 60.0
    attribution_refold_waiting: Count = 8
    attribution_drift_every: Annotated[float, Meta(ge=0, description="seconds; 0: only when asked")] = (
        86_400.0
    )
    attribution_drift_seconds: Seconds = 900.0
    attribution_drift_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    attribution_replay_workers: Count = 1
    attribution_replays_open: Count = 20
    attribution_replays_caller: Count = 2
    attribution_replays_hour: Count = 30
    attribution_replay_seconds: Count = 900
    attribution_replay_memory: Count = 2048
    attribution_replay_result: Count = 64
    attribution_replays_days: Count = 7

    @property
    def port(self) -> int:
        """Under the name that serving knows."""
        return self.attribution_port
