"""The form of an import, read into memory alone: no upload ever lies in clear on a disk (privacy.md#imports)."""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn, cast

from fastapi import Request
from msgspec import Struct
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from services.intake.books.grid import UnreadableBookError
from services.intake.imports.headings import ImportKind
from services.intake.imports.mapping import decode_mapping
from shared.contract.answers.imports import ImportMapping
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

FIELDS: Final = frozenset({"file", "office", "kind", "mapping", "sheet", "year", "attested_by", "dry_run"})
KINDS: Final = ("visits", "calls", "outreach")
NOT_CARRIED: Final = ("followups", "deals")
MOST_MAPPING: Final = 64 * 1024
_MOST_FIELDS: Final = 16
_PLACE: Final = re.compile(r"[a-z0-9-]{1,64}")
_unseen = re.compile(r"[\x00-\x1f\x7f-\x9f]+").sub
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


class UploadedBook(Struct, frozen=True):
    """What a form says, each of its fields checked by itself."""

    name: str
    content: bytes
    office: str
    kind: ImportKind
    mapping: ImportMapping | None
    sheet: str | None
    year: int | None
    attested_by: str | None
    dry_run: bool


class _InMemory(MultiPartParser):
    """Keeps what is uploaded in memory; how much may come is the limit of bodies."""

    spool_max_size = 1 << 40


async def uploaded(request: Request, limit: int) -> UploadedBook:
    """The form of a request. Raises `ProblemError` that names the field."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(415, bilingual("send the file as multipart/form-data"))
    try:
        parser = _InMemory(
            request.headers,
            request.stream(),
            max_files=1,
            max_fields=_MOST_FIELDS,
            max_part_size=MOST_MAPPING,
        )
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise ProblemError(422, bilingual("the body is no form of several parts, or has too many")) from None
    try:
        return await _checked(_once_each(form), limit)
    finally:
        await form.close()


def _once_each(form: FormData) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in form.multi_items():
        if name not in FIELDS:
            refuse(name, "unknown_field", bilingual("is not a field of an import"))
        if name in told:
            refuse(name, "duplicate_key", bilingual("is given twice"))
        told[name] = value
    return told


async def _checked(told: dict[str, Any], limit: int) -> UploadedBook:
    file = told.get("file")
    if not isinstance(file, UploadFile):
        refuse("file", "required", bilingual("is required, as a file"))
    content = await file.read()
    if len(content) > limit:
        refuse("file", "too_large", bilingual("is larger than {limit} bytes", limit=f"{limit:,}"), 413)
    texts = {name: _text(name, value) for name, value in told.items() if name != "file"}
    return UploadedBook(
        name=_file_name(file.filename or ""),
        content=content,
        office=_office(texts.get("office", "")),
        kind=kind_of(texts.get("kind", "")),
        mapping=mapping_of(texts["mapping"].encode()) if texts.get("mapping") else None,
        sheet=texts.get("sheet") or None,
        year=_year(texts.get("year", "")),
        attested_by=texts.get("attested_by") or None,
        dry_run=_flag(texts.get("dry_run", "")),
    )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        refuse(name, "type", bilingual("is a text, not a file"))
    return value.strip()


def _file_name(name: str) -> str:
    """As the register is called: without folders and what nobody sees."""
    plain = _unseen("", name.replace("\\", "/").rsplit("/", 1)[-1]).strip()
    return plain[:200] or "-"


def _office(office: str) -> str:
    if not _PLACE.fullmatch(office):
        refuse("office", "pattern", bilingual("names the office: letters a-z, digits and -"))
    return office


def kind_of(kind: str, path: str = "kind") -> ImportKind:
    """Which books may come in. Raises `ProblemError`."""
    if kind in NOT_CARRIED:
        told = bilingual(
            "old follow-up and deal books have no way in: only registrations (visits, calls, outreach) can be carried"
            " over, since nothing says yet what shares a deal gets that was made elsewhere"
        )
        refuse(path, "carried_type", told)
    if kind not in KINDS:
        refuse(path, "one_of", bilingual("must be one of {expected}", expected=", ".join(KINDS)))
    return cast(ImportKind, kind)


def mapping_of(raw: bytes) -> ImportMapping:
    """A mapping as somebody gives it. Raises `ProblemError`."""
    try:
        return decode_mapping(raw)
    except UnreadableBookError as error:
        refuse(error.path, error.rule, error.message)


def _year(said: str) -> int | None:
    if not said:
        return None
    if not re.fullmatch(r"20\d\d|2100", said):
        refuse("year", "range", bilingual("must be a year from 2000 to 2100"))
    return int(said)


def _flag(said: str) -> bool:
    if said.lower() not in _FLAGS:
        refuse("dry_run", "type", bilingual("must be true or false"))
    return _FLAGS[said.lower()]


def refuse(path: str, rule: str, message: str, status: int = 422) -> NoReturn:
    raise ProblemError(
        status, f"{path}: {message}", errors=[{"path": path, "rule": rule, "message": message}]
    )
