"""Whom a book means by an id, a number or a name, among those who were ever enrolled in the scope."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import tidy

_parts = re.compile(r"[\s,，、/;；()（）]+").split
_NAME: Final = re.compile(r"\s+")


class RosterMember(Struct, frozen=True, gc=False):
    """Somebody as the last enrolment has them."""

    staff: str
    name: str
    office: str
    number: str = ""


class _EnrolledMember(Struct):
    staff: str
    name: str = ""
    number: str = ""


class _EnrolmentFact(Struct):
    office: str
    data: _EnrolledMember


_decode: Final = msgspec.json.Decoder(_EnrolmentFact).decode


def members_of(bodies: Iterable[bytes]) -> list[RosterMember]:
    """Everybody, of facts `staff.enrolled` in their order."""
    found: dict[str, RosterMember] = {}
    for body in bodies:
        told = _decode(body)
        found[told.data.staff] = RosterMember(told.data.staff, told.data.name, told.office, told.data.number)
    return list(found.values())


class Roster:
    """Finds staff by what a cell says: an id first, then a number, then a name, of the office before the scope."""

    def __init__(self, members: Iterable[RosterMember], office: str) -> None:
        self._by_id: dict[str, str] = {}
        self._by_number: dict[str, set[str]] = {}
        self._here: dict[str, set[str]] = {}
        self._anywhere: dict[str, set[str]] = {}
        self._known: dict[str, str] = {}
        for one in members:
            self._by_id[one.staff] = one.staff
            if number := tidy(one.number):
                self._by_number.setdefault(number, set()).add(one.staff)
            for names in (self._here, self._anywhere) if one.office == office else (self._anywhere,):
                names.setdefault(_plain(one.name), set()).add(one.staff)

    def find(self, said: str) -> str:
        """The staff id. Raises `RowFaultError`."""
        if said not in self._known:
            self._known[said] = self._found(said)
        return self._known[said]

    def _found(self, said: str) -> str:
        if whole := self._one(said):
            return self._single(whole)
        told = [self._one(part) for part in _parts(said) if part]
        if len(told) < 2 or not all(told):
            raise RowFaultError("consultant_unknown")
        return self._single(set.intersection(*told) or set.union(*told))

    def _one(self, said: str) -> set[str]:
        if (by_id := self._by_id.get(said.strip())) is not None:
            return {by_id}
        number = tidy(said)
        name = _plain(said)
        return self._by_number.get(number) or self._here.get(name) or self._anywhere.get(name) or set()

    @staticmethod
    def _single(found: set[str]) -> str:
        if len(found) > 1:
            raise RowFaultError("consultant_ambiguous")
        return next(iter(found))


def _plain(name: str) -> str:
    return _NAME.sub("", tidy(name))
