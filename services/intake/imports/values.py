"""Customers, amounts and answers as cells of old books say them (imports.md#cells)."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec import Struct

from services.intake.books.grid import Cell, CellError
from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import (
    BESIDE_PHONES,
    DITTO,
    NO_PHONE,
    NOTHING,
    SURNAMES,
    TEN_THOUSAND,
    YES,
    YUAN,
    tidy,
)
from shared.contract.errors import RULES as CONTRACT_RULES
from shared.contract.phones import is_masked, normalise_phone, phone_fault
from shared.contract.plain import NOTHING_SAID, can_be_seen

MOST_DIGITS: Final = 10**15
_TEN_THOUSAND: Final = Decimal(10_000)

_scientific = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE).fullmatch
_float_end = re.compile(r"(\d{7,15})\.0+").fullmatch
_between = re.compile(r"[/、,，;；|\n]+|\s{2,}|(?<=\d)\s*(?:或者?|和|及|与)\s*(?=\d)").split
_apart = re.compile(r"[\s/、,，;；|]+").split
_text_formula = re.compile(r"""=?"([^"]*)"|['’‘`]([^'"]*)""").fullmatch
_label = re.compile(
    r"(?:联系电话|联系方式|电话号码|手机号码?|手机|电话|移动|tel|mobile|phone)\s*[:.]?\s*(?=[+(\d])"
).sub
_bracketed = re.compile(r"\(([^()]*)\)").findall
_in_brackets = re.compile(r"\(([^()]*)\)").fullmatch
_OF_WECHAT: Final = frozenset({"微信", "微信同号", "同微信", "加微信", "已加微信", "同号", "本人"})
_number = re.compile(
    r"(?:\+?86[ -]?|0086[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)"
    r"|1[3-9]\d[*•●×x]{2,8}\d{0,4}"
    r"|\(?0\d{2,3}\)?[ -]?\d{7,8}(?!\d)(?:\s*(?:转|-)\s*\d{1,6})?"
    r"|[48]00[ -]?\d{3}[ -]?\d{4}(?!\d)"
)
_TITLES: Final = "先生|女士|小姐|太太|阿姨|叔叔|大姐|大哥|大爷|大妈|夫人|老师"
_people = re.compile(
    rf"[/、,，;；\n]|\s+[和与及跟]\s+|(?<=[先女生士])[和与及跟]|(?<={_TITLES})\s*(?=[^\s的(（]{{1,3}}(?:{_TITLES}))"
).split
_letter = re.compile(r"([a-z])\s*级?").fullmatch
_joined = re.compile(r"\S\s*(?:[&＆]|[+＋](?!\d))\s*\S").search
_and = re.compile(rf"[{SURNAMES}]\S{{1,2}}[和与及跟][{SURNAMES}]\S{{1,3}}").fullmatch
_company = re.compile(r"公司|集团|企业|银行|医院|学校|工厂|商店|中心|地产|科技|商贸|工作室").search
_brackets = re.compile(r"[(（].*?[)）]").sub


class SaidPhones(Struct, frozen=True, gc=False):
    """The numbers of a cell, a name beside them, and remarks on whose they are."""

    phones: tuple[str, ...] = ()
    beside: str = ""
    remarks: tuple[str, ...] = ()


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
    if found := _text_formula(said):
        said = (found[1] or found[2] or "").strip()
    if tidy(said) in NOTHING_SAID or tidy(said) in NO_PHONE:
        return SaidPhones()
    return _read(said)


def _read(said: str) -> SaidPhones:
    typed = _label("", unicodedata.normalize("NFKC", said).strip())
    if _is_one(typed):
        return SaidPhones((typed,))
    found: list[str] = []
    beside: list[str] = []
    remarks: list[str] = []
    for part in _between(typed):
        _part(part.strip(), found, beside, remarks)
    return SaidPhones(_checked(found).phones, " ".join(beside), tuple(dict.fromkeys(remarks)))


def _part(part: str, found: list[str], beside: list[str], remarks: list[str]) -> None:
    """What stands between two separators: a number, a name, or numbers with a name or remarks."""
    if not part or part in NOTHING_SAID:
        return
    if _scientific(part):
        raise RowFaultError("phone_scientific")
    if whole := _float_end(part):
        found.append(whole[1])
        return
    if _is_one(part):
        found.append(part)
        return
    numbers = _number.findall(part)
    rest = _number.sub(" ", part).strip(" :：-")
    if (not numbers and any(sign.isdigit() for sign in part)) or any(sign.isdigit() for sign in rest):
        _refuse(part)
    found += [number.strip() for number in numbers]
    name = _without_remarks(rest, remarks)
    if can_be_seen(name):
        beside.append(name)


def _is_one(text: str) -> bool:
    """Whether it is one number, whole or masked; beside what is masked no whole one may go unread."""
    if phone_fault(text) is not None:
        return False
    return not is_masked(text) or all(normalise_phone(piece) is None for piece in _apart(text))


def _without_remarks(rest: str, remarks: list[str]) -> str:
    """What is left beside numbers when it is said whose they are; that goes to the remarks."""
    for inside in _bracketed(rest):
        if inside.strip() in BESIDE_PHONES:
            remarks.append(inside.strip())
            rest = rest.replace(f"({inside})", " ")
    words = rest.split()
    told = [one for one in words if one in BESIDE_PHONES]
    if len(told) == len(words) or any(one in _OF_WECHAT for one in told):
        remarks += told
        words = [one for one in words if one not in told]
    name = " ".join(words).strip(" :：-")
    alone = _in_brackets(name)
    return alone[1] if alone else name


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
    remarks: tuple[str, ...] = ()


def customer_of(name_cell: Cell, said: SaidPhones) -> SaidCustomer:
    """Name and phones together: either cell may say both. Raises `RowFaultError`."""
    name, phones = text_of(name_cell), list(said.phones)
    remarks: tuple[str, ...] = ()
    if _number.search(unicodedata.normalize("NFKC", name)):
        inside = _read(name)
        if len(_people(inside.beside)) > 1 or " " in inside.beside.strip():
            raise RowFaultError("two_customers")
        name, phones, remarks = inside.beside, [*inside.phones, *phones], inside.remarks
    _demand_one(name)
    beside = said.beside.strip()
    if beside and not name:
        _demand_one(beside)
        name = beside
    elif beside and beside not in name and name not in beside:
        if not said.phones:
            raise RowFaultError("phone", str(CONTRACT_RULES["phone"]))
        raise RowFaultError("phone_of_another")
    return SaidCustomer(name, tuple(dict.fromkeys(phones)), remarks)


def _demand_one(name: str) -> None:
    bare = _brackets("", name).strip()
    joined = (_and(bare) or _joined(bare)) and not _company(bare)
    if joined or len([one for one in _people(bare) if one.strip()]) > 1:
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


def level_of(cell: Cell) -> str:
    """A level as a cell says it; one of a single letter is that letter as schemes write it: `a级` is A."""
    said = text_of(cell)
    found = _letter(tidy(said))
    return found[1].upper() if found else said
