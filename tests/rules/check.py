"""Compares a result with what a case expects, in the short form in which the case says it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tests.rules.form import OFFICE, Case, contact, dispute_id, event_id, expand, instant

Data = dict[str, Any]
TIMES = ("since", "expires_at")


class Names:
    """The short names of a case for the ids of its result."""

    def __init__(self, case: Case, result: Data) -> None:
        shorts = [next(iter(event.values())) for event in case.said["events"]]
        shorts += [event["id"] for event in case.said["events"] if "id" in event]
        self.events = {event_id(short): short for short in shorts}
        self.disputes = {dispute_id(f"system:{short}"): f"system:{short}" for short in shorts}
        self.customers = {c["customer"]: c for c in result["customers"]}

    def dispute(self, full: str) -> str:
        return self.disputes.get(full, full)

    def customer(self, full: str) -> str:
        phone: str = next(iter(self.customers[full]["contacts"]), "-")
        return phone.removeprefix("+861380000").lstrip("0") if phone.startswith("+861380000") else phone


def mismatches(case: Case, result: Data) -> Iterator[str]:
    """Where the result is not what the case expects."""
    expect, names = case.said["expect"], Names(case, result)
    flags: dict[str, list[str]] = {}
    for flag in result["flags"]:
        flags.setdefault(names.events[flag["event"]], []).append(flag["flag"])
    yield from _same("flags", _sorted(expect.get("flags", {})), _sorted(flags))
    penalties = [
        f"{p['on']} {p['staff']} {p['clause']} <{names.events[p['event']]}" for p in result["penalties"]
    ]
    yield from _same("penalties", sorted(expect.get("penalties", [])), sorted(penalties))
    yield from _same("penalties without words", [], [p for p in result["penalties"] if not p["text"]])
    disputes = [_dispute(dispute, names) for dispute in result["disputes"]]
    yield from _same("disputes", sorted(expect.get("disputes", [])), sorted(disputes))
    if "opened_by" in expect:
        opened = {names.dispute(dispute["dispute"]): dispute["opened_by"] for dispute in result["disputes"]}
        yield from _same("opened_by", expect["opened_by"], opened)
    deals = {deal["deal"]: _shares(deal) for deal in result["deals"]}
    yield from _same("deals", {k: _ordered(v) for k, v in expect.get("deals", {}).items()}, deals)
    for name, wanted in expect.get("deal_decisions", {}).items():
        found = next(deal for deal in result["deals"] if deal["deal"] == name)
        told = [_deal_decision(made, names, line) for made, line in _paired(found["decisions"], wanted)]
        yield from _same(f"deal {name}", [_ordered(line) for line in wanted], told)
    for name, wanted in expect.get("closed_by", {}).items():
        found = next(deal for deal in result["deals"] if deal["deal"] == name)
        yield from _same(f"closed_by {name}", wanted, found["closed_by"])
    yield from _boards(expect.get("boards", {}), result["boards"])
    for number, wanted in expect.get("customers", {}).items():
        yield from _customer(number, wanted, result, names)
    if "order" in expect:
        told = [names.customer(customer["customer"]) for customer in result["customers"]]
        yield from _same("order of customers", expect["order"].split(), told)
    if "count" in expect:
        yield from _same("customers", int(expect["count"]), len(result["customers"]))
    if "as_of" in expect:
        yield from _same("as_of", expect["as_of"], result["as_of"])


def _same(where: str, wanted: Any, got: Any) -> Iterator[str]:
    if wanted != got:
        yield f"{where}: expected {wanted}, got {got}"


def _sorted(flags: dict[str, Any]) -> dict[str, list[str]]:
    told = {name: value.split() if isinstance(value, str) else value for name, value in flags.items()}
    return {name: sorted(value) for name, value in told.items()}


def _dispute(dispute: Data, names: Names) -> str:
    told = (names.dispute(dispute["dispute"]), dispute["status"], dispute["clause"])
    return f"{' '.join(told)} {names.customer(dispute['customer'])}"


def _shares(deal: Data) -> str:
    """`final li=7000 wang=3000 reception.4`"""
    parts = [f"{staff}={points}" for staff, points in sorted(deal["shares"].items())]
    return " ".join([deal["status"], *parts, deal["clause"]])


def _ordered(line: str) -> str:
    """The same with the shares in the order of their names."""
    words = line.split()
    parts = sorted(word for word in words if "=" in word)
    rest = [word for word in words if "=" not in word]
    return " ".join([rest[0], *parts, *rest[1:]])


def _boards(wanted: Data, got: Data) -> Iterator[str]:
    for key, value in wanted.items():
        office, _, board = key.rpartition("/")
        found = got.get(office or OFFICE, {}).get(board)
        told = "-" if found is None else " ".join([*found["queue"], f">{found['next'] or '-'}"])
        yield from _same(f"board {key}", value, told)


def find(result: Data, number: str) -> Data | None:
    """The customer with this contact; `-` is one without any."""
    scope, _, name = number.rpartition("/")
    found = (c for c in result["customers"] if not scope or c["scope"] == scope)
    return next((c for c in found if contact(name) in (c["contacts"] or ["-"])), None)


def _customer(number: str, wanted: Any, result: Data, names: Names) -> Iterator[str]:
    customer = find(result, number)
    if wanted == "absent" or customer is None:
        yield from _same(f"customer {number}", wanted, "absent" if customer is None else "there")
        return
    for key, value in wanted.items():
        where = f"customer {number}.{key}"
        if key == "decisions":
            told = [_decision(decision, names, line) for decision, line in _paired(customer[key], value)]
            yield from _same(where, value, told)
        elif key == "id":
            yield from _same(where, _id_of(customer["scope"], value), customer["customer"])
        elif key == "contacts":
            yield from _same(where, sorted(map(contact, str(value).split())), sorted(customer[key]))
        elif key in TIMES and value is not None:
            yield from _same(where, instant(value), _time(customer[key]))
        else:
            yield from _same(where, value, customer[key])


def _id_of(scope: str, first: str) -> str:
    """The id of the customer whose first record this is."""
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "panke:customers"), f"{scope}/{event_id(first)}"))


def _paired(decisions: list[Data], lines: list[str]) -> Iterator[tuple[Data, str]]:
    """Each decision with the line that expects it, which tells how much of it is asked."""
    for place, decision in enumerate(decisions):
        yield decision, lines[place] if place < len(lines) else ""


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def _decision(decision: Data, names: Names, line: str) -> str:
    """`kept li base.honour <v2 ^li @03-02T10:00`, with as much as the line asks; see `_asked`."""
    asked = line.split()
    told = [decision["decision"], decision["owner"] or "-"]
    return " ".join([*told, *(_asked(word, decision, names) for word in asked[2:])])


def _deal_decision(decision: Data, names: Names, line: str) -> str:
    """`final li=7000 wang=3000 reception.4 <d1 @03-02T10:00`, with the trigger where the line asks for nothing."""
    asked = [word for word in line.split() if word[0] in "<@["]
    return " ".join([_shares(decision), *(_asked(word, decision, names) for word in asked or ["<"])])


def _asked(word: str, decision: Data, names: Names) -> str:
    """One thing that a line asks of a decision: `<` trigger, `^` previous, `@` when, `[` all that it rests on."""
    if word[0] == "<":
        return f"<{names.events.get(decision['because'][-1], '?')}"
    if word[0] == "^":
        return f"^{decision['previous'] or '-'}"
    if word[0] == "@":
        wanted = instant(word[1:].replace("T", " ", 1))
        return word if _time(decision["at"]) == wanted else f"@{decision['at']}"
    if word[0] == "[":
        return "[" + ",".join(names.events.get(e, "?") for e in decision["because"]) + "]"
    return str(decision["clause"])


__all__ = ["expand", "find", "mismatches"]
