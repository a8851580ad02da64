"""What the registers hold besides, and no rule of ownership reads (procedure.md#entries).

An entry is filed, so that it can be approved, corrected and amended, and its own id is noted. Whom it names is looked
up and nothing more: it makes, joins and keeps up nobody, so what is decided is the same with it and without.
"""

from __future__ import annotations

from msgspec.structs import replace

from shared.rules.domain import events as e
from shared.rules.domain.authority import approved
from shared.rules.domain.case import Case
from shared.rules.domain.facts import Amendment, Party, UnreadEntry
from shared.rules.domain.identity import file_record, is_taken, known_customers, take_id
from shared.rules.domain.state import FiledRecord


def enter(case: Case, entry: UnreadEntry) -> None:
    """File an entry, and say where it names nobody, more than one, or has the id of another."""
    if entry.party is not None:
        _look_up(case, entry.party)
    if entry.own is not None:
        if is_taken(case, *entry.own):
            case.flag("duplicate_entry")
        else:
            take_id(case, *entry.own)
    file_record(case)


def _look_up(case: Case, party: Party) -> None:
    known = known_customers(case, party) if party.contacts else []
    if not known:
        case.flag("unknown_customer")
    elif len(known) > 1:
        case.flag("ambiguous_customer")


def amend(case: Case, amendment: Amendment) -> None:
    """File an amendment; say where it has no record or lacks approvals (procedure.md#entries-amended)."""
    file_record(case)
    filed = case.slice.filed(amendment.record)
    if filed is None or (amendment.withdrawn and not isinstance(filed.fact.matter, UnreadEntry | Amendment)):
        case.flag("unknown_record")
    elif not approved(case, case.book.corrections.approved_by, amendment.approved_by):
        case.flag("unapproved")
        case.penalise("tampering", amendment.requested_by, case.book)


def entered_party(filed: FiledRecord) -> Party | None:
    """Whom an entry names; None of one that names nobody, and of any other record."""
    matter = filed.fact.matter
    return matter.party if isinstance(matter, UnreadEntry) else None


def rename(case: Case, filed: FiledRecord, party: Party) -> None:
    """An entry is corrected: it names this party from now on, and nobody is formed anew."""
    matter = filed.fact.matter
    assert isinstance(matter, UnreadEntry)
    case.emit(e.RecordFiled(replace(filed, fact=replace(filed.fact, matter=replace(matter, party=party)))))
