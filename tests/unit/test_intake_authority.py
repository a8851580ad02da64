"""Who may record: each type of event by each role, the actor, and whoever is named as doing something."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from services.intake.admission.authority import CallerRights
from services.intake.model.submission import ForbiddenEvent
from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.naming import event_key, event_keys
from shared.access.table import permission_table
from shared.contract import decode_event
from shared.contract.events import Data
from tests.support.contract import DATA, envelope
from tests.support.tokens import every_role

TABLE = permission_table()
EVENTS = {type_: envelope(type_, recorded_at=None) for type_ in DATA}
KINDS = {
    key: EVENTS[type_] if stage == "" else envelope(type_, recorded_at=None, data={"stage": stage})
    for key in event_keys()
    for type_, _, stage in [key.partition(":")]
}
HELD = sorted(field for action in TABLE.actions.values() for field in action.names)
ROLES = [*TABLE.staff_roles, *TABLE.granted_roles]


def caller(*roles: StaffRole | GrantedRole, login: str = "somebody") -> Caller:
    staff = tuple(one for one in roles if isinstance(one, StaffRole))
    granted = tuple(one for one in roles if isinstance(one, GrantedRole))
    return Caller("a-1", "person", login, "s-1", 2e9, staff, granted)


def named(event: dict[str, Any], way: str, who: str) -> dict[str, Any]:
    """The event with somebody in one of its fields, or in the envelope's `carried`."""
    if way.startswith("carried."):
        return {**event, "carried": {"register": "旧登记本", "row": 1, way.partition(".")[2]: who}}
    many = way == "approved_by"
    return {**event, "data": {**event["data"], way: [who] if many else who}}


def own(event: dict[str, Any], who: str) -> dict[str, Any]:
    """The event in somebody's name, who does everything in it."""
    for type_, way in map(str.split, HELD):
        if type_ == event["type"] and "." not in way:
            event = named(event, way, who)
    return {**event, "scope": "east", "office": "east-1", "actor": who}


def refusal(who: Caller, event: dict[str, Any], **data: Any) -> ForbiddenEvent | None:
    """What speaks against an event, with other data where a test says so."""
    changed = {**event, "data": {**event["data"], **data}}
    read = decode_event(msgspec.json.encode(changed), recorded=False, imported="carried" in changed)
    return CallerRights(TABLE, who)(read)


def test_every_type_of_event_is_of_one_action() -> None:
    """None may be recorded by whoever is signed in merely because the table forgot it."""
    assert set(EVENTS) == {data.TYPE for data in get_args(Data)}
    for key, event in KINDS.items():
        read = decode_event(msgspec.json.encode(event), recorded=False)
        assert event_key(read) == key
        assert key in TABLE.actions[TABLE.action_of(read)].events


@pytest.mark.parametrize("role", ROLES)
def test_a_role_records_what_its_cell_says(role: str) -> None:
    """Cell by cell: allowed at the own office; elsewhere as far as the role reaches; in another scope not at all."""
    assert len(KINDS) > 40
    for key in sorted(KINDS):
        recorded_as_the_cell_says(key, role)


def recorded_as_the_cell_says(key: str, role: str) -> None:
    held = every_role()[role]
    name = held.staff if isinstance(held, StaffRole) else "somebody"
    who = caller(held)
    event = own(KINDS[key], name)
    if event["type"] == "staff.enrolled":
        event["data"] = {**event["data"], "staff": "li"}
    (action,) = [name for name, action in TABLE.actions.items() if key in action.events]
    reach = TABLE.actions[action].may.get(role)
    here = refusal(who, event)
    assert (here is None) == (reach is not None), (key, here)
    if here is not None:
        assert (here.path, here.rule, here.status) == ("type", "permitted", 403), key
    elsewhere = refusal(who, {**event, "office": "east-2"})
    assert (elsewhere is None) == (reach in ("scope", "granted")), key
    if reach == "office":
        assert elsewhere is not None and (elsewhere.path, elsewhere.status) == ("office", 403), key
    other = refusal(who, {**event, "scope": "west"})
    assert other is not None and (other.path, other.status) == ("scope", 404), key


@pytest.mark.parametrize("role", ROLES)
def test_another_stands_in_a_field_as_its_cell_says(role: str) -> None:
    """Cell by cell: who does something is the one in whose name the event comes, or whom the role may name there."""
    assert len(HELD) > 30
    for field in HELD:
        named_as_the_cell_says(field, role)


