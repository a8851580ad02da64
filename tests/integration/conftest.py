"""What the tests of the notifier's senders share: a clock that they move, and a provider that goes by it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from services.notifier.channels.sms import SmsChannel
from tests.support.notifier import ShiftedClock, StandingClock
from tests.support.providers import Provider, providing
from tests.support.sms import aliyun, tencent


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def provider(clock: ShiftedClock) -> Iterator[Provider]:
    with providing(clock) as server:
        yield server


@pytest.fixture(params=[aliyun, tencent], ids=["aliyun", "tencent"])
async def sms(
    request: pytest.FixtureRequest, provider: Provider, clock: ShiftedClock
) -> AsyncIterator[SmsChannel]:
    """An SMS sender, of each provider in turn."""
    made: SmsChannel = request.param(provider.base, clock)
    yield made
    await made.close()
