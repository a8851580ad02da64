"""Asks the registers for the names of customers, in the notifier's own name, and masks them at once.

A message goes out without names rather than late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import structlog

from services.notifier.channels.customer_names import harmless_name
from services.notifier.model.alert import RenderedMessage
from services.notifier.reports.asking import RegistersAwayError, ReportRefusedError
from services.notifier.schedule.plan import Plans
from shared.contract.case_numbers import case_number
from shared.contract.masking import mask_name
from shared.ids import CustomerId, OfficeId

NAMES_WAIT: Final = 3.0
"""Seconds; so long a message is held for the names in it."""

log: Final = structlog.get_logger("notifier.names")


class NamesCustomers(Protocol):
    """Where the names of customers are had."""

    async def customer_name(self, office: OfficeId, customer: CustomerId) -> str | None:
        """The name, or None. Raises `RegistersAwayError`, `ReportRefusedError`."""


class MaskedNames:
    """The masked names that chats of an office show, where its policy says so."""

    def __init__(self, registers: NamesCustomers, plans: Plans) -> None:
        self._registers = registers
        self._plans = plans

    async def of(self, notice: RenderedMessage) -> Mapping[str, str]:
        """By case number; without those that cannot be had now."""
        office = notice.to.office
        if office is None or not self._plans.of(notice.scope).masked_names:
            return {}
        those = [one.customer for one in notice.items] or ([notice.customer] if notice.customer else [])
        try:
            async with asyncio.timeout(NAMES_WAIT):
                found = await asyncio.gather(*(self._registers.customer_name(office, one) for one in those))
        except (RegistersAwayError, ReportRefusedError, TimeoutError) as error:
            log.warning("a message goes out without names", scope=notice.scope, error=type(error).__name__)
            return {}
        return {
            case_number(customer): harmless_name(mask_name(name))
            for customer, name in zip(those, found, strict=True)
            if name
        }
