"""What pages call the values of closed lists: every value has a word, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from services.console.frame import trade_words
from services.console.frame.trade_words import kind_word, role_word, word
from shared.contract.events import DATA_TYPES, Role
from shared.contract.topics import ClaimStatus, DealStatus
from shared.i18n import Text

PROCEDURE = Path("docs/rules/procedure.md").read_text()


def test_every_flag_of_the_rules_has_a_word() -> None:
    assert set(re.findall(r'<a id="flag-(\w+)"></a>`', PROCEDURE)) == set(trade_words.FLAGS)


@pytest.mark.parametrize(
    ("words", "values"), [(trade_words.STATUSES, ClaimStatus), (trade_words.DEALS, DealStatus)]
)
def test_every_status_has_a_word(words: dict[str, Text], values: object) -> None:
    assert set(get_args(values)) == set(words)


def test_every_role_and_type_has_a_word() -> None:
    for role in get_args(Role):
        assert isinstance(role_word(role), Text)
    for kind in DATA_TYPES:
        assert isinstance(kind_word(kind), Text)


def test_what_has_no_word_stands_as_it_is() -> None:
    assert word(trade_words.FLAGS, "<new>") == "<new>"
    assert word(trade_words.FLAGS, None) == ""
    assert role_word("<new>") == "<new>"
