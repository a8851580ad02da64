"""What every test may ask for: real parts, one of each for the run, and names of its own on them."""

from __future__ import annotations

import signal
import tracemalloc  # noqa: F401 - pytest asks for it in a finalizer, where a second finalizer would meet it half imported
from collections.abc import Iterator

import pytest
from hypothesis import settings

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from tests.support import parts

# How long an example takes says nothing of the product on a machine that others use too.
settings.register_profile("panke", settings(), deadline=None)
settings.load_profile("panke")


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start, also where the run itself was started in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the soak out of a plain run; `-m soak` asks for it.

    An id with an address of memory is another one in each worker, by which xdist refuses the whole run.
    """
    for item in items:
        if " object at 0x" in item.nodeid:
            raise pytest.UsageError(f"the id of a test must be the same in every process: {item.nodeid}")
    if config.option.markexpr:
        return
    soak = [item for item in items if item.get_closest_marker("soak")]
    left_out = set(soak)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=soak)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the services do."""
    return "asyncio"


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> parts.Say:
    """Print a line in the report, although output is captured while a fixture is set up."""
    reporter = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    if reporter is None or capture is None:
        return print

    def show(text: str) -> None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\n{text}")

    return show


@pytest.fixture(scope="session")
def postgres_dsn(say: parts.Say) -> Iterator[str]:
    """The connection string of the run's PostgreSQL server."""
    with parts.postgres(say) as dsn:
        yield dsn


@pytest.fixture
def database(postgres_dsn: str) -> Iterator[str]:
    """The connection string of an empty database of this test's own."""
    with parts.fresh_database(postgres_dsn) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def kafka(say: parts.Say) -> Iterator[str]:
    """The bootstrap address of the run's broker."""
    with parts.kafka(say) as address:
        yield address


@pytest.fixture
def topic_prefix() -> str:
    """What the names of this test's topics and groups begin with."""
    return parts.fresh_prefix()


@pytest.fixture
def own_postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test's own, to be killed and started again."""
    with parts.embedded_postgres() as server:
        yield server


@pytest.fixture
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A Kafka of this test's own, to be killed and started again."""
    with parts.embedded_kafka() as broker:
        yield broker
