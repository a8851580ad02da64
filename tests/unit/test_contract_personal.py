"""What is personal in an event is said by the types of its fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec import inspect

from shared.contract import DATA_TYPES, Carried
from shared.contract.personal import personal_texts, texts_of
from shared.contract.profile import ProfileKeyEntry, catalogue
from shared.contract.schema import event_schema

PAGE = Path(__file__).parents[2] / "docs" / "privacy.md"
PARTIES = {"customer", "companions[]", "members[]"}
OF_PARTY = {"name": "name", "phones[]": "phone", "wechat": "wechat", "relation": "text"}


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_text_says_whether_it_is_personal(event_type: str) -> None:
    """A text of an event that no pattern or closed list confines says by its type whether it is personal."""
    assert [path for path, kind in texts_of(event_type).items() if kind is True] == []


def test_parties_are_personal_wherever_they_stand() -> None:
    """Name, phones, WeChat id and relation of a customer, a companion and a member of a household are personal."""
    found = 0
    for event_type, model in DATA_TYPES.items():
        for field in inspect.type_info(model).fields:  # type: ignore[attr-defined]
            party = next((one for one in PARTIES if one.removesuffix("[]") == field.name), None)
            if party is not None:
                told = personal_texts(event_type)
                assert {part: told.get(f"data.{party}.{part}") for part in OF_PARTY} == OF_PARTY
                found += 1
    assert found == 19


@pytest.mark.parametrize(
    ("event_type", "path", "kind"),
    [
        ("visit.registered", "data.referred_by[].phone", "phone"),
        ("visit.registered", "data.notes", "text"),
        ("visit.registered", "data.channel", False),
        ("followup.recorded", "data.subject", "text"),
        ("customer.recognised", "data.evidence[]", "evidence"),
        ("staff.enrolled", "data.contacts.sms", "address"),
        ("staff.enrolled", "data.name", False),
        ("deal.subscribed", "data.project", False),
    ],
)
def test_kinds(event_type: str, path: str, kind: str | bool) -> None:
    """Contacts, free text, evidence and the addresses of staff are told apart; what names things or staff is open."""
    assert texts_of(event_type)[path] == kind


@pytest.mark.parametrize(("key", "entry"), catalogue().items())
def test_a_key_of_a_profile_is_personal_as_the_catalogue_says(key: str, entry: ProfileKeyEntry) -> None:
    """What the catalogue holds as personal or sensitive is a personal text of the event, and the rest is none."""
    assert (f"data.set.{key}" in personal_texts("profile.recorded")) == (entry.kind != "plain")


def test_the_catalogue_has_the_form_of_66_questions_off() -> None:
    """Each of them is by scheme alone; children, politics, faith, secrets and health among them are sensitive."""
    asked = {key: entry for key, entry in catalogue().items() if key.startswith("mk")}
    assert list(asked) == [f"mk{number:02}" for number in range(1, 67)]
    assert all(entry.by_scheme for entry in asked.values())
    assert {"mk17", "mk35", "mk37", "mk38", "mk40"} <= {k for k, e in asked.items() if e.kind == "sensitive"}


def test_schemas_show_what_is_personal() -> None:
    """Whoever writes a client reads in the schema which texts are personal."""
    party = event_schema("visit.registered")["$defs"]["Party"]["properties"]
    assert party["phones"]["items"]["x-personal"] == "phone"
    assert (
        event_schema("visit.registered")["$defs"]["VisitRegistered"]["properties"]["channel"]["x-personal"]
        is False
    )
    assert Carried.__struct_fields__ == ("register", "row", "attested_by")


def test_the_page_lists_every_personal_text() -> None:
    """docs/privacy.md has a row for each personal text of each event, and none for another."""
    listed = re.findall(r"^\| `(data\.[^`]+)` \| ([a-z]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    told = {
        (re.sub(r"^data\.set\.\w+", "data.set.*", path) if event_type == "profile.recorded" else path, kind)
        for event_type in DATA_TYPES
        for path, kind in personal_texts(event_type).items()
    }
    assert set(listed) == told
    assert len(listed) == len(told)
