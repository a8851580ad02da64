"""The registers over HTTP: lists, cards, the level board, the work list, reports and the rows behind their figures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from services.registers.answering.report_answers import ReportAnswer
from services.registers.cli import report_command
from services.registers.lists.kinds import REGISTERS
from services.registers.reports.catalogue import REPORTS
from shared.access.caller import StaffRole
from tests.support.journal import WrittenJournal, local, party, phones, survey, terms
from tests.support.registers import Calling, JournalReader, as_, asked_for, ok, served, staff
from tests.support.tokens import Bearer
from tests.support.workbooks import read_workbook

NOW = "03-20 12:00"


def office_journal() -> WrittenJournal:
    """A fortnight of an office: two consultants, a sale, a follow-up, a plan, a survey, a stranger, a late entry."""
    journal = WrittenJournal()
    journal.visit(
        "03-02 10:00", "a", level="A", channel="报纸", notes="电话 13900001111 也可", next_on="2026-03-12"
    )
    journal.visit("03-03 10:00", "b", by="wang", level="H")
    journal.call("03-04 11:00", "c", by="li", level="B")
    journal.visit("03-05 10:00", "-", by="li")
    journal.follow("03-06 10:00", "a", level="H", next_on="2026-03-09")
    journal.visit("03-02 15:00", "d", by="wang", recorded="03-07 10:00")
    journal.deal("03-10 10:00", "b", "d1", "1000000", by="wang")
    terms(journal, "03-10 10:05", "d1", area="100", payment="mortgage", sign_by="03-17")
    journal.follow("03-11 10:00", "b", by="wang")
    journal.add(
        "plan.made", "03-05 11:00", plan="p0", by="li", kind="follow_up", on="2026-03-06", purpose="回访",
        customer=party("a"), method="phone",
    )  # fmt: skip
    journal.add(
        "plan.made", "03-11 11:00", plan="p1", by="li", kind="follow_up", on="2026-03-20", purpose="带看",
        customer=party("a"), method="phone",
    )  # fmt: skip
    survey(journal, "03-12 10:00", "b", "11111", 5, by="wang")
    journal.add("profile.recorded", "03-12 11:00", customer=party("a"), by="li", set={"occupation": "教师"})
    return journal


@pytest.fixture(scope="module")
def client() -> Iterator[Calling]:
    with served(JournalReader(office_journal().lines(), scheme="habc"), NOW) as client:
        yield client


LI, WANG = staff("consultant", "li"), staff("consultant", "wang")
SUN, GAO, BO = staff("supervisor", "sun"), staff("manager", "gao"), staff("back_office", "bo")


def rows(client: Calling, register: str, caller: Bearer = GAO, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page(client, register, caller, **query)["rows"]
    return found


def page(client: Calling, register: str, caller: Bearer = GAO, **query: Any) -> dict[str, Any]:
    body: dict[str, Any] = ok(client.get(f"/v1/offices/east/registers/{register}", params=query, auth=caller))
    return body


def names(found: list[dict[str, Any]]) -> list[str | None]:
    return [one["name"] for one in found]


@pytest.mark.parametrize("register", REGISTERS)
def test_every_register_can_be_read_and_says_what_stands_in_its_columns(
    client: Calling, register: str
) -> None:
    """Its rows have a value below each heading, and an empty one has its headings all the same."""
    body = page(client, register)
    assert body["total"] == len(body["rows"])
    heads = [one["column"] for one in body["columns"]]
    assert heads == list(REGISTERS[register].fields)
    assert all(one["heading"]["zh"] != one["heading"]["en"] for one in body["columns"])
    assert all(list(row["values"]) == heads for row in body["rows"])


def test_a_register_is_in_the_order_of_happening_or_as_it_is_asked_for(client: Calling) -> None:
    """A late entry stands on its day; by when rows were recorded it is last."""
    assert names(rows(client, "visits")) == ["客户a", "客户d", "客户b", "某先生"]
    assert names(rows(client, "visits", sort="-happened")) == ["某先生", "客户b", "客户d", "客户a"]
    assert names(rows(client, "visits", sort="recorded")) == ["客户a", "客户b", "某先生", "客户d"]
    assert [one["late"] for one in rows(client, "visits")] == [False, True, False, False]


def test_a_register_is_filtered_by_period_staff_channel_level_and_customer(client: Calling) -> None:
    """Each by itself, and together."""
    assert names(rows(client, "visits", **{"from": "2026-03-03", "to": "2026-03-05"})) == ["客户b", "某先生"]
    assert names(rows(client, "visits", staff="wang")) == ["客户d", "客户b"]
    assert names(rows(client, "visits", channel="报纸")) == ["客户a"]
    assert names(rows(client, "visits", level="H")) == ["客户b"]
    assert names(rows(client, "visits", staff="wang", level="A")) == []
    every = rows(client, "visits")
    late = [one for one in every if "late_entry" in one["flags"]]
    assert rows(client, "visits", flag="late_entry") == late != []
    assert rows(client, "visits", flag="any") == [one for one in every if one["flags"]] != every
    number = str(rows(client, "customers", search="客户b")[0]["customer"]["number"])
    assert names(rows(client, "visits", customer=number)) == ["客户b"]


@pytest.mark.parametrize("kind", ["name", "phone", "case", "number"])
def test_a_customer_is_found_by_name_phone_case_number_and_customer_number(
    client: Calling, kind: str
) -> None:
    """Whatever the desk has of them, and nobody else with it."""
    known = {one["name"]: one["customer"] for one in rows(client, "customers")}["客户b"]
    typed = {
        "name": "户b", "phone": phones("b")[0], "case": known["case"].lower(), "number": str(known["number"]),
    }[kind]  # fmt: skip
    assert [one["name"] for one in rows(client, "customers", search=typed)] == ["客户b"]
    assert all(one["name"] == "客户b" for one in rows(client, "visits", search=typed))


def test_pages_of_a_register_hold_together_and_are_of_one_moment(client: Calling) -> None:
    """The cursor keeps the moment; one of another time is refused by its field."""
    seen, cursor = [], None
    for _ in range(9):
        body = page(client, "visits", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += names(body["rows"])
        assert body["total"] == 4
        if (cursor := body["cursor"]) is None:
            break
        kept = cursor
    assert seen == names(rows(client, "visits"))
    query = {"cursor": kept, "known_at": "2026-03-04T00:00:00Z"}
    refused = client.get("/v1/offices/east/registers/visits", params=query, auth=GAO)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "query.cursor")


@pytest.mark.parametrize("other", [{"sort": "-happened"}, {"staff": "wang"}, {"search": "客户"}])
def test_a_cursor_leads_on_in_the_list_that_it_came_with_alone(
    client: Calling, other: dict[str, str]
) -> None:
    """With another order or filter it is refused by field and rule; another size of page is none."""
    cursor = page(client, "visits", limit=1)["cursor"]
    assert len(page(client, "visits", limit=3, cursor=cursor)["rows"]) == 3
    refused = client.get(
        "/v1/offices/east/registers/visits", params={"limit": 1, "cursor": cursor, **other}, auth=GAO
    )
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["path"], error["rule"]) == (422, "query.cursor", "cursor")


def test_a_register_is_as_it_was_known_at_a_time(client: Calling) -> None:
    """The late entry is not in it before it was entered; `as_of` leaves out what happened later."""
    early = local("03-06 12:00").isoformat()
    assert names(rows(client, "visits", known_at=early)) == ["客户a", "客户b", "某先生"]
    assert names(rows(client, "visits", as_of=local("03-02 20:00").isoformat())) == ["客户a", "客户d"]


@pytest.mark.parametrize(
    ("path", "query", "status", "field", "rule"),
    [
        ("registers/visits", {"sort": "shoe"}, 422, "query.sort", "choice"),
        ("registers/visits", {"cursor": "x"}, 422, "query.cursor", "cursor"),
        ("registers/visits", {"known_at": "today"}, 422, "query.known_at", None),
        ("registers/visits", {"from": "2026-03-02", "to": "2026-03-01"}, 422, "query.to", "order"),
        ("registers/visits", {"min_seq": "99999"}, 503, None, None),
        ("registers/shoes", {}, 404, None, None),
        ("reports/traffic", {"by": "shoe"}, 422, "query.by", "grain"),
        ("reports/traffic", {"from": "2001-01-01", "to": "2026-03-01"}, 422, "query.from", "range"),
        ("reports/traffic", {"from": "0001-01-01", "to": "0001-01-01"}, 422, "query.from", "date"),
        ("reports/targets", {"from": "0001-01-01", "to": "0001-01-02"}, 422, "query.from", "date"),
        ("reports/traffic", {"to": "9999-12-31"}, 422, "query.to", "date"),
        ("reports/traffic", {"from": "1772323200"}, 422, "query.from", "date"),
        ("registers/visits", {"from": "2026-02-29"}, 422, "query.from", "date"),
        ("work-list", {"day": "9999-12-31"}, 422, "query.day", "date"),
        ("findings", {"day": "0001-01-01"}, 422, "query.day", "date"),
        ("approvals", {"from": "0001-01-01"}, 422, "query.from", "date"),
        ("level-board", {"to": "9999-12-31"}, 422, "query.to", "date"),
        ("reports/traffic", {"issued": "2099-01-01T00:00:00Z"}, 422, "query.issued", "future"),
        ("reports/traffic/rows", {}, 422, "query.column", None),
        ("registers/visits", {"limit": "many"}, 422, "query.limit", None),
        ("reports/shoes", {}, 404, None, None),
        ("reports/traffic/rows", {"column": "shoe"}, 422, "query.column", "choice"),
        ("reports/traffic/rows", {"column": "visits", "table": "shoe"}, 422, "query.table", "choice"),
        ("reports/traffic/rows", {"column": "visits", "line": "[1]"}, 422, "query.line", "json"),
        ("customers/nobody/card", {}, 404, None, None),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_field_and_rule(
    client: Calling, path: str, query: dict[str, str], status: int, field: str | None, rule: str | None
) -> None:
    """Never an empty answer instead."""
    answer = client.get(f"/v1/offices/east/{path}", params=query, auth=GAO)
    assert answer.status_code == status, answer.text
    if field is not None:
        error = answer.json()["errors"][0]
        assert error["path"] == field
        assert rule in (None, error["rule"])
        assert "--by" not in answer.text
        assert any("\u4e00" <= one <= "\u9fff" for one in error["message"]), "Chinese first"


def test_an_office_that_nobody_knows_is_answered_as_one_of_another_scope(client: Calling) -> None:
    """So nobody learns which offices others have."""
    stranger = staff("manager", "gao", "west", "south")
    answers = [
        client.get(f"/v1/offices/{office}/registers/visits", auth=who)
        for office, who in (("nowhere", GAO), ("east", stranger))
    ]
    assert {one.status_code for one in answers} == {404}


def test_a_consultant_sees_own_rows_and_those_of_own_customers(client: Calling) -> None:
    """Others' visits are in neither the list nor its count; a supervisor of the office sees them all."""
    assert names(rows(client, "visits", LI)) == ["客户a", "某先生"]
    assert page(client, "visits", WANG)["total"] == 2
    assert [one["name"] for one in rows(client, "customers", LI)] == ["客户a", "客户c"]
    assert names(rows(client, "visits", LI, search=phones("b")[0])) == []
    assert len(rows(client, "visits", SUN)) == 4


