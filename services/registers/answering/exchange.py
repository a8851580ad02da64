"""What an answer is made of when it crosses between processes: plain values, also of what is refused."""

from __future__ import annotations

from msgspec import Struct

from shared.access.extent import ScopeExtent
from shared.ids import CustomerId, OfficeId


class CallerSight(Struct, frozen=True):
    """How far a caller reaches in an office, or (None) in all of a scope, by what is asked; of which customers besides
    the contacts are in clear."""

    office: OfficeId | None
    rows: ScopeExtent
    contacts: ScopeExtent = ScopeExtent()
    contacts_of_a_case: ScopeExtent = ScopeExtent()

    @property
    def whole(self) -> bool:
        """Whether all of the office, or of the scope, is within reach."""
        return self.rows.whole or self.office in self.rows.offices


class EncodedAnswer(Struct, frozen=True):
    """An answer as bytes, and what it shows, for the record of access."""

    body: bytes
    count: int | None = None
    customer: CustomerId | None = None
    detail: str | None = None


class AnswerRefusedError(Exception):
    """A question that cannot be answered: 404 of what is not there, or 422 by field and rule."""

    def __init__(self, status: int, message: str, field: str = "", rule: str = "") -> None:
        super().__init__(status, message, field, rule)
        self.status, self.message, self.field, self.rule = status, message, field, rule


def wrong_field(field: str, rule: str, message: str) -> AnswerRefusedError:
    """A refusal that names the field of the query and the rule."""
    return AnswerRefusedError(422, message, f"query.{field}", rule)
