"""A server on this machine that behaves like the chat and SMS providers, after what they publish.

It checks signatures by its own reckoning, counts limits, refuses sizes, and puts error codes into HTTP 200 as
they do; told to, it also answers late, half, not at all, with 5xx, with a redirect or with garbage.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shared.platform.clock import MachineClock
from tests.support import provider_reports as reports
from tests.support import provider_signs as signs
from tests.support.provider_reports import Sms

TOKEN = "tokentokentoken0123456789"
SECRET = "SECsecretsecretsecret"
HOOK_SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 24 or more").decode()
KEY_ID, KEY_SECRET = "AKIDEXAMPLEKEYID", "examplekeysecretexample"
APPLICATION, SIGN_NAME = "1400000001", "判客"
# By id, how many variables: reminder, supervisor, lapse, digest, an event.
TEMPLATES = {
    "T1": 3,
    "T2": 3,
    "T3": 2,
    "T4": 3,
    "T5": 2,
    "1001": 5,
    "1002": 5,
    "1003": 4,
    "1004": 4,
    "1005": 3,
}
JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    path: str
    query: dict[str, str]
    headers: Message
    raw: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass(frozen=True)
class Answer:
    """One answer; with `half`, only half of the body that was announced is sent."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    half: bool = False


Trick = Answer | str
# The call is taken, and its answer does not come back.
CUT_AFTER = "cut after"


