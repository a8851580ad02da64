"""Migrations are numbered by people who work side by side: two may take the same number, and no service would start."""

from __future__ import annotations

import pytest

from shared.platform.postgres.database import migrations


@pytest.mark.parametrize("service", ["access", "access.record", "attribution", "intake", "notifier"])
def test_the_migrations_of_a_service_have_numbers_of_their_own_without_gaps(service: str) -> None:
    """So the order in which they run is the one in which they were written."""
    numbers = [int(one.name.split("_")[0]) for one in migrations(f"services.{service}")]
    assert numbers == list(range(1, len(numbers) + 1))
