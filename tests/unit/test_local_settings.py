"""What `panke up` and the demonstration hand on to each service: all that it reads, and nothing that it does not."""

from __future__ import annotations

from pathlib import Path

from deploy.local.stack import Stack
from services.access.settings import AccessSettings
from services.attribution.settings import AttributionSettings
from services.audit.settings import AuditSettings
from services.console.settings import ConsoleSettings
from services.intake.settings import IntakeSettings
from services.notifier.settings import NotifierSettings
from services.registers.settings import RegistersSettings
from shared.platform.settings import ServingSettings, variables

SETTINGS: dict[str, type[ServingSettings]] = {
    "intake": IntakeSettings,
    "attribution": AttributionSettings,
    "notifier": NotifierSettings,
    "access": AccessSettings,
    "audit": AuditSettings,
    "registers": RegistersSettings,
    "console": ConsoleSettings,
}


def test_a_service_is_given_the_settings_that_it_reads_and_no_other(tmp_path: Path) -> None:
    """From an environment that sets everything each gets its own, so that none warns of what is meant for another."""
    everything = {name: "1" for settings in SETTINGS.values() for name in variables(settings)}
    stack = Stack(
        tmp_path, environment={**everything, "PANKE_LOCAL": "x", "PANKE_TEST_X": "1", "PATH": "/bin"}
    )
    made = {service.name: service.environment for service in stack.make_services()}
    assert set(made) == set(SETTINGS)
    for name, environment in made.items():
        assert set(environment) - {"PATH"} == variables(SETTINGS[name])
