"""What a deployment may set of the log; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.platform.settings import CommonSettings, Count, Port, Seconds


class AuditSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    audit_port: Port = 8006
    # As attribution's: a topic that was given more would have lost the order of its scopes.
    partitions: Count = 6
    replication: Annotated[int, Meta(ge=1, le=32767)] = 1
    # The file of keys by which checkpoints are signed, off the database; made at the first start of all.
    audit_keys: Annotated[str, Meta(min_length=1)]
    # The folder of static files, as any web server may give them.
    audit_files: Annotated[str, Meta(min_length=1)]
    # The name of the log, as checkpoints say it, when the first key is made; one by chance unless given.
    audit_origin: Annotated[str, Meta(pattern=r"^[^\s+]{0,200}$")] = ""
    # Seconds between two checkpoints at least.
    audit_every: Seconds = 1.0
    # Where texts of rulebooks are kept, and where facts are set aside.
    audit_attribution: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8002"
    audit_intake: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8001"
    # What packs of evidence are made with: who told the alerts, the folder of the offices' own rulebooks, and the file
    # of what offices and scopes are called in the report.
    audit_notifier: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8003"
    rulebook_folder: str = ""
    place_names: str = ""
    # The policy that names witnesses and how many of them must sign; without it none is asked.
    audit_witnesses: str = ""
    audit_witness_wait: Seconds = 5.0
    # By how much the process gives way to others for the processor; intake's callers wait, the log does not.
    audit_nice: Annotated[int, Meta(ge=0, le=19)] = 10
    audit_stuck_after: Seconds = 30.0
    audit_exit_after: Seconds = 90.0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.audit_port
