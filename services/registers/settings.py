"""What a deployment may set of the registers; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.platform.settings import CommonSettings, Count, Port, Seconds


class RegistersSettings(CommonSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    registers_port: Port = 8008
    # As attribution's: a topic that was given more would have lost the order of its scopes.
    partitions: Count = 6
    default_rulebook: Annotated[str, Meta(pattern=r"^[a-z0-9_-]{1,64}(@[1-9][0-9]{0,5})?$")] = "base"
    rulebook_folder: str = ""
    scheme_folder: str = ""
    # The file of what offices and scopes are called; without one workbooks show their ids.
    place_names: str = ""
    # Where facts are set aside, and which texts of rulebooks scopes are judged by.
    registers_intake: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8001"
    registers_attribution: Annotated[str, Meta(pattern=r"^https?://")] = "http://127.0.0.1:8002"
    # Processes that hold scopes, how many facts each holds, and the megabytes that it may take.
    registers_workers: Count = 1
    registers_facts: Count = 300_000
    registers_memory: Annotated[int, Meta(ge=512)] = 4096
    # Seconds that an answer may take, the reading of its scope among them, and how many questions may be under way.
    registers_wait: Seconds = 60.0
    registers_waiting: Count = 32
    registers_stuck_after: Seconds = 30.0
    registers_exit_after: Seconds = 90.0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.registers_port
