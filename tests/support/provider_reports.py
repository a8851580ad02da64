"""What the SMS providers answer when they are asked what became of a message, after what they publish.

Aliyun tells of one number, a day at a time and page by page; Tencent Cloud of one number between two times, at most a
hundred and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("Asia/Shanghai")
_AT = "%Y-%m-%d %H:%M:%S"


@dataclass
class Sms:
    """One message that a provider took; the network has not told of it until `told` is set."""

    provider_id: str
    key: str
    number: str
    template: str
    at: datetime
    told: bool | None = None
    code: str = ""
    told_at: datetime | None = None

    def arrives(self, at: datetime, code: str = "DELIVERED") -> None:
        """The phone has it."""
        self.told, self.code, self.told_at = True, code, at

    def fails(self, at: datetime, code: str = "MK:0001") -> None:
        """It will not get there."""
        self.told, self.code, self.told_at = False, code, at


def aliyun(messages: Sequence[Sms], query: Mapping[str, str]) -> dict[str, Any]:
    """QuerySendDetails."""
    size, page = int(query["PageSize"]), int(query["CurrentPage"])
    if not 1 <= size <= 50 or page < 1:
        return {"Code": "isv.INVALID_PARAMETERS", "Message": "参数异常", "RequestId": "R"}
    found = [
        one
        for one in messages
        if one.number == query["PhoneNumber"]
        and f"{one.at.astimezone(_ZONE):%Y%m%d}" == query["SendDate"]
        and query.get("BizId") in (None, one.provider_id)
    ]
    shown = [_detail(one) for one in found[(page - 1) * size : page * size]]
    return {
        "Code": "OK",
        "Message": "OK",
        "RequestId": "819BE656-D2E0-4858-8B21-B2E477085AAF",
        "TotalCount": len(found),
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": shown},
    }


def _detail(one: Sms) -> dict[str, Any]:
    received = {} if one.told_at is None else {"ReceiveDate": f"{one.told_at.astimezone(_ZONE):{_AT}}"}
    return {
        "Content": "【判客】您的客户归属将到期",
        "ErrCode": one.code,
        "OutId": one.key,
        "PhoneNum": one.number,
        "SendDate": f"{one.at.astimezone(_ZONE):{_AT}}",
        "SendStatus": {None: 1, False: 2, True: 3}[one.told],
        "TemplateCode": one.template,
        **received,
    }


def tencent(messages: Sequence[Sms], given: Mapping[str, Any]) -> dict[str, Any]:
    """PullSmsSendStatusByPhoneNumber: what the network has not told of is not there."""
    if given["Offset"] != 0 or not 1 <= given["Limit"] <= 100:
        error = {"Code": "InvalidParameter", "Message": "offset or limit"}
        return {"Response": {"Error": error, "RequestId": "R"}}
    found = [
        one
        for one in messages
        if one.number == given["PhoneNumber"]
        and given["BeginTime"] <= one.at.timestamp() <= given["EndTime"]
        and one.told is not None
    ]
    shown = [_status(one) for one in found[: given["Limit"]]]
    return {"Response": {"PullSmsSendStatusSet": shown, "RequestId": "R"}}


def _status(one: Sms) -> dict[str, Any]:
    return {
        "UserReceiveTime": int(one.told_at.timestamp()) if one.told_at else 0,
        "CountryCode": "86",
        "SubscriberNumber": one.number.removeprefix("+86"),
        "PhoneNumber": one.number,
        "SerialNo": one.provider_id,
        "ReportStatus": "SUCCESS" if one.told else "FAIL",
        "Description": one.code,
        "SessionContext": one.key,
    }
