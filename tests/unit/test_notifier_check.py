"""`panke alerts check`: days that contradict one another, zones that read the other way round, a service's refusals."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.notifier.cli import alerts
from services.notifier.schedule.calendar import Calendar

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "alerts.yaml"
MAIL = {
    "PANKE_NOTIFIER_CHANNELS": "email",
    "PANKE_NOTIFIER_SMTP_HOST": "mail.example.com",
    "PANKE_NOTIFIER_SMTP_SENDER": "panke@example.com",
}


def checked(tmp_path: Path, text: str, **environ: str) -> tuple[int, str]:
    file = tmp_path / "p.yaml"
    file.write_text(f"version: 1\n{text}", encoding="utf-8")
    done = CliRunner().invoke(alerts, ["check", str(file)], env=environ)
    return done.exit_code, done.output


def test_a_day_that_is_closed_and_worked_is_told(tmp_path: Path) -> None:
    """The office counts as open on it, and whoever wrote both is told which line contradicts itself."""
    days = "dates: [2026-09-25..2026-09-27, 2026-10-01..2026-10-07], worked: [2026-09-27, 2026-10-10]"
    code, told = checked(tmp_path, f"defaults:\n  closed: {{{days}}}\n")
    assert code == 0
    assert "p.yaml:3: defaults.closed.worked: 2026-09-27" in told and "2026-10-10" not in told


@pytest.mark.parametrize(
    ("days", "told"),
    [("2026-10-01..2026-11-28", False), ("2026-10-01..2026-11-29", True), ("2026-10-01..2062-10-07", True)],
)
def test_a_closure_beyond_belief_is_told(tmp_path: Path, days: str, told: bool) -> None:
    """Nothing waits for so long: the office counts as open from its first day, which who mistyped a year must know."""
    code, said = checked(tmp_path, f"defaults:\n  closed: {{dates: [{days}]}}\n")
    assert (code, f"p.yaml:3: defaults.closed.dates: {days}" in said) == (0, told)
    first, last = (date.fromisoformat(day) for day in days.split(".."))
    assert (Calendar(closed=((first, last),)).next_open(first) == first) == told


def test_the_example_opens_on_the_make_up_days_of_2026() -> None:
    """The National Day of 2026 is made up for on 20 September and 10 October; an office may copy it as it is."""
    assert "worked: [2026-09-20, 2026-10-10]" in EXAMPLE.read_text(encoding="utf-8")
    done = CliRunner().invoke(alerts, ["check", str(EXAMPLE)])
    assert (done.exit_code, "worked" in done.output) == (0, False)


@pytest.mark.parametrize(("zone", "true"), [("Etc/GMT+8", "UTC-8"), ("Etc/GMT-8", "UTC+8")])
def test_a_zone_whose_sign_reads_the_other_way_is_told(tmp_path: Path, zone: str, true: str) -> None:
    """Etc/GMT+8 is eight hours behind: told for the policy and for the setting."""
    assert true in checked(tmp_path, f"scopes: {{demo: {{timezone: {zone}}}}}\n")[1]
    assert true in checked(tmp_path, "defaults: {}\n", PANKE_NOTIFIER_TIMEZONE=zone)[1]
    assert "UTC" not in checked(tmp_path, "defaults: {timezone: Asia/Shanghai}\n")[1]


@pytest.mark.parametrize(
    ("environ", "status", "said"),
    [
        ({"PANKE_NOTIFIER_CHANNELS": "log"}, 1, "there is no channel 'email'"),
        ({"PANKE_NOTIFIER_CHANNELS": "log,email"}, 2, "PANKE_NOTIFIER_SMTP_HOST"),
        ({"PANKE_NOTIFIER_CHANNELS": "log,log"}, 1, "there is no channel 'email'"),
        ({**MAIL, "PANKE_NOTIFIER_LANES": "sms=3"}, 2, "PANKE_NOTIFIER_LANES"),
        ({**MAIL, "PANKE_CLOCK": "file:/nowhere"}, 2, "PANKE_CLOCK: a driven clock is refused"),
        ({**MAIL, "PANKE_CLOCK": "sundial"}, 2, "PANKE_CLOCK: the clock is"),
        ({**MAIL, "PANKE_NOTIFIER_SMTP_SENDER": "the office"}, 2, "PANKE_NOTIFIER_SMTP_SENDER"),
    ],
)
def test_what_the_service_refuses_at_its_start_is_refused(
    tmp_path: Path, environ: dict[str, str], status: int, said: str
) -> None:
    """With the service's channels in the environment, a file is in order only if the service would start with it.

    What is wrong with the file ends with 1, what is wrong with a setting with 2.
    """
    code, told = checked(tmp_path, "defaults: {channels: {default: [email]}}\n", **environ)
    assert code == status and said in told


def test_a_secret_that_is_not_where_the_service_looks_is_refused(tmp_path: Path) -> None:
    """A robot without its token keeps the service from starting: with its settings at hand, that is no mere note."""
    text = "robots: {wecom: {east: {token: {env: EAST}}}}\ndefaults: {channels: {default: [wecom/east]}}\n"
    assert checked(tmp_path, text, PANKE_NOTIFIER_CHANNELS="log")[0] == 2
    assert checked(tmp_path, text, PANKE_NOTIFIER_CHANNELS="log", EAST="tokentoken")[0] == 0
    assert checked(tmp_path, text)[0] == 0