def test_a_supervisor_of_another_office_finds_no_office_here(client: Calling) -> None:
    """What is out of reach is answered as what does not exist."""
    elsewhere = staff("supervisor", "sun", "west")
    assert client.get("/v1/offices/east/registers/visits", auth=elsewhere).status_code == 404
    assert client.get("/v1/offices/east/reports/traffic", auth=elsewhere).status_code == 404


@pytest.mark.parametrize(
    ("caller", "register", "allowed"),
    [
        (staff("reception", "q"), "visits", True),
        (staff("reception", "q"), "customers", False),
        (LI, "surveys", False),
        (LI, "checks", False),
        (LI, "deals", True),
        (SUN, "surveys", True),
        (staff("auditor", "x"), "checks", True),
    ],
)
def test_each_register_is_for_the_roles_of_its_own_action(
    client: Calling, caller: Bearer, register: str, allowed: bool
) -> None:
    """Who may read one may not read another: 403 says what it is and who may."""
    answer = client.get(f"/v1/offices/east/registers/{register}", auth=caller)
    assert answer.status_code == (200 if allowed else 403), answer.text
    listed = ok(client.get("/v1/offices/east/registers", auth=caller))["registers"]
    assert (register in [one["register"] for one in listed]) == allowed


def contacts(client: Calling, caller: Bearer, who: str) -> str:
    (one,) = [row for row in rows(client, "customers", caller) if row["name"] == f"客户{who}"]
    (shown,) = one["customer"]["contacts"]
    return str(shown)


