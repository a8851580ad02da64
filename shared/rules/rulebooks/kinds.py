"""Kinds of values in a rulebook: each reads one node, or says in an office's words what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from shared.platform.officefile.nodes import ListNode, Node, ScalarNode
from shared.rules.domain.rulebook import Period
from shared.rules.rulebooks.folder import MAX_VERSION

Kind = Callable[[Node], object]

ROLES = (
    "consultant",
    "supervisor",
    "manager",
    "director",
    "back_office",
    "admin_manager",
    "general_manager",
    "reception",
    "auditor",
)
METHODS = ("door_visit", "invitation", "phone", "web_chat", "sms", "other")
MAX_TEXT = 500
WHOLE = 10_000
_PERIOD = re.compile(r"(?P<days>[1-9][0-9]{0,3}) days?|(?P<months>[1-9][0-9]{0,2}) months?")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_CLAUSE = re.compile(r"\S(.{0,62}\S)?")


class WrongError(ValueError):
    """A node that does not say what its key needs; the text is the reason."""

    def __init__(self, node: Node, reason: str) -> None:
        self.line = node.line
        super().__init__(reason)


def shown(node: Node) -> str:
    """The node as the office wrote it, short."""
    if isinstance(node, ScalarNode):
        return repr(node.text) if not node.plain else node.text[:60] or "nothing"
    return "a list" if isinstance(node, ListNode) else "a mapping"


def text(node: Node) -> str:
    """Words that are not blank."""
    if not isinstance(node, ScalarNode) or node.null:
        raise WrongError(node, f"wrong type: text is needed, not {shown(node)}")
    if not node.textual:
        raise WrongError(
            node, f"wrong type: YAML reads {node.text} as something other than text; put it in quotes"
        )
    if not node.text.strip() or len(node.text) > MAX_TEXT:
        raise WrongError(node, f"text of 1 to {MAX_TEXT} characters is needed")
    return node.text


def clause(node: Node) -> str:
    """The number of a clause as the document has it; 4 and "4" are the same, 1.10 needs its quotes."""
    whole = isinstance(node, ScalarNode) and node.text.isascii() and node.text.isdigit()
    number = node.text if whole and isinstance(node, ScalarNode) else text(node)
    if _CLAUSE.fullmatch(number) is None:
        raise WrongError(node, "a clause has 1 to 64 characters, with no space at either end")
    return number


def name(node: Node) -> str:
    """The name of a rulebook."""
    found = text(node)
    if _NAME.fullmatch(found) is None:
        raise WrongError(node, "a name has 1 to 64 of the characters a-z, 0-9 and -")
    return found


def version(node: Node) -> int:
    """A whole number that an adoption may name."""
    return _whole(node, 1, MAX_VERSION, f"a version is a whole number from 1 to {MAX_VERSION}")


def share(node: Node) -> int:
    """Basis points of a deal."""
    return _whole(node, 0, WHOLE, "wrong unit: a share is in basis points, 0 to 10000; 70% is 7000")


def _whole(node: Node, least: int, most: int, rule: str) -> int:
    if not isinstance(node, ScalarNode) or not node.plain or re.fullmatch("[0-9]{1,10}", node.text) is None:
        raise WrongError(node, f"{rule}, not {shown(node)}")
    if not least <= int(node.text) <= most:
        raise WrongError(node, f"{rule}, not {node.text}")
    return int(node.text)


def flag(node: Node) -> bool:
    """true or false; YAML's yes and no are words here."""
    if isinstance(node, ScalarNode) and node.plain and node.text in ("true", "false"):
        return node.text == "true"
    raise WrongError(node, f"wrong type: true or false is needed, not {shown(node)}")


def zone(node: Node) -> ZoneInfo:
    """A time zone of the IANA list."""
    found = text(node)
    try:
        return ZoneInfo(found)
    except (OSError, ValueError, KeyError) as error:
        raise WrongError(node, f"{found} is no time zone; Asia/Shanghai is one") from error


def word(*allowed: str) -> Kind:
    """One of the words."""

    def read(node: Node) -> str:
        if isinstance(node, ScalarNode) and node.text in allowed:
            return node.text
        raise WrongError(node, f"{' or '.join(allowed)} is needed, not {shown(node)}")

    return read


def words(*allowed: str, ordered: bool = False, empty: bool = False) -> Kind:
    """A list of the words, none twice; a set unless the order says something."""
    one = word(*allowed)

    def read(node: Node) -> frozenset[str] | tuple[str, ...]:
        if not isinstance(node, ListNode):
            raise WrongError(node, f"wrong type: a list is needed, as [{allowed[0]}], not {shown(node)}")
        found = tuple(str(one(item)) for item in node.items)
        if len(set(found)) < len(found):
            raise WrongError(node, "an item stands twice")
        if not found and not empty:
            raise WrongError(node, "the list is empty")
        return found if ordered else frozenset(found)

    return read


def roles_or_none(node: Node) -> object:
    """A list of roles, or null."""
    if isinstance(node, ScalarNode) and node.null:
        return None
    return words(*ROLES, ordered=True)(node)


def methods(node: Node) -> object:
    """`all` (read as None) or a list of ways of contact."""
    if isinstance(node, ScalarNode) and node.text == "all":
        return None
    if not isinstance(node, ListNode):
        raise WrongError(node, f"all or a list of methods is needed, not {shown(node)}")
    return words(*METHODS)(node)


def period(node: Node) -> Period | None:
    """`30 days`, `1 month`, or null."""
    if isinstance(node, ScalarNode) and node.null:
        return None
    found = _PERIOD.fullmatch(node.text) if isinstance(node, ScalarNode) else None
    if found is None:
        rule = "wrong unit: a period is 1 to 9999 days or 1 to 999 months, as 1 month or 30 days"
        raise WrongError(node, f"{rule}, not {shown(node)}")
    return Period(days=int(found["days"])) if found["days"] else Period(months=int(found["months"]))


def days(node: Node) -> int | None:
    """`4 days`, or null."""
    if isinstance(node, ScalarNode) and node.null:
        return None
    found = _PERIOD.fullmatch(node.text) if isinstance(node, ScalarNode) else None
    if found is None or not found["days"]:
        raise WrongError(
            node, f"wrong unit: follow-up is counted in days, as 4 days, 1 to 9999, not {shown(node)}"
        )
    return int(found["days"])
