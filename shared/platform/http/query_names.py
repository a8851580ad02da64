"""A query parameter that an endpoint does not know is refused by its name, on every endpoint alike.

Left unread it would be answered as if it had been obeyed: a list asked for as of a day in March would be that of
today. The names that are known stand in the answer, since most unknown ones are slips of the pen. One that is given
twice is refused too: only one of the two could be obeyed.

The exception is an address whose query others write by a protocol that has what is unknown ignored, as RFC 6749 section
4.1.2 has it of the answers of a provider.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.contract import mask
from shared.i18n import bilingual, listed
from shared.platform.http.problem import FieldError, ProblemError

SHOWN: Final = 64


async def refuse_unknown(request: Request) -> None:
    """A dependency of the whole application."""
    route = request.scope.get("route")
    if not request.scope["query_string"] or not isinstance(route, APIRoute):
        return
    known = known_names(route)
    given = [name for name, _ in request.query_params.multi_items()]
    if any(one.call is ignore_unknown for one in route.dependant.dependencies):
        given = [name for name in given if name in known]
    errors = list(_errors(given, known))
    if errors:
        raise ProblemError(422, "; ".join(f"{e['path']}: {e['message']}" for e in errors), errors=errors)


async def ignore_unknown() -> None:
    """A dependency of an address whose query is written by others: what it does not know is not read."""


def known_names(route: APIRoute) -> frozenset[str]:
    """The query parameters that a route takes, by the names that a client writes."""
    return frozenset(_names(route.dependant))


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for other in dependant.dependencies:
        yield from _names(other)


def _errors(given: list[str], known: frozenset[str]) -> Iterator[FieldError]:
    for name, times in Counter(given).items():
        path = f"query.{mask(name[:SHOWN])}"
        if name not in known:
            yield {"path": path, "rule": "unknown_parameter", "message": _message(sorted(known))}
        elif times > 1:
            yield {"path": path, "rule": "once", "message": bilingual("may be given once only")}


def _message(known: list[str]) -> str:
    if not known:
        return bilingual("this address takes no query parameters")
    return bilingual("no such query parameter; there are: {known}", known=listed(known))