def test_phones_are_masked_but_for_the_owner_and_who_approves(client: Calling) -> None:
    """The back office sees them on the card of a case alone, an auditor nowhere."""
    clear = f"+86{phones('a')[0]}"
    assert contacts(client, LI, "a") == contacts(client, SUN, "a") == contacts(client, GAO, "a") == clear
    auditor = staff("auditor", "x")
    assert "****" in contacts(client, BO, "a")
    assert "****" in contacts(client, auditor, "a")
    customer = rows(client, "customers", search="客户a")[0]["customer"]["customer"]
    for caller, masked in ((LI, False), (BO, False), (auditor, True)):
        card = ok(client.get(f"/v1/offices/east/customers/{customer}/card", auth=caller))
        assert ("****" in card["customer"]["contacts"][0]) == masked
        assert ("13900001111" in json.dumps(card, ensure_ascii=False)) != masked


def test_phones_within_notes_are_masked_with_them(client: Calling) -> None:
    """Words are no way around it."""
    assert "13900001111" not in json.dumps(rows(client, "visits", BO), ensure_ascii=False)
    assert "13900001111" in json.dumps(rows(client, "visits", GAO), ensure_ascii=False)


def test_the_card_has_two_sides_and_is_turned_by_a_standing_deal(client: Calling) -> None:
    """What was recorded before the deal, and what since; found by id and by case number."""
    known = rows(client, "customers", search="客户b")[0]["customer"]
    for typed in (known["customer"], known["case"]):
        card = ok(client.get(f"/v1/offices/east/customers/{typed}/card", auth=GAO))
        assert [one["register"] for one in card["before"]["rows"]] == ["visits"]
        after = [one["register"] for one in card["after"]["rows"]]
        assert "follow-ups" in after and "surveys" in after
        assert card["deals"][0]["values"]["deal"] == "d1"
        assert card["standing"]["status"] == "won"


