"""A log that cannot be written, as on a full disk, holds up no fact and no alert, and goes on when there is room."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from shared.contract import format_instant
from tests.support.parts import eventually
from tests.support.system import System, running

BEGIN = datetime(2026, 3, 2, 2, tzinfo=UTC)


def no_more_than(system: System, size: int | None) -> None:
    """Let no file of a service grow beyond its log's size now, or any as it likes again."""
    for service in system.services.values():
        assert service.pid is not None
        limit = resource.RLIM_INFINITY if size is None else max(service.log.stat().st_size + size, 1)
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


def tells_of_the_log(system: System, address: str) -> bool:
    """Well all the same: 200, and that lines cannot be written."""
    answer = system.http.get(address)
    return answer.status_code == 200 and str(answer.json().get("log", "")).startswith("日志写不出")


def event(kind: str, data: dict[str, object]) -> dict[str, object]:
    return {
        "id": str(uuid4()),
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(BEGIN),
        "data": data,
    }


def visit(phone: str) -> dict[str, object]:
    customer = {"name": "张伟", "phones": [phone]}
    return event(
        "visit.registered",
        {"visit": str(uuid4()), "customer": customer, "received_by": "li", "capacity": "on_turn"},
    )


@pytest.mark.timeout(900)
def test_facts_go_their_way_while_no_line_can_be_written(directory: Path, database: str, kafka: str) -> None:
    """What is posted is answered, folded and asked for; each health page tells of the log; then lines come again."""
    with running(directory, database, kafka, BEGIN) as system:
        system.record(event("staff.enrolled", {"staff": "li", "name": "李", "role": "consultant"}))
        no_more_than(system, 0)
        seq = system.record(visit("13800138111"))
        (customer,) = system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]
        assert customer["owner"] == "li"
        for name in ("intake", "attribution"):
            health = f"{system.address(name)}/healthz"
            eventually(partial(tells_of_the_log, system, health), f"{name} tells of its log")
        no_more_than(system, None)
        seq = system.record(visit("13800138112"))
        assert len(system.ask("/v1/scopes/demo/customers", min_seq=seq)["customers"]) == 2
        health = f"{system.address('intake')}/healthz"
        eventually(lambda: "log" not in system.http.get(health).json(), "the health page tells of no log")
