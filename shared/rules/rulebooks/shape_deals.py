"""What a rulebook file may hold of discoveries, deals, disputes, rotation and penalties, as types; part of `shape`."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from shared.platform.officefile.strict import Strict
from shared.rules.rulebooks.shape_values import (
    Absence,
    CitedSection,
    CitedValue,
    Roles,
    RolesOrNone,
    Share,
    Words,
)

_SPLIT_AGREES: Final[dict[str, Any]] = {
    "if": {"type": "object", "required": ["effect"]},
    "then": {
        "if": {"properties": {"effect": {"const": "split"}}},
        "then": {"required": ["split"]},
        "else": {"not": {"required": ["split"]}},
    },
}
"""`effect: split` and `split` come together."""


class DiscoveryValue(CitedValue, frozen=True):
    """first: back to the first registrant; closer: who closed keeps it"""

    effect: Literal["first", "closer"] | UnsetType = UNSET


class DiscoveryShares(Strict, frozen=True):
    """How the second's shares are divided"""

    first: Share | UnsetType = UNSET
    second: Share | UnsetType = UNSET


class SharedDiscoveryValue(CitedValue, frozen=True):
    """first: back to the first registrant; closer: who closed keeps it; split: the second's shares are divided"""

    effect: Literal["first", "closer", "split"] | UnsetType = UNSET
    split: DiscoveryShares | UnsetType = UNSET


class DiscoverySection(CitedSection, frozen=True):
    """Two registrations turn out to be one customer 撞单"""

    before_deal: Annotated[
        Literal["first", "closer"] | DiscoveryValue | UnsetType,
        Meta(description="Found before a deal 成交前发现"),
    ] = UNSET
    after_deal: Annotated[
        Literal["first", "closer"] | SharedDiscoveryValue | UnsetType,
        Meta(description="Found after a deal 成交后发现", extra_json_schema=_SPLIT_AGREES),
    ] = UNSET
    concealed: Annotated[
        Literal["first", "closer"] | SharedDiscoveryValue | UnsetType,
        Meta(
            description="Found after a deal, the customer having denied earlier visits 客户隐瞒",
            extra_json_schema=_SPLIT_AGREES,
        ),
    ] = UNSET


class UnregisteredValue(CitedValue, frozen=True):
    """The clause of a deal of a customer nobody registered"""


class AssistedValue(CitedValue, frozen=True):
    """Shares of owner and assistant"""

    owner: Share | UnsetType = UNSET
    assistant: Share | UnsetType = UNSET


class ClosedValue(CitedValue, frozen=True):
    """Shares of owner and closer"""

    owner: Share | UnsetType = UNSET
    closer: Share | UnsetType = UNSET


class DealSection(CitedSection, frozen=True):
    """How a deal is shared 业绩分配"""

    own: ClassVar[bool] = True
    unregistered: UnregisteredValue | UnsetType = UNSET
    assisted: Annotated[
        AssistedValue | UnsetType | None,
        Meta(description="The closer assisted the owner at some visit 协助成交"),
    ] = UNSET
    brochure_only: Annotated[
        ClosedValue | UnsetType | None,
        Meta(description="The owner only handed out a brochure 只拿资料"),
    ] = UNSET
    referral_same_day: Annotated[
        ClosedValue | UnsetType | None,
        Meta(description="A referred customer closed the same day by who helped 介绍客户当场成交"),
    ] = UNSET


class ComplaintValue(CitedValue, frozen=True):
    """A complaint upheld 投诉成立"""

    effect: Literal["bar"] | UnsetType = UNSET


class ConcealmentValue(CitedValue, frozen=True):
    """Hiding whose customer it is 隐瞒"""

    effect: Literal["confiscate"] | UnsetType = UNSET


class DisputesValue(CitedValue, frozen=True):
    """Disputes 异议裁定"""

    authority: Annotated[Roles | UnsetType, Meta(description="Who may rule, lowest first")] = UNSET
    authority_after_deal: Annotated[
        Roles | UnsetType | None,
        Meta(description="Who alone rules on the shares of a deal, but for disputes that the system opened"),
    ] = UNSET
    approved_by: Annotated[
        RolesOrNone | UnsetType,
        Meta(description="The roles that must approve a ruling, each by one person"),
    ] = UNSET
    evidence: Literal["optional", "required"] | UnsetType = UNSET


class ApprovalsValue(CitedValue, frozen=True):
    """Who approves"""

    approved_by: Annotated[RolesOrNone | UnsetType, Meta(description="Each of these must approve")] = UNSET


class DepartedValue(CitedValue, frozen=True):
    """A consultant who leaves 离职"""

    effect: Literal["release"] | UnsetType = UNSET


class CallBoardValue(CitedValue, frozen=True):
    """The order of the call board"""

    effect: Literal["same", "reversed"] | UnsetType = UNSET


class AwayValue(CitedValue, frozen=True):
    """What an absence does to the turn"""

    personal: Absence | UnsetType = UNSET
    business: Absence | UnsetType = UNSET
    company_task: Absence | UnsetType = UNSET
    brief: Absence | UnsetType = UNSET


class RotationSection(CitedSection, frozen=True):
    """Rotation boards 轮序"""

    calls: Annotated[
        Literal["same", "reversed"] | CallBoardValue | UnsetType,
        Meta(description="The order of the call board against the visit board"),
    ] = UNSET
    away: AwayValue | UnsetType = UNSET


class PenaltyValue(CitedValue, frozen=True):
    """What is threatened for a breach, in words"""

    zh: Words | UnsetType = UNSET
    en: Words | UnsetType = UNSET


class PenaltiesSection(CitedSection, frozen=True):
    """What the rules threaten for a breach; recorded, never collected 罚则"""

    out_of_turn: PenaltyValue | UnsetType = UNSET
    tampering: PenaltyValue | UnsetType = UNSET
    concealment: PenaltyValue | UnsetType = UNSET
    complaint: PenaltyValue | UnsetType = UNSET
