"""What was to be reached in a period; of several statements of one target the last stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from services.registers.model.periods import DaySpan
from services.registers.reports.basis import ReportBasis
from shared.contract import TargetSet
from shared.ids import StaffId

METRICS: Final = {
    "visits": "visits",
    "subscribed": "subscriptions",
    "signed": "signings",
    "signed_amount": "signed_amount",
    "received": "receipts",
}
"""The figure of a report that a metric of `target.set` is about."""


def target_of(
    basis: ReportBasis, figure: str, period: DaySpan, staff: StaffId | None = None
) -> Decimal | None:
    """The target of a figure for exactly this period; None where none is set."""
    metric = METRICS.get(figure)
    found: Decimal | None = None
    for record in basis.known.of(TargetSet):
        data = record.data
        of = data.metric, data.from_, data.to, data.staff
        if of == (metric, period.first, period.last, staff) and basis.office in (None, record.office):
            found = Decimal(data.value)
    return found
