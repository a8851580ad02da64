"""Section 2 of the rules, corrections: a record gets another party, and customers are formed anew."""

from __future__ import annotations

from services.attribution.domain.authority import approved
from services.attribution.domain.case import Case
from services.attribution.domain.facts import Correction
from services.attribution.domain.identity import file_record


def correct(case: Case, correction: Correction) -> None:
    """Replace a record's party, with the approvals that the rulebook asks for (T 客户信息更正, H 客户登记 4)."""
    filed = case.slice.filed(correction.record)
    file_record(case)
    if filed is None or not hasattr(filed.fact.matter, "customer"):
        case.flag("unknown_record")
    elif not approved(case, case.book.corrections.approved_by, correction.approved_by):
        case.flag("unapproved")
        case.penalise("tampering", correction.requested_by, case.book)
