"""What a rulebook file may hold, as types; docs/schemas/rulebook.schema.json is written from them.

    python -m shared.rules.rulebooks.shape docs/schemas

A value is what a clause is cited for. A section with several values has a `cite` in each, or one of its own
for those of its values that have none.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType, field

from shared.platform.officefile.strict import Strict, fields_of, publish, schema_of, struct_in
from shared.rules.rulebooks.shape_claims import (
    AssistValue,
    DesignatedValue,
    EveryBasis,
    FollowUpValue,
    HonourSection,
    HouseholdValue,
    KeptValue,
    NamedValue,
    PresentUnrecognisedValue,
    RecognitionValue,
    ReferralSection,
    RegistrationValue,
)
from shared.rules.rulebooks.shape_deals import (
    ApprovalsValue,
    ComplaintValue,
    ConcealmentValue,
    DealSection,
    DepartedValue,
    DiscoverySection,
    DisputesValue,
    PenaltiesSection,
    RotationSection,
)
from shared.rules.rulebooks.shape_values import BothWords, CitedSection, ClauseNumber, Name, Version, Words

SCHEMA: Final = "rulebook.schema.json"


class RulebookValues(Strict, frozen=True):
    """All that a clause can be cited for, in the order of the form."""

    registration: RegistrationValue | UnsetType = UNSET
    honour: HonourSection | UnsetType = UNSET
    kept: KeptValue | UnsetType = UNSET
    designated: DesignatedValue | UnsetType = UNSET
    named: NamedValue | UnsetType = UNSET
    assist: AssistValue | UnsetType = UNSET
    follow_up: FollowUpValue | UnsetType = UNSET
    recognition: RecognitionValue | UnsetType = UNSET
    present_unrecognised: PresentUnrecognisedValue | UnsetType = UNSET
    discovery: DiscoverySection | UnsetType = UNSET
    household: HouseholdValue | UnsetType = UNSET
    referral: ReferralSection | UnsetType = UNSET
    deal: DealSection | UnsetType = UNSET
    complaint: ComplaintValue | UnsetType = UNSET
    concealment: ConcealmentValue | UnsetType = UNSET
    disputes: DisputesValue | UnsetType = UNSET
    transfers: Annotated[ApprovalsValue | UnsetType, Meta(description="Transfers 客户转移")] = UNSET
    corrections: Annotated[
        ApprovalsValue | UnsetType, Meta(description="Corrections of records 更改登记")
    ] = UNSET
    departed: DepartedValue | UnsetType = UNSET
    rotation: RotationSection | UnsetType = UNSET
    penalties: PenaltiesSection | UnsetType = UNSET


class RulebookFile(RulebookValues, frozen=True, kw_only=True):
    """An office's rules as cited data. That cited clauses exist, that shares sum to 10000 after merging, and that
    `extends` leads somewhere is told by `panke rulebook check`."""

    rulebook: Name
    version: Version
    extends: Annotated[
        Words | UnsetType,
        Meta(
            description="A rulebook that ships (base, reception, getian, shijiazhuang, confirmation, handbook) or a"
            " path relative to this file"
        ),
    ] = UNSET
    title: BothWords | UnsetType = UNSET
    timezone: Annotated[
        Words | UnsetType, Meta(description="A time zone of the IANA list, as Asia/Shanghai")
    ] = UNSET
    clauses: Annotated[
        dict[ClauseNumber, BothWords],
        Meta(description="One sentence for every clause, by its number in the document"),
    ] = field(default_factory=dict)


SHAPE: Final[Mapping[str, type[Struct]]] = {
    key: shape for key, kind in fields_of(RulebookValues).items() if (shape := struct_in(kind)) is not None
}
BASES: Final = tuple(fields_of(EveryBasis))
BREACHES: Final = tuple(key for key in fields_of(PenaltiesSection) if key != "cite")


def leaves(shape: type[Struct]) -> tuple[str, ...]:
    """The paths of all single fields below, relative to it."""
    found: list[str] = []
    for key, kind in fields_of(shape).items():
        inner = struct_in(kind)
        if inner is not None:
            found += [f"{key}.{leaf}" for leaf in leaves(inner)]
        elif key != "cite":
            found.append(key)
    return tuple(found)


def _all_values() -> dict[str, type[Struct]]:
    found: dict[str, type[Struct]] = {}
    for key, shape in SHAPE.items():
        if not issubclass(shape, CitedSection):
            found[key] = shape
            continue
        for name, kind in fields_of(shape).items():
            if (value := struct_in(kind)) is not None:
                found[f"{key}.{name}"] = value
    return found


VALUES: Final[Mapping[str, type[Struct]]] = _all_values()
"""Every value by its path (`kept`, `honour.visit`): what a clause is cited for."""
CITING: Final[tuple[str, ...]] = (
    *VALUES,
    *(key for key, shape in SHAPE.items() if issubclass(shape, CitedSection) and shape.own),
)
RELATIONS: Final = ("spouse", "parent_child", "other")
FIRST: Final = "registration.first"
"""The clause of first registrations: a citation beside the value's own."""
OPTIONAL_FIELDS: Final = frozenset(
    {f"honour.{basis}.within" for basis in BASES}
    | {f"follow_up.every.{basis}" for basis in BASES[1:]}
    | {
        f"discovery.{case}.split.{part}"
        for case in ("after_deal", "concealed")
        for part in ("first", "second")
    }
    | {"disputes.authority_after_deal"}
)


def schema() -> dict[str, Any]:
    """JSON Schema of a rulebook file."""
    return schema_of(RulebookFile, SCHEMA, "Panke rulebook 判客规则书")


def main(folder: str = "docs/schemas") -> None:
    """Write the schema where it is published."""
    publish(schema(), Path(folder) / SCHEMA)


if __name__ == "__main__":
    main(*sys.argv[1:])
