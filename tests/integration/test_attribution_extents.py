"""Every call of attribution held against every role of the table, cell by cell, over HTTP.

Two scopes with two offices each, at each office two consultants with customers, deals, disputes, flags and penalties of
their own. Whoever asks is at office east-1, as consultant `e1a` where the role reaches what is their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest

from services.attribution.main import create_service
from services.attribution.settings import AttributionSettings
from services.attribution.store.recorder import SCHEMA
from shared.access.caller import GrantedRole, StaffRole
from shared.access.table import permission_table
from shared.contract import mask_contact
from shared.contract.case_numbers import case_number
from shared.contract.masking import mask_name
from shared.platform.postgres.database import migrations
from tests.support import parts
from tests.support.answering import answering
from tests.support.attribution import Journal, Raw, deployment
from tests.support.tokens import Bearer, admission, every_role

pytestmark = pytest.mark.anyio

TABLE = permission_table()
ROLES = [*TABLE.staff_roles, *TABLE.granted_roles]
OFFICES = {"east": ("east-1", "east-2"), "west": ("west-1", "west-2")}
FAR = "2099-01-01T00:00:00Z"


def staff_at(office: str) -> tuple[str, str]:
    """The consultants of an office: `e1a` and `e1b` at east-1."""
    place = office[0] + office[-1]
    return f"{place}a", f"{place}b"


def scope_at(office: str) -> str:
    return office.partition("-")[0]


@dataclass
class Person:
    """A customer of the world: whose, at which office the first record is, and who owned it before."""

    name: str
    phones: tuple[str, str]
    office: str
    owner: str | None
    before: str | None = None
    id: str = ""

    @property
    def party(self) -> dict[str, Any]:
        return {"name": self.name, "phones": list(self.phones)}


@dataclass
class World:
    """What was recorded, and a client that asks as whoever the test says."""

    client: httpx.AsyncClient
    people: list[Person]
    deals: dict[str, str] = field(default_factory=dict)
    """Who closed each."""

    async def get(self, path: str, auth: httpx.Auth, **params: Any) -> httpx.Response:
        return await self.client.get(path, auth=auth, params=params)

    def of(self, scope: str) -> list[Person]:
        return [one for one in self.people if scope_at(one.office) == scope]


def record_office(journal: Journal, office: str, people: list[Person], number: int) -> Iterator[Raw]:
    """What two consultants of an office did: visits, deals, disputes, and what is flagged and penalised."""

    def event(type_: str, data: dict[str, Any]) -> Raw:
        return journal.event(type_, data, scope=scope_at(office), office=office)

    both = staff_at(office)
    for staff in both:
        yield event("staff.enrolled", {"staff": staff, "name": f"员{staff}", "role": "consultant"})
    boss = f"{office}-boss"
    yield event("staff.enrolled", {"staff": boss, "name": boss, "role": "manager"})
    yield event("shift.opened", {"order": list(both)})
    yield event("staff.away", {"staff": f"ghost-{office}", "reason": "personal"})
    for nth, staff in enumerate((*both, *reversed(both))):
        phones = (f"138{number:04}{nth:04}", f"139{number:04}{nth:04}")
        one = Person(f"甲{staff}{nth}", phones, office, staff)
        people.append(one)
        visit = {
            "visit": f"v-{staff}-{nth}",
            "customer": one.party,
            "received_by": staff,
            "capacity": "on_turn",
        }
        yield event("visit.registered", visit)
        if nth < 2:
            opened = {
                "dispute": f"dis-{staff}",
                "customer": one.party,
                "opened_by": staff,
                "reason": "有异议",
            }
            yield event("dispute.opened", opened)
        else:
            sale = {
                "deal": f"deal-{staff}",
                "customer": one.party,
                "closed_by": staff,
                "project": "p",
                "unit": "u",
            }
            yield event("deal.subscribed", sale)
    nobody = Person(f"乙{office}", (f"137{number:04}0000", f"136{number:04}0000"), office, None)
    people.append(nobody)
    asked = {"dispute": f"dis-{office}", "customer": nobody.party, "opened_by": both[1], "reason": "有异议"}
    yield event("dispute.opened", asked)
    yield event("deal.signed", {"deal": f"unknown-{office}"})


def record_transfer(journal: Journal, people: list[Person]) -> Iterator[Raw]:
    """A customer of e1a who went over to e2a, with what was said of another's phone."""
    moved = Person("丙moved", ("13599990000", "13599990001"), "east-1", "e2a", before="e1a")
    people.append(moved)
    at = {"scope": "east", "office": "east-1"}
    visit = {"visit": "v-moved", "customer": moved.party, "received_by": "e1a", "capacity": "on_turn",
             "referred_by": [{"phone": "13899998888"}], "notes": "另一号码 13599990002"}  # fmt: skip
    yield journal.event("visit.registered", visit, **at)
    transfer = {
        "customer": moved.party,
        "to": "e2a",
        "requested_by": "e1a",
        "approved_by": ["east-1-boss"],
        "reason": "调动",
    }
    yield journal.event("claim.transferred", transfer, **at)


