"""The room of auditors: the log held against its keys, searches by contact, replays with money, acts in words."""

from __future__ import annotations

import asyncio
import typing
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.access.record.entry import Act
from services.console.asking.audit_answers import (
    ShownAccess,
    ShownAccessPage,
    ShownChainEnd,
    ShownInclusion,
    ShownLogKeys,
)
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.customer_words import DECISIONS
from services.console.frame.forms import Form, Wrong
from services.console.frame.office_books import OfficeBooks
from services.console.frame.page import PageRequest
from services.console.frame.trade_words import DEALS, STATUSES, role_word
from services.console.frame.typed_times import typed_instant
from services.console.frame.words import LANGUAGES, Language, in_language
from services.console.pages.audit.act_words import ACTS, COMPARISONS, STATES, action_word
from services.console.pages.audit.fact_proof import proof_of
from services.console.pages.audit.log_state import LogState, state_of
from services.console.pages.audit.overview import StoredChecks, TypedSearch
from services.console.pages.audit.replay_result import result_in_words
from services.console.pages.audit.replays import TypedReplay, changed_words
from services.console.pages.audit.searching import (
    AuditSearch,
    SearchedCustomer,
    SearchedRecord,
    SearchResult,
    contacts_of,
)
from shared.access.table import permission_table
from shared.contract.answers.audits import Comparison, DifferenceAnswer
from shared.contract.answers.replays import ReplayJob, ReplayResult, ReplayState
from shared.contract.case_numbers import case_number
from shared.tlog.checkpoints import Checkpoint, encode_hash
from shared.tlog.hashing import leaf_hash, root_of
from shared.tlog.notes import Cosigner, NoteSigner, sign_note
from shared.tlog.proofs import prove_inclusion
from shared.tlog.tlog_proof import parse_tlog_proof
from tests.support.console_rendering import HOSTILE, ZONE, made_up_scope, page_text

NAME = "log.example/east"
CUSTOMER = "0f340ddc-a5e2-5ada-85f3-28f839bc7fb7"
RECORD = "1abb8ba3-7e0a-42ed-b1b1-c27e976699cc"


def signer() -> NoteSigner:
    return NoteSigner(NAME, Ed25519PrivateKey.generate())


def checkpoint(by: NoteSigner, size: int = 240) -> bytes:
    return bytes(sign_note(Checkpoint(NAME, size, bytes(32)).text, [by]))


def test_a_checkpoint_is_held_against_the_keys_of_the_log() -> None:
    """What another key has signed under the same name is told as signed by none."""
    own, other = signer(), signer()
    keys = ShownLogKeys(NAME, [own.verifier.vkey])
    state = state_of(checkpoint(own), keys)
    assert (state.origin, state.entries, state.signed) == (NAME, 240, True)
    assert not state_of(checkpoint(other), keys).signed


def test_a_size_that_was_altered_is_signed_by_nobody() -> None:
    own = signer()
    altered = checkpoint(own).replace(b"\n240\n", b"\n241\n")
    assert not state_of(altered, ShownLogKeys(NAME, [own.verifier.vkey])).signed


def test_witnesses_are_named_beside_the_keys() -> None:
    own, witness = signer(), Cosigner("notary.example", Ed25519PrivateKey.generate())
    raw = checkpoint(own)
    text = raw.decode().split("\n\n")[0] + "\n"
    seen = raw + witness.cosign(text, datetime(2026, 3, 2, tzinfo=UTC)).line.encode()
    assert state_of(seen, ShownLogKeys(NAME, [own.verifier.vkey])).witnesses == ["notary.example"]


def inclusion(by: NoteSigner, index: int, /, **more: Any) -> ShownInclusion:
    """The proof of one of seven entries, as audit tells it."""
    leaves = [leaf_hash(str(number).encode()) for number in range(7)]
    proof = prove_inclusion(
        index, 7, lambda level, at: root_of(leaves[at << level : (at + 1) << level])
    )  # fmt: skip
    note = bytes(sign_note(Checkpoint(NAME, 7, root_of(leaves)).text, [by])).decode()
    told = {
        "index": index,
        "size": 7,
        "leaf": encode_hash(leaves[index]),
        "proof": list(map(encode_hash, proof)),
    }
    return ShownInclusion(**(told | {"checkpoint": note} | more))


