"""The witness over HTTP, as C2SP tlog-witness has it: no token, since a checkpoint's signature says who asks."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse, Response

from services.witness.checking import OtherSizeError, RefusedCheckpointError
from services.witness.keeping import WitnessBook, WitnessFolderError
from shared.i18n import bilingual
from shared.platform.http.answer_headers import AnswerHeaders
from shared.platform.http.middleware import AccessLog, BodyLimit
from shared.tlog.errors import BadNoteError, TlogError
from shared.tlog.notes import MAX_NOTE
from shared.tlog.witnessing import ADD_CHECKPOINT, SIZE_TYPE, parse_add_checkpoint

log: Final = structlog.get_logger()


def witness_app(book: WitnessBook) -> FastAPI:
    """The application over a witness's book."""

    async def add_checkpoint(request: Request) -> Response:
        """Sign a checkpoint that goes on from the last one that was signed for its log."""
        try:
            asked = parse_add_checkpoint(await request.body())
            signature = await asyncio.to_thread(book.cosign, asked)
        except OtherSizeError as error:
            return Response(f"{error.size}\n", 409, media_type=SIZE_TYPE)
        except BadNoteError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except RefusedCheckpointError as error:
            log.warning("checkpoint_refused", status=error.status, reason=str(error))
            return PlainTextResponse(f"{error}\n", error.status)
        except (WitnessFolderError, TlogError, OSError) as error:
            log.error("witness_cannot_sign", error=type(error).__name__, detail=str(error))
            return PlainTextResponse(bilingual("this witness cannot sign at present") + "\n", 503)
        return PlainTextResponse(signature.line)

    async def get_checkpoint(origin_hash: str) -> Response:
        """The last checkpoint of a log that was signed here."""
        found = await asyncio.to_thread(book.checkpoint, origin_hash)
        if found is None:
            return PlainTextResponse(bilingual("this witness does not know the log") + "\n", 404)
        return Response(found, media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"})

    async def healthz() -> Response:
        return PlainTextResponse("ok\n")

    # Logs of others say no media type and come by whatever name: what every service asks of its callers is not asked.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit, limit=MAX_NOTE)
    app.add_middleware(AccessLog)
    app.add_middleware(AnswerHeaders)
    app.add_api_route("/healthz", healthz, methods=["GET"])
    app.add_api_route(f"/{ADD_CHECKPOINT}", add_checkpoint, methods=["POST"])
    app.add_api_route("/{origin_hash}/checkpoint", get_checkpoint, methods=["GET"])
    return app
