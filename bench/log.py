"""What the log costs: intake with it and without it, a fact's way into it, and how long one waits for a checkpoint.

Two intakes stand on one server and one broker; behind one of them a log is kept. They are loaded in turns, and the log
takes in while the load runs, as in production: on a machine with few cores it takes them from intake.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.folding import records
from bench.generator import take
from bench.intake import load
from bench.load import Requests
from bench.measure import Result, at_least, in_turns, median_ratio, rounded, seconds, summary
from bench.parts import database, directory, kafka, postgres, service
from bench.tokens import Issuer
from deploy.local.ports import HOST, free_port
from services.audit.keys.keyfile import LogKeys, make_log_key
from services.audit.publishing.building import TreeFiles
from services.audit.publishing.files import StaticFiles
from services.audit.sequencing.append import SQL, frontier_of
from services.audit.sequencing.sequencer import Sequencer
from shared.platform.kafka.record_processor import LogBounds, SourcePartition
from shared.platform.postgres.database import Database, migrate
from shared.sealing.keys import make_keys
from shared.tlog.checkpoints import Checkpoint

CONNECTIONS: Final = 64
ROUNDS: Final = 5
FACTS: Final = 20_000
BATCH: Final = 2_000
WAITS: Final = 10


class Deployment:
    """Where the two intakes and the log answer, and its files."""

    def __init__(self, issuer: Issuer, ports: dict[str, int], files: Path) -> None:
        self.issuer = issuer
        self.ports = ports
        self.files = files

    def rate(self, name: str) -> float:
        """Events a second that are acknowledged."""
        return float(load(self.ports[name], CONNECTIONS, 1, self.issuer.token())["events_per_second"])

    def wait(self) -> float:
        """Seconds from an acknowledged event to the next checkpoint, with nothing else to do."""
        before = self.shown()
        request = Requests(1, self.issuer.token()).next()
        body = request.partition(b"\r\n\r\n")[2]
        headers = {"Authorization": f"Bearer {self.issuer.token()}", "Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://{HOST}:{self.ports['logged']}/v1/events", body, headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.status == 202
        begun = time.perf_counter()
        while self.shown() <= before:
            time.sleep(0.005)
        return time.perf_counter() - begun

    def shown(self) -> int:
        """Entries that the checkpoint holds."""
        path = self.files / "checkpoint"
        return int(path.read_text().split("\n")[1]) if path.exists() else 0

    def settled(self) -> int:
        """The size of the log once everything that was acknowledged is in it."""
        size = -1
        while size != (size := self.shown()):
            time.sleep(3.0)
        return size


@contextmanager
def deployment() -> Iterator[Deployment]:
    """Two intakes under seal, one of them with a log behind it."""
    with ExitStack() as stack:
        server, broker = stack.enter_context(postgres()), stack.enter_context(kafka())
        folder = stack.enter_context(directory())
        issuer = Issuer()
        make_keys(folder / "people.json")
        ports: dict[str, int] = {}
        for name in ("plain", "logged", "audit"):
            ports[name] = free_port(tuple(ports.values()))
        common = {**issuer.settings(folder), "PANKE_KAFKA": broker}
        for name in ("plain", "logged"):
            dsn = stack.enter_context(database(server))
            settings = {
                **common, "PANKE_KEYS": str(folder / "people.json"), "PANKE_DATABASE_URL": dsn,
                "PANKE_TOPIC_PREFIX": f"{name}.", "PANKE_INTAKE_PORT": str(ports[name]),
            }  # fmt: skip
            ready = f"http://{HOST}:{ports[name]}/readyz"
            stack.enter_context(service(["services.intake.main"], settings, ready))
        audit = {
            **common, "PANKE_DATABASE_URL": dsn, "PANKE_TOPIC_PREFIX": "logged.",
            "PANKE_AUDIT_PORT": str(ports["audit"]), "PANKE_AUDIT_KEYS": str(folder / "keys" / "log.keys"),
            "PANKE_AUDIT_FILES": str(folder / "log"),
        }  # fmt: skip
        alive = f"http://{HOST}:{ports['audit']}/healthz"
        stack.enter_context(service(["services.audit.main"], audit, alive))
        yield Deployment(issuer, ports, folder / "log")


def run(rounds: int = ROUNDS, count: int = FACTS, waits: int = WAITS) -> Result:
    """Intake in turns, then waiting for checkpoints, then facts into a log without Kafka."""
    with deployment() as deployed:
        for name in ("plain", "logged"):
            deployed.rate(name)
        rates = in_turns(rounds, plain=lambda: deployed.rate("plain"), logged=lambda: deployed.rate("logged"))
        size = deployed.settled()
        waited = [deployed.wait() for _ in range(waits)]
    sequenced, shown = _alone(count)
    ratio = median_ratio(rates["logged"], rates["plain"])
    return Result(
        "log",
        (at_least("intake with the log to intake without, events per second", ratio, 0.95),),
        {
            "events_per_second": {name: [rounded(rate) for rate in found] for name, found in rates.items()},
            "log_size": size,
            "seconds_from_202_to_checkpoint": summary(waited),
            "facts": count,
            "sequenced_microseconds_a_fact": rounded(1e6 * sequenced / count),
            "sequenced_facts_per_second": rounded(count / sequenced),
            "published_microseconds_a_fact": rounded(1e6 * shown / count),
        },
    )


def _alone(count: int) -> tuple[float, float]:
    """Seconds for so many facts from records to committed entries, and from entries to files that are signed."""
    with postgres() as server, database(server) as dsn, directory() as folder:
        migrate(dsn, "services.audit", "audit")
        with Database(dsn, schema="audit", name="bench", max_size=2) as opened:
            source = SourcePartition("cluster/topic@1:0", 0)
            keys = LogKeys(folder / "keys" / "log.keys")
            sequencer = Sequencer(opened, "topic", keys.last_signed)
            made: list[Any] = records(take(count, 200))
            sequencer.positions.open(source, LogBounds(0, count))

            def sequence() -> None:
                for at in range(0, count, BATCH):
                    sequencer.take(source, at, made[at : at + BATCH])

            files = TreeFiles(StaticFiles(folder / "log"))
            make_log_key(keys.path, "bench.example/log")

            def publish() -> None:
                with opened.connection() as connection:
                    tree = frontier_of(connection.execute(SQL["tree"]).fetchone())
                    files.bring_to(connection, tree, 0)
                    files.files.put_checkpoint(
                        bytes(keys.sign(Checkpoint(keys.origin, tree.size, tree.root())))
                    )

            return seconds(sequence), seconds(publish)
