"""Whom the texts of an event are of, and what of an event is kept beside it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.contract.plain import is_blank
from shared.contract.sealed import HIDDEN
from shared.sealing.sealing import Draft
from tests.support.intake import admitted, visit
from tests.support.sealing import MemoryVault

COMPANIONS = [
    {"name": "李娜", "phones": ["13800000002"], "relation": "妻子"},
    {"name": "王芳", "phones": ["138****0003"]},
]


def accompanied() -> dict[str, Any]:
    """A visit of a customer with one companion who left a number, one who hid it, and whoever sent them."""
    event = visit()
    event["data"] |= {
        "companions": COMPANIONS,
        "notes": "看三居室",
        "referred_by": [{"phone": "138 0000 0004"}],
    }
    return event


def test_texts_go_under_the_first_contact_of_whom_they_are_of() -> None:
    """A companion's own where there is one; what stands in the event, and who left no number, under the customer's."""
    event, vault = accompanied(), MemoryVault()
    submission = admitted(event)
    draft = Draft(submission.body, submission.type)
    people = {contact: vault.person("demo", contact) for contact in draft.contacts()}
    sealed = msgspec.json.decode(draft.sealed(submission.digest, people)[0])
    assert set(draft.contacts()) == {"+8613800000001", "+8613800000002", "+8613800000004"}
    read = {
        contact: person.open(event["id"], sealed["sealed"]["parts"][person.id])
        for contact, person in people.items()
    }
    assert read == {
        "+8613800000001": {
            "customer.name": "张伟", "customer.phones[0]": "138 0000 0001", "notes": "看三居室",
            "companions[1].name": "王芳", "companions[1].phones[0]": "138****0003",
        },
        "+8613800000002": {
            "companions[0].name": "李娜", "companions[0].phones[0]": "13800000002", "companions[0].relation": "妻子",
        },
        "+8613800000004": {"referred_by[0].phone": "138 0000 0004"},
    }  # fmt: skip
    assert sealed["data"]["companions"][1]["phones"] == [HIDDEN]


def test_phones_are_kept_as_they_were_read() -> None:
    """Those of the customer, of companions and of who sent them, but for one that is hidden."""
    kept = admitted(accompanied()).contacts
    assert kept is not None
    assert msgspec.json.decode(kept) == {
        "138 0000 0001": "+8613800000001", "13800000002": "+8613800000002", "138 0000 0004": "+8613800000004",
    }  # fmt: skip
    enrolled = visit(type="staff.enrolled", data={"staff": "li", "name": "李雷", "role": "consultant"})
    assert admitted(enrolled).contacts is None


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("\u3164", True),
        ("\u3164\u200b ", True),
        ("\u3164看", False),
        ("看", False),
        ("。", False),
        (" ", True),
    ],
)
def test_fillers_that_count_as_letters_are_not_seen(text: str, blank: bool) -> None:
    """However a text begins."""
    assert is_blank(text) == blank