@pytest.mark.parametrize("index", range(7))
def test_a_fact_is_shown_to_be_in_the_log(index: int) -> None:
    """And what is handed out is the same proof, as tools of others read it."""
    own = signer()
    proof = proof_of(inclusion(own, index), ShownLogKeys(NAME, [own.verifier.vkey]))
    assert (proof.refused, proof.entry, proof.entries) == (None, index + 1, 7)
    leaf = leaf_hash(str(index).encode())
    assert parse_tlog_proof(proof.text).verify(leaf, [own.verifier], NAME).checkpoint.size == 7


@pytest.mark.parametrize(
    "more",
    [
        {"index": 4}, {"leaf": encode_hash(bytes(32))}, {"leaf": "x"}, {"proof": []}, {"checkpoint": None},
        {"checkpoint": checkpoint(signer(), 7).decode()},
    ],
    ids=["another index", "another leaf", "no hash", "no way", "no checkpoint", "signed by another"],
)  # fmt: skip
def test_a_proof_that_does_not_hold_is_told_and_never_shown_as_verified(more: dict[str, Any]) -> None:
    own = signer()
    proof = proof_of(inclusion(own, 3, **more), ShownLogKeys(NAME, [own.verifier.vkey]))
    assert proof.refused
    page = page_text("zh", "audit/proof.html", seq=3, proof=proof, keys=[])
    assert "证明不成立" in page and "已核对" not in page