def named_as_the_cell_says(field: str, role: str) -> None:
    type_, way = field.split()
    held = every_role()[role]
    who = caller(held)
    event = own(EVENTS[type_], held.staff if isinstance(held, StaffRole) else "somebody")
    if refusal(who, event) is not None:
        return
    (action,) = [name for name, action in TABLE.actions.items() if field in action.names]
    found = refusal(who, named(event, way, "another"))
    assert (found is None) == (role in TABLE.actions[action].may), (field, found)
    if found is not None:
        path = way if "." in way else f"data.{way}"
        assert found.path in (path, f"{path}[0]"), field
        assert (found.rule, found.status) == (
            "signed" if TABLE.actions[action].privileged else "caller",
            403,
        ), field
    system = refusal(who, named(event, way, "system"))
    assert system is not None and system.path.startswith(
        found.path if found is not None else ("data", "carried")
    ), field


def test_what_another_signed_is_noted_with_the_role_by_which_it_is_entered() -> None:
    """And what is one's own is not."""
    held = every_role()["manager"]
    assert isinstance(held, StaffRole)
    for type_, way in (("dispute.ruled", "ruled_by"), ("visit.registered", "carried.attested_by")):
        for signer, noted in ((held.staff, []), ("another", ["manager"])):
            event = named(own(EVENTS[type_], held.staff), way, signer)
            rights = CallerRights(TABLE, caller(held))
            read = decode_event(msgspec.json.encode(event), recorded=False, imported=True)
            assert rights(read) is None
            assert [one.role for one in rights.privileged] == noted, (type_, signer)


OFFICE = {role: caller(held) for role, held in every_role().items() if isinstance(held, StaffRole)}


def may(role: str, type_: str, **data: Any) -> bool:
    """Whether a member of the office may record it in the own name, with this in its data."""
    return refusal(OFFICE[role], own(EVENTS[type_], f"staff-{role}"), **data) is None


def test_a_consultant_records_own_work_alone() -> None:
    """Own visits, calls, follow-ups and deals, and that they go out and come back: nobody else's."""
    fields = {
        "visit.registered": "received_by", "call.registered": "answered_by", "outreach.registered": "by",
        "followup.recorded": "by", "deal.subscribed": "closed_by", "staff.away": "staff", "staff.back": "staff",
        "survey.recorded": "consultant", "customer.recognised": "by", "dispute.evidence_added": "by",
    }  # fmt: skip
    for type_, field in fields.items():
        assert may("consultant", type_), type_
        assert not may("consultant", type_, **{field: "wang"}), type_


def test_the_front_desk_enters_who_received_and_who_is_out() -> None:
    """Not what somebody sold or disputes: that is said by themselves, or entered by whom they answer to."""
    assert may("reception", "shift.opened")
    assert may("reception", "visit.registered", received_by="wang")
    assert may("reception", "staff.away", staff="wang")
    assert not may("reception", "deal.subscribed")
    assert not may("reception", "dispute.opened")
    assert not may("reception", "record.corrected", requested_by="wang")


def test_shifts_are_opened_by_the_desk_or_above() -> None:
    """The order of the day is the supervisor's; a consultant does not put themselves first."""
    opened = {role for role in OFFICE if may(role, "shift.opened")}
    assert opened == set(OFFICE) - {"consultant", "auditor"}


def test_a_dispute_is_opened_by_a_party_or_by_who_may_rule() -> None:
    """A consultant in the own name; who may rule, for who came to them; in the name of the system nobody."""
    assert may("consultant", "dispute.opened")
    assert not may("consultant", "dispute.opened", opened_by="wang")
    assert may("supervisor", "dispute.opened", opened_by="wang")
    for role in OFFICE:
        assert not may(role, "dispute.opened", opened_by="system"), role
    registry = caller(GrantedRole("registry", ("east",)))
    for event in (
        own(EVENTS["dispute.opened"], "system"),
        named(own(EVENTS["dispute.opened"], "li"), "opened_by", "system"),
        own(EVENTS["staff.enrolled"], "li")
        | {"data": {"staff": "system", "name": "系统", "role": "manager"}},
    ):
        assert refusal(registry, event) is not None


def test_deals_are_signed_and_cancelled_by_who_keeps_the_papers_or_above() -> None:
    """A consultant neither cancels another's deal nor puts an own one beyond a ruling."""
    for type_ in ("deal.signed", "deal.cancelled"):
        assert not may("consultant", type_) and not may("reception", type_)
        assert may("supervisor", type_) and may("back_office", type_) and may("manager", type_)


