"""What a deployment may set of the console; read by the composition root alone."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from shared.platform.settings import Port, Seconds, ServingSettings

Address = Annotated[str, Meta(pattern=r"^https?://")]


class ConsoleSettings(ServingSettings, frozen=True, kw_only=True):
    """Each field is one environment variable, PANKE_ and its name in capitals."""

    console_port: Port = 8009
    # The file of the key by which the sessions of browsers are sealed; made at the first start of all.
    console_keys: Annotated[str, Meta(min_length=1)]
    # Where the other services answer; access answers at PANKE_TOKENS_FROM.
    console_intake: Address = "http://127.0.0.1:8001"
    console_attribution: Address = "http://127.0.0.1:8002"
    console_notifier: Address = "http://127.0.0.1:8003"
    console_audit: Address = "http://127.0.0.1:8006"
    console_registers: Address = "http://127.0.0.1:8008"
    # Folders of the offices' own rulebooks and schemes, whose words pages tell.
    rulebook_folder: str = ""
    scheme_folder: str = ""
    # The file of what offices and scopes are called; without one they are shown by their ids.
    place_names: str = ""
    # Seconds that a page waits for what it asks.
    console_wait: Seconds = 30.0
    # Seconds between two looks at a scope for whoever has a page of it open.
    console_look: Seconds = 1.0

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.console_port