def record_all(dsn: str) -> list[Person]:
    """Fold both scopes."""
    journal, people = Journal(rulebook="reception"), list[Person]()
    offices = [office for of in OFFICES.values() for office in of]
    raws = [raw for n, office in enumerate(offices, 1) for raw in record_office(journal, office, people, n)]
    with deployment(dsn) as live:
        live.fold(*raws, *record_transfer(journal, people))
        assert live.rows("SELECT * FROM parked_scopes") == []
    return people


@pytest.fixture(scope="module")
def filled(postgres_dsn: str) -> Iterator[tuple[str, list[Person]]]:
    with parts.fresh_database(postgres_dsn) as dsn:
        yield dsn, record_all(dsn)


@pytest.fixture(scope="module")
async def world(filled: tuple[str, list[Person]], kafka: str) -> AsyncIterator[World]:
    dsn, people = filled
    settings = AttributionSettings(
        database_url=dsn, kafka=kafka, topic_prefix=parts.fresh_prefix(), partitions=1, attribution_port=0,
        attribution_lookups_minute=100_000, attribution_lookups_day=100_000, caller_requests=100_000,
        **admission().settings(),
    )  # fmt: skip
    async with answering(create_service(settings)) as client:
        made = World(client, people)
        for one in people:
            scope = scope_at(one.office)
            found = await client.post(f"/v1/scopes/{scope}/lookup", json={"contact": one.phones[0]})
            one.id = found.json()["customer"]
        yield made


def holder(role: str, scope: str = "east", office: str = "east-1", staff: str = "e1a") -> Bearer:
    """Who holds the role there; in a granted role over the scope."""
    held = every_role(scope, office)[role]
    if isinstance(held, StaffRole):
        held = StaffRole(scope, office, held.role, staff)
    return admission().bearer(held, sub=f"{role}-{staff}")


def cell(action: str, role: str) -> str | None:
    return TABLE.actions[action].may.get(role)


def reaches(reach: str | None, one: Person, *, before: bool = False) -> bool:
    """Whether whoever asks reaches a customer of east by a cell; `before`: also as who owned it once."""
    if reach in ("scope", "granted"):
        return True
    if reach == "own":
        return one.owner == "e1a" or (before and one.before == "e1a")
    if reach == "office":
        at = staff_at("east-1")
        return (
            one.owner in at or (one.owner is None and one.office == "east-1") or (before and one.before in at)
        )
    return False


def shows_nothing_of(answer: httpx.Response, people: list[Person]) -> None:
    """No contact, name or id of these."""
    for one in people:
        for word in (*one.phones, one.name, one.id):
            assert word not in answer.text


