"""Live = offline (contract.md#g3): dated scenarios, all merged in recorded order through one deployment.

The demonstration's clock stands at each event's `recorded_at` when it is sent. `PANKE_TEST_SCENARIOS` names a folder
of more scenarios, which brings its own `expand.py` and `check.py`; `PANKE_TEST_RULEBOOKS` the rulebooks to live under,
those included that a scenario brings of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from services.intake.journal.journal import Archive
from shared.contract import parse_instant
from shared.platform.postgres.database import connection_info
from shared.rules.judge.encoding import encode
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.registry import Registry
from shared.sealing.deployment import opener_at
from tests.support.keys import key_file
from tests.support.scenarios import (
    Scenario,
    books_of,
    in_recorded_order,
    own_cases,
    recorded_at,
    scenarios_of,
)
from tests.support.system import System, running

RULEBOOKS = os.environ.get("PANKE_TEST_RULEBOOKS", "shijiazhuang").split(",")
FOLDER = os.environ.get("PANKE_TEST_SCENARIOS")


@pytest.fixture(params=RULEBOOKS)
def rulebook(request: pytest.FixtureRequest) -> str:
    """The rulebook that the deployment gives to scopes which adopt none."""
    return str(request.param)


@pytest.fixture
def scenarios(rulebook: str) -> list[Scenario]:
    told = scenarios_of(Path(FOLDER), rulebook) if FOLDER else []
    return [*own_cases(rulebook), *told]


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """The folder of rulebooks that do not ship."""
    for name, text in books_of(Path(FOLDER)) if FOLDER else ():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture(params=[pytest.param("clear", marks=pytest.mark.soak), "sealed"])
def keys(request: pytest.FixtureRequest, directory: Path) -> str:
    """The file of keys of a deployment that seals; empty of one that does not."""
    return key_file(directory) if request.param == "sealed" else ""


@pytest.fixture
def system(
    directory: Path,
    database: str,
    kafka: str,
    rulebook: str,
    books: Path,
    scenarios: list[Scenario],
    keys: str,
) -> Iterator[System]:
    begin = recorded_at(in_recorded_order(scenarios)[0]) - timedelta(hours=1)
    settings = {"PANKE_DEFAULT_RULEBOOK": rulebook, "PANKE_RULEBOOK_FOLDER": str(books)}
    if keys:
        settings["PANKE_KEYS"] = keys
    with running(directory, database, kafka, begin, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
def test_every_scenario_lived_gives_the_bytes_of_judge_and_what_it_expects(
    system: System, rulebook: str, books: Path, scenarios: list[Scenario], keys: str
) -> None:
    """For every scope, the judgement over HTTP is `panke judge` over the exported journal, byte for byte, and right.

    That holds of a deployment that seals as of one that does not.
    """
    known = Registry(books).books
    last = lived(system, scenarios)
    for scenario in scenarios:
        lines = journal(system.database_url, scenario.scope, keys)
        until = {name: parse_instant(time) for name, time in scenario.times.items()}
        offline = encode(judge(lines, known[rulebook, 1], known, **until))
        times = {**scenario.times, "as_of": json.loads(offline)["as_of"]}
        live = system.judgement(scenario.scope, **times, min_seq=last[scenario.scope])
        assert live == offline, scenario.name
        assert scenario.wrong(live) == [], scenario.name
    scope = scenarios[-1].scope
    as_of = scenarios[-1].events[-1]["recorded_at"]
    assert system.judgement(scope, as_of=as_of) == system.judged_offline(scope, as_of, books)


def lived(system: System, scenarios: list[Scenario]) -> dict[str, int]:
    """Send everything, each at its time; the last seq of each scope."""
    last: dict[str, int] = {}
    sent: set[str] = set()
    refused = dict(scenario.refused for scenario in scenarios if scenario.refused is not None)
    for event in in_recorded_order(scenarios):
        at = recorded_at(event)
        system.clock.hold(at)
        answer = system.post({key: value for key, value in event.items() if key != "recorded_at"})
        if event["id"] in refused:
            assert answer.status_code == 422 and refused[event["id"]] in answer.text, answer.text
            continue
        # A line that stands twice in a file is a repetition here.
        assert answer.status_code == (200 if event["id"] in sent else 202), answer.text
        sent.add(event["id"])
        assert parse_instant(answer.json()["recorded_at"]) == at, event
        last[event["scope"]] = answer.json()["seq"]
    return last


def journal(dsn: str, scope: str, keys: str) -> list[bytes]:
    """The lines of the export."""
    with psycopg.connect(connection_info(dsn, schema="intake", name="panke-test")) as connection:
        kept = list(Archive().export(connection, scope))
    with opener_at(keys, dsn) as opener:
        return [body + b"\n" for body in opener.bodies(kept, keep=True)]
