"""Which topic is there now: its cluster, its id, its partitions, where they begin and end, and whether it is fit.

Another cluster, and a topic that was made anew, count their offsets from 0 again: a position is worth something
only beside the ids of both (hazards.md#a-topic-made-anew-begins-at-offset-0). The client library asks for metadata
of a version that has no topic ids yet, so the request of the version that has them is spelt out here.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)
from msgspec import Struct

from shared.i18n import Text, bilingual, translated
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import lone_consumer

REQUIRED_CONFIG: Final = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}


class Keeping(Struct, frozen=True):
    """What a topic keeps: how it is made, what of that may not be another way, and why not."""

    made_with: Mapping[str, str]
    demanded: Mapping[str, str]
    because: Text


EVERYTHING: Final = Keeping(
    REQUIRED_CONFIG,
    REQUIRED_CONFIG,
    translated("what reads it can only be rebuilt from a topic that keeps everything"),
)
# Only segments that are closed are cleaned. One is closed every five minutes, so that little is there to be read at a
# start, and cleaned however little of it is out of date.
LAST_OF_EACH_KEY: Final = Keeping(
    {
        "cleanup.policy": "compact",
        "segment.ms": "300000",
        "segment.bytes": str(4 * 1024 * 1024),
        "min.cleanable.dirty.ratio": "0.01",
        "delete.retention.ms": "60000",
    },
    {"cleanup.policy": "compact"},
    translated("of each partition it keeps the last watermark, and grows without end or lacks one otherwise"),
)

# The library's classes carry no types of their own; they are named here once.
Resource: Any = ConfigResource
# For who only reads what is told again each second.
ANYTHING: Final = Keeping({}, {}, Text("", ""))


class WrongTopicError(Exception):
    """The topic exists but would lose or reorder what is sent to it; nothing may be."""


class TopicState(Struct, frozen=True):
    """A topic as the cluster tells of it."""

    cluster: str
    topic: str
    id: str
    partitions: int

    @property
    def log(self) -> str:
        """The cluster and the id of the topic: offsets mean something only beside both."""
        return f"{self.cluster}@{self.id}"

    def source(self, partition: int) -> str:
        """The name under which a position in the partition is kept: `cluster/topic@topic-id:partition`."""
        return f"{self.cluster}/{self.topic}@{self.id}:{partition}"


class Extent(Struct, frozen=True):
    """The first offset of each partition and the one that comes next, by partition."""

    firsts: list[int]
    ends: list[int]

    def lost(self, before: Extent) -> bool:
        """Whether records are gone that were there before."""
        begins_later = any(now > then for now, then in zip(self.firsts, before.firsts, strict=False))
        return begins_later or any(now < then for now, then in zip(self.ends, before.ends, strict=False))


def place_of(source: str) -> tuple[str, int]:
    """Topic and partition of a position's name, also of one of before topics had their ids in it."""
    place, _, partition = source.partition("/")[2].rpartition(":")
    return place.partition("@")[0], int(partition)


def without_id(source: str) -> str:
    """The name that a position had before topics had their ids in it."""
    topic, partition = place_of(source)
    return f"{source.partition('/')[0]}/{topic}:{partition}"


async def topic_state(admin: Any, topic: str) -> TopicState | None:
    """The topic as it is now, None where there is none; raises what Kafka raises."""
    told = (await admin._send_request(_Metadata(topic))).to_object()
    (found,) = told["topics"]
    if for_code(found["error_code"]) is UnknownTopicOrPartitionError:
        return None
    if found["error_code"]:
        raise for_code(found["error_code"])(topic)
    return TopicState(str(told["cluster_id"]), topic, found["id"], len(found["partitions"]))


async def check_fit(
    admin: Any, state: TopicState, partitions: int | None, keeping: Keeping = EVERYTHING
) -> None:
    """Raise `WrongTopicError` where scopes would change partition or facts go lost, with what is to be done."""
    if partitions is not None and state.partitions != partitions:
        raise WrongTopicError(
            bilingual(
                "topic {topic} has {partitions} partitions and {wanted} are set: scopes would "
                "change partition and lose their order; where the topic was made with that number, set "
                "PANKE_PARTITIONS to it; where somebody added partitions, stop the services, delete the "
                "topic and start them: it is made anew and filled again",
                topic=state.topic,
                partitions=state.partitions,
                wanted=partitions,
            )
        )
    if not keeping.demanded:
        return
    wanted = Resource(ConfigResourceType.TOPIC, state.topic, configs=dict.fromkeys(keeping.demanded, ""))
    (response,) = await admin.describe_configs([wanted])
    for resource in response.resources:
        if resource[0]:
            raise for_code(resource[0])(state.topic)
        for name, value, *_ in resource[4]:
            wanted_value = keeping.demanded.get(name, value)
            if wanted_value != value:
                raise WrongTopicError(
                    bilingual(
                        "topic {topic} has {name}={value}, but it needs {name}={wanted}: {because}; set it "
                        "back with kafka-configs --alter --entity-type topics --entity-name {topic} --add-config "
                        "{name}={wanted}",
                        topic=state.topic,
                        name=name,
                        value=value,
                        wanted=wanted_value,
                        because=keeping.because,
                    )
                )


async def extent(bootstrap: Bootstrap, state: TopicState, wait: float) -> Extent:
    """Where the partitions begin and end now."""
    consumer = lone_consumer(bootstrap)
    try:
        async with asyncio.timeout(wait):
            await consumer.start()
            places = [TopicPartition(state.topic, partition) for partition in range(state.partitions)]
            firsts = await consumer.beginning_offsets(places)
            ends = await consumer.end_offsets(places)
        return Extent([firsts[place] for place in places], [ends[place] for place in places])
    finally:
        await consumer.stop()


class _Uuid(AbstractType[str]):
    """Sixteen bytes, told as Kafka's own tools tell them."""

    @classmethod
    def encode(cls, value: str) -> bytes:
        return base64.urlsafe_b64decode(value + "==") if value else bytes(16)

    @classmethod
    def decode(cls, data: BytesIO) -> str:
        return base64.urlsafe_b64encode(data.read(16)).decode().rstrip("=")


_NUMBERS: Any = CompactArray(Int32)
_BROKER: Any = CompactArray(
    ("node", Int32),
    ("host", CompactString("utf-8")),
    ("port", Int32),
    ("rack", CompactString("utf-8")),
    ("tags", TaggedFields),
)
_PARTITION: Any = CompactArray(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", _NUMBERS),
    ("in_sync", _NUMBERS),
    ("offline", _NUMBERS),
    ("tags", TaggedFields),
)
_TOPIC: Any = CompactArray(
    ("error_code", Int16),
    ("name", CompactString("utf-8")),
    ("id", _Uuid),
    ("internal", Boolean),
    ("partitions", _PARTITION),
    ("operations", Int32),
    ("tags", TaggedFields),
)


class _MetadataResponse(Response):
    API_KEY = 3
    API_VERSION = 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", _BROKER),
        ("cluster_id", CompactString("utf-8")),
        ("controller", Int32),
        ("topics", _TOPIC),
        ("operations", Int32),
        ("tags", TaggedFields),
    )


class _MetadataRequest(RequestStruct):
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 10
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("id", _Uuid), ("name", CompactString("utf-8")), ("tags", TaggedFields))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Metadata(Request[_MetadataRequest]):
    API_KEY = 3

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, request_struct_class: type[_MetadataRequest]) -> _MetadataRequest:
        return request_struct_class([("", self._topic, {})], False, False, False, {})