async def all_pages(
    world: World, path: str, auth: httpx.Auth, name: str, **asked: str
) -> list[dict[str, Any]]:
    """Every item of a list, two at a time."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        params = {"limit": "2", **asked} | ({"cursor": cursor} if cursor else {})
        answer = await world.get(path, auth, **params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page[name] or cursor is None or page["cursor"] is None
        found += page[name]
        cursor = page["cursor"]
        if cursor is None:
            return found


async def test_a_list_of_customers_holds_those_within_reach(world: World) -> None:
    """Each role lists its own, its office's or its scope's customers, over as many pages as it takes; none else."""
    for role in ROLES:
        auth, reach = holder(role), cell("customer.list", role)
        if reach is None:
            assert (await world.get("/v1/scopes/east/customers", auth)).status_code == 403
            continue
        seen = [one for one in world.of("east") if reaches(reach, one)]
        listed = await all_pages(world, "/v1/scopes/east/customers", auth, "customers")
        assert [one["customer"] for one in listed] == [one.id for one in seen], role
        clear = cell("contact.clear", role)
        for item, one in zip(listed, seen, strict=True):
            plain = [f"+86{phone}" for phone in one.phones]
            masked = [mask_contact(phone) for phone in plain]
            assert item["contacts"] == (plain if reaches(clear, one) else masked), role
        answer = await world.get("/v1/scopes/east/customers", auth)
        shows_nothing_of(answer, [one for one in world.people if one not in seen])
        for owner in ("e1a", "e1b", "e2a", "w1a"):
            theirs = await all_pages(world, "/v1/scopes/east/customers", auth, "customers", owner=owner)
            assert [one["customer"] for one in theirs] == [one.id for one in seen if one.owner == owner], role


async def test_one_customer_is_read_by_id_by_case_and_with_its_history(world: World) -> None:
    """What is out of reach is answered byte for byte as what does not exist; who owned a customer before reads it."""
    for role in ROLES:
        auth, reach, clear = holder(role), cell("customer.read", role), cell("contact.clear", role)
        for one in world.people:
            inside = scope_at(one.office) == "east" and reaches(reach, one, before=True)
            for path, nothing in (
                (f"customers/{one.id}", "customers/nobody"),
                (f"customers/{one.id}/history", "customers/nobody/history"),
                (f"cases/{case_number(one.id)}", f"cases/{case_number('nobody')}"),
            ):
                answer = await world.get(f"/v1/scopes/east/{path}", auth)
                if reach is None:
                    assert answer.status_code == 403, (role, path)
                elif not inside:
                    missing = await world.get(f"/v1/scopes/east/{nothing}", auth)
                    assert (answer.status_code, answer.content) == (404, missing.content), (role, path)
                else:
                    assert answer.status_code == 200, (role, path, one)
                    assert any(phone in answer.text for phone in one.phones) == reaches(clear, one), (
                        role,
                        path,
                    )
                if answer.status_code != 200:
                    shows_nothing_of(answer, world.people)


async def test_a_history_that_is_read_masked_holds_no_contact_at_all(world: World) -> None:
    """Neither of the customer nor of a referrer, nor within words; the owner reads all of them."""
    (moved,) = [one for one in world.people if one.before]
    path = f"/v1/scopes/east/customers/{moved.id}/history"
    said = (*moved.phones, "13899998888", "13599990002")
    masked = await world.get(path, holder("consultant"))
    assert not any(phone in masked.text for phone in said)
    assert "138****8888" in masked.text
    whole = await world.get(path, holder("consultant", office="east-2", staff="e2a"))
    assert all(phone in whole.text for phone in said)


async def test_lists_of_an_earlier_time_hold_what_todays_hold_for_each_role(world: World) -> None:
    """Customers, deals, disputes, flags and penalties, page by page: as today, and masked as today."""
    keys = {
        "customers": "customer",
        "deals": "deal",
        "disputes": "dispute",
        "flags": "event",
        "penalties": "event",
    }
    for role in ROLES:
        auth = holder(role)
        for name, key in keys.items():
            path = f"/v1/scopes/east/{name}"
            if (await world.get(path, auth)).status_code == 403:
                assert (await world.get(path, auth, as_of=FAR)).status_code == 403
                continue
            now = await all_pages(world, path, auth, name)
            then = await all_pages(world, path, auth, name, as_of=FAR)
            assert [one[key] for one in then] == [one[key] for one in now], (role, name)
            if name == "customers":
                assert [one["contacts"] for one in then] == [one["contacts"] for one in now], role


async def test_a_deal_and_a_history_of_an_earlier_time_are_for_who_reads_them_today(world: World) -> None:
    """What is out of reach is answered as what does not exist, and a history that is read masked has no contact."""
    (moved,) = [one for one in world.people if one.before]
    auth = holder("consultant")
    for deal, status in (("deal-e1a", 200), ("deal-e2a", 404)):
        assert (await world.get(f"/v1/scopes/east/deals/{deal}", auth)).status_code == status
        assert (await world.get(f"/v1/scopes/east/deals/{deal}", auth, as_of=FAR)).status_code == status
    path = f"/v1/scopes/east/customers/{moved.id}/history"
    masked = await world.get(path, auth, as_of=FAR)
    assert masked.status_code == 200
    assert not any(phone in masked.text for phone in (*moved.phones, "13899998888", "13599990002"))
    whole = await world.get(path, holder("consultant", office="east-2", staff="e2a"), as_of=FAR)
    assert all(phone in whole.text for phone in moved.phones)
    yours = next(p for p in world.of("east") if p.owner == "e1b")
    assert (
        await world.get(f"/v1/scopes/east/customers/{yours.id}/history", auth, as_of=FAR)
    ).status_code == 404


async def test_a_customer_as_of_a_time_is_for_who_reads_it_today(world: World) -> None:
    """Also the judgement of a whole scope has its contacts in clear for those alone who may see them."""
    mine, yours = (next(p for p in world.of("east") if p.owner == staff) for staff in ("e1a", "e1b"))
    (moved,) = [one for one in world.people if one.before]
    auth = holder("consultant")
    for one, status in ((mine, 200), (yours, 404), (moved, 200)):
        answer = await world.get(f"/v1/scopes/east/customers/{one.id}", auth, as_of=FAR)
        assert answer.status_code == status
        assert any(phone in answer.text for phone in one.phones) == (one is mine)
    gone = await world.get("/v1/scopes/east/customers/nobody", auth, as_of=FAR)
    theirs = await world.get(f"/v1/scopes/east/customers/{yours.id}", auth, as_of=FAR)
    assert theirs.content == gone.content.replace(b"nobody", yours.id.encode())
    for role in ROLES:
        answer = await world.get("/v1/scopes/east/judgement", holder(role))
        reach = cell("judgement.read", role)
        assert answer.status_code == (403 if reach is None else 200), role
        for one in world.of("east"):
            assert any(phone in answer.text for phone in one.phones) == (
                reach is not None and cell("contact.clear", role) is not None
            ), role
        shows_nothing_of(answer, world.of("west"))


Concerns = Callable[[dict[str, Any]], tuple[set[str | None], set[str | None]]]
"""Of an item whom of the staff it concerns, and which offices."""


def of_deal(item: dict[str, Any]) -> tuple[set[str | None], set[str | None]]:
    staff = item["closed_by"]
    return {staff, *item["shares"]}, {f"east-{staff[1]}"}


def of_dispute(item: dict[str, Any]) -> tuple[set[str | None], set[str | None]]:
    about = item["dispute"].removeprefix("dis-")
    if about.startswith("east"):
        return {item["opened_by"]}, {about}
    return {item["opened_by"], about}, {f"east-{about[1]}"}


def of_mark(item: dict[str, Any]) -> tuple[set[str | None], set[str | None]]:
    return {item["consultant"], item.get("staff")}, {item["office"]}


def of_warning(item: dict[str, Any]) -> tuple[set[str | None], set[str | None]]:
    return {item["value"]}, {item["value"].removeprefix("ghost-")}


LISTS: dict[str, tuple[str, Concerns]] = {
    "deals": ("deal.read", of_deal),
    "disputes": ("dispute.read", of_dispute),
    "flags": ("conduct.read", of_mark),
    "penalties": ("conduct.read", of_mark),
    "warnings": ("conduct.read", of_warning),
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_holds_what_concerns_the_caller_the_office_or_the_scope(world: World, name: str) -> None:
    """Of the list of all that the reader of everything sees, the part that the cell of the table says, page by page."""
    action, concerns = LISTS[name]
    path = f"/v1/scopes/east/{name}"
    everything = await all_pages(world, path, admission().bearer(), name)
    assert everything
    for role in ROLES:
        auth, reach = holder(role), cell(action, role)
        if reach is None:
            assert (await world.get(path, auth)).status_code == 403, role
            continue
        seen = [
            item
            for item in everything
            if reach in ("scope", "granted")
            or (reach == "own" and "e1a" in concerns(item)[0])
            or (
                reach == "office"
                and ("east-1" in concerns(item)[1] or concerns(item)[0] & set(staff_at("east-1")))
            )
        ]
        assert await all_pages(world, path, auth, name) == seen, role
        assert name == "warnings" or 0 < len(seen) < len(everything) or reach in ("scope", "granted")


async def test_one_deal_is_read_by_whom_it_concerns(world: World) -> None:
    """Another's is answered as one that does not exist."""
    for role in ROLES:
        auth, reach = holder(role), cell("deal.read", role)
        nothing = await world.get("/v1/scopes/east/deals/none", auth)
        for staff in (*staff_at("east-1"), *staff_at("east-2"), *staff_at("west-1")):
            answer = await world.get(f"/v1/scopes/east/deals/deal-{staff}", auth)
            whole, mine, office = reach in ("scope", "granted"), staff == "e1a", staff[:2] == "e1"
            inside = staff[0] == "e" and (
                whole or (reach == "own" and mine) or (reach == "office" and office)
            )
            assert answer.status_code == (403 if reach is None else 200 if inside else 404), (role, staff)
            assert inside or answer.content == nothing.content


