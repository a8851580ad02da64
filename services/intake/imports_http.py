"""Imports over HTTP (imports.md): a file is sent, the job looked at, its rejected rows fetched, mappings kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Final, TypeVar

import msgspec
import psycopg
from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from services.intake.imports.jobs import AskedImport, ImportJobs, NewImport, TooManyImportsError
from services.intake.imports.runner import ImportRunner
from services.intake.upload import MOST_MAPPING, UploadedBook, kind_of, mapping_of, refuse, uploaded
from shared.access.guard import address_of, caller_of, permits_of
from shared.access.report import disclosed
from shared.access.table import permission_table
from shared.contract.answers.imports import ImportJob, ImportMapping, ImportPreview, ImportsPage, KeptMapping
from shared.i18n import bilingual
from shared.platform.http.openapi import JSON, answer, body, named
from shared.platform.http.problem import ProblemError, unavailable
from shared.platform.http.raw_route import RawRoute

T = TypeVar("T")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
IMPORTS: Final = "/v1/imports"
FORM: Final = "multipart/form-data"
ATTESTS: Final = "event.name_decider"
RETRY: Final = 5
_UUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
ImportId = Annotated[str, Path(pattern=_UUID, description="the id of the import")]
Office = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
OfOffice = Annotated[
    str, Query(pattern=r"^[a-z0-9-]{1,64}$", description="the office whose imports are listed")
]
Kind = Annotated[str, Path(max_length=32, description="visits, calls or outreach")]

(_JOB, _PAGE, _KEPT, _MAPPING, _PREVIEW), SCHEMAS = named(
    ImportJob, ImportsPage, KeptMapping, ImportMapping, ImportPreview
)
_FORM_SCHEMA: Final = {
    "type": "object",
    "required": ["file", "office", "kind"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "XLSX, XLS or CSV, by its content"},
        "office": {"type": "string", "pattern": r"^[a-z0-9-]{1,64}$"},
        "kind": {"type": "string", "enum": ["visits", "calls", "outreach"]},
        "mapping": {
            "type": "string",
            "description": "JSON, as `ImportMapping`; else the one that the office keeps",
        },
        "sheet": {"type": "string", "description": "which sheet is read, where several are filled"},
        "year": {"type": "string", "description": "of days that name none"},
        "attested_by": {
            "type": "string",
            "description": "who vouches for the book: its rows are carried over",
        },
        "dry_run": {
            "type": "string",
            "enum": ["true", "false"],
            "description": "read and count, record nothing",
        },
    },
}
_Responses = dict[int | str, dict[str, Any]]
_REFUSALS: Final[_Responses] = {
    404: {"description": "Nothing of that name is known"},
    422: {"description": "Bad input; the problem document names the field"},
    503: {"description": "Not now; come again after Retry-After seconds"},
}
_TOO_MANY: Final[_Responses] = {
    413: {"description": "The file is too large"},
    429: {"description": "As many imports are open as may be; come again after Retry-After seconds"},
}
_FILE: Final[_Responses] = {
    200: {
        "description": "The rejected rows as a workbook, to be mended and sent again",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}},
    },
    409: {"description": "The import has not ended, or rejected nothing"},
    **_REFUSALS,
}
_PREVIEWED: Final[_Responses] = {
    200: answer("The first rows of a dry run", _PREVIEW),
    409: {"description": "The import is no dry run, or has not ended"},
    **_REFUSALS,
}
_NO_SUCH: Final = bilingual("there is no such import")
_NO_OFFICE: Final = bilingual("no record names this office yet: enrol its staff first")
_encode = msgspec.json.Encoder().encode


class ImportCalls:
    """The handlers of these calls. An import is for whoever may ask for one at its office."""

    def __init__(self, jobs: ImportJobs, runner: ImportRunner, limit: int) -> None:
        self._jobs = jobs
        self._runner = runner
        self._limit = limit

    async def post(self, request: Request) -> Response:
        """202 with the job to look at; nothing of the file is recorded before."""
        book = await uploaded(request, self._limit)
        scope = await _asked(self._jobs.scope_of, book.office)
        if scope is None:
            refuse("office", "known_office", _NO_OFFICE)
        self._demand_reach(request, scope, book.office)
        await self._demand_witness(request, scope, book)
        new = NewImport(
            scope, book.office, book.kind, await self._asked_import(request, scope, book), book.content
        )
        try:
            job = await _asked(self._jobs.put, new)
        except TooManyImportsError as error:
            raise ProblemError(429, str(error), headers={"Retry-After": "60"}) from None
        disclosed(scope=scope, detail=f"import {job.id}")
        self._runner.wake()
        return Response(_encode(job), 202, {"Location": f"/v1/imports/{job.id}"}, JSON)

    async def listed(self, request: Request, office: OfOffice) -> Response:
        """The last 200, newest first."""
        await self._of_office(request, office)
        return Response(_encode(ImportsPage(await _asked(self._jobs.of_office, office))), media_type=JSON)

    async def one(self, request: Request, id: ImportId) -> Response:
        return Response(_encode(await self._of(request, id)), media_type=JSON)

    async def rejected(self, request: Request, id: ImportId) -> Response:
        """The same sheet with a column for the reason; every cell is text."""
        job = await self._of(request, id)
        rows = await _asked(self._jobs.text, job.id, "rejected_rows")
        if rows is None:
            told = bilingual(
                "the import has not ended, or rejected nothing: its state is {state}", state=job.state
            )
            refuse("state", "done", told, 409)
        disclosed(scope=job.scope, count=job.counts.rejected, detail=f"import {job.id}")
        named_so = {"Content-Disposition": f'attachment; filename="rejected-{job.id}.xlsx"'}
        return Response(rows, media_type=XLSX, headers=named_so)

    async def preview(self, request: Request, id: ImportId) -> Response:
        """Of a trial that has ended: what its first rows would decide. Nothing is recorded."""
        job = await self._of(request, id)
        found = await _asked(self._jobs.text, job.id, "import_preview")
        if found is None:
            told = bilingual(
                "only a dry run that has ended has a preview: the state is {state}", state=job.state
            )
            refuse("state", "done", told, 409)
        disclosed(scope=job.scope, detail=f"import {job.id}")
        return Response(found, media_type=JSON)

    async def remove(self, request: Request, id: ImportId) -> Response:
        job = await self._of(request, id)
        await _asked(self._jobs.remove, job.id)
        return Response(status_code=204)

    async def mapping(self, request: Request, office: Office, kind: Kind) -> Response:
        await self._of_office(request, office)
        kept = await _asked(self._jobs.kept, office, kind_of(kind))
        if kept is None:
            raise ProblemError(404, bilingual("the office keeps no mapping for books of this kind"))
        return Response(_encode(kept), media_type=JSON)

    async def keep_mapping(self, request: Request, office: Office, kind: Kind) -> Response:
        """Used for every import of such a book that brings no mapping of its own."""
        scope = await self._of_office(request, office)
        raw = await request.body()
        if len(raw) > MOST_MAPPING:
            refuse("", "too_large", bilingual("is larger than {limit} bytes", limit=MOST_MAPPING), 413)
        mapping = mapping_of(raw)
        await _asked(self._jobs.keep, office, kind_of(kind), mapping, caller_of(request).login)
        disclosed(scope=scope, detail=f"mapping of {kind} of {office}")
        return Response(status_code=204)

    async def _asked_import(self, request: Request, scope: str, book: UploadedBook) -> AskedImport:
        kept = None if book.mapping is not None else await _asked(self._jobs.kept, book.office, book.kind)
        caller = caller_of(request)
        return AskedImport(
            file=book.name,
            sheet=book.sheet,
            year=book.year,
            mapping=book.mapping or (None if kept is None else kept.mapping),
            attested_by=book.attested_by,
            dry_run=book.dry_run,
            actor=min(caller.names(scope)),
            caller=caller,
            address=address_of(request),
        )

    def _demand_reach(self, request: Request, scope: str, office: str) -> None:
        if not any(permit.covers(scope, office) for permit in permits_of(request)):
            refuse("office", "known_office", _NO_OFFICE)

    async def _demand_witness(self, request: Request, scope: str, book: UploadedBook) -> None:
        """Whoever vouches for a book is the caller, or somebody whose signature the caller may enter."""
        caller, by = caller_of(request), book.attested_by
        if by is None or by in caller.staff_ids(scope):
            return
        if not await _asked(self._jobs.is_enrolled, scope, by):
            refuse("attested_by", "known_staff", bilingual("nobody of this id is enrolled in this scope"))
        table = permission_table()
        if not any(permit.covers(scope, book.office) for permit in table.permits(caller, ATTESTS, scope)):
            refuse("attested_by", "permitted", table.not_allowed(ATTESTS), 403)

    async def _of(self, request: Request, id_: str) -> ImportJob:
        """The job, if its office is within reach: what is not is answered as what does not exist."""
        job = await _asked(self._jobs.find, id_)
        if job is None or not any(one.covers(job.scope, job.office) for one in permits_of(request)):
            raise ProblemError(404, _NO_SUCH)
        disclosed(scope=job.scope)
        return job

    async def _of_office(self, request: Request, office: str) -> str:
        scope = await _asked(self._jobs.scope_of, office)
        if scope is None or not any(one.covers(scope, office) for one in permits_of(request)):
            raise ProblemError(404, bilingual("there is no such office"))
        disclosed(scope=scope)
        return scope


async def _asked(call: Callable[..., T], *given: Any) -> T:
    try:
        return await asyncio.to_thread(call, *given)
    except psycopg.OperationalError as error:
        raise unavailable(bilingual("the database does not answer at present"), RETRY) from error


def add_import_routes(app: FastAPI, calls: ImportCalls) -> None:
    """The routes of imports."""
    tags: list[str | Enum] = ["imports"]
    add = app.router.add_api_route
    add(
        IMPORTS, calls.post, methods=["POST"], status_code=202, tags=tags, route_class_override=RawRoute,
        summary="Bring in an old book: a file, read and recorded as a job",
        responses={202: answer("A job to look at", _JOB), **_TOO_MANY, **_REFUSALS},
        openapi_extra=body(_FORM_SCHEMA, "The file, and how it is to be read", FORM),
    )  # fmt: skip
    add(
        IMPORTS, calls.listed, methods=["GET"], tags=tags, summary="The imports of an office",
        responses={200: answer("Newest first", _PAGE), **_REFUSALS},
    )  # fmt: skip
    add(
        "/v1/imports/{id}", calls.one, methods=["GET"], tags=tags, summary="How far an import is",
        responses={200: answer("The import", _JOB), **_REFUSALS},
    )  # fmt: skip
    add(
        "/v1/imports/{id}", calls.remove, methods=["DELETE"], status_code=204, tags=tags,
        summary="Cancel an import that is open, delete one that has ended", response_class=Response,
        responses={204: {"description": "Cancelled, or deleted"}, **_REFUSALS},
    )  # fmt: skip
    add(
        "/v1/imports/{id}/rejected", calls.rejected, methods=["GET"], tags=tags,
        summary="The rejected rows of an import, with the reasons", responses=_FILE, response_class=Response,
    )  # fmt: skip
    add(
        "/v1/imports/{id}/preview", calls.preview, methods=["GET"], tags=tags,
        summary="What the rows of a dry run would decide", responses=_PREVIEWED,
    )  # fmt: skip
    add(
        "/v1/offices/{office}/import-mappings/{kind}", calls.mapping, methods=["GET"], tags=tags,
        summary="How an office's books of a kind are read",
        responses={200: answer("The mapping that is kept", _KEPT), **_REFUSALS},
    )  # fmt: skip
    add(
        "/v1/offices/{office}/import-mappings/{kind}", calls.keep_mapping, methods=["PUT"], status_code=204, tags=tags,
        summary="Keep how an office's books of a kind are read", response_class=Response,
        responses={204: {"description": "Kept"}, **_REFUSALS},
        openapi_extra=body(_MAPPING, "Which heading means which field"),
    )  # fmt: skip
