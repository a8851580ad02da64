"""Who may record: each type of event by each role, the actor, and whoever is named as deciding."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from services.intake.admission.authority import DECIDERS, CallerRights
from services.intake.model.submission import ForbiddenEvent
from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.table import permission_table
from shared.contract import decode_event
from shared.contract.events import Data, RecordApproved
from tests.support.contract import DATA, envelope
from tests.support.tokens import every_role

TABLE = permission_table()
EVENTS = {type_: envelope(type_, recorded_at=None) for type_ in DATA}


def caller(*roles: StaffRole | GrantedRole, login: str = "somebody") -> Caller:
    staff = tuple(one for one in roles if isinstance(one, StaffRole))
    granted = tuple(one for one in roles if isinstance(one, GrantedRole))
    return Caller("a-1", "person", login, "s-1", 2e9, staff, granted)


def refusal(who: Caller, event: dict[str, Any], **data: Any) -> ForbiddenEvent | None:
    """What speaks against an event, with other data where a test says so."""
    changed = {**event, "data": {**event["data"], **data}}
    return CallerRights(TABLE, who)(decode_event(msgspec.json.encode(changed), recorded=False))


def own(event: dict[str, Any], who: str) -> dict[str, Any]:
    """The event in somebody's name, who decides everything in it."""
    data = dict(event["data"])
    for name in DECIDERS:
        if name in data:
            data[name] = [who] if isinstance(data[name], list) else who
    if event["type"] == RecordApproved.TYPE:
        data["by"] = who
    return {**event, "scope": "east", "office": "east-1", "actor": who, "data": data}


def test_every_type_of_event_is_of_one_action() -> None:
    """None may be recorded by whoever is signed in merely because the table forgot it."""
    assert set(EVENTS) == {data.TYPE for data in get_args(Data)}
    assert {TABLE.action_of(type_) for type_ in EVENTS} >= {
        "event.record",
        "event.decide",
        "event.enrol",
        "event.adopt",
    }


@pytest.mark.parametrize("role", [*TABLE.staff_roles, *TABLE.granted_roles])
@pytest.mark.parametrize("type_", sorted(EVENTS))
def test_a_role_records_what_its_cell_says(type_: str, role: str) -> None:
    """Cell by cell: allowed at the own office; elsewhere as far as the role reaches; in another scope not at all."""
    held = every_role()[role]
    name = held.staff if isinstance(held, StaffRole) else "somebody"
    who = caller(held)
    event = own(EVENTS[type_], name)
    reach = TABLE.actions[TABLE.action_of(type_)].may.get(role)
    here = refusal(who, event)
    assert (here is None) == (reach is not None), here
    if here is not None:
        assert (here.path, here.rule, here.status) == ("type", "permitted", 403)
    elsewhere = refusal(who, {**event, "office": "east-2"})
    assert (elsewhere is None) == (reach in ("scope", "granted"))
    if reach == "office":
        assert elsewhere is not None and (elsewhere.path, elsewhere.status) == ("office", 403)
    other = refusal(who, {**event, "scope": "west"})
    assert other is not None and (other.path, other.status) == ("scope", 404)


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