async def test_the_cursor_of_one_caller_shows_another_nothing(world: World) -> None:
    """A cursor is a place in a list, not a right to it."""
    manager, consultant = holder("manager"), holder("consultant")
    for name in ("customers", *LISTS):
        path = f"/v1/scopes/east/{name}"
        own = await all_pages(world, path, consultant, name)
        cursor = (await world.get(path, manager, limit=1)).json()["cursor"]
        behind = (await world.get(path, consultant, cursor=cursor)).json()[name]
        assert [item for item in own if item in behind] == behind


async def test_a_scope_that_the_caller_does_not_know_is_one_that_does_not_exist(world: World) -> None:
    """Whatever is asked of it, by whichever role; neither list of scopes nor boards tell of it."""
    names = [path for method, path, _ in TABLE.routes("attribution") if method == "GET" and "{scope}" in path]
    mine, theirs = world.of("east")[0], world.of("west")[0]
    for role in ROLES:
        auth = holder(role)
        for path in names:
            filled = path.replace("{customer}", theirs.id).replace("{deal}", "deal-w1a")
            filled = filled.replace("{case}", case_number(theirs.id))
            other = await world.get(filled.replace("{scope}", "west"), auth)
            nowhere = await world.get(filled.replace("{scope}", "nowhere"), auth)
            assert (other.status_code, other.content) == (404, nowhere.content), (role, path)
        asked = await world.client.post(
            "/v1/scopes/west/lookup", auth=auth, json={"contact": theirs.phones[0]}
        )
        assert asked.status_code == 404
        if cell("scope.list", role) is None:
            continue
        scopes = (await world.get("/v1/scopes", auth)).json()["scopes"]
        assert [one["scope"] for one in scopes] == ["east"], role
        for office, status in (("east-1", 200), ("east-2", 200), ("west-1", 404)):
            boards = await world.get(f"/v1/offices/{office}/boards", auth)
            assert boards.status_code == status, (role, office)
        nowhere = await world.get("/v1/offices/nowhere/boards", auth)
        assert boards.content == nowhere.content.replace(b"nowhere", b"west-1")
    assert mine.id != theirs.id


