"""Customers, amounts and answers as cells of old books say them (imports.md#cells)."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from services.intake.books.grid import Cell, CellError
from services.intake.imports.days import tidy
from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import DITTO, NOTHING, TEN_THOUSAND, YES, YUAN
from shared.contract.errors import RULES as CONTRACT_RULES
from shared.contract.phones import is_masked, phone_fault
from shared.contract.plain import NOTHING_SAID

MOST_DIGITS: Final = 10**15
_TEN_THOUSAND: Final = Decimal(10_000)

_scientific = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE).fullmatch
_float_end = re.compile(r"(\d{7,15})\.0+").fullmatch
_between = re.compile(r"[/、,，;；|\n]+|\s{2,}").split
_number = re.compile(
    r"(?:\+?86[ -]?|0086[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
    r"|1[3-9]\d[*•●×x]{2,8}\d{0,4}"
    r"|\(?0\d{2,3}\)?[ -]?\d{7,8}(?!\d)(?:\s*(?:转|-)\s*\d{1,6})?"
    r"|[48]00[ -]?\d{3}[ -]?\d{4}(?!\d)"
)
_people = re.compile(r"[/、,，;；\n]|\s+和\s+|(?<=[先女生士])和").split
_brackets = re.compile(r"[(（].*?[)）]").sub


class SaidPhones(Struct, frozen=True, gc=False):
    """The numbers of a cell, and what stands beside them."""

    phones: tuple[str, ...] = ()
    beside: str = ""


def text_of(cell: Cell) -> str:
    """What a cell says as text; nothing where it says that there is nothing. Raises `RowFaultError`."""
    if isinstance(cell, CellError):
        raise RowFaultError("formula")
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "√" if cell else ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < MOST_DIGITS else repr(cell)
    said = str(cell).strip()
    return "" if tidy(said) in NOTHING else said


def is_ditto(cell: Cell) -> bool:
    return isinstance(cell, str) and unicodedata.normalize("NFKC", cell).strip() in DITTO


def yes_of(cell: Cell) -> bool:
    return cell is True or tidy(text_of(cell)) in YES


def phones_of(cell: Cell) -> SaidPhones:
    """The numbers of a cell, and a name beside them. Raises `RowFaultError`."""
    if isinstance(cell, float):
        if not cell.is_integer() or not 0 < cell < MOST_DIGITS:
            raise RowFaultError("phone_number")
        return _checked([str(int(cell))])
    said = text_of(cell)
    if tidy(said) in NOTHING_SAID:
        return SaidPhones()
    return _read(said)


def _read(said: str) -> SaidPhones:
    typed = unicodedata.normalize("NFKC", said).strip()
    if _scientific(typed):
        raise RowFaultError("phone_scientific")
    if whole := _float_end(typed):
        return _checked([whole[1]])
    if phone_fault(typed) is None:
        return SaidPhones((typed,))
    found: list[str] = []
    beside: list[str] = []
    for part in _between(typed):
        _part(part.strip(), found, beside)
    return SaidPhones(_checked(found).phones, " ".join(beside))


def _part(part: str, found: list[str], beside: list[str]) -> None:
    """What stands between two separators: a number, a name, or a name with numbers."""
    if not part or part in NOTHING_SAID:
        return
    if _scientific(part):
        raise RowFaultError("phone_scientific")
    if whole := _float_end(part):
        found.append(whole[1])
        return
    if phone_fault(part) is None:
        found.append(part)
        return
    numbers = _number.findall(part)
    rest = _number.sub(" ", part).strip(" ()（）:：-")
    if not numbers and not any(sign.isdigit() for sign in part):
        beside.append(part)
    elif not numbers or any(sign.isdigit() for sign in rest):
        _refuse(part)
    else:
        found += [number.strip() for number in numbers]
        beside += [rest] if rest else []


def _checked(phones: list[str]) -> SaidPhones:
    for phone in phones:
        if phone_fault(phone) is not None:
            _refuse(phone)
    return SaidPhones(tuple(dict.fromkeys(phones)))


def _refuse(phone: str) -> None:
    rule = phone_fault(phone) or "phone"
    raise RowFaultError(rule, str(CONTRACT_RULES[rule]))


class SaidCustomer(Struct, frozen=True, gc=False):
    """Who a row is of."""

    name: str
    phones: tuple[str, ...]


def customer_of(name_cell: Cell, said: SaidPhones) -> SaidCustomer:
    """Name and phones together: either cell may say both. Raises `RowFaultError`."""
    name, phones = text_of(name_cell), list(said.phones)
    if _number.search(unicodedata.normalize("NFKC", name)):
        inside = _read(name)
        if len(_people(inside.beside)) > 1 or " " in inside.beside.strip():
            raise RowFaultError("two_customers")
        name, phones = inside.beside, [*inside.phones, *phones]
    _demand_one(name)
    beside = said.beside.strip()
    if beside and not name:
        _demand_one(beside)
        name = beside
    elif beside and beside not in name and name not in beside:
        raise RowFaultError("phone_of_another")
    return SaidCustomer(name, tuple(dict.fromkeys(phones)))


def _demand_one(name: str) -> None:
    if len([one for one in _people(_brackets("", name)) if one.strip()]) > 1:
        raise RowFaultError("two_customers")


def contacts_among(phones: tuple[str, ...]) -> list[str]:
    """Those that are whole."""
    return [phone for phone in phones if not is_masked(phone)]


def amount_of(cell: Cell, *, ten_thousands: bool) -> Decimal:
    """An amount in yuan; below a heading with 万, or with 万 behind it, in ten thousands. Raises `RowFaultError`."""
    said = unicodedata.normalize("NFKC", text_of(cell)).replace(",", "").replace(" ", "").strip(f"¥￥{YUAN}")
    if said.endswith(TEN_THOUSAND):
        said, ten_thousands = said[:-1], True
    try:
        found = Decimal(said)
    except InvalidOperation:
        raise RowFaultError("amount") from None
    if not found.is_finite() or not 0 <= found < MOST_DIGITS:
        raise RowFaultError("amount")
    return found * _TEN_THOUSAND if ten_thousands else found