class MadeUpServices:
    """Answers by service and path; what is not there is refused with 404."""

    def __init__(self, answers: dict[tuple[str, str], Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    async def get(self, service: str, path: str, kind: Any, **query: Any) -> Any:
        self.asked.append((service, path, query))
        if (service, path) not in self._answers:
            raise ServiceRefusedError(service, 404, "没有 (none)")
        return msgspec.convert(self._answers[service, path], kind)


def customers(*found: tuple[str, str]) -> dict[str, Any]:
    rows = [
        {
            "row": one, "happened_at": "2026-03-02T01:00:00Z", "recorded_at": None, "name": None, "staff": None,
            "stage": None, "late": False, "carried": False, "values": {"owner": "li", "status": "owned"},
            "customer": {"customer": one, "case": case_number(one), "name": name, "contacts": []},
        }
        for one, name in found
    ]  # fmt: skip
    return {
        "register": "customers", "title": {"zh": "客户", "en": "customers"}, "columns": [], "rows": rows,
        "total": len(rows), "known_at": "2026-03-12T01:00:00Z", "cursor": None,
    }  # fmt: skip


def searched(words: str, answers: dict[tuple[str, str], Any], **clocks: str | None) -> SearchResult:
    page = cast(PageRequest, SimpleNamespace(services=MadeUpServices(answers)))
    times = {"as_of": None, "known_at": None} | clocks
    return asyncio.run(AuditSearch(page, made_up_scope(li="小李"), **times).find(words))


REGISTER = ("registers", "/v1/offices/east-1/registers/customers")


def test_a_search_leads_to_the_customer_with_both_clocks() -> None:
    found = searched(
        "13800000001", {REGISTER: customers((CUSTOMER, "李"))},
        as_of="2026-03-05T00:00:00Z", known_at="2026-03-04T00:00:00Z",
    ).customers  # fmt: skip
    assert [(one.name, one.owner, one.case) for one in found] == [("李", "小李", case_number(CUSTOMER))]
    assert found[0].address == (
        f"/in/east/customers/{CUSTOMER}?as_of=2026-03-05T00%3A00%3A00Z&known_at=2026-03-04T00%3A00%3A00Z"
    )


def test_a_record_is_told_with_whoever_it_names() -> None:
    """Its customer is found by the contacts that it names."""
    event = {
        "id": RECORD, "type": "visit.registered", "office": "east-1", "actor": "li",
        "occurred_at": "2026-03-02T01:00:00Z", "recorded_at": "2026-03-02T02:00:00Z",
        "data": {"customer": {"name": "李", "phones": ["13800000001"]}},
    }  # fmt: skip
    answers = {("intake", f"/v1/events/{RECORD}"): event, REGISTER: customers((CUSTOMER, "李"))}
    found = searched(RECORD, answers)
    assert found.record is not None
    assert (found.record.actor, found.record.contacts) == ("小李", ["13800000001"])
    assert [one.name for one in found.customers] == ["李"]


def test_what_is_out_of_reach_is_found_nowhere() -> None:
    assert searched(RECORD, {}) == SearchResult([])
    assert searched("张", {}) == SearchResult([])


def test_a_masked_phone_finds_nobody() -> None:
    assert contacts_of({"customer": {"phones": ["138****0001"], "wechat": "li_01"}}) == ["li_01"]
    assert contacts_of({"customer": "c1"}) == []


def test_what_was_typed_of_a_replay_is_read_as_people_type_it() -> None:
    typed = TypedReplay.of(Form({"drop": [f" {RECORD}\n{CUSTOMER}，x "], "rulebook": ["getian@1"]}))
    assert typed.dropped == [RECORD, CUSTOMER, "x"]
    wrong = Wrong()
    assert typed_instant("as_of", "2026-03-05T08:00", ZONE, wrong) == "2026-03-05T00:00:00Z"
    assert typed_instant("as_of", "gestern", ZONE, wrong) is None
    assert list(wrong.fields) == ["as_of"]


def decision(owner: str | None, clause: str, kind: str = "established") -> dict[str, Any]:
    return {
        "at": "2026-03-02T01:00:00Z", "decision": kind, "owner": owner, "previous": None, "clause": clause,
        "because": [],
    }  # fmt: skip


def claim(owner: str | None, status: str = "owned") -> dict[str, Any]:
    return {
        "owner": owner,
        "status": status,
        "basis": None,
        "since": None,
        "expires_at": None,
        "clause": None,
    }


def replayed(name: str = "客户") -> ReplayResult:
    counts = {
        "facts": 9, "facts_dropped": 0, "facts_added": 0, "customers": 2, "customers_changed": 2, "owners_changed": 1,
        "deals": 1, "deals_changed": 1, "basis_points_moved": 10000, "amount_moved": "1234567.50",
    }  # fmt: skip
    one = {"scope": "east", "became": None, "contacts": [], "names": [name]}
    same = {"customer": RECORD, "before": claim("li"), "after": claim("li"), "decisions": []}
    pair = {"before": decision("li", "a.1"), "after": decision("wang", "b.1")}
    other = {"customer": CUSTOMER, "before": claim("li"), "after": claim("wang"), "decisions": [pair]}
    deal = {
        "scope": "east", "deal": "d1", "customer": CUSTOMER, "amount": "1234567.50", "basis_points_moved": 10000,
        "before": {"shares": {"li": 10000}, "status": "final", "clause": "a.9"},
        "after": {"shares": {"wang": 6000, "li": 4000}, "status": "final", "clause": "b.9"},
        "amount_moved": "740740.50", "decisions": [],
    }  # fmt: skip
    result = {
        "rulebook": {"name": "base", "version": 1, "sha256": "a"},
        "changed": {"rulebook": None, "drop": [], "add": [], "customers": None, "known_at": None},
        "as_of": "2026-03-12T01:00:00Z", "scopes": ["east"], "counts": counts,
        "consultants": [
            {"staff": "li", "customers": -1, "basis_points": -6000, "amount": "-740740.50"},
            {"staff": "wang", "customers": 1, "basis_points": 6000, "amount": "740740.50"},
        ],
        "movements": [{"from": "li", "to": "wang", "customers": 1, "basis_points": 6000, "amount": "740740.50"}],
        "customers": [one | same, one | other], "deals": [deal],
    }  # fmt: skip
    return msgspec.convert(result, ReplayResult)


def test_a_result_begins_with_whoever_has_another_owner_and_whoever_gains() -> None:
    told = result_in_words(replayed(), made_up_scope(li="小李", wang="小王"))
    assert [one.customer for one in told.customers] == [CUSTOMER, RECORD]
    assert (told.customers[0].before, told.customers[0].after) == ("小李", "小王")
    assert [one.staff for one in told.consultants] == ["wang", "li"]
    assert in_language("zh", told.deals[0].after) == "小王 60%、小李 40%"
    assert told.left == 0


def test_decisions_beside_each_other_differ_by_more_than_a_clause() -> None:
    told = result_in_words(replayed(), made_up_scope(li="小李", wang="小王"))
    pair = told.customers[0].decisions[0]
    assert pair.differs
    assert not msgspec.structs.replace(
        pair,
        after=msgspec.structs.replace(pair.before, clause="x.1"),  # type: ignore[type-var]
    ).differs


def job(state: ReplayState = "done", **more: Any) -> ReplayJob:
    told = {
        "id": "j1", "scope": "east", "state": state, "asked_by": "li", "rulebook": None, "drop": [], "add": [],
        "customers": None, "as_of": None, "known_at": None, "as_of_seq": 9,
        "progress": {"judged": 4, "of": 9}, "limits": {"seconds": 1, "memory_mib": 1, "result_mib": 1},
        "created_at": "2026-03-12T01:00:00Z", "started_at": None, "ended_at": None, "deleted_at": None,
    }  # fmt: skip
    return msgspec.convert(told | more, ReplayJob)


def test_what_a_replay_changes_is_said_in_a_few_words() -> None:
    book = {"name": "getian", "version": 1, "sha256": "x"}
    told = changed_words(OfficeBooks(), job(rulebook=book, drop=[RECORD]))
    assert "》第1版" in told.zh and "getian" not in told.zh
    assert "version 1" in told.en
    assert told.zh.endswith("，去掉 1 条登记")
    assert (
        "own-book 3"
        in changed_words(OfficeBooks(), job(rulebook={"name": "own-book", "version": 3, "sha256": "x"})).zh
    )


def replay_page(language: Language, told: ReplayJob, result: ReplayResult | None) -> str:
    facts = made_up_scope(li=HOSTILE, wang="小王")
    return page_text(
        language, "audit/replay.html", facts=facts, job=told, open=told.state in ("waiting", "running"),
        result=result_in_words(result, facts) if result is not None else None, states=STATES,
        changed=changed_words(OfficeBooks(), told), statuses=STATUSES, deals=DEALS, decisions=DECISIONS,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_replay_tells_the_money_and_escapes_names(language: Language) -> None:
    text = replay_page(language, job(), replayed(HOSTILE))
    assert "1,234,567.50" in text
    assert "+740,740.50" in text
    assert "-740,740.50" in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert str(in_language(language, STATES["done"])) in text


def test_a_replay_that_is_under_way_asks_again_and_can_be_cancelled() -> None:
    text = replay_page("zh", job("running"), None)
    assert 'hx-trigger="every 1s"' in text
    assert 'max="18"' in text, "each fact is judged on both sides"
    assert "/replays/j1/remove" in text
    assert "hx-trigger" not in replay_page("zh", job("cancelled"), None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_shows_what_was_found_without_its_markup(language: Language) -> None:
    record = SearchedRecord(HOSTILE, "east-1", HOSTILE, "2026-03-02T01:00:00Z", "2026-03-02T01:00:00Z", [])
    found = SearchResult(
        [SearchedCustomer(HOSTILE, "AAAA-BBBB", HOSTILE, HOSTILE, "/in/east/customers/c")], record
    )
    difference = DifferenceAnswer(
        1, "open", "east", "facts", HOSTILE, "r", "owner", HOSTILE, HOSTILE, "2026-03-02T01:00:00Z", "a",
        "2026-03-02T01:00:00Z", None, None, None, None,
    )  # type: ignore[arg-type]  # fmt: skip
    text = page_text(
        language, "audit/overview.html", typed=TypedSearch(HOSTILE), wrong=Wrong(), found=found, asides=[],
        log=LogState(NAME, 7, "root", [HOSTILE], False, [], HOSTILE), checks=StoredChecks(None, [difference], False),
        comparisons=COMPARISONS, may={"replay": True, "access": True, "evidence": True},
    )  # fmt: skip
    assert "<script>alert" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_record_of_access_is_told_in_words(language: Language) -> None:
    entry = ShownAccess(
        7, "2026-03-02T01:00:00Z", "opened", "li", "attribution", "customer.read", "manager", CUSTOMER
    )
    other = ShownAccess(6, "2026-03-02T01:00:00Z", "opened", "w.q", staff="wang")
    page = ShownAccessPage([entry, other], None, ShownChainEnd(7, "ab"))
    text = page_text(
        language, "audit/looked_at.html", shown=page, act="", customer="", since="", until="", wrong=Wrong(),
        acts=ACTS, action_word=action_word, role_word=role_word, case_number=case_number, further=None,
    )  # fmt: skip
    assert "小李" in text
    assert "小王</span>" in text and ">w.q<" not in text, "whose login is another than their id, too"
    assert case_number(CUSTOMER) in text
    assert "customer.read" not in text
    assert str(in_language(language, action_word("customer.read"))) in text


def test_every_act_state_and_comparison_has_its_words() -> None:
    assert set(ACTS) == set(typing.get_args(Act))
    assert set(STATES) == set(typing.get_args(ReplayState))
    assert set(COMPARISONS) == set(typing.get_args(Comparison))
    assert all(action_word(name) != name for name in permission_table().actions)