async def test_the_desk_is_told_whose_a_customer_is_and_no_more_than_that(world: World) -> None:
    """A look-up answers for the whole scope: of another's customer with a masked name and the contact asked by."""
    for role in ROLES:
        auth, may = holder(role), cell("desk.look_up", role)
        for one in world.of("east"):
            answer = await world.client.post(
                "/v1/scopes/east/lookup", auth=auth, json={"contact": one.phones[0]}
            )
            assert answer.status_code == (403 if may is None else 200), role
            if may is None:
                shows_nothing_of(answer, world.people)
                continue
            told = answer.json()
            masked = [mask_contact(f"+86{phone}") for phone in one.phones]
            known = reaches(cell("customer.read", role), one, before=True)
            assert (told["customer"], told["owner"]) == (one.id, one.owner)
            assert told["names"] == [one.name if known else mask_name(one.name)], role
            assert told["contacts"] == (masked if known else masked[:1]), role
            assert not any(phone in answer.text for phone in one.phones)
        unknown = await world.client.post(
            "/v1/scopes/east/lookup", auth=auth, json={"contact": "13100000000"}
        )
        elsewhere = await world.client.post(
            "/v1/scopes/east/lookup", auth=auth, json={"contact": world.of("west")[0].phones[0]}
        )
        told = [json.loads(one.text.replace("138****0000", "131****0000")) for one in (unknown, elsewhere)]
        assert told[0] == told[1]


def a_visit(one: Person, office: str, scope: str = "east", staff: str = "e1a") -> dict[str, Any]:
    return {
        "id": "0198a000-0000-7000-8000-00000000000a", "type": "visit.registered", "scope": scope, "office": office,
        "actor": staff, "occurred_at": "2026-03-02T02:00:00Z",
        "data": {"visit": "v-new", "customer": {"name": "某人", "phones": [one.phones[0]]}, "received_by": staff,
                 "capacity": "on_turn"},
    }  # fmt: skip


