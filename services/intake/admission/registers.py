"""What an event of the registers claims that only the journal can tell (contract.md#rules-of-the-journal)."""

from __future__ import annotations

from services.intake.model.submission import RegisterClaims
from shared.contract import ProfileRecorded, RecordAmended, SchemeAdopted
from shared.contract.events import profile_items
from shared.contract.profile import BY_SCHEME


def claims_of(data: SchemeAdopted | ProfileRecorded | RecordAmended) -> RegisterClaims | None:
    """None where there is nothing to ask: a profile without a key that a scheme has to turn on."""
    if isinstance(data, SchemeAdopted):
        return RegisterClaims(scheme=(data.scheme, data.version, data.effective_from))
    if isinstance(data, RecordAmended):
        return _amends(data)
    said = [(f"data.set.{key}", key) for key, _ in profile_items(data.set)]
    said += [(f"data.none[{number}]", key) for number, key in enumerate(data.none)]
    keys = tuple((path, key) for path, key in said if key in BY_SCHEME)
    return RegisterClaims(keys=keys) if keys else None


def _amends(data: RecordAmended) -> RegisterClaims:
    given = data.set
    names = [name for name in given.__struct_fields__ if getattr(given, name) is not None] if given else []
    fields = [(f"data.set.{name}", name) for name in names]
    fields += [(f"data.cleared[{number}]", name) for number, name in enumerate(data.cleared)]
    return RegisterClaims(amends=data.record, fields=tuple(fields), withdrawn=data.withdrawn)