def test_a_card_out_of_reach_is_one_that_does_not_exist(client: Calling) -> None:
    """The same words as for a customer whom nobody knows."""
    customer = rows(client, "customers", search="客户b")[0]["customer"]["customer"]
    answers = [client.get(f"/v1/offices/east/customers/{one}/card", auth=LI) for one in (customer, "c" * 36)]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json()["detail"].replace(customer, "c" * 36) == answers[1].json()["detail"]


def test_the_level_board_shows_who_stands_where_and_how_they_moved(client: Calling) -> None:
    """The start of each level is what its movements sum to."""
    query = {"from": "2026-03-05", "to": "2026-03-20"}
    board = ok(client.get("/v1/offices/east/level-board", params=query, auth=GAO))
    stands = {
        one["level"]: [each["customer"]["name"] for each in one["customers"]] for one in board["levels"]
    }
    assert (stands["H"], stands["B"], stands["A"]) == (["客户a"], ["客户c"], [])
    moved = {one["level"]: one for one in board["movements"]}
    assert (moved["A"]["start"], moved["A"]["became"]) == (1, {"H": 1})
    assert moved["H"]["became"] == {"won": 1}
    assert all(one["start"] == sum(one["became"].values()) for one in board["movements"] if one["level"])
    own = ok(client.get("/v1/offices/east/level-board", params=query, auth=WANG))
    assert sum(len(one["customers"]) for one in own["levels"]) == 0


