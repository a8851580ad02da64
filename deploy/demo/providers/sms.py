"""Aliyun's side of an SMS: the signature of the call, the approved name and templates, then the text on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deploy.demo.providers import signs
from deploy.demo.providers.message import DeliveredMessage, ProviderRefusal, ProviderRequest, reached
from shared.contract.contacts import mask_contact

SIGN_NAME = "判客"
# In the order of the setting: of a reminder, of one to the supervisor, of a lapse.
TEMPLATES = {
    "SMS_DEMO_1": "您的客户（编号${case}）归属将于${deadline}到期，还剩${left}，请及时跟进并登记。",
    "SMS_DEMO_2": "本组客户（编号${case}）归属将于${deadline}到期，还剩${left}，尚未跟进，请提醒顾问。",
    "SMS_DEMO_3": "客户（编号${case}）归属已于${deadline}到期，转入公海。",
}
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_REQUEST = {"RequestId": "00000000-0000-0000-0000-000000000000"}


class DemoSms:
    """An account at the provider."""

    channel = "aliyun-sms"
    answer: Mapping[str, Any] = {"Code": "OK", "DeliveredMessage": "OK", "BizId": "1^0", **_REQUEST}

    def __init__(self, key_id: str, key_secret: str) -> None:
        self.key_id = key_id
        self.key_secret = key_secret

    def hears(self, path: str) -> bool:
        return path == "/"

    def take(self, call: ProviderRequest, now: datetime) -> DeliveredMessage | ProviderRefusal:
        problem = signs.aliyun(call.headers, call.query, call.body, self.key_id, self.key_secret)
        if problem is not None:
            return _refused(problem, status=400)
        template = TEMPLATES.get(call.query["TemplateCode"])
        if template is None:
            return _refused("isv.SMS_TEMPLATE_ILLEGAL")
        if call.query["SignName"] != SIGN_NAME:
            return _refused("isv.SMS_SIGNATURE_ILLEGAL")
        given: dict[str, str] = json.loads(call.query["TemplateParam"])
        if set(given) != set(_VARIABLE.findall(template)):
            return _refused("isv.TEMPLATE_MISSING_PARAMETERS")
        number = call.query["PhoneNumbers"]
        text = f"【{SIGN_NAME}】" + _VARIABLE.sub(lambda found: given[found[1]], template)
        to = reached("sms", number)
        return DeliveredMessage(now, self.channel, to, mask_contact(number), "", (text,), call.query["OutId"])


def _refused(code: str, status: int = 200) -> ProviderRefusal:
    return ProviderRefusal(code, code, {"Code": code, "DeliveredMessage": code, **_REQUEST}, status)
