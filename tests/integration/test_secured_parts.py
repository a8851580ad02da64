"""Database and broker are spoken to by TLS and SCRAM where the settings say so, and who is not let in is told by which
setting."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from deploy.tls.certificates import make_certificates
from shared.platform.brokers import Brokers
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.readiness import broker_problem
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic
from shared.platform.kafka.topic_state import extent
from shared.platform.liveness import Progress
from shared.platform.postgres.database import Database
from shared.platform.service import database_part
from shared.platform.settings import CommonSettings, SettingsError, load
from tests.support.parts import open_directory
from tests.support.secured import USER, SecuredKafka, tls_before

WAIT = 60.0
SOON = 5.0
NOW = datetime.now(UTC)
DATABASE_AWAY = "数据库没有应答 (the database does not answer)"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Certificates of one authority for both, and of another one that vouches for neither."""
    with open_directory() as made:
        make_certificates(made, ["postgres", "kafka"], NOW)
        make_certificates(made / "foreign", [], NOW)
        yield made


@pytest.fixture(scope="module")
def postgres(postgres_dsn: str, folder: Path) -> Iterator[str]:
    """The connection string of a database behind TLS."""
    given = conninfo_to_dict(postgres_dsn)
    with tls_before((str(given["host"]), int(str(given["port"]))), folder / "postgres") as port:
        yield make_conninfo(postgres_dsn, host="127.0.0.1", port=port)


@pytest.fixture(scope="module")
def kafka(folder: Path) -> Iterator[SecuredKafka]:
    with SecuredKafka(folder / "broker", folder / "kafka") as broker:
        yield broker


def settings(kafka: SecuredKafka, folder: Path, **other: str) -> CommonSettings:
    given = {
        "PANKE_DATABASE_URL": "postgresql:///none",
        "PANKE_KAFKA": kafka.secured,
        "PANKE_KAFKA_SECURITY": "SASL_SSL",
        "PANKE_KAFKA_CA": str(folder / "ca.pem"),
        "PANKE_KAFKA_USERNAME": USER,
        "PANKE_KAFKA_PASSWORD": kafka.password,
    }
    return load(CommonSettings, given | other)


class Collecting:
    """A processor that keeps the values of one partition."""

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self.values: list[bytes | None] = []
        self.came = asyncio.Event()

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        return {one.partition: 0 for one in partitions}

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        return {one.partition: StartOffset(0) for one in bounds}

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        self.values += [record.value for record in records]
        self.came.set()
        return AppliedBatch(expected + len(records))

    def due(self, partition: SourcePartition, position: int) -> bool:
        return False

    def show(self, state: ConsumerState) -> None:
        """Nothing."""

    def failed(self) -> None:
        """Nothing."""


async def test_every_client_comes_by_tls_and_scram(kafka: SecuredKafka, folder: Path) -> None:
    """Who makes topics, who sends, who reads alone and who reads in a group."""
    brokers, topic = settings(kafka, folder).brokers, f"t{secrets.token_hex(4)}"
    state = await ensure_topic(brokers, topic, 1, 1, WAIT)
    async with Sender(brokers, topic, WAIT, "t") as sender:
        await sender.send_all(0, [OutgoingRecord(b"k", b"v", [])])
    assert await broker_problem(brokers, WAIT, topic) is None
    assert (await extent(brokers, state, WAIT)).ends == [1]
    processor, progress = Collecting(), ConsumerProgress(Progress(lambda: 0.0), Progress(lambda: 0.0))

    async def known() -> object:
        return state

    consumer = PositionedConsumer(
        ConsumerSettings(brokers, topic, f"{topic}.group", "t"),
        processor,
        known,
        progress,  # type: ignore[arg-type]
    )
    await consumer.start()
    try:
        async with asyncio.timeout(WAIT):
            await processor.came.wait()
    finally:
        await consumer.close()
    assert processor.values == [b"v"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"PANKE_KAFKA_PASSWORD": "guess"}, "refuses PANKE_KAFKA_USERNAME or PANKE_KAFKA_PASSWORD"),
        ({"PANKE_KAFKA_CA": "foreign"}, "vouched for by no authority of PANKE_KAFKA_CA"),
        ({"PANKE_KAFKA": "127.0.0.1:1"}, "消息代理没有应答 (the broker does not answer)"),
    ],
)
async def test_readiness_says_by_which_setting_the_broker_refuses(
    kafka: SecuredKafka, folder: Path, changed: dict[str, str], told: str
) -> None:
    """A wrong password and a foreign authority are two things, and a broker that is away is a third."""
    if "PANKE_KAFKA_CA" in changed:
        changed = {"PANKE_KAFKA_CA": str(folder / "foreign" / "ca.pem")}
    problem = await broker_problem(settings(kafka, folder, **changed).brokers, SOON)
    assert problem is not None and told in problem
    assert "guess" not in problem


