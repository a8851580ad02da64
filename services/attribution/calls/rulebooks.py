"""By which rulebooks scopes are judged, and on what the fold of a scope fails."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.attribution.calls.asking import Asking, encoded
from services.attribution.calls.parameters import Digests, Scope, Slug, Version
from services.attribution.calls.routes import REFUSALS, Routes
from services.attribution.quarantine.marks import NotFailingError, NotParkedError, SetAsideMarks
from services.attribution.queries.snapshot import UnknownNameError
from services.attribution.store.texts import StoredTexts
from shared.contract import format_instant
from shared.contract.answers import QuarantineAnswer, RulebooksAnswer, RulebookText, RulebookWhole
from shared.i18n import bilingual
from shared.ids import ScopeId
from shared.platform.http.problem import ProblemError
from shared.rules.rulebooks.registry import NoSuchTextError, UnknownBookError


class Marking(BaseModel):
    """Which event is being set aside, and by whom."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=64, description="the event on which the scope fails")
    by: str = Field(min_length=1, max_length=64, description="who answers for it")


class RulebookCalls:
    """The handlers of these calls."""

    def __init__(self, asking: Asking, texts: StoredTexts, marks: SetAsideMarks) -> None:
        self._asking = asking
        self._texts = texts
        self._marks = marks

    def add_to(self, routes: Routes) -> None:
        routes.get("/rulebooks", self.rulebooks, "The rulebooks that may be adopted", RulebooksAnswer)
        routes.get(
            "/rulebooks/{rulebook}/{version}",
            self.text,
            "A rulebook in the text by which it is judged",
            RulebookWhole,
            {409: {"description": "This deployment cannot judge by it"}, **REFUSALS},
        )
        routes.put(
            "/rulebooks/{rulebook}/{version}",
            self.keep_text,
            "Keep the text of a rulebook for all, before it is adopted",
            "Kept; every process judges by it from now on",
            "Another text is kept under that name and version, or wanted by If-Match",
        )
        failing = "The event on which a scope fails"
        routes.get("/scopes/{scope}/quarantine", self.quarantine, failing, QuarantineAnswer)
        routes.put(
            "/scopes/{scope}/quarantine/mark",
            self.mark,
            "Mark the event on which a scope fails as one that is being set aside",
            "Marked; no retry folds it from now on",
            "The scope does not fail on this event",
        )

    async def rulebooks(self) -> Response:
        """Each with its version and the digest of its text."""
        books = sorted(self._asking.reader.books.items())
        known = [RulebookText(name, version, book.sha256) for (name, version), book in books]
        return encoded(RulebooksAnswer(known))

    async def text(self, rulebook: Slug, version: Version) -> Response:
        """The text that was adopted, also where no file has it any more; of one that nobody adopted, the file's."""
        found = await self._asking.ask(
            "desk", lambda: self._text(rulebook, version), _no_rulebook(rulebook, version)
        )
        return encoded(found)

    def _text(self, rulebook: str, version: int) -> RulebookWhole:
        try:
            found = self._texts.text_of((rulebook, version))
        except UnknownBookError:
            raise UnknownNameError(rulebook) from None
        except NoSuchTextError as error:
            raise ProblemError(409, str(error)) from None
        return RulebookWhole(rulebook, version, found.sha256, [text.decode() for text in found.texts])

    async def keep_text(self, rulebook: Slug, version: Version, digests: Digests = None) -> Response:
        """Asked before an adoption is taken: from then on every process judges by this text of the rulebook."""
        wanted = re.findall("[0-9a-f]{64}", digests or "")
        await self._asking.ask(
            "desk", lambda: self._keep(rulebook, version, wanted), _no_rulebook(rulebook, version)
        )
        return Response(status_code=204)

    def _keep(self, rulebook: str, version: int, wanted: list[str]) -> None:
        try:
            self._texts.keep((rulebook, version), wanted)
        except UnknownBookError:
            raise UnknownNameError(rulebook) from None
        except NoSuchTextError as error:
            raise ProblemError(409, str(error)) from None

    async def quarantine(self, scope: Scope) -> Response:
        """`event` is null where no fact is to blame but a lapse that is due; 404 while the scope waits for nothing."""
        since, event = await self._asking.ask(
            "desk", lambda: self._asking.reader.failing(scope), _waits_not(scope)
        )
        return encoded(QuarantineAnswer(scope, format_instant(since), event))

    async def mark(self, scope: Scope, marking: Marking) -> Response:
        """Asked by intake, before it records that the journal leaves the event out."""
        await self._asking.ask("desk", lambda: self._mark(scope, marking), _waits_not(scope))
        return Response(status_code=204)

    def _mark(self, scope: ScopeId, marking: Marking) -> None:
        try:
            self._marks.put(scope, marking.by, marking.id.lower())
        except (NotParkedError, NotFailingError):
            raise ProblemError(409, bilingual("the scope does not fail on this event")) from None


def _no_rulebook(rulebook: str, version: int) -> str:
    return bilingual("there is no rulebook {rulebook}@{version} here", rulebook=rulebook, version=version)


def _waits_not(scope: ScopeId) -> str:
    return bilingual("the scope {scope} does not wait in quarantine", scope=scope)