async def test_a_preview_is_of_an_office_within_reach_and_tells_what_a_look_up_tells(world: World) -> None:
    """Of a customer whom the caller may not read neither names, contacts nor earlier decisions."""
    for role in ROLES:
        auth, may = holder(role), cell("desk.preview", role)
        for one in world.of("east"):
            for office in ("east-1", "east-2"):
                asked = a_visit(one, office)
                answer = await world.client.post("/v1/scopes/east/preview", auth=auth, json=asked)
                inside = may in ("scope", "granted") or (may == "office" and office == "east-1")
                assert answer.status_code == (200 if inside else 403), (role, office, answer.text)
                if not inside:
                    continue
                known = reaches(cell("customer.read", role), one, before=True)
                clear = known and reaches(cell("contact.clear", role), one)
                customer = answer.json()["customer"]
                assert (one.name in answer.text) == known, role
                assert (one.phones[1] in answer.text) == clear, role
                if not known:
                    assert customer["contacts"] == [mask_contact(f"+86{one.phones[0]}")]
                    assert len(customer["decisions"]) == len(answer.json()["decisions"])
        other = await world.client.post(
            "/v1/scopes/east/preview", auth=auth, json=a_visit(world.people[0], "west-1", "west")
        )
        assert other.status_code == (403 if may is None else 422)
        assert not any(one.name in other.text for one in world.people)


async def test_nobody_previews_a_customer_into_their_own_hands(world: World) -> None:
    """Whose the customer is now counts: a transfer to oneself that is only asked about opens nothing."""
    yours = next(one for one in world.of("east") if one.owner == "e2b")
    asked = a_visit(yours, "east-1") | {"type": "claim.transferred", "data": {
        "customer": {"name": "某人", "phones": [yours.phones[0]]}, "to": "e1a", "requested_by": "e1a",
        "approved_by": ["east-1-boss"], "reason": "调动"}}  # fmt: skip
    forged = await world.client.post("/v1/scopes/east/preview", auth=holder("consultant"), json=asked)
    assert forged.status_code == 403, forged.text
    answer = await world.client.post("/v1/scopes/east/preview", auth=holder("registry"), json=asked)
    assert answer.json()["customer"]["owner"] == "e1a"
    assert yours.phones[1] not in answer.text
    assert yours.name not in answer.text


async def test_nobody_previews_another_s_record_into_an_own_customer(world: World) -> None:
    """A correction that would make somebody else's record one of an own customer shows no name that stands in it."""
    mine = next(one for one in world.of("east") if one.owner == "e1a")
    for theirs in (one for one in world.of("east") if "e1a" not in (one.owner, one.before)):
        history = await world.get(f"/v1/scopes/east/customers/{theirs.id}/history", holder("manager"))
        record = history.json()["events"][0]["id"]
        asked = a_visit(mine, "east-1") | {"type": "record.corrected", "data": {
            "record": record, "customer": {"phones": [mine.phones[0]]}, "requested_by": "e1a",
            "approved_by": ["east-1-boss"], "reason": "录错"}}  # fmt: skip
        answer = await world.client.post("/v1/scopes/east/preview", auth=holder("registry"), json=asked)
        assert answer.status_code == 200, answer.text
        assert theirs.name not in answer.text
        assert not any(phone in answer.text for phone in theirs.phones)
        whole = await world.client.post("/v1/scopes/east/preview", auth=holder("manager"), json=asked)
        assert theirs.name in whole.text


async def test_a_preview_asks_whether_the_caller_might_record_the_event(world: World) -> None:
    """As intake would refuse it: by the type, in another's name, as deciding; each with its field."""
    visit = a_visit(world.people[0], "east-1")
    data = visit["data"]
    ruled = {"dispute": "dis-e1a", "ruled_by": "east-1-boss", "owner": "e1a", "reason": "查实"}
    supervised = holder("supervisor")
    for auth, changed, path in (
        (holder("consultant"), {"type": "shift.opened", "data": {"order": ["e1a"]}}, "type"),
        (holder("consultant"), {"actor": "e1b"}, "actor"),
        (holder("consultant"), {"data": data | {"received_by": "e1b"}}, "data.received_by"),
        (supervised, {"type": "dispute.ruled", "data": ruled}, "data.ruled_by"),
        (supervised, {"office": "east-2"}, "office"),
    ):
        answer = await world.client.post("/v1/scopes/east/preview", auth=auth, json=visit | changed)
        assert answer.status_code == 403, answer.text
        assert answer.json()["errors"][0]["path"] == path


