"""Intake's acknowledged events per second against an endpoint that keeps nothing.

PostgreSQL syncs each commit and Kafka is there, as in production; the relay sends while the load runs. Both servers
run all the time and are loaded in turns; an idle one costs nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any, Final

from bench.measure import Result, at_least, in_turns, median_ratio, rounded
from bench.parts import database, directory, kafka, postgres, service
from bench.tokens import Issuer
from deploy.local.ports import HOST, free_port
from shared.sealing.keys import make_keys

CONNECTIONS: Final = (1, 64, 256)
BATCH: Final = 100
SEALED: Final = ("single_64", "batch_64")
ROUNDS: Final = 5
SECONDS: Final = 2.0
LIMIT: Final = 100_000
"""Events of one measurement at most."""

Loaded = dict[str, Any]


@contextmanager
def servers() -> Iterator[tuple[dict[str, int], Issuer]]:
    """The ports of intake in clear, of intake under seal and of the endpoint that keeps nothing, and whose tokens these
    take; both intakes have a database of their own on one server."""
    with ExitStack() as stack:
        server, broker = stack.enter_context(postgres()), stack.enter_context(kafka())
        ports: dict[str, int] = {}
        for name in ("intake", "sealed", "noop"):
            ports[name] = free_port(tuple(ports.values()))
        folder = stack.enter_context(directory())
        issuer = Issuer()
        make_keys(folder / "people.json")
        for name, more in (
            ("intake", {"PANKE_INTAKE_JOURNAL_IN_CLEAR": "true"}),
            ("sealed", {"PANKE_KEYS": str(folder / "people.json")}),
        ):
            settings = {
                **issuer.settings(folder),
                **more,
                "PANKE_DATABASE_URL": stack.enter_context(database(server)),
                "PANKE_KAFKA": broker,
                "PANKE_TOPIC_PREFIX": f"{name}.",
                "PANKE_INTAKE_PORT": str(ports[name]),
            }
            ready = f"http://{HOST}:{ports[name]}/readyz"
            stack.enter_context(service(["services.intake.main"], settings, ready))
        alive = f"http://{HOST}:{ports['noop']}/healthz"
        stack.enter_context(service(["bench.noop", str(ports["noop"])], {}, alive))
        yield ports, issuer


def load(port: int, connections: int, batch: int, token: str) -> Loaded:
    """One measurement, by a process of its own."""
    arguments = [str(part) for part in (port, connections, batch, SECONDS, LIMIT, token)]
    command = [sys.executable, "-m", "bench.load", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120)
    found: Loaded = json.loads(done.stdout)
    return found


def run(rounds: int = ROUNDS) -> Result:
    """Every way of loading once a round, on both servers."""
    kept: dict[str, list[Loaded]] = {}

    def measure(name: str, server: str, connections: int, batch: int) -> Callable[[], float]:
        def once() -> float:
            loaded = load(ports[server], connections, batch, issuer.token())
            kept.setdefault(name, []).append(loaded)
            return float(loaded["events_per_second"])

        return once

    with servers() as (ports, issuer):
        for port in ports.values():  # a first look at each: pools are filled, code is compiled
            load(port, 64, 1, issuer.token())
            load(port, 8, BATCH, issuer.token())
        ways = {
            f"{way}_{n}": (n, size) for way, size in (("single", 1), ("batch", BATCH)) for n in CONNECTIONS
        }
        measures = {
            f"{server}_{way}": measure(f"{server}_{way}", server, *how)
            for way, how in ways.items()
            for server in ("noop", "intake")
        }
        measures |= {f"sealed_{way}": measure(f"sealed_{way}", "sealed", *ways[way]) for way in SEALED}
        rates = in_turns(rounds, **measures)
    return Result("intake", _goals(rates), _figures(rates, kept, list(ways)))


def _goals(rates: dict[str, list[float]]) -> tuple[Any, ...]:
    single = rates["intake_single_64"]
    return (
        at_least("single at 64 connections to no-op", median_ratio(single, rates["noop_single_64"]), 0.45),
        at_least(
            f"batches of {BATCH} to single, events per second at 64 connections",
            median_ratio(rates["intake_batch_64"], single),
            15,
        ),
        *(
            at_least(
                f"under seal to in clear, {way.replace('_', ' at ')} connections",
                median_ratio(rates[f"sealed_{way}"], rates[f"intake_{way}"]),
                0.90,
            )
            for way in SEALED
        ),
    )


def _figures(rates: dict[str, list[float]], kept: dict[str, list[Loaded]], ways: list[str]) -> dict[str, Any]:
    ratios = {way: rounded(median_ratio(rates[f"intake_{way}"], rates[f"noop_{way}"])) for way in ways}
    return {
        "intake_to_noop": ratios,
        "batch_to_single": {
            str(n): rounded(median_ratio(rates[f"intake_batch_{n}"], rates[f"intake_single_{n}"]))
            for n in CONNECTIONS
        },
        "measured": {name: _told(runs) for name, runs in kept.items()},
    }


def _told(runs: list[Loaded]) -> dict[str, Any]:
    return {
        "events_per_second": rounded(median(run["events_per_second"] for run in runs)),
        "all": [rounded(run["events_per_second"]) for run in runs],
        "p50_ms": rounded(median(run["p50_ms"] for run in runs)),
        "p99_ms": rounded(median(run["p99_ms"] for run in runs)),
        "other_statuses": [run["other_statuses"] for run in runs if run["other_statuses"]],
    }
