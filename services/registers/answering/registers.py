"""A page of a register: filtered, sorted, searched, as known at a moment."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from services.registers.answering.answers import RegisterPage
from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.opening import OpenedTexts
from services.registers.answering.presenting import both, columns_of
from services.registers.answering.question import ScopeQuestion, encoded
from services.registers.lists.cursor import written_cursor
from services.registers.lists.kinds import RegisterKind, find_register
from services.registers.lists.reach import RowReach
from services.registers.lists.rows import ListRow, RegisterRows
from services.registers.lists.selecting import Place, RowFilter, Selection, contact_searched
from services.registers.reading.known_scope import KnownScope
from services.registers.reports.basis import ReportBasis
from shared.contract import format_instant
from shared.ids import Contact


class RegisterAsked(Struct, frozen=True):
    """Which rows of a register, in which order, from where."""

    register: str
    first: date | None = None
    last: date | None = None
    staff: str | None = None
    channel: str | None = None
    level: str | None = None
    customer: str | None = None
    search: str | None = None
    flag: str | None = None
    sort: str = "happened"
    after: Place | None = None
    limit: int = 100


def register_page(scope: KnownScope, sight: CallerSight, asked: RegisterAsked) -> EncodedAnswer:
    """The page, with how many rows there are in all."""
    question, kind = ScopeQuestion(scope, sight), find_register(asked.register)
    if asked.first is not None and asked.last is not None:
        question.period(asked.first, asked.last)
    basis = question.basis()
    page, following, total = selected_rows(question, basis, kind, asked)
    rows, opened = question.opened_rows(basis, (one.id for one in page))
    told = [rows.again(one, kind) for one in page]
    shown = question.presenting(opened, told)
    times = scope.known.known_at, scope.known.as_of
    body = RegisterPage(
        register=asked.register, title=both(kind.title()), columns=columns_of(kind),
        rows=[shown.row(one, asked.register) for one in told], total=total, as_of=format_instant(times[1]),
        scheme=f"{basis.scheme.name} {basis.scheme.version}", cursor=written_cursor(following, *times, asked),
        **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(page), detail=f"register {asked.register}")


def selected_rows(
    question: ScopeQuestion, basis: ReportBasis, kind: RegisterKind, asked: RegisterAsked
) -> tuple[list[ListRow], Place | None, int]:
    """The rows of a page, of records and customers without their values, where the next one begins, and how many there
    are in all."""
    reach, texts = question.reach(basis), OpenedTexts(question.scope)
    by_level = asked.level is not None or asked.sort.endswith("level")
    rows = RegisterRows(basis).of(kind, asked.first, asked.last, whole=by_level)
    found = [one for one in rows if within(reach, one)]
    if asked.search is not None or asked.sort.endswith("customer"):
        texts.learn(one.name for one in found)
        texts.learn(name for one in basis.known.customers.values() for name in one.names)
    wanted = RowFilter(
        asked.first, asked.last, asked.staff, asked.channel, asked.level, asked.customer, asked.search,
        asked.flag,
    )  # fmt: skip
    selection = Selection(basis, wanted, asked.sort, texts.read, _contact(question, asked.search))
    return selection.page(found, asked.after, asked.limit)


def _contact(question: ScopeQuestion, search: str | None) -> Contact | None:
    """What stands in the registers for the contact that is searched by."""
    typed = contact_searched(search)
    if typed is None:
        return None
    return Contact(question.scope.opener.id_of(question.scope.scope, typed))


def within(reach: RowReach, row: ListRow) -> bool:
    """Whether a row is within the caller's reach."""
    if row.deal is not None:
        return reach.deal(row.deal)
    if row.entry is not None:
        return reach.entry(row.entry)
    return row.customer is not None and reach.customer(row.customer)
