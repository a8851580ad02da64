"""One POST to a provider or receiver: to the allowed host and nowhere else, its secrets in no log, its answer bounded.

hazards.md#addresses-that-lead-inside: the name is resolved once and the call goes to that address; no
redirects, no proxy of the environment. The address of a chat robot holds its secret, that of a webhook may, and
an HTTP client logs the addresses that it calls: the request therefore goes to the transport beneath the client,
which logs none.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from services.notifier.channels import NoAnswerError, TemporaryError
from services.notifier.channels.address import AddressPolicy, ReceiverAddress
from services.notifier.channels.faults import connect_time, reached_not

_LONGEST_BODY = 65_536


@dataclass(frozen=True)
class Reply:
    """What came back: the status, Retry-After where given, and the beginning of the body."""

    status: int
    retry_after: str | None
    body: bytes

    @property
    def text(self) -> str:
        return f"{self.status} {self.body.decode('utf-8', 'replace')}".strip()


class PinnedCaller:
    """Posts to receivers that the policy allows."""

    def __init__(self, policy: AddressPolicy, timeout: float) -> None:
        self._policy = policy
        self._timeout = httpx.Timeout(timeout, connect=connect_time(timeout)).as_dict()
        # A connection that was kept may be dead; of a call on it nobody could say whether it arrived.
        self._transport = httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context(),
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def post(
        self, receiver: ReceiverAddress, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Post JSON to `target`, a path and query on the receiver's host."""
        address = await self._policy.resolve(receiver)
        request = self._request(receiver, address, target, body, headers or {})
        try:
            response = await self._transport.handle_async_request(request)
            try:
                return Reply(
                    response.status_code, response.headers.get("retry-after"), await _beginning(response)
                )
            finally:
                await response.aclose()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise TemporaryError(reached_not(error)) from None
        except httpx.TransportError as error:
            raise NoAnswerError(f"no answer: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._transport.aclose()

    def _request(
        self, receiver: ReceiverAddress, address: str, target: str, body: bytes, more: Mapping[str, str]
    ) -> httpx.Request:
        url = httpx.URL(
            scheme=receiver.scheme, host=address, port=receiver.port, raw_path=target.encode("ascii")
        )
        headers = {
            "host": f"{receiver.host}:{receiver.port}",
            "content-type": "application/json; charset=utf-8",
            "accept-encoding": "identity",
            "user-agent": "panke-notifier",
            **more,
        }
        extensions = {"sni_hostname": receiver.host, "timeout": self._timeout}
        return httpx.Request("POST", url, content=body, headers=headers, extensions=extensions)


async def _beginning(response: httpx.Response) -> bytes:
    """As much as an answer of a provider can sensibly be; the rest is not waited for."""
    read = b""
    async for part in response.aiter_raw():
        read += part
        if len(read) >= _LONGEST_BODY:
            break
    return read[:_LONGEST_BODY]
