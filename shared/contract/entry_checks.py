"""The checks of what the registers hold besides: what spans fields of one entry (contract.md#registers)."""

from collections.abc import Callable
from typing import Any, Final

from shared.contract.errors import bad
from shared.contract.events import (
    AmendedFields,
    CheckRecorded,
    DealProgressed,
    DealTerms,
    DealTermsSet,
    DocumentAttached,
    PlanMade,
    ProfileRecorded,
    RecordAmended,
    RegisterEntry,
    RequestSubmitted,
    TargetSet,
    WorklogSubmitted,
    profile_items,
)
from shared.contract.profile import PROFILE_KEYS

_PAID: Final = frozenset({"deposit_paid", "down_payment_paid", "instalment_paid", "balance_paid", "refunded"})
"""The steps of a deal at which money moves."""


def check_entry(data: RegisterEntry) -> None:
    """Every check of the entry's own type but for those of its parties and its days."""
    check = _CHECKS.get(type(data))
    if check is not None:
        check(data)


def _profile(data: ProfileRecorded) -> None:
    said = {"set": [key for key, _ in profile_items(data.set)], "none": data.none, "cleared": data.cleared}
    seen: dict[str, str] = {}
    for name, keys in said.items():
        for index, key in enumerate(keys):
            path = f"data.set.{key}" if name == "set" else f"data.{name}[{index}]"
            if key not in PROFILE_KEYS:
                raise bad(path, "profile_key")
            if key in seen:
                raise bad(path, "key_twice")
            seen[key] = name
    if not seen:
        raise bad("data", "says_nothing")


def _plan(data: PlanMade) -> None:
    if data.customer is None and data.kind != "work":
        raise bad("data.customer", "required")


def _period(data: WorklogSubmitted | CheckRecorded | TargetSet) -> None:
    if data.to < data.from_:
        raise bad("data.to", "period")


def _terms(data: DealTermsSet) -> None:
    if not any(getattr(data, name) for name in DealTerms.__struct_fields__):
        raise bad("data", "terms")


def _progress(data: DealProgressed) -> None:
    if data.done and data.what in _PAID and data.amount is None:
        raise bad("data.amount", "required")


def _about(data: RequestSubmitted | DocumentAttached) -> None:
    if data.customer is None and data.record is None and data.deal is None:
        raise bad("data", "about")


def _amended(data: RecordAmended) -> None:
    given = data.set if data.set is not None else AmendedFields()
    fields = {name for name in given.__struct_fields__ if getattr(given, name) is not None}
    for index, name in enumerate(data.cleared):
        if name in fields or name in data.cleared[:index]:
            raise bad(f"data.cleared[{index}]", "key_twice")
    if not fields and not data.cleared and not data.withdrawn:
        raise bad("data", "says_nothing")


_CHECKS: Final[dict[type, Callable[[Any], None]]] = {
    ProfileRecorded: _profile,
    PlanMade: _plan,
    WorklogSubmitted: _period,
    CheckRecorded: _period,
    TargetSet: _period,
    DealTermsSet: _terms,
    DealProgressed: _progress,
    RequestSubmitted: _about,
    DocumentAttached: _about,
    RecordAmended: _amended,
}
