"""Aliyun SMS (阿里云短信服务) by the official SDK, `alibabacloud_dysmsapi20170525`.

hazards.md#a-refusal-inside-http-200: success is `Code=OK` in the body, whatever the status; 50 messages a day for one
number, signature and template. The answer's BizId is kept: by it the receipt is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.core import DEFAULT_POOL_MAXSIZE, DaraCore
from darabonba.runtime import RuntimeOptions

from services.notifier.channels import NoAnswerError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.delivery_status import DeliveryStatus, StatusQuery
from services.notifier.channels.limits import Limit, Limiter
from services.notifier.channels.pinned_requests import quieten, session, underlying
from services.notifier.channels.provider_verdict import (
    UNKNOWN_CODE,
    Delivered,
    Indeterminate,
    Meaning,
    Reading,
    Reason,
    Rejected,
    RetryLater,
    identifier,
    settled,
)
from services.notifier.channels.sms import Account, SmsChannel
from services.notifier.channels.sms_templates import Templates
from services.notifier.model.alert import RenderedMessage

HOST = "dysmsapi.aliyuncs.com"
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
Detail: TypeAlias = models.QuerySendDetailsResponseBodySmsSendDetailDTOsSmsSendDetailDTO
_PAGE = 50
# A number gets at most 50 a day by each template: more pages than this are of somebody else.
_MOST_PAGES = 20
# What a code begins with goes for all that begin so; the longest beginning that fits is taken.
_MEANINGS: Mapping[str, Meaning] = {
    "isp.SYSTEM_ERROR": timedelta(seconds=10),
    "isp.GATEWAY_ERROR": timedelta(seconds=10),
    "ServiceUnavailable": timedelta(seconds=10),
    "isp.RAM_PERMISSION_DENY": Reason.PERMISSION,
    "isv.RAM_CHECK_FAILED": Reason.PERMISSION,
    "Forbidden": Reason.PERMISSION,
    "NoPermission": Reason.PERMISSION,
    "InvalidAccessKeyId": Reason.SIGNATURE,
    "SignatureDoesNotMatch": Reason.SIGNATURE,
    "IncompleteSignature": Reason.SIGNATURE,
    "InvalidTimeStamp": timedelta(seconds=10),  # a clock that is off: the next try may be right
    "isv.ACCOUNT_": Reason.PERMISSION,
    "isv.PRODUCT_UN": Reason.PERMISSION,
    "isv.OUT_OF_SERVICE": Reason.FUNDS,
    "isv.AMOUNT_NOT_ENOUGH": Reason.FUNDS,
    "isv.MONTH_LIMIT_CONTROL": Reason.FUNDS,
    "isv.MOBILE_": Reason.NUMBER,
    "isv.SMS_TEMPLATE_ILLEGAL": Reason.TEMPLATE,
    "isv.SMS_SIGN": Reason.TEMPLATE,
    "isv.TEMPLATE_": Reason.TEMPLATE,
    "isv.INVALID_JSON_PARAM": Reason.TEMPLATE,
    "isv.INVALID_PARAMETERS": Reason.TEMPLATE,
    "isv.PARAM_": Reason.TEMPLATE,
    "isv.BLACK_KEY_CONTROL_LIMIT": Reason.CONTENT,
    "isv.SMS_CONTENT_": Reason.CONTENT,
}


class AliyunSms(SmsChannel):
    """SMS by Aliyun; the variables go by name."""

    name = "aliyun-sms"
    limits = (Limit(50, _DAY),)
    knows_all = True

    def __init__(
        self,
        account: Account,
        templates: Templates,
        policy: AddressPolicy,
        limiter: Limiter,
        zone: ZoneInfo,
        *,
        timeout: float,
    ) -> None:
        super().__init__(account, templates, limiter, zone, timeout=timeout)
        policy.check(account.base)
        quieten()
        parts = urlsplit(account.base)
        protocol, endpoint = parts.scheme, parts.netloc
        # The SDK keeps its sessions by this name, and makes one of its own where there is none.
        DaraCore._sessions[f"{protocol}://{endpoint}:80:pool={DEFAULT_POOL_MAXSIZE}"] = session(
            policy, timeout
        )
        self._client = Client(
            Config(
                access_key_id=account.key_id,
                access_key_secret=account.key_secret,
                endpoint=endpoint,
                protocol=protocol.upper(),
            )
        )
        self._runtime = RuntimeOptions(autoretry=False, max_attempts=1)

    def call(self, notice: RenderedMessage, number: str, template: str, given: Mapping[str, str]) -> Reading:
        request = models.SendSmsRequest(
            phone_numbers=_national(number),
            sign_name=self.account.sign_name,
            template_code=template,
            template_param=json.dumps(given, ensure_ascii=False),
            out_id=str(notice.id),
        )
        try:
            body = self._client.send_sms_with_options(request, self._runtime).body
        except Exception as error:  # the SDK raises whatever its parts raise
            return self._raised(error)
        if body is None or not isinstance(body.code, str):
            return Indeterminate("not understood: no code in the answer")
        if body.code == "OK":
            return Delivered(f"OK BizId={identifier(body.biz_id)} RequestId={identifier(body.request_id)}")
        return meaning(body.code, str(body.message), self._storable(f"{body.code} {body.message}"))

    def asked(self, question: StatusQuery) -> DeliveryStatus | None:
        for day in question.days:
            for detail in self._details(question, day):
                # Of the message itself, which may have been sent again: by its own id, else by our key.
                if question.provider_id is not None or detail.out_id == str(question.key):
                    return _status(detail)
        return None

    def _details(self, question: StatusQuery, day: str) -> Iterator[Detail]:
        """The records of one day, page after page while there are more."""
        for page in range(1, _MOST_PAGES + 1):
            request = models.QuerySendDetailsRequest(
                phone_number=_national(question.destination),
                biz_id=question.provider_id,
                send_date=day,
                page_size=_PAGE,
                current_page=page,
            )
            try:
                body = self._client.query_send_details_with_options(request, self._runtime).body
            except Exception as error:  # the SDK raises whatever its parts raise
                settled(self._raised(error))
                raise
            if body is None or not isinstance(body.code, str):
                raise NoAnswerError("not understood: no code in the answer")
            if body.code != "OK":
                settled(meaning(body.code, str(body.message), self._storable(f"{body.code} {body.message}")))
            found = _records(body)
            yield from found
            if len(found) < _PAGE:
                return

    def _raised(self, error: Exception) -> Reading:
        refusal = underlying(error)
        if refusal is not None:
            raise refusal
        code = getattr(error, "code", None)
        if not isinstance(code, str) or code == "None":
            return Indeterminate(f"not understood: {type(error).__name__}")
        words = str(getattr(error, "message", ""))
        return meaning(code, words, self._storable(f"{code} {words}"))


def _national(number: str) -> str:
    return number.removeprefix("+86").removeprefix("+")


def _records(body: models.QuerySendDetailsResponseBody) -> list[Detail]:
    listed = getattr(body.sms_send_detail_dtos, "sms_send_detail_dto", None)
    return list(listed or ())


def _status(detail: Detail) -> DeliveryStatus:
    """1: waits for the report, 2: failed, 3: delivered."""
    at, code = str(detail.receive_date or ""), str(detail.err_code or "")
    if detail.send_status == 3:
        return DeliveryStatus("delivered", at, code)
    return DeliveryStatus("failed" if detail.send_status == 2 else "taken", at, code)


def meaning(code: str, words: str, answer: str) -> Reading:
    """What a code means; `told` is what is kept of it."""
    if code.startswith("Throttling"):
        return RetryLater(_MINUTE, answer, hold=True)
    if code in ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL"):
        return RetryLater(_limit(code, words), answer, hold=True)
    found = [begin for begin in _MEANINGS if code.startswith(begin)]
    known = _MEANINGS[max(found, key=len)] if found else UNKNOWN_CODE
    return RetryLater(known, answer) if isinstance(known, timedelta) else Rejected(known, answer)


def _limit(code: str, words: str) -> timedelta:
    """Which limit was passed stands in the words: 触发分钟级流控, 触发小时级流控, 触发天级流控."""
    if code == "isv.DAY_LIMIT_CONTROL" or "天级" in words or "day" in words.lower():
        return _DAY
    return _MINUTE if "分钟级" in words or "minute" in words.lower() else _HOUR