@dataclass
class Provider:
    """All of the providers at one address. `tricks` are the answers to come before it is itself again:
    an answer, or `cut` (the connection ends without one)."""

    server: ThreadingHTTPServer
    clock: MachineClock
    keyword: str = ""
    tricks: list[Trick] = field(default_factory=list)
    hold: threading.Event | None = None
    # How many seconds an answer takes, behind the message's being taken.
    slow: float = 0.0
    calls: list[Call] = field(default_factory=list)
    delivered: list[Call] = field(default_factory=list)
    # Which robots there are, by token, and the key of each one's signature.
    robots: dict[str, str] = field(default_factory=lambda: {TOKEN: SECRET})
    defects: list[str] = field(default_factory=list)
    # The SMS that were taken, of which their provider can be asked.
    messages: list[Sms] = field(default_factory=list)
    stamps: dict[str, list[datetime]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def base(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}"

    def take(self, call: Call) -> Trick:
        with self.lock:
            self.calls.append(call)
            trick = self.tricks.pop(0) if self.tricks else None
            if trick not in (None, CUT_AFTER):
                return trick
            answered = self._provider(call)(call)
            answer = Answer(200 if isinstance(answered, dict) else answered[0], _body(answered), ())
            return answer if trick is None else trick

    def too_many(self, key: str, *limits: tuple[int, timedelta]) -> bool:
        """Count one more of this key; whether a limit is passed by it."""
        now = self.clock.now()
        before = self.stamps.setdefault(key, [])
        if any(sum(1 for at in before if at > now - window) >= count for count, window in limits):
            return True
        before.append(now)
        return False

    def _provider(self, call: Call) -> Callable[[Call], dict[str, Any] | tuple[int, dict[str, Any]]]:
        if call.path.startswith("/open-apis/bot/v2/hook/"):
            return self._feishu
        if "webhook-id" in call.headers:
            return self._hook
        if "X-TC-Action" in call.headers:
            return self._tencent
        if "x-acs-action" in call.headers:
            return self._aliyun
        known = {"/robot/send": self._dingtalk, "/cgi-bin/webhook/send": self._wecom}
        return known.get(call.path, lambda _: (404, {"message": "not found"}))

    def _dingtalk(self, call: Call) -> dict[str, Any]:
        token = call.query.get("access_token", "")
        if token not in self.robots:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        at = int(call.query.get("timestamp", "0"))
        if abs(self.clock.now().timestamp() - at / 1000) > 3600:
            return {"errcode": 310000, "errmsg": "invalid timestamp"}
        if call.query.get("sign") != signs.dingtalk(self.robots[token], at):
            return {"errcode": 310000, "errmsg": "sign not match"}
        if self.keyword not in call.raw.decode():
            return {"errcode": 310000, "errmsg": "keywords not in content"}
        if len(call.raw) > 20_000:
            return {"errcode": 460101, "errmsg": "message too long"}
        if self.too_many(f"dingtalk {token}", (20, timedelta(minutes=1))):
            return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        return self._deliver(call, {"errcode": 0, "errmsg": "ok"})

    def _wecom(self, call: Call) -> dict[str, Any]:
        token = call.query.get("key", "")
        if token not in self.robots:
            return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 127.0.0.1"}
        kind = call.json["msgtype"]
        longest = {"text": 2048, "markdown": 4096}[kind]
        if not 0 < len(call.json[kind]["content"].encode()) <= longest:
            return {
                "errcode": 40058,
                "errmsg": f"{kind}.content exceed max length {longest}. invalid Request",
            }
        if self.too_many(f"wecom {token}", (20, timedelta(minutes=1))):
            return {"errcode": 45009, "errmsg": "api freq out of limit, hint: [2]"}
        return self._deliver(call, {"errcode": 0, "errmsg": "ok"})

    def _feishu(self, call: Call) -> dict[str, Any] | tuple[int, dict[str, Any]]:
        token = call.path.rpartition("/")[2]
        if token not in self.robots:
            return 400, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
        if len(call.raw) > 20 * 1024 or "content" not in call.json:
            return 400, {"code": 9499, "msg": "Bad Request", "data": {}}
        at = int(call.json.get("timestamp", "0"))
        signed = call.json.get("sign") == signs.feishu(self.robots[token], at)
        if not signed or abs(self.clock.now().timestamp() - at) > 3600:
            return {
                "code": 19021,
                "msg": "sign match fail or timestamp is not within one hour from current time",
            }
        if self.keyword not in call.raw.decode():
            return {"code": 19024, "msg": "Key Words Not Found"}
        if self.too_many(f"feishu {token}", (5, timedelta(seconds=1)), (100, timedelta(minutes=1))):
            return {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]"}
        return self._deliver(call, {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}})

    def _hook(self, call: Call) -> dict[str, Any] | tuple[int, dict[str, Any]]:
        if not signs.webhook(call.headers, call.raw, HOOK_SECRET):
            return 401, {"error": "signature"}
        seen = {one.headers["webhook-id"] for one in self.delivered}
        if call.headers["webhook-id"] in seen:
            return {"taken": False}
        return self._deliver(call, {"taken": True})

    def _aliyun(self, call: Call) -> dict[str, Any] | tuple[int, dict[str, Any]]:
        request = {"RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990"}
        problem = signs.aliyun(call.headers, call.query, call.raw, KEY_ID, KEY_SECRET)
        if problem:
            return 400, {"Code": problem, "Message": f"{problem} of {KEY_ID}", **request}
        query = call.query
        if call.headers["x-acs-action"] == "QuerySendDetails":
            return reports.aliyun(self.messages, query)
        given = json.loads(query["TemplateParam"])
        refused = {
            "isv.SMS_SIGNATURE_ILLEGAL": query["SignName"] != SIGN_NAME,
            "isv.SMS_TEMPLATE_ILLEGAL": query["TemplateCode"] not in TEMPLATES,
            "isv.MOBILE_NUMBER_ILLEGAL": not query["PhoneNumbers"].startswith("1"),
            "isv.TEMPLATE_MISSING_PARAMETERS": len(given) != TEMPLATES.get(query["TemplateCode"]),
        }
        for code, holds in refused.items():
            if holds:
                return {"Code": code, "Message": f"{code} {query['PhoneNumbers']}", **request}
        key = f"aliyun {query['PhoneNumbers']} {query['TemplateCode']}"
        if self.too_many(key, (50, timedelta(days=1))):
            return {"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发天级流控Permits:50", **request}
        biz_id = f"900619746936498440^{len(self.messages)}"
        key, number, template = query["OutId"], query["PhoneNumbers"], query["TemplateCode"]
        self.messages.append(Sms(biz_id, key, number, template, self.clock.now()))
        return self._deliver(call, {"Code": "OK", "Message": "OK", "BizId": biz_id, **request})

    def _tencent(self, call: Call) -> dict[str, Any]:
        request = {"RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}
        problem = signs.tencent(call.headers, call.raw, KEY_ID, KEY_SECRET)
        if problem:
            return {"Response": {"Error": {"Code": problem, "Message": f"{problem} {KEY_ID}"}, **request}}
        given = call.json
        if call.headers["X-TC-Action"] == "PullSmsSendStatusByPhoneNumber":
            return reports.tencent(self.messages, given)
        (number,) = given["PhoneNumberSet"]
        problems = {
            "InvalidParameterValue.SdkAppIdNotExist": given["SmsSdkAppId"] != APPLICATION,
            "FailedOperation.SignatureIncorrectOrUnapproved": given["SignName"] != SIGN_NAME,
            "FailedOperation.TemplateIncorrectOrUnapproved": given["TemplateId"] not in TEMPLATES,
            "FailedOperation.TemplateParamSetNotMatchApprovedTemplate": (
                len(given["TemplateParamSet"]) != TEMPLATES.get(given["TemplateId"])
            ),
            "InvalidParameterValue.TemplateParameterLengthLimit": any(
                len(one) > 6 for one in given["TemplateParamSet"]
            ),
            "InvalidParameterValue.IncorrectPhoneNumber": not number.startswith("+"),
            "LimitExceeded.PhoneNumberThirtySecondLimit": self.too_many(
                f"tencent {number}", (1, timedelta(seconds=30))
            ),
        }
        code = next((code for code, holds in problems.items() if holds), "Ok")
        serial = f"5000:{1045710669157053657849499619 + len(self.messages)}"
        status = {
            "SerialNo": serial if code == "Ok" else "",
            "PhoneNumber": number,
            "Fee": int(code == "Ok"),
            "SessionContext": given["SessionContext"],
            "Code": code,
            "Message": "send success" if code == "Ok" else f"{code} for {number}",
            "IsoCode": "CN",
        }
        answer = {"Response": {"SendStatusSet": [status], **request}}
        if code != "Ok":
            return answer
        context, template = given["SessionContext"], given["TemplateId"]
        self.messages.append(Sms(serial, context, number, template, self.clock.now()))
        return self._deliver(call, answer)

    def _deliver(self, call: Call, answer: dict[str, Any]) -> dict[str, Any]:
        self.delivered.append(call)
        return answer


def code(body: dict[str, Any], status: int = 200) -> Answer:
    """An answer of a provider with this body."""
    return Answer(status, json.dumps(body, ensure_ascii=False).encode())


@contextmanager
def providing(clock: MachineClock) -> Iterator[Provider]:
    """The providers on a free port, stopped at the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            trick = kept.take(Call(parts.path, query, self.headers, raw))
            if kept.hold is not None:
                kept.hold.wait(120)
            time.sleep(kept.slow)
            self.close_connection = True
            if isinstance(trick, Answer):
                self._answer(trick)

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("content-type", JSON)
            self.send_header("content-length", str(len(answer.body)))
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.half else answer.body)

        do_GET = do_POST  # noqa: N815 (the server calls it so)

        def log_message(self, format: str, *args: object) -> None:
            """The test says what arrived."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 64

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that gave up does not wait for its answer; anything else is a defect of this server."""
            error = sys.exc_info()[1]
            if not isinstance(error, OSError):
                kept.defects.append(repr(error))

    server = Server(("127.0.0.1", 0), Handler)
    kept = Provider(server, clock)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept
    finally:
        if kept.hold is not None:
            kept.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
    assert kept.defects == []


def _body(answered: dict[str, Any] | tuple[int, dict[str, Any]]) -> bytes:
    return json.dumps(answered if isinstance(answered, dict) else answered[1], ensure_ascii=False).encode()
