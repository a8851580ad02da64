"""Relatives registered with different consultants (procedure.md#households)."""

from __future__ import annotations

from shared.ids import CustomerId
from shared.rules.domain.case import Case, standing
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.facts import HouseholdLink
from shared.rules.domain.identity import file_record, join, named_by


def link_household(case: Case, household: HouseholdLink) -> None:
    """One customer, one dispute over all, or nothing, as the rulebook says (procedure.md#households)."""
    customers = members_linked(case, household)
    if len(customers) > 1:
        unite(case, customers)


def members_linked(case: Case, household: HouseholdLink) -> list[CustomerId]:
    """The customers of the members; none where the rulebook asks for another relation (procedure.md#households)."""
    file_record(case)
    relations = case.book.household.relations
    named = [named_by(case, member, nth) for nth, member in enumerate(household.members)]
    # A later member's record can have joined customers that earlier ones named.
    customers = list(dict.fromkeys(c for c in named if c is not None and case.knows(c)))
    customers.sort(key=lambda customer: case.customer(customer).place)
    return customers if household.relation is None or household.relation in relations else []


def unite(case: Case, customers: list[CustomerId]) -> None:
    """What the rulebook says of several customers who are relatives (procedure.md#households)."""
    rules = case.book.household
    if rules.effect == "separate":
        return
    if rules.effect == "first_registration":
        join(case, customers, household=True)
        return
    claims = [standing(case.customer(customer).claim) for customer in customers]
    owners = {claim.owner for claim in claims if claim is not None}
    if len(owners) > 1:
        open_by_system(case, customers, rules.clause)
