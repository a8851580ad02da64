"""Every form by the name of its register, as calls and exports ask for it."""

from __future__ import annotations

from typing import Final

from services.registers.sheets import contact_forms, customer_forms, deal_forms, work_forms
from services.registers.sheets.form import RegisterForm

FORMS: Final[dict[str, RegisterForm]] = {
    "visits": contact_forms.VISITS,
    "visit-records": contact_forms.VISIT_RECORDS,
    "desk": contact_forms.DESK,
    "calls": contact_forms.CALLS,
    "outreach": contact_forms.OUTREACH_FORM,
    "follow-ups": contact_forms.FOLLOW_UPS,
    "visit-reports": contact_forms.VISIT_REPORTS,
    "turns": contact_forms.TURNS,
    "customers": customer_forms.CUSTOMERS,
    "profiles": customer_forms.PROFILES,
    "cards": customer_forms.CARDS,
    "deals": deal_forms.DEALS,
    "terms": deal_forms.TERMS,
    "progress": deal_forms.RECEIPTS,
    "reservations": deal_forms.RESERVATION_FORM,
    "losses": deal_forms.LOSSES,
    "plans": work_forms.PLANS,
    "logs": work_forms.LOGS,
    "surveys": work_forms.SURVEYS,
    "feedback": work_forms.COMPLAINTS,
    "requests": work_forms.REQUEST_FORM,
    "data-changes": work_forms.DATA_CHANGES,
    "checks": work_forms.CHECK_FORM,
    "targets": work_forms.TARGET_FORM,
    "documents": work_forms.DOCUMENTS,
}


class UnknownFormError(LookupError):
    """No form has that name."""


def find_form(name: str) -> RegisterForm:
    """A form by its name. Raises `UnknownFormError`."""
    try:
        return FORMS[name]
    except KeyError:
        raise UnknownFormError(name) from None
