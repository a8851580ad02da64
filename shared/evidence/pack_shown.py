"""Which records a pack shows in clear, against which it could: those of its customer, and none of anybody else's.

Words that are shown are held against their seal elsewhere; here it is whether the right records are shown at all. One
that is left out proves nothing by itself: a key may be gone before the log's head has the erasure.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from shared.contract.answers.result import JudgementResult
from shared.evidence import form
from shared.evidence.archive import PackArchive
from shared.evidence.belonging import belonging
from shared.evidence.erasures import all_erased
from shared.evidence.pack_facts import fact_lines
from shared.evidence.pack_opened import id_of, opened_ids
from shared.evidence.verdict import Discrepancy, Verdict
from shared.i18n import translated
from shared.sealing.opening import people_in_event


def check_shown(archive: PackArchive, scope: str, result: JudgementResult, verdict: Verdict) -> set[str]:
    """The events of the customer. What is shown of anybody else is found, and what is not shown is told."""
    if not result.customers:
        return set()  # found as such
    erased, shown = all_erased(fact_lines(archive)), opened_ids(archive)
    belongs, left_out = belonging(result), 0
    for line in fact_lines(archive):
        with suppress(msgspec.MsgspecError, KeyError, TypeError):  # a line that is no event is found as such
            own, is_shown, people = belongs.takes(line), id_of(line) in shown, people_in_event(line)
            if is_shown and not own:
                told = translated("a record stands in clear that is none of this customer")
                found = Discrepancy("opened.unknown", told, form.OPENED, scope=scope, event=id_of(line))
                verdict.find(found)
            left_out += own and not is_shown and bool(people) and belongs.shows(line) and not people & erased
    if left_out:
        told = translated(
            "{count} records of the customer that could stand in clear stay under seal in this pack",
            count=left_out,
        )
        verdict.notices.append(told)
    return belongs.events
