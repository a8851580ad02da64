"""The registers as lists, the customer's card, the level board and the work list, over HTTP."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Final

from fastapi import Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from services.registers.answering.answers import (
    CustomerCard,
    KnownRegister,
    LevelBoard,
    RegisterList,
    RegisterPage,
    SensitiveProfile,
    WorkList,
)
from services.registers.answering.boards import BoardAsked, WorkAsked, level_board, work_list
from services.registers.answering.cards import customer_card, sensitive_profile
from services.registers.answering.presenting import both, columns_of
from services.registers.answering.registers import RegisterAsked, register_page
from services.registers.http.asking import Calls, RegisterAsking, encoded
from services.registers.http.parameters import (
    Cursor,
    Customer,
    Day,
    Flag,
    From,
    Limit,
    MinSeq,
    Moment,
    Office,
    Search,
    Slug,
    To,
    Words,
    cursor_of,
    place_in,
    sort_of,
)
from services.registers.lists.kinds import REGISTERS, RegisterKind, UnknownRegisterError, find_register
from services.registers.lists.selecting import SORTS
from shared.i18n import bilingual, listed
from shared.platform.http.problem import ProblemError

CUSTOMERS: Final = "register.customers"
WORK: Final = "register.work"
SENSITIVE: Final = "profile.read_sensitive"
Sort = Annotated[
    str | None, Query(max_length=20, description=f"one of {', '.join(SORTS)}; `-` turns it around")
]
OfDay = Annotated[Day | None, Query(description="today unless said")]
Ahead = Annotated[int, Query(ge=0, le=90, description="days after the day that are shown as coming")]


class RegisterCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking) -> None:
        self._asking = asking

    def add_to(self, calls: Calls) -> None:
        calls.add("GET", "registers", self.registers, "The registers that may be asked for", RegisterList)
        calls.add("GET", "registers/{register}", self.register, "A page of a register", RegisterPage)
        calls.add("GET", "customers/{customer}/card", self.card, "The card of a customer", CustomerCard)
        kept = "The sensitive keys of a customer's profile"
        calls.add("GET", "customers/{customer}/sensitive", self.sensitive, kept, SensitiveProfile)
        calls.add("GET", "level-board", self.board, "The level board with its movements", LevelBoard)
        calls.add("GET", "work-list", self.work, "Who is to be contacted, and what is planned", WorkList)

    async def registers(self, request: Request, office: Office) -> Response:
        """Those that the caller's roles allow, with their columns."""
        caller = await self._asking.caller(request, office)
        found = [_described(name) for name, one in REGISTERS.items() if caller.may(one.action)]
        return encoded(RegisterList(found))

    async def register(
        self,
        request: Request,
        office: Office,
        register: Slug,
        first: From = None,
        last: To = None,
        staff: Words = None,
        channel: Words = None,
        level: Words = None,
        customer: Words = None,
        search: Search = None,
        flag: Flag = None,
        sort: Sort = None,
        known_at: Moment = None,
        as_of: Moment = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        """`staff` is who received, answered, did or closed; `customer` an id, a number or a case number. The pages of
        one list are of one moment, which the cursor keeps."""
        kind, at = known_register(register), cursor_of(cursor)
        asked = RegisterAsked(
            register, first, last, staff, channel, level, customer, search, flag, sort_of(sort),
            limit=limit,
        )  # fmt: skip
        asked = replace(asked, after=place_in(at, asked))
        caller = await self._asking.caller(request, office)
        moment = self._asking.moment(min_seq, known_at, as_of, at)
        return await self._asking.answer(caller, caller.sight(kind.action), moment, register_page, asked)

    async def card(
        self,
        request: Request,
        office: Office,
        customer: Customer,
        known_at: Moment = None,
        as_of: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """Both sides: the records before a standing deal, and those after it. Sensitive keys are held back here."""
        caller = await self._asking.caller(request, office)
        sight, moment = (
            caller.sight(CUSTOMERS, of_a_case=True),
            self._asking.moment(min_seq, known_at, as_of),
        )
        return await self._asking.answer(caller, sight, moment, customer_card, customer)

    async def sensitive(
        self, request: Request, office: Office, customer: Customer, min_seq: MinSeq = None
    ) -> Response:
        """What a scheme has turned on with a purpose and consent; which keys were read goes on the record of access."""
        caller = await self._asking.caller(request, office)
        sight, moment = caller.sight(SENSITIVE), self._asking.moment(min_seq)
        return await self._asking.answer(caller, sight, moment, sensitive_profile, customer)

    async def board(
        self,
        request: Request,
        office: Office,
        first: From = None,
        last: To = None,
        staff: Words = None,
        known_at: Moment = None,
        as_of: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """Open customers by level at the last day, and how they moved since the first; `staff` is the owner."""
        caller = await self._asking.caller(request, office)
        moment = self._asking.moment(min_seq, known_at, as_of)
        asked = BoardAsked(first, last, staff)
        return await self._asking.answer(caller, caller.sight(CUSTOMERS), moment, level_board, asked)

    async def work(
        self,
        request: Request,
        office: Office,
        day: OfDay = None,
        ahead: Ahead = 7,
        staff: Words = None,
        limit: Limit = 500,
        known_at: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """By the owner, the longest overdue first; whoever sees own rows alone has their own list. `limit` is of each
        part."""
        caller = await self._asking.caller(request, office)
        moment = self._asking.moment(min_seq, known_at)
        asked = WorkAsked(day, ahead, staff, limit)
        return await self._asking.answer(caller, caller.sight(WORK), moment, work_list, asked)


@cache
def _described(name: str) -> KnownRegister:
    """Made once, since all of its words are looked up in the catalogue: 7 ms for every register (`bench console`,
    `reports`)."""
    one = REGISTERS[name]
    return KnownRegister(name, both(one.title()), columns_of(one))


def known_register(name: str) -> RegisterKind:
    """A register by name; 404 of one that is not there."""
    try:
        return find_register(name)
    except UnknownRegisterError:
        known = listed(REGISTERS)
        raise ProblemError(
            404, bilingual("no register {name}; there are {known}", name=name, known=known)
        ) from None