def test_the_work_list_of_a_consultant_has_overdue_due_and_planned(client: Calling) -> None:
    """The longest overdue first; a plan that no record carried out stands on its day."""
    work = ok(client.get("/v1/offices/east/work-list", params={"day": "2026-03-20"}, auth=LI))
    assert [(one["customer"]["name"], one["overdue"]) for one in work["overdue"]] == [
        ("客户a", 12),
        ("客户c", 1),
    ]
    assert [one["plan"] for one in work["plans"]] == ["p1"]
    early = ok(client.get("/v1/offices/east/registers/plans", auth=LI))["rows"]
    assert [(one["values"]["plan"], one["values"]["done"]) for one in early] == [("p0", True), ("p1", False)]
    first = ok(client.get("/v1/offices/east/work-list", params={"day": "2026-03-20", "limit": 1}, auth=LI))
    assert (len(first["overdue"]), first["totals"]) == (1, work["totals"])
    assert work["totals"]["overdue"] == len(work["overdue"]) > 1
    other = ok(client.get("/v1/offices/east/work-list", params={"day": "2026-03-20"}, auth=WANG))
    assert "客户a" not in json.dumps(other, ensure_ascii=False)
    named = ok(client.get("/v1/offices/east/work-list", params={"staff": "li"}, auth=GAO))
    assert named["overdue"] == work["overdue"]


def test_a_report_is_the_document_that_the_command_prints(tmp_path: Path) -> None:
    """Byte for byte, each of them, with the differences to an issued run."""
    journal = office_journal()
    path = tmp_path / "journal.ndjson"
    path.write_bytes(b"\n".join(journal.lines()))
    query = asked_for("03-01", "03-15", NOW, issued=local("03-06 12:00").isoformat())
    options = [part for key, value in query.items() for part in (f"--{key.replace('_', '-')}", value)]
    command = ["--office", "east", "--scheme", "habc", "--journal", str(path), "--json"]
    with served(JournalReader(journal.lines(), scheme="habc"), NOW) as client:
        for name in ("traffic", "due"):
            printed = CliRunner().invoke(report_command, [name, *options, *command])
            answered = client.get(f"/v1/offices/east/reports/{name}", params=query, auth=GAO)
            assert answered.text == printed.stdout.rstrip("\n")
        for name, report in REPORTS.items():
            answer = client.get(f"/v1/offices/east/reports/{report.code}", params=query, auth=GAO)
            said = msgspec.json.decode(answer.content, type=ReportAnswer)
            assert said.report == name
            assert msgspec.to_builtins(said) == answer.json()


def test_every_figure_opens_to_the_rows_that_it_counts(client: Calling) -> None:
    """Of a total and of a line; what each row adds sums to the figure."""
    query = {"from": "2026-03-01", "to": "2026-03-15", "column": "visits"}
    body = ok(client.get("/v1/offices/east/reports/traffic/rows", params=query, auth=GAO))
    assert (body["total"], [one["row"]["name"] for one in body["rows"]]) == (
        4,
        ["客户a", "客户d", "客户b", "某先生"],
    )
    line = ok(
        client.get("/v1/offices/east/reports/R1/rows", params={**query, "line": "2026-03-02"}, auth=GAO)
    )
    assert [one["row"]["name"] for one in line["rows"]] == ["客户a", "客户d"]
    first = ok(client.get("/v1/offices/east/reports/traffic/rows", params={**query, "limit": 3}, auth=GAO))
    rest = {**query, "limit": 3, "cursor": first["cursor"]}
    second = ok(client.get("/v1/offices/east/reports/traffic/rows", params=rest, auth=GAO))
    assert [one["id"] for one in first["rows"] + second["rows"]] == [one["id"] for one in body["rows"]]


def test_a_consultants_report_has_own_figures_counted_over_everything(client: Calling) -> None:
    """Whether a visit is the first of its customer is told by all records; the figures are of own rows."""
    query = {"from": "2026-03-01", "to": "2026-03-15"}
    whole, own = (
        ok(client.get("/v1/offices/east/reports/traffic", params=query, auth=who))["tables"][0]["total"]
        for who in (GAO, LI)
    )
    assert (whole["figures"]["visits"]["value"], own["figures"]["visits"]["value"]) == ("4", "2")
    due = ok(client.get("/v1/offices/east/reports/due", params={}, auth=WANG))
    assert "客户a" not in json.dumps(due, ensure_ascii=False)