def test_who_received_reviews_the_record_and_others_approve_and_file_it() -> None:
    """Three stages of a record: the first by whoever wrote it, the others not."""
    assert may("consultant", "record.approved", stage="reviewed")
    assert not may("consultant", "record.approved", stage="reviewed", by="wang")
    assert not may("consultant", "record.approved", stage="approved")
    assert may("supervisor", "record.approved", stage="approved")
    assert may("back_office", "record.approved", stage="filed")


def test_nobody_gives_themselves_a_role() -> None:
    """Who enrols others does not make themselves something else, nor moves; the own contacts they may change."""
    back = OFFICE["back_office"]
    enrolled = own(EVENTS["staff.enrolled"], "staff-back_office")
    mine = {"staff": "staff-back_office", "name": "金"}
    assert refusal(back, enrolled, **mine, role="back_office") is None
    found = refusal(back, enrolled, **mine, role="general_manager")
    assert found is not None and (found.path, found.status) == ("data.role", 403)
    assert refusal(back, {**enrolled, "office": "east-2"}, **mine, role="back_office") is not None
    assert refusal(back, enrolled, staff="li", role="manager") is None


def test_a_role_names_others_at_its_own_office_alone() -> None:
    """Who supervises one office and sells at another records nobody's work there but their own."""
    both = caller(
        StaffRole("east", "east-1", "consultant", "chen"), StaffRole("east", "east-2", "supervisor", "chen")
    )
    visit = own(EVENTS["visit.registered"], "chen")
    assert refusal(both, visit) is None
    assert refusal(both, visit, received_by="wang") is not None
    assert refusal(both, {**visit, "office": "east-2"}, received_by="wang") is None


VISIT = own(EVENTS["visit.registered"], "li")
LI = StaffRole("east", "east-1", "consultant", "li")


def test_the_actor_is_the_caller() -> None:
    """A consultant enters nothing in a colleague's name; a desk at which staff are signed in does."""
    assert refusal(caller(LI), VISIT) is None
    forged = refusal(caller(LI), {**VISIT, "actor": "wang"})
    assert forged is not None and (forged.path, forged.rule, forged.status) == ("actor", "caller", 403)
    assert "li" in forged.message
    assert refusal(caller(GrantedRole("desk", ("east",))), {**VISIT, "actor": "wang"}) is None


def test_who_has_two_roles_acts_under_either_name() -> None:
    """The same person is known by another id in another office; by neither in a scope where they are nobody."""
    both = caller(LI, StaffRole("east", "east-2", "consultant", "li-2"))
    assert refusal(both, {**VISIT, "actor": "li-2"}) is None
    assert refusal(both, {**VISIT, "actor": "somebody"}) is not None


def test_whom_the_journal_does_not_know_acts_under_the_login() -> None:
    head = caller(GrantedRole("head_office", ("east",)), login="zhang")
    adopted = own(EVENTS["rulebook.adopted"], "zhang")
    assert refusal(head, adopted) is None
    assert refusal(head, {**adopted, "actor": "gao"}) is not None


MANAGED = {
    "dispute.ruled": "ruled_by",
    "complaint.upheld": "decided_by",
    "concealment.found": "decided_by",
    "claim.transferred": "approved_by",
    "record.corrected": "approved_by",
    "record.approved": "by",
    "customer.recognised": "confirmed_by",
}


@pytest.mark.parametrize(("type_", "field"), MANAGED.items())
def test_who_is_named_as_deciding_is_the_caller_or_signed_a_paper(type_: str, field: str) -> None:
    """Forged by a consultant, or by a supervisor who may record it: refused by its field; a back office enters it."""
    many = field == "approved_by"
    event = own(EVENTS[type_], "chen")
    forged: Any = ["gao"] if many else "gao"
    supervisor = caller(StaffRole("east", "east-1", "supervisor", "chen"))
    assert refusal(supervisor, event) is None
    found = refusal(supervisor, event, **{field: forged})
    assert found is not None
    assert (found.path, found.rule, found.status) == (f"data.{field}{'[0]' * many}", "signed", 403)
    by_consultant = refusal(caller(LI), {**own(EVENTS[type_], "li")}, **{field: forged})
    assert by_consultant is not None and by_consultant.status == 403
    for role in ("back_office", "admin_manager", "manager"):
        signer = caller(StaffRole("east", "east-1", role, "jin"))
        assert refusal(signer, {**event, "actor": "jin"}, **{field: forged}) is None
    desk = caller(GrantedRole("desk", ("east",)))
    assert refusal(desk, event, **{field: forged}) is not None, "a desk's staff decide for themselves"
    assert refusal(caller(GrantedRole("registry", ("east",))), event, **{field: forged}) is None
