"""What offices may decide differently, as typed values: one `Rulebook` is all that the rules read.

The documents (sources.md) answer the same questions in different ways (how long a claim lives, who keeps a
customer that two registered, how a deal is shared). The procedures are common code; the answers are these
values, each with the clause that it implements, so that a decision can cite it. How a rulebook is written and
merged is the loader's."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, NewType
from zoneinfo import ZoneInfo

from shared.i18n import Text

Clause = NewType("Clause", str)
"""A clause in full, `<rulebook>.<clause>`: `shijiazhuang.4`, `base.honour`."""

Requirement = Literal["name", "contact", "phone"]
HonouredBy = Literal["found", "named", "none"]
DiscoveryEffect = Literal["first", "closer", "split"]
HouseholdEffect = Literal["first_registration", "ruling", "separate"]
NewCustomers = Literal["on_behalf_of", "receiver"]
ReferralEffect = Literal["on_turn", "referrer_consultant"]
AwayPolicy = Literal["to_tail", "hold", "skip"]


@dataclass(frozen=True, slots=True)
class Split:
    """A deal shared by two, in basis points: `owner` is the part of the owner (or the first registrant)."""

    owner: int
    other: int
    clause: Clause


@dataclass(frozen=True, slots=True)
class Period:
    """A period of local calendar days; either months or days, the other is 0."""

    months: int = 0
    days: int = 0

    def last_day(self, start: date) -> date:
        """The last day that is still within the period; a day that its month lacks means the month's last."""
        if not self.months:
            return start + timedelta(days=self.days)
        years, month = divmod(start.month - 1 + self.months, 12)
        year, month = start.year + years, month + 1
        return date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class RegistrationRule:
    """What a complete registration has; a first registration cites `first`, completeness `clause`."""

    requires: frozenset[Requirement]
    first: Clause
    clause: Clause


@dataclass(frozen=True, slots=True)
class Honour:
    """Whether a claim of one basis holds when another consultant receives the customer."""

    by: HonouredBy
    within: Period | None
    clause: Clause


@dataclass(frozen=True, slots=True)
class Designated:
    """Whether the consultant whom a new customer asks for at the door gets the customer."""

    honoured: bool
    clause: Clause


@dataclass(frozen=True, slots=True)
class Named:
    """Whether the one consultant whom a new customer names when asked gets the customer (procedure.md#step-1-named)."""

    honoured: bool
    clause: Clause


@dataclass(frozen=True, slots=True)
class Assisting:
    """Whose a customer without any record is whom somebody receives for a colleague (procedure.md#step-2-new)."""

    new_customers: NewCustomers
    clause: Clause


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """How long a claim lives without contact, and which contacts count. `methods` None: all of them."""

    every: Mapping[str, int | None]
    methods: frozenset[str] | None
    must_reach: bool
    revive: bool
    clause: Clause

    def days(self, basis: str) -> int | None:
        """Days of validity after the last contact; None: never lapses. A basis not named has visit's."""
        every = self.every
        return every[basis] if basis in every else every["visit"]


@dataclass(frozen=True, slots=True)
class RecognitionRule:
    """How long, and with what effect, the consultant may still recognise a customer whom another received."""

    until: Literal["reception_end", "deal"]
    effect: Literal["return", "ruling"]
    evidence: Literal["optional", "required"]
    clause: Clause


@dataclass(frozen=True, slots=True)
class PresentUnrecognised:
    """Whether the owner who stood by and did not recognise the customer loses the claim."""

    effect: Literal["ignored", "forfeits"]
    clause: Clause


@dataclass(frozen=True, slots=True)
class Discovery:
    """What happens when two registrations are found to be one customer; `split` is there with that effect."""

    effect: DiscoveryEffect
    split: Split | None
    clause: Clause


@dataclass(frozen=True, slots=True)
class Discoveries:
    """The three cases of a discovery."""

    before_deal: Discovery
    after_deal: Discovery
    concealed: Discovery


@dataclass(frozen=True, slots=True)
class Household:
    """Whether relatives are one customer, wait for a ruling, or stay separate; other links are recorded only."""

    effect: HouseholdEffect
    relations: frozenset[str]
    clause: Clause


@dataclass(frozen=True, slots=True)
class ReferralRule:
    """Who gets a customer whom one consultant's customer (or several consultants' customers) brought."""

    effect: ReferralEffect
    clause: Clause


@dataclass(frozen=True, slots=True)
class Referrals:
    """Referrers of one consultant, and of several."""

    single: ReferralRule
    joint: ReferralRule


@dataclass(frozen=True, slots=True)
class Deals:
    """How the shares of a deal are fixed; `clause` is for the closer who never received the customer."""

    unregistered: Clause
    assisted: Split | None
    brochure_only: Split | None
    referral_same_day: Split | None
    clause: Clause


@dataclass(frozen=True, slots=True)
class Disputes:
    """Who may rule, lowest role first, whose approval a ruling needs, and whether it needs evidence.

    `authority_after_deal`: who alone rules on the shares of a deal, but for disputes that the system opened
    (procedure.md#disputes-after-deal).
    """

    authority: tuple[str, ...]
    authority_after_deal: tuple[str, ...] | None
    approved_by: tuple[str, ...]
    evidence: Literal["optional", "required"]
    clause: Clause


@dataclass(frozen=True, slots=True)
class Approvals:
    """The roles that must approve, each by one person enrolled with exactly that role."""

    approved_by: tuple[str, ...]
    clause: Clause


@dataclass(frozen=True, slots=True)
class Rotation:
    """The order of the call board, and what an absence does to a place in the queue."""

    calls: Literal["same", "reversed"]
    away: Mapping[str, AwayPolicy]
    clause: Clause
    away_clause: Clause


@dataclass(frozen=True, slots=True)
class Penalty:
    """What the rulebook threatens for a breach, in its words; the system records it and fines nobody."""

    text: Text
    clause: Clause


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """One version of an office's rules, merged with the books that it extends. Compared by identity."""

    name: str
    version: int
    sha256: str
    title: Text
    timezone: ZoneInfo
    registration: RegistrationRule
    honour: Mapping[str, Honour]
    kept: Clause
    designated: Designated
    named: Named
    assist: Assisting
    follow_up: FollowUpRule
    recognition: RecognitionRule
    present_unrecognised: PresentUnrecognised
    discovery: Discoveries
    household: Household
    referral: Referrals
    deal: Deals
    complaint: Clause
    concealment: Clause
    disputes: Disputes
    transfers: Approvals
    corrections: Approvals
    departed: Clause
    rotation: Rotation
    penalties: Mapping[str, Penalty]
    clauses: Mapping[Clause, Text]
