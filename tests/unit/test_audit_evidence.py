"""What audit answers where a pack cannot be made, and what it asks the other services."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import IO, Any, cast

import httpx
import pytest
from fastapi import FastAPI

from services.audit.evidence.gathering import Gathering, NotGatheredError
from services.audit.evidence.http import add_evidence
from services.audit.evidence.packs import BusyError, NoEvidenceError, NotCoveredError, PackMaker
from shared.evidence.making import InClearError, NoSuchCustomerError
from shared.evidence.verdict import UnverifiableError
from shared.i18n import Text
from shared.platform.http.problem import ProblemError, problem


class Maker:
    """Stands for what makes packs: fails as it is told, or gives some bytes."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, str, str]] = []

    @contextmanager
    def made(self, scope: str, customer: str, headers: Mapping[str, str]) -> Iterator[IO[bytes]]:
        self.asked.append((scope, customer, headers["Authorization"]))
        if self.error is not None:
            raise self.error
        yield BytesIO(b"PK")


def answered(maker: Maker, path: str = "/v1/scopes/east/customers/c-1/evidence") -> httpx.Response:
    app = FastAPI()
    add_evidence(app, cast(PackMaker, maker))

    async def refused(_request: Any, error: Exception) -> Any:
        assert isinstance(error, ProblemError)
        return problem(error.status, error.detail)

    app.add_exception_handler(ProblemError, refused)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://audit") as client:
            return await client.get(path, headers={"Authorization": "Bearer t"})

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (NoSuchCustomerError("c-1"), 404, None),
        (InClearError("east"), 409, None),
        (NoEvidenceError("no keys"), 409, None),
        (NotCoveredError(), 503, "2"),
        (BusyError(), 503, "10"),
        (UnverifiableError(Text("缺", "lacks")), 503, None),
        (NotGatheredError("refused", 403), 403, None),
        (NotGatheredError("unknown", 404), 404, None),
        (NotGatheredError("away"), 503, None),
    ],
)
def test_refused(error: Exception, status: int, retry: str | None) -> None:
    """Each reason has its status, and what may be there soon says when to come again."""
    answer = answered(Maker(error))
    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry)


def test_pack() -> None:
    """A pack comes as a file to keep, which no cache does."""
    maker = Maker()
    answer = answered(maker)
    assert (answer.status_code, answer.content) == (200, b"PK")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="evidence-east-c-1.zip"' in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert maker.asked == [("east", "c-1", "Bearer t")]


def test_bad_names() -> None:
    """A scope or customer that can be none is asked nobody for."""
    maker = Maker()
    assert answered(maker, "/v1/scopes/EAST/customers/c-1/evidence").status_code == 422
    assert answered(maker, "/v1/scopes/east/customers/c%20d/evidence").status_code == 422
    assert maker.asked == []


def test_nobody_answers() -> None:
    """A service that is away is told by its name."""
    addresses = {"attribution": "http://127.0.0.1:1", "notifier": "http://127.0.0.1:1", "access": None}
    with Gathering(addresses, {}) as gathering:
        with pytest.raises(NotGatheredError, match="attribution"):
            gathering.folded("east")
        with pytest.raises(NotGatheredError, match="notifier"):
            gathering.alerts("east", "c-1")
        assert gathering.access("east", "c-1") == []
