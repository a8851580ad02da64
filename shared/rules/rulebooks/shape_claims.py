"""What a rulebook file may hold of registrations and claims, as types; part of `shape`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from shared.platform.officefile.strict import Strict
from shared.rules.rulebooks.shape_values import (
    Cite,
    CitedSection,
    CitedValue,
    Days,
    Methods,
    PeriodText,
    Relations,
    Requirements,
)


class RegistrationValue(CitedValue, frozen=True):
    """Registration 登记"""

    requires: Annotated[
        Requirements | UnsetType,
        Meta(description="What a complete registration has; phone: a WeChat id alone is not enough"),
    ] = UNSET
    first: Annotated[
        Cite | UnsetType, Meta(description="The clause that a first registration by visit cites")
    ] = UNSET


class HonourValue(CitedValue, frozen=True):
    """Whether a claim of this basis holds when another consultant receives the customer 他人接待时是否承认原登记"""

    by: Annotated[
        Literal["found", "named", "none"] | UnsetType,
        Meta(
            description="found: whenever the records show it; named: only if the customer names the consultant;"
            " none: it is only a record (of visits: as found)"
        ),
    ] = UNSET
    within: Annotated[
        PeriodText | UnsetType | None, Meta(description="Honoured only so long after the registration")
    ] = UNSET


class HonourSection(CitedSection, frozen=True):
    """Whether an earlier claim is honoured 原登记是否承认"""

    visit: HonourValue | UnsetType = UNSET
    call: HonourValue | UnsetType = UNSET
    outreach: HonourValue | UnsetType = UNSET


class KeptValue(CitedValue, frozen=True):
    """The clause of a customer kept by its owner at another's visit 他人接待而归属不变"""


class DesignatedValue(CitedValue, frozen=True):
    """Whether a new customer belongs to the consultant asked for at the door 指定接待"""

    honoured: bool | UnsetType = UNSET


class NamedValue(CitedValue, frozen=True):
    """Whether a new customer belongs to the one consultant named when asked at the door 说出顾问"""

    honoured: bool | UnsetType = UNSET


class AssistValue(CitedValue, frozen=True):
    """Receiving on behalf of a colleague 义务接待"""

    new_customers: Annotated[
        Literal["on_behalf_of", "receiver"] | UnsetType,
        Meta(
            description="Whose a customer without any earlier record is: the colleague's, or, as if received in turn,"
            " the receiver's"
        ),
    ] = UNSET


class EveryBasis(Strict, frozen=True):
    """Days by basis; one not named uses visit's"""

    visit: Days | UnsetType | None = UNSET
    call: Days | UnsetType | None = UNSET
    outreach: Days | UnsetType | None = UNSET


class FollowUpValue(CitedValue, frozen=True):
    """Follow-up and validity 回访与有效期"""

    every: Annotated[
        Days | EveryBasis | UnsetType | None,
        Meta(
            description="Days of validity after the last contact; null: claims never lapse; or by basis, one not named"
            " using visit's"
        ),
    ] = UNSET
    methods: Annotated[
        Literal["all"] | Methods | UnsetType, Meta(description="The ways of contact that count")
    ] = UNSET
    must_reach: Annotated[
        bool | UnsetType, Meta(description="Only a contact that reached the customer counts")
    ] = UNSET
    revive: Annotated[
        bool | UnsetType,
        Meta(description="A late contact revives a lapsed claim that nobody else has taken"),
    ] = UNSET


class RecognitionValue(CitedValue, frozen=True):
    """Recognising one's customer after another received it 事后认出"""

    until: Literal["reception_end", "deal"] | UnsetType = UNSET
    effect: Literal["return", "ruling"] | UnsetType = UNSET
    evidence: Literal["optional", "required"] | UnsetType = UNSET


class PresentUnrecognisedValue(CitedValue, frozen=True):
    """An owner who was present and did not recognise the customer 在场未认出"""

    effect: Literal["ignored", "forfeits"] | UnsetType = UNSET


class HouseholdValue(CitedValue, frozen=True):
    """Members of one household 家人"""

    effect: Literal["first_registration", "ruling", "separate"] | UnsetType = UNSET
    relations: Annotated[
        Relations | UnsetType,
        Meta(description="The links for which it holds; any other is only recorded"),
    ] = UNSET


class SingleReferralValue(CitedValue, frozen=True):
    """Referred by customers of one consultant"""

    effect: Literal["on_turn", "referrer_consultant"] | UnsetType = UNSET


class JointReferralValue(CitedValue, frozen=True):
    """Referred by customers of several"""

    effect: Literal["on_turn"] | UnsetType = UNSET


class ReferralSection(CitedSection, frozen=True):
    """Customers who were referred 朋友介绍"""

    single: SingleReferralValue | UnsetType = UNSET
    joint: JointReferralValue | UnsetType = UNSET
