"""Where a message leads: the page of the console that shows what it tells of (ADR 0065).

The address has the scope and a case number, which say of nobody who it is; whoever opens it signs in first. A digest
tells of many customers and leads to the reader's own list, on which all of them stand: a link to each would double its
length, and the smallest message of the chat providers would hold half as many lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote, urlencode

from services.notifier.model.alert import LeasedAlert, MessageText
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated
from shared.ids import ScopeId

_OPEN: Final = translated("Open: {address}")


def case_link(console: str, alert: LeasedAlert) -> str:
    """The page of the customer of an alert; empty without a console."""
    return f"{console}/c/{quote(alert.scope)}/{case_number(alert.customer)}" if console else ""


def list_link(console: str, scope: ScopeId) -> str:
    """The page of a reader's own customers; empty without a console."""
    return f"{console}/c/{quote(scope)}" if console else ""


def report_link(console: str, alert: LeasedAlert) -> str:
    """The page of a report over its days; empty without a console."""
    said: Mapping[str, Any] = alert.detail or {}
    if not console:
        return ""
    days = urlencode({"from": said["first"], "to": said["last"]})
    return f"{console}/at/{quote(alert.scope)}/{quote(said['office'])}/reports/{said['report']}?{days}"


def with_link(words: MessageText, link: str) -> MessageText:
    """The words with where they lead at their end."""
    if not link:
        return words
    said: Text = _OPEN.format(address=link)
    return replace(words, body_zh=f"{words.body_zh}\n{said.zh}", body_en=f"{words.body_en}\n{said.en}")
