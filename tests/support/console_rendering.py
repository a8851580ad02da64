"""A page of the console with a made-up frame around it: of a scope, for somebody, without a service behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from services.console.frame.navigation import OfficePlace
from services.console.frame.office_books import OfficeBooks
from services.console.frame.place_facts import SeenScope
from services.console.frame.templates import rendered
from services.console.frame.words import Language
from shared.contract.answers.lists import StaffMember
from shared.contract.answers.scopes import RulebookInForce, ScopeAnswer
from shared.ids import OfficeId, ScopeId, StaffId
from shared.platform.place_names import PlaceNames

NOW = datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
PLACE = OfficePlace("east", "east-1")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def made_up_scope(**people: str) -> SeenScope:
    """The scope `east` with an office and these people by id."""
    staff = {
        key: StaffMember(
            ScopeId("east"), StaffId(key), name, "consultant", OfficeId("east-1"), None, None, "enrolled", None, None
        )
        for key, name in people.items()
    }  # fmt: skip
    scope = ScopeAnswer(
        as_of_seq=7, scope=ScopeId("east"), offices=[OfficeId("east-1")],
        rulebook=RulebookInForce("shijiazhuang", 1), timezone="Asia/Shanghai",
    )  # fmt: skip
    return SeenScope(scope, ZONE, staff)


def page_text(language: Language, template: str, **values: Any) -> str:
    """A page as a browser gets it."""
    frame = {
        "page": SimpleNamespace(
            caller=SimpleNamespace(login="gao"), path="/here", again="/here", now=NOW, language=language,
            may=lambda *_: True, keeps_accounts=False
        ),
        "place": PLACE, "room": "", "rooms": [], "facts": made_up_scope(li="小李", wang="小王"), "zone": ZONE,
        "now": NOW, "notice": None, "asset": lambda name: f"/assets/{name}",
        "cited": OfficeBooks().cited, "cites": OfficeBooks().cites,
        "own_name": lambda: "高经理",
        "called": lambda: "高经理",
        "office_name": PlaceNames().office, "scope_name": PlaceNames().scope,
    }  # fmt: skip
    return rendered(language, template, frame | values)
