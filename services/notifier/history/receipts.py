"""Reports of what became of a message: read as the providers write them, stored beside the attempt.

Aliyun and Tencent push a JSON list to an address that they are given; a receiver of webhooks may report in its
own name. What a report says of a phone number is not kept: the attempt has where the message went.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from services.notifier.channels import clipped
from shared.contract.contacts import mask
from shared.platform.postgres.database import Database, queries

Status = Literal["delivered", "failed", "read"]
_MOST = 1000
# How long a report waits for the answer that tells of which message it speaks.
EARLY: Final = timedelta(hours=1)
_PROVIDER_ID = re.compile(r"[A-Za-z0-9:_.^-]{1,128}")


class BadReportError(ValueError):
    """Not a report in the provider's form; the message says what is wrong."""


@dataclass(frozen=True)
class Report:
    """What became of one message: found by the key that we gave, or by the provider's own id."""

    channels: tuple[str, ...]
    key: UUID | None
    provider_id: str | None
    status: Status
    told_at: str
    answer: str


def aliyun(body: bytes) -> list[Report]:
    """SmsReport by HTTP push: `out_id` is the key that we gave, `biz_id` the provider's."""
    return [
        Report(
            ("aliyun-sms",),
            _uuid(one.get("out_id")),
            _id(one.get("biz_id")),
            "delivered" if one.get("success") in (True, "true") else "failed",
            _text(one.get("report_time")),
            _text(f"{one.get('err_code') or ''} {one.get('err_msg') or ''}"),
        )
        for one in _listed(body)
    ]


def tencent(body: bytes) -> list[Report]:
    """The status callback: `sid` is the serial number of the answer."""
    return [
        Report(
            ("tencent-sms",),
            None,
            _id(one.get("sid")),
            "delivered" if one.get("report_status") == "SUCCESS" else "failed",
            _text(one.get("user_receive_time")),
            _text(f"{one.get('errmsg') or ''} {one.get('description') or ''}"),
        )
        for one in _listed(body)
    ]


def webhook(body: bytes, channel: str = "webhook") -> list[Report]:
    """What a receiver of webhooks says became of an alert: `{"alert", "status", "at"}`, one or a list.

    Whose signature it was says which channel it may speak of."""
    found = []
    for one in _listed(body):
        key, status = _uuid(one.get("alert")), one.get("status")
        if key is None or status not in ("delivered", "failed", "read"):
            raise BadReportError("each report has `alert`, an id, and `status`: delivered, failed or read")
        at = _text(one.get("at"))
        found.append(Report((channel,), key, None, status, at, _text(one.get("reason"))))
    return found


READERS: Mapping[str, Callable[[bytes], list[Report]]] = {"aliyun": aliyun, "tencent": tencent}


class Receipts:
    """Stores reports."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries("services.notifier")

    def put(self, reports: list[Report], at: tuple[datetime, datetime]) -> int:
        """Store the reports of messages that are ours; answers how many alerts they were about.

        A provider may report before it answers the call: what it knows by its own number alone waits for that.
        """
        business_now, machine_now = at
        stored = 0
        with self._database.connection() as connection:
            connection.execute(self._sql["lock_receipts"])
            for one in reports:
                given = {
                    "channels": list(one.channels),
                    "key": one.key,
                    "provider_id": one.provider_id,
                    "status": one.status,
                    "told_at": one.told_at,
                    "answer": one.answer,
                    "business_now": business_now,
                    "machine_now": machine_now,
                    "early": EARLY,
                }
                found = connection.execute(self._sql["put_receipt"], given).rowcount
                if not found and one.key is None and one.provider_id is not None:
                    connection.execute(self._sql["put_early_report"], given)
                stored += found
            connection.execute(
                self._sql["forget_early_reports"], {"machine_now": machine_now, "early": EARLY}
            )
        return stored


def _listed(body: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReportError("not JSON") from None
    listed = [found] if isinstance(found, dict) else found
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise BadReportError(f"not a list of at most {_MOST} reports")
    for one in listed:
        if not isinstance(one, dict):
            raise BadReportError("each report is an object")
        yield one


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _PROVIDER_ID.fullmatch(value) else None


def _text(value: object) -> str:
    return mask(clipped(value.strip())) if isinstance(value, str) else ""