async def test_a_preview_tells_nothing_of_another_s_deal_dispute_or_visit(world: World) -> None:
    """What would become of those within reach is told; of others the same as of ids that nobody has."""

    async def asked(auth: Bearer, type_: str, id_: str, data: dict[str, Any]) -> dict[str, Any]:
        kind = {"d": "deal", "q": "dispute", "v": "visit"}[id_[0]]
        event = a_visit(world.people[0], "east-1") | {"type": type_, "data": data | {kind: id_[1:]}}
        answer = await world.client.post("/v1/scopes/east/preview", auth=auth, json=event)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = json.loads(
            re.sub(r"\d\d:\d\d(:[\d.]+)?", "TIME", answer.text.replace(id_[1:], "ID"))
        )
        return told

    mine = {"name": "某人", "phones": [next(p for p in world.of("east") if p.owner == "e1a").phones[0]]}
    sale = {"customer": mine, "closed_by": "e1a", "project": "p", "unit": "u"}
    opened = {"customer": mine, "opened_by": "e1a", "reason": "有异议"}
    proof = {"by": "e1a", "evidence": ["照片"]}
    visit = {"customer": mine, "received_by": "e1a", "capacity": "on_turn"}
    hidden = {"reason": "隐瞒", "decided_by": "e1a"}
    supervisor, consultant = holder("supervisor"), holder("consultant")
    for auth, type_, data, own, other in (
        (supervisor, "deal.cancelled", {"reason": "贷款未批"}, "ddeal-e1a", "ddeal-e2a"),
        (supervisor, "deal.signed", {}, "ddeal-e1b", "ddeal-e2a"),
        (supervisor, "concealment.found", hidden, "vv-e1a-0", "vv-e2a-0"),
        (consultant, "deal.subscribed", sale, "ddeal-e1a", "ddeal-e2a"),
        (consultant, "dispute.opened", opened, "qdis-e1a", "qdis-e2a"),
        (consultant, "dispute.evidence_added", proof, "qdis-e1a", "qdis-e2a"),
        (consultant, "visit.registered", visit, "vv-e1a-3", "vv-e2a-0"),
    ):
        unknown = await asked(auth, type_, f"{own[0]}nobody-has-it", data)
        assert await asked(auth, type_, other, data) == unknown, type_
        if type_ not in (
            "deal.signed",
            "dispute.evidence_added",
        ):  # which change nothing that an answer shows
            assert await asked(auth, type_, own, data) != unknown, type_


@pytest.mark.parametrize("name", ["shared-contacts", "quarantine", "offices", "staff"])
async def test_what_is_of_a_whole_scope_is_for_who_reaches_it(world: World, name: str) -> None:
    """These lists have no part that is one person's: the table lets nobody in who does not reach all of the scope."""
    (action,) = [
        one for m, path, one in TABLE.routes("attribution") if path == f"/v1/scopes/{{scope}}/{name}"
    ]
    for role in ROLES:
        reach = cell(action, role)
        assert reach in (None, "scope", "granted")
        answer = await world.get(f"/v1/scopes/east/{name}", holder(role))
        allowed = 404 if name == "quarantine" else 200  # nothing waits
        assert answer.status_code == (403 if reach is None else allowed), role
        shows_nothing_of(answer, world.of("west"))


async def test_claims_are_those_of_the_customers_who_are_reached(world: World) -> None:
    """For every role, and of an owner and a status: by the same pages, with nothing that names anybody else."""
    names = ("customer", "owner", "status", "expires_at")
    for role in ROLES:
        if cell("customer.list", role) is None:
            assert (await world.get("/v1/scopes/east/claims", holder(role))).status_code == 403
            continue
        for asked in ({}, {"owner": "e1a"}, {"status": "owned"}, {"office": "east-1"}):
            lists = [
                await all_pages(world, f"/v1/scopes/east/{name}", holder(role), name, **asked)
                for name in ("customers", "claims")
            ]
            assert lists[1] == [{name: one[name] for name in names} for one in lists[0]], role


async def test_two_roles_together_reach_what_each_of_them_does(world: World) -> None:
    """Who is a consultant at one office and a supervisor at another lists both, each once and in order."""
    roles = (
        StaffRole("east", "east-1", "consultant", "e1a"),
        StaffRole("east", "east-2", "supervisor", "e1a"),
    )
    both = admission().bearer(*roles)
    found = await all_pages(world, "/v1/scopes/east/customers", both, "customers")
    at = staff_at("east-2")
    wanted = [
        one.id for one in world.of("east")
        if one.owner == "e1a" or one.owner in at or (one.owner is None and one.office == "east-2")
    ]  # fmt: skip
    assert [one["customer"] for one in found] == wanted
    every = admission().bearer(GrantedRole("head_office", ("*",)))
    scopes = (await world.get("/v1/scopes", every)).json()["scopes"]
    assert [one["scope"] for one in scopes] == ["east", "west"]


