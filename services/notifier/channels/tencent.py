"""Tencent Cloud SMS (腾讯云短信) by the official SDK, `tencentcloud-sdk-python-sms`.

One call has a status for each number: the call may succeed and the message be refused. Limits are those of a
new application: one message in 30 seconds, five in an hour and ten in a day to one number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import requests
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from services.notifier.channels import NoAnswerError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.delivery_status import PROVIDERS_ZONE, DeliveryStatus, StatusQuery
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

HOST = "sms.tencentcloudapi.com"
_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MARGIN = timedelta(minutes=5)
# Longer than a report is waited for; the provider keeps seven days.
_REPORTED_WITHIN = timedelta(days=3)
_MOST = 100
# Limits of the provider, each with how long it lasts; the rest of a table as in the SDK's list of codes.
_TOO_FAST: Mapping[str, timedelta] = {
    "RequestLimitExceeded": _SECOND,
    "LimitExceeded.PhoneNumberThirtySecondLimit": 30 * _SECOND,
    "LimitExceeded.PhoneNumberOneHourLimit": _HOUR,
    "LimitExceeded.DeliveryFrequencyLimit": _HOUR,
    "LimitExceeded": _DAY,
}
_MEANINGS: Mapping[str, Meaning] = {
    "InternalError": 10 * _SECOND,
    "ResourceUnavailable": 10 * _SECOND,
    "FailedOperation.OtherError": 10 * _SECOND,
    "InternalError.Sig": Reason.SIGNATURE,
    "AuthFailure": Reason.SIGNATURE,
    # A clock that is off, here or there: the next try, with a signature of its own, may be right.
    "AuthFailure.SignatureExpire": 10 * _SECOND,
    "InternalError.RequestTimeException": 10 * _SECOND,
    "UnauthorizedOperation.RequestIpNotInWhitelist": Reason.ADDRESS,
    "UnauthorizedOperation.ServiceSuspendDueToArrears": Reason.FUNDS,
    "UnauthorizedOperation.SdkAppIdIsDisabled": Reason.RECEIVER,
    "UnauthorizedOperation.SmsSdkAppIdVerifyFail": Reason.RECEIVER,
    "UnauthorizedOperation": Reason.PERMISSION,
    "FailedOperation.InsufficientBalanceInSmsPackage": Reason.FUNDS,
    "FailedOperation.ContainSensitiveWord": Reason.CONTENT,
    "FailedOperation.PhoneNumber": Reason.NUMBER,
    "FailedOperation.Signature": Reason.TEMPLATE,
    "FailedOperation.MissingSignature": Reason.TEMPLATE,
    "FailedOperation.Template": Reason.TEMPLATE,
    "InvalidParameterValue.IncorrectPhoneNumber": Reason.NUMBER,
    "InvalidParameterValue.SdkAppIdNotExist": Reason.RECEIVER,
    "InvalidParameterValue.Template": Reason.TEMPLATE,
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": Reason.TEMPLATE,
    "InvalidParameterValue.ContentLengthLimit": Reason.TEMPLATE,
    "InvalidParameter": Reason.CONTENT,
    "MissingParameter": Reason.CONTENT,
    "UnsupportedOperation": Reason.NUMBER,
}
# Of one content to a number: other messages may go to it.
_OF_CONTENT = "LimitExceeded.PhoneNumberSameContentDailyLimit"
# The provider gave up waiting for its own parts: the message may be on its way.
_UNKNOWN = (
    "InternalError.Timeout",
    "InternalError.SendAndRecvFail",
    "InternalError.ParseBackendResponseFail",
)


class TencentSms(SmsChannel):
    """SMS by Tencent Cloud; the variables go by position."""

    name = "tencent-sms"
    limits_by_number = True
    limits = (Limit(1, 30 * _SECOND), Limit(5, _HOUR), Limit(10, _DAY))

    def __init__(
        self,
        account: Account,
        application: str,
        templates: Templates,
        policy: AddressPolicy,
        limiter: Limiter,
        zone: ZoneInfo,
        *,
        timeout: float,
        region: str = "ap-guangzhou",
    ) -> None:
        super().__init__(account, templates, limiter, zone, timeout=timeout)
        policy.check(account.base)
        quieten()
        parts = urlsplit(account.base)
        profile = ClientProfile(
            httpProfile=HttpProfile(protocol=parts.scheme, endpoint=parts.netloc), disable_region_breaker=True
        )
        self._application = application
        self._client = SmsClient(Credential(account.key_id, account.key_secret), region, profile)
        self._client.request.conn = _Connection(session(policy, timeout))

    def call(self, notice: RenderedMessage, number: str, template: str, given: Mapping[str, str]) -> Reading:
        request = models.SendSmsRequest()
        request.SmsSdkAppId = self._application
        request.SignName = self.account.sign_name
        request.TemplateId = template
        request.TemplateParamSet = list(given.values())
        request.PhoneNumberSet = [number]
        request.SessionContext = str(notice.id)
        try:
            statuses = self._client.SendSms(request).SendStatusSet
        except TencentCloudSDKException as error:
            refusal = underlying(error)
            if refusal is not None:
                raise refusal from None
            return self._meant(str(error.get_code()), str(error.get_message()))
        if not statuses or len(statuses) != 1:
            return Indeterminate("not understood: no status for the number")
        status = statuses[0]
        if status.Code == "Ok":
            return Delivered(f"Ok SerialNo={identifier(status.SerialNo)}")
        return self._meant(str(status.Code), str(status.Message))

    def asked(self, question: StatusQuery) -> DeliveryStatus | None:
        request = models.PullSmsSendStatusByPhoneNumberRequest()
        request.SmsSdkAppId = self._application
        request.PhoneNumber = question.destination
        request.BeginTime = int((question.sent_at - _MARGIN).timestamp())
        request.EndTime = int((question.sent_at + _REPORTED_WITHIN).timestamp())
        # The offset is always 0: what does not fit into one answer cannot be asked for.
        request.Offset, request.Limit = 0, _MOST
        try:
            found = self._client.PullSmsSendStatusByPhoneNumber(request).PullSmsSendStatusSet
        except TencentCloudSDKException as error:
            refusal = underlying(error)
            if refusal is not None:
                raise refusal from None
            settled(self._meant(str(error.get_code()), str(error.get_message())))
            raise
        if not isinstance(found, list):
            raise NoAnswerError("not understood: no list of messages")
        ours = [one for one in found if _is(one, question)]
        return _status(ours[-1]) if ours else None

    def _meant(self, code: str, words: str) -> Reading:
        return meaning(code, self._storable(f"{code} {words}"))


def _is(status: models.PullSmsSendStatus, question: StatusQuery) -> bool:
    """By the number of the answer; without one, by the key, where the account has it given back."""
    if question.provider_id is not None:
        return bool(status.SerialNo == question.provider_id)
    return bool(status.SessionContext == str(question.key))


def _status(status: models.PullSmsSendStatus) -> DeliveryStatus:
    """The time as the provider's own reports write it, so that one report that comes both ways is one."""
    received = status.UserReceiveTime
    at = datetime.fromtimestamp(received, PROVIDERS_ZONE) if isinstance(received, int) and received else None
    words = (f"{at:%Y-%m-%d %H:%M:%S}" if at else "", str(status.Description or ""))
    if status.ReportStatus == "SUCCESS":
        return DeliveryStatus("delivered", *words)
    return DeliveryStatus("failed" if status.ReportStatus == "FAIL" else "taken", *words)


class _Connection:
    """What the SDK's request goes out by, in the place of its own."""

    request_length = 0

    def __init__(self, guarded: requests.Session) -> None:
        self._session = guarded

    def request(self, method: str, url: str, body: object, headers: dict[str, str]) -> requests.Response:
        prepared = requests.Request(method, url, data=body, headers=headers).prepare()  # type: ignore[arg-type]
        return self._session.send(prepared)


def meaning(code: str, answer: str) -> Reading:
    """What a code means; `told` is what is kept of it. The longest beginning that fits is taken."""
    if code.startswith(_UNKNOWN):
        return Indeterminate(answer)
    if "." not in code and code not in _TOO_FAST and code not in _MEANINGS:
        return Indeterminate(f"not understood: {answer}")
    for begin in sorted(_TOO_FAST, key=len, reverse=True):
        if code.startswith(begin):
            return RetryLater(_TOO_FAST[begin], answer, hold=not code.startswith(_OF_CONTENT))
    found = [begin for begin in _MEANINGS if code.startswith(begin)]
    known = _MEANINGS[max(found, key=len)] if found else UNKNOWN_CODE
    return RetryLater(known, answer) if isinstance(known, timedelta) else Rejected(known, answer)