def test_a_consultant_is_told_own_means_of_satisfaction_and_no_survey(client: Calling) -> None:
    """What a customer said of somebody stays with the supervisor."""
    query = {"from": "2026-03-01", "to": "2026-03-15"}
    own = ok(client.get("/v1/offices/east/reports/satisfaction", params=query, auth=WANG))
    assert [one["table"] for one in own["tables"]] == ["means"]
    assert own["tables"][0]["total"]["figures"]["surveys"]["value"] == "1"
    other = ok(client.get("/v1/offices/east/reports/satisfaction", params=query, auth=LI))
    assert other["tables"][0]["total"]["figures"]["surveys"]["value"] == "0"
    assert client.get("/v1/offices/east/reports/checks", params=query, auth=LI).status_code == 403


def test_what_is_shown_goes_on_the_record_of_access() -> None:
    """Which register or report, of which scope, by which role, how many rows; and which sensitive keys."""
    passed: list[Any] = []

    async def note(passage: Any) -> None:
        passed.append(passage)

    with served(JournalReader(office_journal().lines()), NOW, note) as client:
        visits = rows(client, "visits", LI)
        customer = visits[0]["customer"]["customer"]
        ok(client.get("/v1/offices/east/reports/due", auth=GAO))
        ok(client.get(f"/v1/offices/east/customers/{customer}/sensitive", auth=LI))
    told = [(one.action, one.shown.scope, one.role, one.shown.count) for one in passed]
    assert told[0] == ("register.list", "north", "consultant", 2)
    assert passed[0].shown.detail == "register visits"
    assert told[1][:3] == ("report.read", "north", "manager")
    assert (told[2][0], passed[2].shown.customer) == ("profile.read_sensitive", customer)


def test_sensitive_keys_are_told_at_their_own_address_alone() -> None:
    """Neither in the register of profiles nor on the card; who read which of them is on record."""
    journal, passed = office_journal(), []
    said = {"occupation": "教师", "mk17": "一子"}
    journal.add("profile.recorded", "03-13 11:00", customer=party("a"), by="li", set=said)

    async def note(passage: Any) -> None:
        passed.append(passage)

    with served(JournalReader(journal.lines()), NOW, note) as client:
        customer = rows(client, "profiles")[0]["customer"]["customer"]
        card = ok(client.get(f"/v1/offices/east/customers/{customer}/card", auth=GAO))
        shown = json.dumps([rows(client, "profiles"), card], ensure_ascii=False)
        assert ("教师" in shown, "一子" in shown) == (True, False)
        assert [one["withheld"] for one in card["profile"] if one["key"] == "mk17"] == [True]
        told = ok(client.get(f"/v1/offices/east/customers/{customer}/sensitive", auth=LI))
        assert [(one["key"], one["value"]) for one in told["profile"]] == [("mk17", "一子")]
        auditor = client.get(f"/v1/offices/east/customers/{customer}/sensitive", auth=staff("auditor", "x"))
        assert auditor.status_code == 403
    assert [one.shown.detail for one in passed if one.action == "profile.read_sensitive"] == ["profile mk17"]


def test_roles_at_two_offices_reach_what_each_of_them_does() -> None:
    """A consultant here who is a supervisor there sees own rows here."""
    roles = (
        StaffRole("north", "east", "consultant", "li"),
        StaffRole("north", "west", "supervisor", "li"),
    )
    with served(JournalReader(office_journal().lines()), NOW) as client:
        assert names(rows(client, "visits", as_(*roles))) == ["客户a", "某先生"]


SECRET = "13900000055"
FULL_WIDTH = SECRET.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
SPOKEN = f"他说打 {SECRET}，{FULL_WIDTH} 或010-62345678，tel01062345678，微信 lao_zhang88"
LEAKS = (SECRET, FULL_WIDTH, "62345678", "lao_zhang88", "1391234")
HELD_REPORTS = [name for name in REPORTS if name != "checks"]