def test_every_call_about_a_scope_is_held_against_the_table() -> None:
    """One that is added stands in a test of this file, or in this list with who may ask it."""
    held = {
        "judgement", "claims", "customers", "customers/{customer}", "customers/{customer}/history", "cases/{case}",
        "deals/{deal}", "lookup", "preview", "shared-contacts", "quarantine", "offices", "staff", *LISTS,
    }  # fmt: skip
    of_no_one = {"", "quarantine/mark"}
    paths = {path for _, path, _ in TABLE.routes("attribution") if path.startswith("/v1/scopes/{scope}")}
    assert {path.removeprefix("/v1/scopes/{scope}").strip("/") for path in paths} == held | of_no_one


def test_what_was_folded_before_is_found_by_whom_it_concerns(filled: tuple[str, list[Person]]) -> None:
    """A deployment that is brought up to date tells offices and people from the facts and records that it has kept."""
    dsn, _ = filled
    (migration,) = [one for one in migrations("services.attribution") if "extents" in one.name]
    query = b"SELECT scope, list, kind, name, born, id FROM concerned ORDER BY 1, 2, 3, 4, 5, 6"
    offices = b"SELECT customer, office FROM claims ORDER BY 1"
    with psycopg.connect(dsn, options=f"-c search_path={SCHEMA}") as connection:
        before = connection.execute(query).fetchall(), connection.execute(offices).fetchall()
        assert before[0]
        assert all(office for _, office in before[1])
        connection.execute(b"DROP TABLE concerned; DROP FUNCTION consultant_in; DROP INDEX claims_that_lapsed;"
                           b"DROP INDEX claims_of_nobody; ALTER TABLE claims DROP COLUMN office")  # fmt: skip
        connection.execute(migration.text.encode())
        after = connection.execute(query).fetchall(), connection.execute(offices).fetchall()
        connection.rollback()
    assert after == before


async def test_each_answer_that_opens_personal_data_is_kept_for_the_record(
    world: World, filled: tuple[str, list[Person]]
) -> None:
    """Before it is given, with the customer whom it names or how many; what is refused opens nothing."""
    auth = admission().bearer(GrantedRole("group_auditor", ("east",)), sub="auditor", login="auditor")
    desk = admission().bearer(GrantedRole("desk", ("east",)), sub="auditor", kind="machine", login="desk")
    one, base = world.of("east")[0], "/v1/scopes/east"
    paths = {
        f"customers/{one.id}": ("opened", "customer.read", one.id, None),
        f"customers/{one.id}/history": ("opened", "customer.read", one.id, None),
        f"cases/{case_number(one.id)}": ("opened", "customer.read", one.id, None),
        "customers": ("opened", "customer.list", None, len(world.of("east"))),
        "judgement": ("exported", "judgement.read", None, len(world.of("east"))),
    }
    for path in paths:
        assert (await world.get(f"{base}/{path}", auth)).status_code == 200, path
    for path in ("deals", "staff"):
        assert (await world.get(f"{base}/{path}", auth)).status_code == 200, path
    assert (await world.get(f"{base}/customers/nobody", auth)).status_code == 404
    for contact in (one.phones[0], "13012345678"):
        asked = await world.client.post(f"{base}/lookup", json={"contact": contact}, auth=desk)
        assert asked.status_code == 200, asked.text
    looked_up = [("opened", "desk.look_up", one.id, 1), ("opened", "desk.look_up", None, 0)]
    kept = reports(filled[0], "auditor")
    told = [(each["act"], each["action"], each.get("customer"), each.get("count")) for each in kept]
    assert told == [*paths.values(), *looked_up]
    assert {(each["scope"], each["role"]) for each in kept} == {("east", "group_auditor"), ("east", "desk")}


def reports(dsn: str, account: str) -> list[dict[str, Any]]:
    """What the record of access is to be told of what an account was shown, the oldest first."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT body FROM attribution.access_reports ORDER BY seq").fetchall()
    found = [json.loads(bytes(body)) for (body,) in rows]
    return [one for one in found if one.get("account") == account and one["act"] != "refused"]
