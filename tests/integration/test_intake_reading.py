"""Who reads an event over HTTP reaches as far as the table of permissions says, and so with its contacts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.access.table import permission_table
from shared.platform.clock import SystemClock
from tests.support import parts
from tests.support.answering import answering
from tests.support.intake import raw, taking, visit
from tests.support.tokens import admission, every_role

pytestmark = pytest.mark.anyio

TABLE = permission_table()
ROLES = every_role("demo", "demo-office")
REACHED = {
    "own": {"mine", "entered", "enrolment"},
    "office": {"mine", "entered", "next-desk"},
    "scope": {"mine", "entered", "next-desk", "other-office", "enrolment"},
    "granted": {"mine", "entered", "next-desk", "other-office", "enrolment"},
    None: set(),
}
CLEAR, MASKED = "138 0000 0001", "138****0001"


def events(role: str) -> Mapping[str, dict[str, Any]]:
    """What somebody with that role finds: `mine` names them, `entered` is by them."""
    staff = f"staff-{role}"
    party = {"name": "张伟", "phones": [CLEAR], "wechat": "wei-zhang"}
    data = visit()["data"] | {"customer": party}
    enrolled = {"staff": staff, "name": "李娜", "role": "consultant", "contacts": {"sms": "13800000009"}}
    return {
        "mine": visit(data=data | {"received_by": staff, "visit": f"v-mine-{role}"}),
        "entered": visit(actor=staff, data=data | {"visit": f"v-entered-{role}"}),
        "next-desk": visit(data=data | {"visit": f"v-next-{role}"}),
        "other-office": visit(office="demo-2", data=data | {"visit": f"v-other-{role}"}),
        "enrolment": visit(type="staff.enrolled", office="demo-2", data=enrolled),
        "west": visit(scope="west", data=data | {"visit": f"v-west-{role}"}),
    }


@dataclass
class Asked:
    client: httpx.AsyncClient

    async def read(self, id: str, role: str) -> httpx.Response:
        auth = admission().bearer(ROLES[role])
        return await self.client.get(f"/v1/events/{id}", headers={"Authorization": auth.header})


@pytest.fixture(scope="module")
def own_database(postgres_dsn: str) -> Iterator[str]:
    with parts.fresh_database(postgres_dsn) as database:
        yield database


@pytest.fixture(scope="module")
async def asked(own_database: str, kafka: str) -> AsyncIterator[Asked]:
    settings = IntakeSettings(intake_journal_in_clear=True,
        database_url=own_database, kafka=kafka, topic_prefix=parts.fresh_prefix(), partitions=1,
        **admission().settings(),
    )  # fmt: skip
    service = IntakeService(settings, SystemClock())
    async with answering(service) as client:
        await taking(service)
        yield Asked(client)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_reads_the_events_that_it_reaches(asked: Asked, role: str) -> None:
    """404 for the rest, in the words of what is not there; contacts in clear or masked."""
    reads, clear = (TABLE.actions[name].may.get(role) for name in ("event.read", "contact.clear"))
    for name, event in events(role).items():
        recorded = await asked.client.post("/v1/events", content=raw(event))
        assert recorded.status_code == 202, recorded.text
        answer = await asked.read(event["id"], role)
        if reads is None:
            assert answer.status_code == 403, answer.text
        elif name not in REACHED[reads]:
            nowhere = await asked.read("018f3c5e-0000-7000-8000-000000000001", role)
            assert (answer.status_code, answer.json()) == (404, nowhere.json()), name
        else:
            assert answer.status_code == 200, (name, answer.text)
            shown(answer.json(), event, clear=name in REACHED[clear])


def shown(answer: dict[str, Any], event: dict[str, Any], *, clear: bool) -> None:
    """As it was recorded; without the right to contacts, with each of them masked."""
    text = json.dumps(answer, ensure_ascii=False)
    assert answer.pop("recorded_at")
    if clear:
        assert answer == event
        return
    assert answer | {"data": None} == event | {"data": None}
    for hidden in (CLEAR, "13800000001", "wei-zhang", "13800000009"):
        assert hidden not in text
    if event["type"] == "visit.registered":
        assert answer["data"]["customer"]["phones"] == [MASKED]
        assert answer["data"]["customer"]["name"] == "张伟"
