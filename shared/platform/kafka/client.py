"""The one place where clients of Kafka are made, so that each comes to the brokers as the settings say; and what a
broker has against a client that it does not let in."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import KafkaError

from shared.i18n import bilingual
from shared.platform.brokers import PLAIN, SASL, Bootstrap, brokers_at
from shared.platform.settings import variable

# The library's classes carry no types of their own; they are named here once.
_Admin: Any = AIOKafkaAdminClient
_Producer: Any = AIOKafkaProducer
_Consumer: Any = AIOKafkaConsumer
_connect: Any = create_conn
_hosts: Any = collect_hosts

_LOGIN: Final = ("SaslAuthenticationFailed", "AuthenticationFailedError")


def admin_client(brokers: Bootstrap, **chosen: Any) -> Any:
    """A client that asks about topics, and makes them; not started."""
    return _Admin(**brokers_at(brokers).connection(), **chosen)


def producer(brokers: Bootstrap, **chosen: Any) -> Any:
    """A client that sends; not started."""
    return _Producer(**brokers_at(brokers).connection(), **chosen)


def lone_consumer(brokers: Bootstrap, **chosen: Any) -> Any:
    """A client that reads without a group and without any effect; not started."""
    return _Consumer(**brokers_at(brokers).connection(), enable_auto_commit=False, group_id=None, **chosen)


async def refusal(brokers: Bootstrap, wait: float) -> str | None:
    """Why the brokers do not let this client in, by the setting that says otherwise; None where they do, or are away.

    The library tells no more than that it came to none.
    """
    place = brokers_at(brokers)
    if place.security == PLAIN:
        return None
    for host, port, _family in _hosts(place.bootstrap):
        try:
            async with asyncio.timeout(wait):
                (await _connect(host, port, **place.secured())).close()
            return None
        except (KafkaError, OSError, TimeoutError) as error:
            if (told := _in_words(error, place.security == SASL)) is not None:
                return told
    return None


def _in_words(error: BaseException, signs_in: bool) -> str | None:
    """In words, of what a look at the whole chain of causes finds."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return bilingual(
            "the certificate of the broker is vouched for by no authority of {ca}", ca=variable("kafka_ca")
        )
    if any(isinstance(one, ssl.SSLError) for one in chain):
        return bilingual("the broker speaks no TLS there: {security}", security=variable("kafka_security"))
    if signs_in and any(type(one).__name__ in _LOGIN for one in chain):
        names = {"username": variable("kafka_username"), "password": variable("kafka_password")}
        return bilingual("the broker refuses {username} or {password}", **names)
    return None
