"""How a record is named in a sentence, in Chinese and in English."""

from __future__ import annotations

from shared.i18n import translated

RECORD = translated("the {kind} of {at}")
OTHER = translated("record")
