"""What intake asks attribution when rulebooks are adopted."""

from __future__ import annotations

import asyncio
from pathlib import Path

from services.intake.admission.attribution import AttributionClient
from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.model.submission import IntakeUnavailableError, RefusedEvent
from shared.rules.rulebooks.registry import Registry
from tests.support.tokens import admission

NO_CONTENT = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
AT_ONCE = 50


class Asked:
    """A stand-in for attribution that counts questions and answers none before it may."""

    def __init__(self, answer: bytes) -> None:
        self.questions = 0
        self.answer = answer
        self.came = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.questions += 1
        self.came.set()
        await self.may_answer.wait()
        writer.write(self.answer)
        await writer.drain()
        writer.close()


def client(port: int) -> AttributionClient:
    return AttributionClient(f"http://127.0.0.1:{port}", AdoptableRulebooks(["base@1"]), admission().tokens())


async def adopted(answer: bytes) -> tuple[Asked, list[object]]:
    """What becomes of adoptions that are made while the first one's question is under way."""
    asked = Asked(answer)
    server = await asyncio.start_server(asked.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        attribution = AttributionClient(
            f"http://127.0.0.1:{port}", AdoptableRulebooks(["base@1"]), admission().tokens()
        )
        waiting = [asyncio.create_task(attribution.keep("base", 1)) for _ in range(AT_ONCE)]
        await asked.came.wait()
        asked.may_answer.set()
        return asked, await asyncio.gather(*waiting, return_exceptions=True)


def test_adoptions_at_one_time_share_one_question() -> None:
    """Fifty scopes that adopt a book at once wait for one answer, which holds for all of them."""
    asked, answers = asyncio.run(adopted(NO_CONTENT))
    assert (asked.questions, answers) == (1, [None] * AT_ONCE)


def test_one_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    """The question goes on when the client that asked first is gone."""

    async def run() -> object:
        asked = Asked(NO_CONTENT)
        server = await asyncio.start_server(asked.serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            attribution = AttributionClient(
                f"http://127.0.0.1:{port}", AdoptableRulebooks(["base@1"]), admission().tokens()
            )
            first = asyncio.create_task(attribution.keep("base", 1))
            await asked.came.wait()
            second = asyncio.create_task(attribution.keep("base", 1))
            await asyncio.sleep(0)
            first.cancel()
            asked.may_answer.set()
            return asked.questions, await second

    assert asyncio.run(run()) == (1, None)


def test_who_lacks_the_book_is_named() -> None:
    """Intake has it: whoever must put the file there is told where."""
    _, answers = asyncio.run(adopted(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
    (refused,) = {answer.message for answer in answers if isinstance(answer, RefusedEvent)}
    assert "判客服务" in refused and "attribution at http://127.0.0.1:" in refused


def test_what_every_installation_has_is_taken_while_attribution_fails() -> None:
    """A failing attribution is asked once for all, and a shipped book is adopted without its word."""
    asked, answers = asyncio.run(
        adopted(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    )
    assert asked.questions == 1
    assert not [answer for answer in answers if isinstance(answer, IntakeUnavailableError)]
    assert answers == [None] * AT_ONCE


def test_a_book_over_an_amended_one_is_adopted_under_its_earlier_text_too(tmp_path: Path) -> None:
    """A file that has not changed is never called another text because the book that it extends was amended."""
    (tmp_path / "ours.yaml").write_text(
        "rulebook: ours\nversion: 1\nextends: reception\ntitle: {zh: 本所, en: Ours}\n", encoding="utf-8"
    )
    registry = Registry(tmp_path)
    earlier = {book.rulebook.sha256 for book in registry.earlier() if book.rulebook.name == "ours"}
    today, *others = AdoptableRulebooks(["base@1"], str(tmp_path)).texts("ours", 1)
    assert earlier
    assert (today, {*others}) == (registry.books["ours", 1].sha256, earlier)
    assert not AdoptableRulebooks(["base@1"], str(tmp_path)).texts("base", 1)
