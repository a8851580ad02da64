"""What alerts are told in has a word for whatever the notifier can say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args, get_type_hints

import pytest

from services.notifier.channels.delivery_status import DeliveryStatus
from services.notifier.history.receipts import Status
from services.notifier.model.alert import AttemptOutcome, State
from services.notifier.model.kinds import Audience, EventKind, Rung
from services.notifier.settings import ChannelName
from shared.contract.alert_words import AUDIENCES, CHANNELS, HAPPENED, STEPS, channel_word
from shared.i18n import Text

OF_NO_CUSTOMER = {Rung.EVENT, Rung.REPORT, Rung.DIGEST, Rung.TEST}
"""An event is told by its kind."""
REPORTED = get_args(get_type_hints(DeliveryStatus)["status"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (STEPS, {*(set(Rung) - OF_NO_CUSTOMER), *EventKind}),
        (AUDIENCES, set(Audience)),
        (CHANNELS, set(get_args(ChannelName))),
        (
            HAPPENED,
            {
                *("made", "call"), *State, *(f"answer {one}" for one in AttemptOutcome),
                *(f"reported {one}" for one in (*get_args(Status), *REPORTED)),
            },
        ),
    ],
)  # fmt: skip
def test_every_word_of_an_alert_is_there(words: Mapping[str, Text], said: set[str]) -> None:
    assert set(words) == {str(one) for one in said}


def test_a_robot_is_called_as_its_channel() -> None:
    assert channel_word("dingtalk/team-2") == channel_word("dingtalk") == Text("钉钉", "DingTalk")
    assert channel_word("pigeon") == "pigeon"
