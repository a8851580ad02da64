"""What the acts of the record of access, the states of replays and comparisons are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.access.table import permission_table
from shared.i18n import Text, translated, translated_in

ACTS: Final[Mapping[str, Text]] = {
    "signed_in": translated("signed in"),
    "sign_in_refused": translated("sign-in refused"),
    "went_on": translated("session carried on"),
    "signed_out": translated("signed out"),
    "session_ended": translated("session ended"),
    "machine_let_in": translated("machine let in"),
    "refused": translated("refused"),
    "account_made": translated("account made"),
    "account_changed": translated("account changed"),
    "account_disabled": translated("account disabled"),
    "account_enabled": translated("account enabled"),
    "account_renewed": translated("account renewed"),
    "account_set_up": translated("account set up"),
    "password_changed": translated("password changed"),
    "second_factor_changed": translated("authenticator changed"),
    "granted": translated("role granted"),
    "grant_ended": translated("role taken away"),
    "keys_rotated": translated("keys changed"),
    "record_read": translated("read this record"),
    "opened": translated("looked at personal data"),
    "exported": translated("took data out"),
    "privileged": translated("did something that few may"),
}
STATES: Final[Mapping[str, Text]] = {
    "waiting": translated_in("state of a replay", "waiting"),
    "running": translated_in("state of a replay", "running"),
    "done": translated_in("state of a replay", "done"),
    "failed": translated_in("state of a replay", "failed"),
    "cancelled": translated_in("state of a replay", "cancelled"),
}
COMPARISONS: Final[Mapping[str, Text]] = {
    "facts": translated("against the facts"),
    "events": translated("against what was decided"),
    "messages": translated("against the messages"),
    "journal": translated("against the journal"),
}


def action_word(action: str | None) -> Text | str:
    """What an action of the table of permissions is called."""
    if action is None:
        return ""
    found = permission_table().actions.get(action)
    return found.text if found is not None else action
