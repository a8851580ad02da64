"""A policy file tried as the service would take it, as far as that can be known where it is checked.

The file is the office's; where the settings of the service are at hand too, they are looked at together: which
templates the SMS providers have, which secrets are where the file says. What is not at hand is said to be so. Where
they name the channels, they are those of a service, and whatever it would refuse at its start is refused here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_args

from services.notifier import provider_senders as providers
from services.notifier.own_senders import SecretNotFoundError, found
from services.notifier.policy.file import plans_of
from services.notifier.policy.mistake_words import policy_mistake
from services.notifier.policy.notes import Note, notes
from services.notifier.policy.notes_of_days import day_notes, zone_remark
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans, RobotTerms, SmsTerms
from services.notifier.senders import configured
from services.notifier.settings import ChannelName, NotifierSettings, channel_lanes, office_hours
from shared.platform.clock import ClockError, open_clock
from shared.platform.officefile.document import parse_file
from shared.platform.settings import SettingsError, load, variable

# What a service cannot do without, and a check can.
_NOT_NEEDED: Final = {"PANKE_DATABASE_URL": "postgresql://", "PANKE_KAFKA": "none:1"}


def checked(file: Path, environ: Mapping[str, str]) -> tuple[Plans, list[Note]]:
    """The plans of a file and what is to be known of them; raises OfficeFileError or SettingsError."""
    document = parse_file(file)
    settings = load(NotifierSettings, {**_NOT_NEEDED, **environ})
    if at_hand := variable("notifier_channels") in environ:
        plans = plans_of(document, office_hours(settings), settings.notifier_channels)
        channel_lanes(settings)
        _clock(settings)
        configured(settings, None, plans, environ)
    else:
        plans = plans_of(document, OfficeHours(), get_args(ChannelName))
    templates = {f"{name}-sms": _kinds(name, settings, plans) for name in ("aliyun", "tencent")}
    of_policy = notes(document, plans, settings.notifier_channels, templates)
    secrets = [] if at_hand else [note for one in plans.robots for note in _secrets(one, environ)]
    others = [*secrets, *day_notes(document, plans)]
    found = [*of_policy, *(Note(policy_mistake(document.bad(key, text)), lost=False) for key, text in others)]
    if remark := zone_remark(environ.get(variable("notifier_timezone"))):
        found.append(Note(f"{variable('notifier_timezone')}: {remark}", lost=False))
    return plans, found


def _clock(settings: NotifierSettings) -> None:
    """SettingsError where the service would find no clock to go by."""
    try:
        open_clock(settings.clock, demonstration=settings.demonstration)
    except ClockError as error:
        raise SettingsError(f"{variable('clock')}: {error}") from None


def _kinds(provider: str, settings: NotifierSettings, plans: Plans) -> frozenset[str] | None:
    """The kinds of message that an SMS provider has templates for; None where no template is named at all."""
    terms = plans.sms.get(provider, SmsTerms())
    if not terms.templates and not getattr(settings, f"notifier_{provider}_templates"):
        return None
    return frozenset(providers.templates(provider, settings, terms).templates)


def _secrets(robot: RobotTerms, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """The secrets that are not where the file says; on another machine they may be."""
    missing = []
    for part, place in (("token", robot.token), ("secret", robot.secret)):
        key = f"robots.{robot.provider}.{robot.name}.{part}"
        try:
            if place is not None:
                found(place, key, environ)
        except SecretNotFoundError as error:
            missing.append(
                (key, f"{error.why.en} here; the service needs it ({variable('notifier_policy')})")
            )
    return missing
