"""docs/permissions.md: who may do what, from the table that the services ask.

`.venv/bin/python -m tests.support.permissions_page` writes it anew; a test says when it is not current.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.access.table import Action, permission_table
from tests.support.documents import DOCS

PAGE: Final = DOCS / "permissions.md"
HEAD: Final = """\
# Permissions 权限表

谁可以做什么：每个服务的每个地址都查这一张表，表上没有的一律拒绝。

Who may do what. Every service asks this one table (`shared/access/permissions.yaml`) for each of its addresses; what is
not in it is refused. What a role is and how a caller shows who they are stands in [access.md](access.md).

| 范围 reach | |
|---|---|
| 本人 own | customers that are the caller's own, records that name the caller ([what that is](access.md#reach)) |
| 案场 office | the office at which the role is held |
| 全范围 scope | the scope in which the role is held |
| 授权范围 granted | the scopes over which the role was granted |
| – | may not |

An action marked 🔎 shows the personal data of customers, 📤 hands out all of a scope, 🛠 is privileged: each use of one
goes on the record of access.

This page is made of the table: `.venv/bin/python -m tests.support.permissions_page` writes it anew.
"""
EVENTS: Final = """\
What may be recorded goes by the type of the event (of an approval, by its stage). In a field that says who does
something stands the one in whose name the event comes, or another whom the role may name there. `system` is nobody's
name. Other fields with members of staff say what is recorded of somebody: they are held against nothing, and whoever
enters them answers for them.
"""
REACH: Final = {
    "own": "本人 own",
    "office": "案场 office",
    "scope": "全范围 scope",
    "granted": "授权范围 granted",
}
OF: Final = {"person": "<br>仅人员 people alone", "machine": "<br>仅机器 machines alone", None: ""}
WHO: Final = {
    "anyone": "任何人，无需登录 anyone, without a token",
    "signed_in": "任何已登录者 whoever is signed in",
}


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_tables(), *_events(), *_actions()]) + "\n"


def _tables() -> Iterator[str]:
    table = permission_table()
    for heading, roles in (
        ("Roles of the journal 台账中的角色", table.staff_roles),
        ("Granted roles 授予的角色", table.granted_roles),
    ):
        yield f"## {heading}\n"
        yield f"| | {' | '.join(f'{one.zh}<br>{one.en}{OF[one.of]}' for one in roles.values())} |"
        yield f"|---|{'---|' * len(roles)}"
        for name, action in table.actions.items():
            if action.who == "role":
                cells = " | ".join(REACH[action.may[role]] if role in action.may else "–" for role in roles)
                yield f"| {_title(name, action)} | {cells} |"
        yield ""


def _title(name: str, action: Action) -> str:
    mark = {"opened": " 🔎", "exported": " 📤", "privileged": " 🛠", None: ""}[action.act]
    return f"{action.zh}<br>`{name}`{mark}"


def _events() -> Iterator[str]:
    table = permission_table()
    yield "## Events 事件\n"
    yield EVENTS
    yield "| action | types of events | another's name in |\n|---|---|---|"
    for name, action in table.actions.items():
        if action.events or action.names:
            types, fields = (
                "<br>".join(f"`{one}`" for one in several) for several in (action.events, action.names)
            )
            yield f"| {action.zh} {action.en}<br>`{name}` | {types or '–'} | {fields or '–'} |"
    yield f"\nStated 如实记录: {', '.join(f'`{field}`' for field in table.stated)}.\n"


def _actions() -> Iterator[str]:
    table = permission_table()
    yield "## Addresses 地址\n"
    yield "| action | who | addresses |\n|---|---|---|"
    for name, action in table.actions.items():
        where = "<br>".join(f"`{route}`" for route in action.routes) or "within others"
        who = WHO.get(action.who, "按上表 as above")
        yield f"| {action.zh} {action.en}<br>`{name}` | {who} | {where} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
