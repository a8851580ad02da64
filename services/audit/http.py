"""The log over HTTP: checkpoint, proofs, tiles. Handlers translate and call once.

Everything runs in threads of the server, as the database driver and files are synchronous.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec
import psycopg
from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from services.audit.proofs.reading import (
    CHECKPOINT_TYPE,
    BeyondError,
    ConsistencyProof,
    FactNotLoggedError,
    InclusionProof,
    LogKeyList,
    LogReader,
    NothingShownError,
    NotShownYetError,
)
from shared.i18n import bilingual
from shared.platform.http.openapi import LINES, TEXT, answer, named
from shared.platform.http.problem import FieldError, ProblemError, problem
from shared.tlog.errors import TlogError
from shared.tlog.tiles import parse_path

Responses: TypeAlias = dict[int | str, dict[str, Any]]

JSON = "application/json"
OCTETS = "application/octet-stream"
FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
_TAGS = ("log",)

_Size = Annotated[
    int | None, Query(ge=1, le=2**62, description="of the tree; the shown checkpoint's unless given")
]
_Index = Annotated[int, Query(ge=0, le=2**62, description="of the entry, from 0")]
_First = Annotated[int, Query(ge=0, le=2**62, description="entries of the earlier tree")]
_Second = Annotated[
    int | None,
    Query(ge=0, le=2**62, description="entries of the later tree; the shown checkpoint's unless given"),
]
_Scope = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
_Seq = Annotated[int, Path(ge=1, le=2**62)]
_Level = Annotated[int, Path(ge=0, le=63)]
_Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

(_INCLUSION, _CONSISTENCY, _KEYS), SCHEMAS = named(InclusionProof, ConsistencyProof, LogKeyList)
_NOT_YET: Final[Responses] = {404: {"description": "There is no checkpoint yet"}}


def add_routes(app: FastAPI, reader: LogReader) -> None:
    """The routes of the service; health, metrics and docs are those of every service."""
    app.add_exception_handler(psycopg.OperationalError, _database_away)
    app.add_exception_handler(NothingShownError, _nothing_shown)
    app.add_exception_handler(NotShownYetError, _not_shown_yet)
    app.add_exception_handler(BeyondError, _beyond)
    app.add_exception_handler(TlogError, _files_away)
    _add_checkpoint(app, reader)
    _add_proofs(app, reader)
    _add_tiles(app, reader)


def _add_checkpoint(app: FastAPI, reader: LogReader) -> None:
    def get_checkpoint() -> Response:
        """The signed tree head: origin, size and root, with the signatures below (C2SP tlog-checkpoint)."""
        return Response(
            reader.checkpoint(), media_type=CHECKPOINT_TYPE, headers={"Cache-Control": "no-cache"}
        )

    def get_keys() -> Response:
        """By which keys the log is verified, for whoever trusts the first one."""
        return _json(reader.keys())

    told: Responses = {200: answer("The checkpoint", TEXT, "text/plain"), **_NOT_YET}
    app.add_api_route(
        "/v1/log/checkpoint", get_checkpoint, tags=[*_TAGS], summary="The signed checkpoint", responses=told
    )
    app.add_api_route(
        "/v1/log/keys", get_keys, tags=[*_TAGS], summary="The keys by which the log is verified",
        responses={200: answer("The keys", _KEYS), **_NOT_YET},
    )  # fmt: skip


def _add_proofs(app: FastAPI, reader: LogReader) -> None:
    def prove_entry(index: _Index, size: _Size = None) -> Response:
        """That an entry is in the log, by its index."""
        return _json(reader.inclusion(index, size))

    def prove_fact(scope: _Scope, seq: _Seq, size: _Size = None) -> Response:
        """That a fact is in the log. 404 for one that is not; 503 while no checkpoint holds it yet."""
        try:
            return _json(reader.inclusion_of(scope, seq, size))
        except FactNotLoggedError:
            raise ProblemError(404, bilingual("the log has no such fact")) from None

    def prove_growth(first: _First, second: _Second = None) -> Response:
        """That a later tree goes on from an earlier one, of which nothing was altered."""
        return _json(reader.consistency(first, second))

    included: Responses = {200: answer("The proof", _INCLUSION), **_NOT_YET}
    app.add_api_route(
        "/v1/log/proof/inclusion", prove_entry, tags=[*_TAGS], summary="Proof that an entry is in the log",
        responses=included,
    )  # fmt: skip
    app.add_api_route(
        "/v1/log/proof/inclusion/{scope}/{seq}", prove_fact, tags=[*_TAGS],
        summary="Proof that a fact is in the log",
        responses={**included, 404: {"description": "The log has no such fact"},
                   503: {"description": "No checkpoint holds it yet; come again after Retry-After seconds"}},
    )  # fmt: skip
    app.add_api_route(
        "/v1/log/proof/consistency", prove_growth, tags=[*_TAGS],
        summary="Proof that a tree goes on from an earlier one",
        responses={200: answer("The proof", _CONSISTENCY), **_NOT_YET},
    )  # fmt: skip


def _add_tiles(app: FastAPI, reader: LogReader) -> None:
    def get_tile(level: _Level, index: str) -> Response:
        """256 hashes of the tree, or fewer (C2SP tlog-tiles)."""
        return _file(reader, f"tile/{level}/{index}")

    def get_entries(index: str) -> Response:
        """256 entries, or fewer, each behind its length. A bundle with texts in clear is not there."""
        return _file(reader, f"tile/entries/{index}")

    def get_body(digest: _Digest) -> Response:
        """Bytes that are too many for an entry, which has their digest."""
        return _octets(reader, f"body/{digest}")

    octets: Responses = {200: answer("The bytes", LINES, OCTETS), 404: {"description": "No such file"}}
    for path, handler, summary in (
        ("/v1/log/tile/entries/{index:path}", get_entries, "Entries of the log"),
        ("/v1/log/tile/{level}/{index:path}", get_tile, "Hashes of the log"),
        ("/v1/log/body/{digest}", get_body, "Bytes that an entry names"),
    ):
        app.add_api_route(path, handler, tags=[*_TAGS], summary=summary, responses=octets)


def _file(reader: LogReader, path: str) -> Response:
    if parse_path(path) is None:
        raise ProblemError(404, bilingual("no tile has this path"))
    return _octets(reader, path)


def _octets(reader: LogReader, path: str) -> Response:
    try:
        return Response(reader.files.read(path), media_type=OCTETS, headers=FOR_GOOD)
    except (FileNotFoundError, NotADirectoryError):
        raise ProblemError(404, bilingual("the log has no such file")) from None


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


async def _database_away(_request: Request, _error: Exception) -> Response:
    return problem(503, bilingual("the database does not answer"), headers={"Retry-After": "5"})


async def _nothing_shown(_request: Request, _error: Exception) -> Response:
    return problem(404, bilingual("there is no checkpoint yet"))


async def _not_shown_yet(_request: Request, _error: Exception) -> Response:
    return problem(503, bilingual("no checkpoint holds the fact yet"), headers={"Retry-After": "2"})


async def _files_away(_request: Request, _error: Exception) -> Response:
    return problem(503, bilingual("the files of the log cannot be read here"), headers={"Retry-After": "5"})


async def _beyond(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BeyondError)
    message = bilingual("must be {most} at most: no checkpoint holds more", most=error.most)
    one = FieldError(path=f"query.{error.field}", rule="range", message=message)
    return problem(422, f"{one['path']}: {message}", errors=[one])
