"""Values of closed lists as a form prints them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.registers.sheets.form import FormRow, Said
from shared.contract.value_words import value_word


def in_words(name: str) -> Callable[[FormRow], Said]:
    """What a field of the record says, in words."""
    return lambda row: word_of(name, getattr(row.data, name, None))


def word_of(name: str, said: Any) -> Said:
    """A value of a field in words; one that is not on its list as it is."""
    return None if said is None else value_word(name, said) or str(said)
