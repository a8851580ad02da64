"""The transport beneath the SMS providers' SDKs: the same rules as for any other call that leaves the house.

hazards.md#addresses-that-lead-inside: the SDKs bring their own HTTP, which follows redirects, asks the
environment for proxies and calls whatever a name leads to. They all use `requests`; this adapter takes its
place in their sessions. A connection's far end is looked at when it stands and before a byte is sent, so that
no answer of a name server, however late, leads inside. Failures come out as the port's refusals, whatever the
SDK wraps them in.
"""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import time
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from services.notifier.channels import ChannelError, NoAnswerError, RefusedError, TemporaryError
from services.notifier.channels.address import AddressError, AddressPolicy
from services.notifier.channels.faults import connect_time, reached_not, wrapped
from services.notifier.channels.provider_verdict import Reason, by_status, settled

_LONGEST_BODY = 65_536
_LOGGERS = ("alibabacloud_credentials", "darabonba-core", "tencentcloud_sdk_common", "urllib3")


class GuardedAdapter(HTTPAdapter):
    """Calls what the policy allows, within the time given, and follows nothing."""

    def __init__(self, policy: AddressPolicy, timeout: float) -> None:
        self._policy = policy
        self._timeout = timeout
        super().__init__(max_retries=0)

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = _pools(self._policy)

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Whatever proxies, certificates and timeouts the SDK would have: ours."""
        ends = time.monotonic() + self._timeout
        request.headers["Connection"] = "close"
        try:
            self._policy.check(request.url or "")
            times = (connect_time(self._timeout), self._timeout)
            response = super().send(request, stream=True, timeout=times, verify=True)
            _read_whole(response, ends)
        except AddressError as error:
            raise RefusedError(str(error), Reason.ADDRESS) from None
        except requests.RequestException as error:
            raise _refusal(error) from None
        except urllib3.exceptions.HTTPError as error:
            raise NoAnswerError(f"no answer: {type(error).__name__}") from None
        _check(response)
        return response


def session(policy: AddressPolicy, timeout: float) -> requests.Session:
    """A session that has no other way out."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    adapter = GuardedAdapter(policy, timeout)
    made.adapters.clear()
    made.mount("https://", adapter)
    made.mount("http://", adapter)
    return made


def quieten() -> None:
    """The SDKs log requests with keys and numbers where somebody asks for debugging; one brings a handler."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        for handler in [one for one in logger.handlers if type(one) is logging.StreamHandler]:
            logger.removeHandler(handler)


def underlying(error: BaseException) -> ChannelError | None:
    """Our own refusal inside of what an SDK made of it."""
    inside = wrapped(error, lambda outer: (getattr(outer, "inner_exception", None),))
    return next((one for one in inside if isinstance(one, ChannelError)), None)


def _pools(policy: AddressPolicy) -> dict[str, type]:
    def looked_at(sock: socket.socket) -> socket.socket:
        try:
            policy.choose([ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])])
        except ChannelError:
            sock.close()
            raise
        return sock

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return looked_at(super()._new_conn())

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return looked_at(super()._new_conn())

    class PlainPool(_Unpooled, urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(_Unpooled, urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class _Unpooled:
    """A connection that was kept may be dead; of a call on it nobody could say whether it arrived."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.close()


def _read_whole(response: requests.Response, ends: float) -> None:
    """The body, while it is of a sensible size and comes in time; then `content` has it."""
    read = b""
    for part in response.iter_content(8192):
        read += part
        if len(read) > _LONGEST_BODY or time.monotonic() > ends:
            response.close()
            raise NoAnswerError(f"no answer: {len(read)} bytes and no end")
    response._content = read


def _check(response: requests.Response) -> None:
    """Statuses that an SDK would follow or not understand; JSON with an error code is for the SDK to read."""
    if 300 <= response.status_code < 400 or (response.status_code >= 400 and not _has_code(response.content)):
        reading = by_status(
            response.status_code, response.headers.get("retry-after"), str(response.status_code)
        )
        if reading is not None:
            settled(reading)


def _has_code(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and ("Code" in found or "Response" in found)


def _refusal(error: requests.RequestException) -> ChannelError:
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    not_reached = isinstance(error, requests.ConnectTimeout) or isinstance(
        reason, NewConnectionError | ConnectTimeoutError | urllib3.exceptions.SSLError
    )
    if not_reached:
        return TemporaryError(reached_not(reason or error))
    return NoAnswerError(f"no answer: {type(error).__name__}")
