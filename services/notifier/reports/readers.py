"""To whom a report is made out: whom the terms name, where the permissions let them read it of the office. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from services.notifier.reports.store import MadeOut, ReaderOf, ReportKey
from shared.access.readers import report_readers

NOBODY: Final = "nobody of those whom the policy names is enrolled in the scope"
MAY_NOT: Final = "the role does not read this report of the whole office"


def made_out_to(key: ReportKey, known: Sequence[ReaderOf]) -> list[MadeOut]:
    """Each reader once; one entry with the reason where there is none.

    A role means those at the office, and where the office has none, those of the scope, as with supervisors.
    """
    readers = report_readers(key.terms.report)
    named = {one.staff for one in known if one.staff in key.terms.staff}
    for role in key.terms.roles:
        those = [one for one in known if one.role == role]
        own = [one for one in those if one.office == key.office]
        named |= {one.staff for one in own or (those if readers.get(role) == "scope" else ())}
    told = [_made_out(one, key, readers) for one in known if one.staff in named]
    return told or [MadeOut(None, NOBODY, void=True)]


def _made_out(one: ReaderOf, key: ReportKey, readers: Mapping[str, str]) -> MadeOut:
    reach = readers.get(one.role)
    if reach == "scope" or (reach == "office" and one.office == key.office):
        return MadeOut(one.staff)
    return MadeOut(one.staff, MAY_NOT, void=True)