def outspoken_journal() -> WrittenJournal:
    """A customer of wang's who is received, called and complained about by li, with contacts in every free text."""
    journal = office_journal()
    named: Any = {"name": "王13912345678", "phones": ["13712345678"]}
    said: dict[str, Any] = {"purpose": SPOKEN, "notes": SPOKEN, "next_step": SPOKEN, "next_on": "2026-03-16"}
    journal.visit("03-12 12:00", named, by="wang", channel="139 1234 5678", level="A", **said)
    journal.visit("03-14 10:00", named, by="li", channel="139 1234 5678", level="A", **said)
    journal.follow("03-14 11:00", named, by="li", subject=SPOKEN, content=SPOKEN)
    journal.add(
        "plan.made", "03-14 12:00", plan="p9", by="li", kind="follow_up", on="2026-03-16", purpose=SPOKEN,
        customer=named, method="phone", place=SPOKEN,
    )  # fmt: skip
    journal.add(
        "feedback.received", "03-14 13:00", feedback="f1", kind="complaint", content=SPOKEN, customer=named,
        against="wang",
    )  # fmt: skip
    journal.add(
        "feedback.answered", "03-14 14:00", feedback="f1", by="sun", action=SPOKEN, outcome="resolved"
    )
    journal.add(
        "worklog.submitted", "03-15 18:00", by="li", kind="daily", from_="2026-03-15", to="2026-03-15",
        done=SPOKEN, planned=SPOKEN,
    )  # fmt: skip
    return journal


@pytest.fixture(scope="module")
def outspoken() -> Iterator[Calling]:
    with served(JournalReader(outspoken_journal().lines(), scheme="habc"), NOW) as client:
        yield client


def customer_named(client: Calling, name: str, caller: Bearer) -> str:
    (found,) = [one for one in rows(client, "customers", caller) if one["name"] == name]
    return str(found["customer"]["customer"])


HALF_MONTH = {"from": "2026-03-01", "to": "2026-03-15"}
AUDITOR = staff("auditor", "x")


def answered(client: Calling, path: str, caller: Bearer, **query: Any) -> str:
    return json.dumps(
        ok(client.get(f"/v1/offices/east/{path}", params=query, auth=caller)), ensure_ascii=False
    )


@pytest.mark.parametrize("who", [LI, BO, AUDITOR], ids=["consultant", "back_office", "auditor"])
def test_whoever_may_not_see_phones_sees_them_masked_in_every_report(
    outspoken: Calling, who: dict[str, str]
) -> None:
    """In notes, complaints, logs, names and channels, also as keys of lines; figures and ids are the same."""
    for name in HELD_REPORTS:
        grains = ("channel", "day") if name == "traffic" else (None,)
        for grain in grains:
            by = {"by": grain} if grain else {}
            shown = answered(outspoken, f"reports/{name}", who, **HALF_MONTH, **by)
            assert [leak for leak in LEAKS if leak in shown or leak in shown.replace(" ", "")] == [], name
    clear = answered(outspoken, "reports/activity", GAO, **HALF_MONTH)
    assert SECRET in clear
    assert "王13912345678" in clear


def test_masking_leaves_figures_ids_and_words_without_contacts_as_they_are(client: Calling) -> None:
    """A report without contacts in its words is the same for whoever reaches all of it."""
    for name in REPORTS:
        manager, auditor = (answered(client, f"reports/{name}", who, **HALF_MONTH) for who in (GAO, AUDITOR))
        assert auditor == manager.replace("13900001111", "139****1111"), name


@pytest.mark.parametrize("who", [GAO, LI, AUDITOR], ids=["manager", "consultant", "auditor"])
def test_a_report_without_ids_says_how_many_rows_are_behind_each_figure(
    outspoken: Calling, who: dict[str, str]
) -> None:
    """And is otherwise the same, masked as it is with them."""
    for name in HELD_REPORTS:
        whole = json.loads(answered(outspoken, f"reports/{name}", who, **HALF_MONTH))
        told = json.loads(answered(outspoken, f"reports/{name}", who, **HALF_MONTH, ids="false"))
        msgspec.convert(told, ReportAnswer)
        for table in whole["tables"]:
            for line in [*table["lines"], *([table["total"]] if table["total"] else [])]:
                for figure in line["figures"].values():
                    figure["rows"] = len(figure.pop("ids"))
        assert told == whole, name


def test_a_line_is_opened_by_the_key_that_its_reader_was_shown(outspoken: Calling) -> None:
    """A channel that is a phone is masked as a key too, and leads to the same rows."""
    query = {**HALF_MONTH, "by": "channel"}
    table = json.loads(answered(outspoken, "reports/traffic", AUDITOR, **query))["tables"][0]
    (line,) = [one for one in table["lines"] if "139****5678" in one["line"]]
    asked = {**query, "column": "visits", "line": json.dumps(line["line"])}
    assert json.loads(answered(outspoken, "reports/traffic/rows", AUDITOR, **asked))["total"] == 2


