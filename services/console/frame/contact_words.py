"""Phones and WeChat ids as people of the office write them."""

from __future__ import annotations

import re
from typing import Final

from shared.contract.contacts import WECHAT
from shared.i18n import Text, translated

_HOME: Final = "+86"
_EXTENSION: Final = ";ext="
_mobile = re.compile(r"1[3-9]\d{9}").fullmatch
_service = re.compile(r"[48]00\d+").fullmatch
_landline = re.compile(r"(10|2\d|[3-9]\d{2})(\d{7,8})").fullmatch


def contact_words(given: str) -> Text | str:
    """A contact of a record as it is dialled here: without +86, an extension behind it, and a WeChat id named as one.

    What has something left out, and what is of another country, stands as it is.
    """
    if given.startswith(WECHAT):
        return translated("WeChat {id}", id=given.removeprefix(WECHAT))
    number, _, extension = given.partition(_EXTENSION)
    dialled = _at_home(number)
    if not extension:
        return dialled
    return translated("{number} ext. {extension}", number=dialled, extension=extension)


def _at_home(number: str) -> str:
    if not number.startswith(_HOME):
        return number
    national = number.removeprefix(_HOME)
    if _mobile(national) or _service(national):
        return national
    found = _landline(national)
    return f"0{found[1]}-{found[2]}" if found is not None else national
