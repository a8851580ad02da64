"""Intake's journal as a person in quarantine writes to it: which fact does not count (contract.md#setting-aside).

The journal is told first. Killed between the two, the command is given again, and the journal's answer is the
record that already stands.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import msgspec

from shared.contract import BadEvent, SetAside, SettingAside, decode_set_aside
from shared.i18n import bilingual
from shared.platform.http.problem import detail_of

WAIT = 10.0
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


class NotRecordedError(Exception):
    """Intake did not say that it recorded it; `certain` when it certainly did not."""

    def __init__(self, told: str, *, certain: bool) -> None:
        super().__init__(told)
        self.certain = certain


def record_set_aside(intake: str, scope: str, asked: SettingAside, headers: Mapping[str, str]) -> SetAside:
    """What the journal of `scope` says of the event from now on; raises `NotRecordedError`."""
    body = {"id": asked.id, "reason": asked.reason, "by": asked.by}
    try:
        with httpx.Client(base_url=intake, timeout=WAIT, trust_env=False) as client:
            answer = client.post(f"/v1/journal/{scope}/set-asides", json=body, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        told = bilingual("intake does not answer at {address}: {error}", address=intake, error=_why(error))
        raise NotRecordedError(told, certain=isinstance(error, UNSENT)) from None
    if not answer.is_success:
        told = bilingual(
            "intake refused with {status}: {detail}", status=answer.status_code, detail=detail_of(answer)
        )
        raise NotRecordedError(told, certain=answer.is_client_error)
    try:
        return decode_set_aside(answer.content)
    except BadEvent as error:
        told = bilingual("what answers at {address} is not intake: {error}", address=intake, error=error)
        raise NotRecordedError(told, certain=False) from None


def recorded_set_asides(intake: str, scope: str, headers: Mapping[str, str]) -> set[str]:
    """The events that the journal leaves out, also what it was about to record; raises `NotRecordedError`."""
    try:
        with httpx.Client(base_url=intake, timeout=WAIT, trust_env=False) as client:
            answer = client.get(f"/v1/journal/{scope}/set-asides", headers=headers)
        answer.raise_for_status()
        listed = msgspec.json.decode(answer.content, type=_Listed).set_asides
        return {decode_set_aside(bytes(line)).set_aside for line in listed}
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, BadEvent) as error:
        told = bilingual(
            "intake does not say at {address} what it has recorded: {error}",
            address=intake,
            error=_why(error),
        )
        raise NotRecordedError(told, certain=False) from None


def _why(error: Exception) -> str:
    """What the library says; some of its errors say nothing."""
    return str(error) or type(error).__name__


class _Listed(msgspec.Struct):
    set_asides: list[msgspec.Raw]