def test_names_channels_and_words_of_rows_are_masked_alike(outspoken: Calling) -> None:
    """In registers, the card, the level board, the work list and approvals, whatever the digits touch."""
    paths = ["level-board", "work-list", "approvals", "findings"]
    customer = customer_named(outspoken, "王13912345678", GAO)
    for path in [*(f"registers/{one}" for one in REGISTERS), *paths, f"customers/{customer}/card"]:
        query = {"day": "2026-03-16"} if path == "work-list" else {}
        shown = answered(outspoken, path, AUDITOR, **query)
        assert [leak for leak in LEAKS if leak in shown.replace(" ", "")] == [], path


@pytest.mark.parametrize(
    "path", ["registers/visits", "registers/logs", "reports/activity", "reports/complaints"]
)
def test_workbooks_are_masked_as_what_they_export(outspoken: Calling, path: str) -> None:
    """A form or a report as a file shows no more than its page, and opens where words are left out."""
    for who in (AUDITOR, WANG):
        if (path, who) == ("registers/logs", WANG):
            continue
        answer = outspoken.get(f"/v1/offices/east/{path}/workbook", params=HALF_MONTH, auth=who)
        assert answer.status_code == 200, answer.text
        told = "".join(text for sheet in read_workbook(answer.content) for text in sheet.texts())
        assert who is WANG or [leak for leak in LEAKS if leak in told.replace(" ", "")] == []
        assert (path, who) != ("reports/complaints", WANG) or "他说打" not in told


def test_a_consultant_sees_no_words_of_complaints(outspoken: Calling) -> None:
    """Of own customers the report says how many there were; neither its rows nor the card say what was said."""
    for line in ({}, {"column": "received"}):
        path = "reports/complaints/rows" if line else "reports/complaints"
        shown = answered(outspoken, path, WANG, **HALF_MONTH, **line)
        assert "他说打" not in shown
    totals = json.loads(answered(outspoken, "reports/R16", WANG, **HALF_MONTH))["tables"][0]
    assert (totals["lines"], totals["total"]["figures"]["received"]["value"]) == ([], "1")
    customer = customer_named(outspoken, "王13912345678", WANG)
    card = json.loads(answered(outspoken, f"customers/{customer}/card", WANG))
    kinds = [one["register"] for side in ("before", "after") for one in card[side]["rows"]]
    assert "visits" in kinds
    assert "feedback" not in kinds


def test_a_list_by_customer_pages_over_blanks_in_names_and_tells_no_name_by_its_cursor() -> None:
    """张 伟 and 张伟 are one name: the rows of each customer of that name stand together, none is lost or comes twice
    from page to page, either way around; and a cursor, which stands in logs of proxies, holds no name."""
    journal = WrittenJournal()
    for at, name, phone in (
        ("03-02 10:00", "张伟", "13900000001"), ("03-02 11:00", "张 伟", "13900000002"),
        ("03-02 12:00", "张伟", "13900000001"), ("03-02 13:00", "张　伟", "13900000002"),
        ("03-02 14:00", "李雷", "13900000003"), ("03-02 15:00", "张伟", "13900000001"),
    ):  # fmt: skip
        journal.visit(at, {"name": name, "phones": [phone]})  # type: ignore[arg-type]
    with served(JournalReader(journal.lines()), NOW) as client:
        for sort in ("customer", "-customer"):
            found: list[dict[str, Any]] = []
            query: dict[str, Any] = {"sort": sort, "limit": 2}
            while True:
                page = ok(client.get("/v1/offices/east/registers/visits", params=query, auth=GAO))
                found += page["rows"]
                if page["cursor"] is None:
                    break
                query["cursor"] = page["cursor"]
                said = base64.urlsafe_b64decode(page["cursor"] + "==").decode()
                assert not any(part in said for part in ("张", "伟", "李雷"))
            assert len({row["row"] for row in found}) == len(found) == 6
            of = [row["customer"]["number"] for row in found]
            assert of == ([1, 1, 1, 2, 2, 3] if sort == "customer" else [3, 2, 2, 1, 1, 1])
