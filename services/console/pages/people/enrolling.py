"""The form by which somebody is enrolled: what is typed as an event, and who is there already under a like name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final, get_args

from msgspec import Struct

from services.console.frame.forms import Form, Wrong
from services.console.frame.place_facts import SeenScope
from shared.contract.answers.lists import StaffMember
from shared.contract.events import Role
from shared.i18n import translated

CHANNELS: Final = ("sms", "wecom", "dingtalk", "feishu", "email")
_ASIDE: Final = re.compile(r"\([^)]*\)")
OTHERS: Final = ("number", "title", "team")
FIELDS: Final = {
    "data.staff": "staff", "data.name": "name", "data.role": "role", "data.number": "number",
    "data.title": "title", "data.team": "team", **{f"data.contacts.{one}": one for one in CHANNELS},
}  # fmt: skip


class EnrolmentTyped(Struct, frozen=True):
    """The form as it was typed; `sure` once somebody saw who is there already."""

    fields: dict[str, str]
    sure: bool = False

    @classmethod
    def of(cls, form: Form) -> EnrolmentTyped:
        names = ("staff", "name", "role", *CHANNELS, *OTHERS)
        return cls({name: form[name] for name in names}, form["sure"] == "yes")

    @classmethod
    def fresh(cls) -> EnrolmentTyped:
        return cls(dict.fromkeys(("staff", "name", "role", *CHANNELS, *OTHERS), ""))

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


def enrolment_of(typed: EnrolmentTyped) -> tuple[dict[str, Any], Wrong]:
    """The data of `staff.enrolled`, and what is missing."""
    wrong = Wrong()
    if not typed["staff"]:
        wrong.fields["staff"] = translated("an id is wanted: records name the person by it, for good")
    if not typed["name"]:
        wrong.fields["name"] = translated("the name is wanted, as people are to read it")
    if typed["role"] not in get_args(Role):
        wrong.fields["role"] = translated("choose a role")
    data: dict[str, Any] = {"staff": typed["staff"], "name": typed["name"], "role": typed["role"]}
    contacts = {name: typed[name] for name in CHANNELS if typed[name]}
    data.update({name: typed[name] for name in OTHERS if typed[name]})
    return data | ({"contacts": contacts} if contacts else {}), wrong


def alike(typed: EnrolmentTyped, facts: SeenScope) -> list[StaffMember]:
    """Who is in the scope under this id, or under a name like it: it may be the same person again."""
    if not typed["name"]:
        return []
    return [
        one
        for one in facts.people.values()
        if one.staff == typed["staff"] or names_alike(one.name, typed["name"])
    ]


def names_alike(one: str, other: str) -> bool:
    """The same but for blanks, width, case and asides, one within the other, or one letter of three or more apart."""
    first, second = _bare(one), _bare(other)
    if not first or not second:
        return False
    if first in second or second in first:
        return True
    if len(first) != len(second) or len(first) < 3:
        return False
    return sum(a != b for a, b in zip(first, second, strict=True)) == 1


def ordered(people: Iterable[StaffMember]) -> list[StaffMember]:
    """Those who work first, consultants before others, by name."""
    return sorted(
        people, key=lambda one: (one.departed_at is not None, one.role != "consultant", one.name, one.staff)
    )


def _bare(name: str) -> str:
    return "".join(_ASIDE.sub("", unicodedata.normalize("NFKC", name)).casefold().split())
