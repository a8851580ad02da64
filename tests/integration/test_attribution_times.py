"""Each read of attribution at two clocks, over HTTP: what was so, and what was known (contract.md#times).

One office whose records deceive whoever reads today's rows: entered late, corrected later, joined and parted, ruled on,
transferred, lapsed between the two times, a deal that was cancelled.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest

from services.attribution.main import create_service
from services.attribution.settings import AttributionSettings
from shared.contract import format_instant
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.loading import load
from tests.support import parts
from tests.support.answering import answering
from tests.support.answers import plain
from tests.support.attribution import START, Journal, Raw, deployment
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio

BOOK = "shijiazhuang"
Data = dict[str, Any]
HOUR, DAY = 1.0, 24.0


def at(hours: float) -> str:
    return format_instant(START + timedelta(hours=hours))


@dataclass
class Office:
    """Records of one office, each with the hours at which it happened and was recorded, and its id by a word."""

    journal: Journal = field(default_factory=lambda: Journal(rulebook=BOOK))
    raws: list[Raw] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    def record(self, word: str, type_: str, data: Data, hours: float, happened: float | None = None) -> None:
        raw = self.journal.event(type_, data, hours=hours)
        if happened is not None:
            event = json.loads(raw.value or b"") | {"occurred_at": at(happened)}
            body = json.dumps(event, ensure_ascii=False).encode()
            self.journal.lines["demo"][-1] = body
            raw = Raw(raw.offset, raw.key, body, raw.headers)
        self.ids[word] = json.loads(raw.value or b"")["id"]
        self.raws.append(raw)

    def visit(
        self, word: str, phone: str, by: str, hours: float, happened: float | None = None, **more: Any
    ) -> None:
        data = {"visit": word, "customer": party(phone), "received_by": by, "capacity": "on_turn"}
        self.record(word, "visit.registered", data | more, hours, happened)


def party(*phones: str) -> Data:
    return {"name": f"客{phones[0][-2:]}", "phones": list(phones)}


LATE, PART, OTHER, MOVED, DEAL, RULED, ONE, TWO = (f"1380000000{n}" for n in range(1, 9))


def world() -> Office:
    """What happened, in the order in which it was recorded."""
    made = Office()
    for staff, role in {
        "li": "consultant", "wang": "consultant", "gao": "manager", "adm": "admin_manager", "gm": "general_manager",
        "sun": "supervisor", "ding": "director",
    }.items():  # fmt: skip
        made.record(staff, "staff.enrolled", {"staff": staff, "name": f"员{staff}", "role": role}, 0)
    made.record("shift", "shift.opened", {"order": ["li", "wang"]}, 0.5)
    made.visit("v-lapse", ONE, "li", 1)
    made.visit("v-deal", DEAL, "li", 2)
    sale = {"deal": "d1", "customer": party(DEAL), "closed_by": "li", "project": "p", "unit": "u"}
    made.record("deal", "deal.subscribed", {**sale, "amount": "100.00"}, 3)
    made.visit("v-part", PART, "li", 4)
    made.visit("v-typo", PART, "li", 5)  # another person, with the phone of the one before
    made.visit("v-move", MOVED, "wang", 6)
    made.visit("v-ruled", RULED, "wang", 7)
    approvers = ["gao", "adm", "gm"]
    transfer = {
        "customer": party(MOVED),
        "to": "li",
        "requested_by": "wang",
        "approved_by": approvers,
        "reason": "r",
    }
    made.record("transfer", "claim.transferred", transfer, DAY + 1)
    made.record("cancel", "deal.cancelled", {"deal": "d1", "reason": "贷款"}, DAY + 2)
    dispute = {"dispute": "q1", "customer": party(RULED), "opened_by": "li", "reason": "先到"}
    made.record("dispute", "dispute.opened", dispute, DAY + 3)
    made.visit("v-late", LATE, "li", DAY + 5, happened=1.0)  # entered a day late
    made.visit("v-two", TWO, "li", DAY + 6)
    ruling = {"dispute": "q1", "ruled_by": "ding", "approved_by": approvers, "owner": "li", "reason": "r"}
    made.record("ruling", "dispute.ruled", ruling, 2 * DAY)
    correction = {
        "record": made.ids["v-typo"],
        "customer": party(OTHER),
        "reason": "登记错号",
        "requested_by": "li",
    }
    made.record("refused", "record.corrected", correction | {"approved_by": []}, 2 * DAY + 1)
    made.record("correction", "record.corrected", correction | {"approved_by": approvers}, 2 * DAY + 2)
    approval = {"record": made.ids["v-part"], "stage": "filed", "by": "gao"}
    made.record("approval", "record.approved", approval, 2 * DAY + 3)
    both = {"customer": party(TWO, LATE), "by": "li", "method": "phone", "subject": "s", "content": "c"}
    made.record("joined", "followup.recorded", both, 2 * DAY + 4)  # one person, who has both phones
    made.visit("v-last", MOVED, "li", 30 * DAY)
    return made


@pytest.fixture(scope="module")
def office(postgres_dsn: str) -> Iterator[tuple[str, Office]]:
    made = world()
    with parts.fresh_database(postgres_dsn) as dsn:
        with deployment(dsn) as live:
            live.fold(*made.raws)
            assert live.rows("SELECT * FROM parked_scopes") == []
        yield dsn, made


@pytest.fixture(scope="module")
async def asked(office: tuple[str, Office], kafka: str) -> AsyncIterator[Asked]:
    dsn, made = office
    settings = AttributionSettings(
        database_url=dsn, kafka=kafka, topic_prefix=parts.fresh_prefix(), partitions=1, attribution_port=0,
        caller_requests=100_000, **admission().settings(),
    )  # fmt: skip
    async with answering(create_service(settings)) as client:
        yield Asked(client, made)


@dataclass
class Asked:
    """Asks the service, and the judge of files over the same lines."""

    http: httpx.AsyncClient
    office: Office

    async def get(self, path: str, status: int = 200, **params: Any) -> Data:
        answer = await self.http.get(f"/v1/{path}", params=params)
        assert answer.status_code == status, answer.text
        found: Data = answer.json()
        return found

    async def of(self, phone: str, **params: Any) -> Data:
        """The customer with this phone as the judgement of then has it, asked for by its id."""
        (judged,) = [one for one in self.judged(**params)["customers"] if f"+86{phone}" in one["contacts"]]
        return await self.get(f"scopes/demo/customers/{judged['customer']}", **params)

    def judged(self, as_of: str | None = None, known_at: str | None = None) -> Data:
        """What `panke judge` says of the journal at these times."""
        times = {"as_of": as_of or known_at, "known_at": known_at}
        options = {name: _moment(text) for name, text in times.items()}
        found: Data = plain(judge(self.office.journal.lines["demo"], load(BOOK), {}, **options))  # type: ignore[arg-type]
        return found


def _moment(text: str | None) -> Any:
    from shared.contract import parse_instant

    return None if text is None else parse_instant(text)


TIMES: list[Data] = [
    {"as_of": at(4.5)},
    {"known_at": at(4.5)},
    {"as_of": at(DAY + 4), "known_at": at(2 * DAY)},
    {"as_of": at(3 * DAY), "known_at": at(DAY)},
    {"known_at": at(2 * DAY + 2.5)},
    {"as_of": at(1000 * DAY)},
]


async def test_every_read_agrees_with_the_judgement_of_its_times(asked: Asked) -> None:
    """Customers one by one and in pages, deals, disputes, flags, penalties, boards: each as `panke judge` has it."""
    for times in TIMES:
        judged = asked.judged(**times)
        for one in judged["customers"]:
            found = await asked.get(f"scopes/demo/customers/{one['customer']}", **times)
            assert {name: found[name] for name in one} == one
            assert (found["as_of"], found.get("known_at")) == (judged["as_of"], times.get("known_at"))
        listed = await pages(asked, "customers", limit=4, **times)
        assert [{name: item[name] for name in judged["customers"][0]} for item in listed] == judged[
            "customers"
        ]
        for name in ("deals", "disputes", "flags", "penalties"):
            items = await pages(asked, name, limit=3, **times)
            assert [
                {k: item[k] for k in one} for item, one in zip(items, judged[name], strict=True)
            ] == judged[name]
        for deal in judged["deals"]:
            found = await asked.get(f"scopes/demo/deals/{deal['deal']}", **times)
            assert {name: found[name] for name in deal} == deal
        boards = await asked.get("offices/demo-office/boards", **times)
        assert {name: boards[name] for name in ("visit", "call")} == judged["boards"]["demo-office"]
        whole = await asked.get("scopes/demo/judgement", **times)
        assert whole == judged


async def pages(asked: Asked, name: str, **params: Any) -> list[Data]:
    """Every item of a list."""
    found, cursor = [], {}
    while True:
        page = await asked.get(f"scopes/demo/{name}", **params, **cursor)
        found += page[name]
        if page["cursor"] is None:
            return found
        cursor = {"cursor": page["cursor"]}


async def test_what_was_entered_late_was_not_known_on_the_day(asked: Asked) -> None:
    """It counts from its recording: neither so nor known before, although it says it happened then."""
    with pytest.raises(ValueError, match="unpack"):
        await asked.of(LATE, as_of=at(DAY + 4))
    with pytest.raises(ValueError, match="unpack"):
        await asked.of(LATE, known_at=at(DAY + 4))
    assert (await asked.of(LATE, as_of=at(DAY + 5)))["owner"] == "li"


async def test_a_correction_changes_what_was_so_only_once_it_is_known(asked: Asked) -> None:
    """As of before it two people were one; whoever asked before it saw one, and who asks now of now sees two."""
    before, after = {"as_of": at(6)}, {"as_of": at(2 * DAY + 3)}
    assert (await asked.of(PART, **before))["customer"] == (await asked.of(PART, **after))["customer"]
    assert (await asked.of(OTHER, **after))["customer"] != (await asked.of(PART, **after))["customer"]
    for times in (before, after | {"known_at": at(2 * DAY + 1.5)}):
        with pytest.raises(ValueError, match="unpack"):
            await asked.of(OTHER, **times)


async def test_who_was_joined_is_found_as_what_it_went_into_and_stood_alone_before(asked: Asked) -> None:
    """By the id of then, and by either time."""
    two = (await asked.of(TWO, as_of=at(DAY + 7)))["customer"]
    late = (await asked.of(LATE, as_of=at(DAY + 7)))["customer"]
    alone = await asked.get(f"scopes/demo/customers/{two}", as_of=at(DAY + 7))
    assert (alone["customer"], alone["contacts"]) == (two, [f"+86{TWO}"])
    joined = await asked.get(f"scopes/demo/customers/{two}", as_of=at(3 * DAY))
    assert (joined["customer"], sorted(joined["contacts"])) == (late, [f"+86{LATE}", f"+86{TWO}"])
    assert (await asked.get(f"scopes/demo/customers/{two}", as_of=at(3 * DAY), known_at=at(2 * DAY)))[
        "customer"
    ] == two


async def test_ruling_transfer_lapse_and_cancellation_stand_from_their_times(asked: Asked) -> None:
    """A ruling and a transfer that were recorded later, a claim that ran out between, a deal that was cancelled."""
    owners = [(await asked.of(MOVED, as_of=at(hours)))["owner"] for hours in (DAY, DAY + 1)]
    assert owners == ["wang", "li"]
    told = [(await asked.of(RULED, known_at=at(hours)))["status"] for hours in (DAY + 2, DAY + 3, 2 * DAY)]
    assert told == ["owned", "disputed", "owned"]
    lapsed = {"as_of": at(29 * DAY), "known_at": at(DAY)}
    assert [(await asked.of(ONE, **t))["status"] for t in ({"known_at": at(DAY)}, lapsed)] == [
        "owned",
        "lapsed",
    ]
    deals = [await asked.get("scopes/demo/deals/d1", as_of=at(hours)) for hours in (DAY, DAY + 2)]
    assert [(deal["status"], deal["cancelled_at"], deal["amount"]) for deal in deals] == [
        ("final", None, "100.00"), ("cancelled", at(DAY + 2), "100.00"),
    ]  # fmt: skip
    await asked.get("scopes/demo/deals/d1", status=404, as_of=at(2.5))


async def test_a_history_tells_fact_by_fact_what_was_known(asked: Asked) -> None:
    """Of each record what was decided then, and what later ones had changed of it by then; no later one is there."""
    name = (await asked.of(PART, as_of=at(6)))["customer"]
    path = f"scopes/demo/customers/{name}/history"
    early = await asked.get(path, known_at=at(6))
    assert [event["id"] for event in early["events"]] == [
        asked.office.ids[word] for word in ("v-part", "v-typo")
    ]
    (made,) = early["events"][0]["decided"]["decisions"]
    assert (made["decision"], made["owner"], made["rulebook"]["name"]) == ("established", "li", BOOK)
    assert made["clause_text"] == {
        "zh": load(BOOK).clauses[made["clause"]].zh,
        "en": load(BOOK).clauses[made["clause"]].en,
    }
    assert [change["change"] for change in early["events"][0]["later"]] == ["decided"]
    assert early["events"][1]["later"] == []
    full = await asked.get(path, known_at=at(3 * DAY))
    shown = {event["id"]: event for event in full["events"]}
    first, typo = (shown.get(asked.office.ids[word]) for word in ("v-part", "v-typo"))
    assert first is not None
    assert [c["change"] for c in first["later"]] == ["decided", "approved"]
    parted = (await asked.of(OTHER, as_of=at(3 * DAY)))["customer"]
    theirs = await asked.get(f"scopes/demo/customers/{parted}/history", known_at=at(3 * DAY))
    (moved,) = [event for event in theirs["events"] if event["id"] == asked.office.ids["v-typo"]]
    changes = [(change["change"], change.get("taken")) for change in moved["later"]]
    assert ("corrected", False) in changes
    assert ("corrected", True) in changes
    assert any(change["change"] == "parted" and change["customer"] == parted for change in moved["later"])
    assert typo is None or typo["later"]


async def test_a_history_says_whose_turn_was_taken_and_what_ran_out(asked: Asked) -> None:
    """The flag of the board, and a lapse that no record brought."""
    name = (await asked.of(ONE, as_of=at(1.5)))["customer"]
    told = await asked.get(f"scopes/demo/customers/{name}/history", as_of=at(60 * DAY), known_at=at(DAY))
    (visit,) = told["events"]
    assert [(c["change"], c["seq"], c["decision"]["decision"]) for c in visit["later"]] == [
        ("lapsed", None, "lapsed")
    ]
    assert [made["decision"] for made in told["decisions"]] == ["established", "lapsed"]
    deal = (await asked.of(DEAL, as_of=at(4)))["customer"]
    then = await asked.get(f"scopes/demo/customers/{deal}/history", known_at=at(DAY))
    assert "out_of_turn" in {flag for event in then["events"] for flag in event["decided"]["flags"]}
    assert [m["deal"] for event in then["events"] for m in event["decided"]["decisions"] if "deal" in m] == [
        "d1"
    ]


async def test_pages_of_a_history_hold_together(asked: Asked) -> None:
    """One fact and one decision at a time make what all of it says."""
    name = (await asked.of(MOVED, as_of=at(6.5)))["customer"]
    path, times = f"scopes/demo/customers/{name}/history", {"known_at": at(31 * DAY)}
    whole = await asked.get(path, **times)
    events, decisions, cursor = [], [], {}
    for _ in range(20):
        page = await asked.get(path, limit=1, **times, **cursor)
        events += page["events"]
        decisions += page["decisions"]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert (events, decisions) == (whole["events"], whole["decisions"])
    assert "set_aside" in whole


async def test_times_that_cannot_be_answered_are_refused_by_name(asked: Asked) -> None:
    """No RFC 3339 time, one that is to come, a cursor of another question: each names its field and the rule."""
    listed = await asked.get("scopes/demo/customers", limit=1, as_of=at(DAY))
    now = await asked.get("scopes/demo/customers", limit=1)
    for path in (
        "customers",
        "deals",
        "disputes",
        "flags",
        "penalties",
        "judgement",
        "customers/x",
        "customers/x/history",
    ):
        for params, field_, rule in (
            ({"as_of": "2026-03-02"}, "as_of", "instant"),
            ({"known_at": "gestern"}, "known_at", "instant"),
            ({"known_at": "2099-01-01T00:00:00Z"}, "known_at", "future"),
        ):
            told = await asked.get(f"scopes/demo/{path}", status=422, **params)
            assert [(error["path"], error["rule"]) for error in told["errors"]] == [(field_, rule)], path
    for params in (
        {"as_of": at(2 * DAY), "cursor": listed["cursor"]},
        {"as_of": at(DAY), "owner": "li", "cursor": listed["cursor"]},
        {"as_of": at(DAY), "cursor": now["cursor"]},
        {"cursor": listed["cursor"]},
    ):
        told = await asked.get("scopes/demo/customers", status=422, **params)
        assert [(error["path"], error["rule"]) for error in told["errors"]] == [("cursor", "cursor")]


async def test_before_the_scope_began_lists_are_empty_and_say_so(asked: Asked) -> None:
    """With when the first record was made; a customer was not known, and boards were empty."""
    early = {"known_at": at(-DAY)}
    for name in ("customers", "deals", "disputes", "flags", "penalties"):
        page = await asked.get(f"scopes/demo/{name}", **early)
        assert (page[name], page["cursor"]) == ([], None)
        assert at(0) in page["note"]["en"]
    boards = await asked.get("offices/demo-office/boards", **early)
    assert boards["visit"] == {"queue": [], "next": None}
    name = (await asked.of(MOVED, as_of=at(DAY)))["customer"]
    await asked.get(f"scopes/demo/customers/{name}", status=404, **early)
    await asked.get(f"scopes/demo/customers/{name}/history", status=404, **early)
    await asked.get("scopes/nowhere/customers", status=404, **early)


async def test_where_it_cannot_be_told_what_bears_on_a_customer_all_of_the_scope_is_read(
    asked: Asked, office: tuple[str, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many facts for the processes of one customer, or facts that are not noted yet: the answer is the same."""
    path = f"scopes/demo/customers/{(await asked.of(MOVED, as_of=at(DAY)))['customer']}"
    wanted = await asked.get(path, as_of=at(3 * DAY))
    told = await asked.get(f"{path}/history", as_of=at(3 * DAY))
    with monkeypatch.context() as patched:
        patched.setattr("services.attribution.calls.then.MOST", 1)
        assert await asked.get(path, as_of=at(3 * DAY)) == wanted
        assert 'panke_attribution_refolds_total{read="large"} 1.0' in (await asked.http.get("/metrics")).text
    with psycopg.connect(office[0], autocommit=True) as connection:
        connection.execute("UPDATE attribution.scopes SET borne_seq = 0")
        assert await asked.get(path, as_of=at(3 * DAY)) == wanted
        assert await asked.get(f"{path}/history", as_of=at(3 * DAY)) == told
        connection.execute("UPDATE attribution.scopes SET borne_seq = folded_seq")