async def test_a_plain_line_to_the_secured_one_is_not_answered(kafka: SecuredKafka) -> None:
    """Nobody reads facts without signing in."""
    assert (
        await broker_problem(Brokers(kafka.secured), SOON) == "消息代理没有应答 (the broker does not answer)"
    )


def test_settings_of_the_broker_that_do_not_fit_together_are_refused(
    kafka: SecuredKafka, folder: Path
) -> None:
    """Before anything connects, and by their names."""
    for changed, told in (
        ({"PANKE_KAFKA_USERNAME": ""}, "PANKE_KAFKA_USERNAME and PANKE_KAFKA_PASSWORD go together"),
        ({"PANKE_KAFKA_SECURITY": "SSL"}, "with PANKE_KAFKA_SECURITY=SASL_SSL alone"),
        ({"PANKE_KAFKA_SECURITY": "PLAINTEXT"}, "with PANKE_KAFKA_SECURITY=SASL_SSL alone"),
        ({"PANKE_KAFKA_CA": str(folder / "nowhere")}, "PANKE_KAFKA_CA names no file"),
        ({"PANKE_KAFKA_CA": str(folder / "kafka" / "key.pem")}, "PANKE_KAFKA_CA names no file"),
    ):
        with pytest.raises(SettingsError, match=told) as refused:
            _ = settings(kafka, folder, **changed).brokers
        assert kafka.password not in str(refused.value)
    assert kafka.password not in repr(settings(kafka, folder)) + repr(settings(kafka, folder).brokers)


def test_the_database_is_spoken_to_by_tls(postgres: str, folder: Path) -> None:
    """The certificate is looked at, by the name under which the database is reached; on a plain line is nobody."""
    trusted = make_conninfo(postgres, sslmode="verify-full", sslrootcert=str(folder / "ca.pem"))
    with Database(trusted) as database, database.connection() as connection:
        assert connection.pgconn.ssl_in_use
    with Database(make_conninfo(postgres, sslmode="disable"), wait=0.5) as database:
        assert database.problem() == DATABASE_AWAY


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"password": "guess"}, "refuses the user, the password or a line without TLS of PANKE_DATABASE_URL"),
        ({"sslrootcert": "foreign"}, "no authority of sslrootcert in PANKE_DATABASE_URL"),
        ({"port": "1"}, DATABASE_AWAY),
    ],
)
async def test_readiness_says_by_which_setting_the_database_refuses(
    postgres: str, folder: Path, changed: dict[str, str], told: str
) -> None:
    """Also where it let the service in when that started."""
    if "sslrootcert" in changed:
        changed = {"sslrootcert": str(folder / "foreign" / "ca.pem")}
    given = {"sslmode": "verify-full", "sslrootcert": str(folder / "ca.pem")} | changed
    with Database(make_conninfo(postgres, **given), wait=0.5) as database:
        part = database_part(database, list)
        assert part.ready is not None
        answer = part.ready()
        problem = answer if isinstance(answer, str) or answer is None else await answer
    assert problem is not None and told in problem
    assert "guess" not in problem


def test_a_database_without_tls_is_told_where_tls_is_asked_for(postgres_dsn: str) -> None:
    """The line is not spoken plainly instead."""
    with Database(make_conninfo(postgres_dsn, sslmode="require"), wait=0.5) as database:
        problem = database.problem()
    assert problem is not None and "speaks no TLS, which sslmode in PANKE_DATABASE_URL asks for" in problem
