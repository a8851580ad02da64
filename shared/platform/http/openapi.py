"""What OpenAPI says of every service alike: refusals are problem documents, and probes and metrics are what they are.

The framework would tell of its own validation errors and of JSON where there is none. Schemas of bodies and
answers come from the contract's models, so that a client is told what is checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib.resources import files
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from shared.platform.http.problem import PROBLEM_TYPE

Document = dict[str, Any]

JSON: Final = "application/json"
_COMPONENTS: Final = "#/components/schemas/"
PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
ANY_EVENT: Final = {"$ref": "#/components/schemas/Event"}
TEXT: Final = {"type": "string"}
LINES: Final = {"type": "string", "format": "binary"}
"""NDJSON: bytes that hold a JSON document a line, for which OpenAPI has no other words."""
_PROBES: Final = ("/healthz", "/readyz")
_STATUS: Final = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
_PROBED: Final[dict[str, Document]] = {
    "GET /healthz": {"answer": {"status": "ok"}},
    "GET /readyz": {"answer": {"status": "ok"}},
    "GET /metrics": {"answer": "process_open_fds 31.0\n"},
}
_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")


def body(schema: Document, description: str, media_type: str = JSON) -> Document:
    """`openapi_extra` of a route that reads its body itself."""
    return {
        "requestBody": {
            "required": True,
            "description": description,
            "content": {media_type: {"schema": schema}},
        }
    }


def answer(description: str, schema: Document, media_type: str = JSON) -> Document:
    """One of the `responses` of a route."""
    return {"description": description, "content": {media_type: {"schema": schema}}}


def schema_of(model: type) -> Document:
    """What refers to the schema of a model of the contract."""
    return {"$ref": _COMPONENTS + model.__name__}


def named(*models: type, nullable: bool = True) -> tuple[tuple[Document, ...], dict[str, Document]]:
    """What refers to the schema of each model, and the schemas by name, also of what they are made of.

    Answers are whole: a member that a model gives a default is there all the same, unless that is `UNSET`.
    """
    from shared.contract.schema import schemas_of

    made, schemas = schemas_of(models, _COMPONENTS + "{name}", nullable=nullable)
    return tuple(made), {name: _whole(schema) for name, schema in schemas.items()}


def _whole(schema: Document) -> Document:
    told = {key: value for key, value in schema.items() if key != "required"}
    if "description" in told:
        told["description"] = " ".join(told["description"].split())
    if "properties" not in told:
        return told
    told["properties"] = {
        name: {key: value for key, value in one.items() if key != "default"}
        for name, one in schema["properties"].items()
    }
    given = {name for name, one in schema["properties"].items() if "default" in one}
    needed = given | set(schema.get("required", ()))
    return told | {"required": [name for name in schema["properties"] if name in needed]}


class CollidingNamesError(ValueError):
    """A service has a model that is called as a schema of the contract is."""

    def __init__(self, names: Collection[str]) -> None:
        super().__init__(f"two schemas of one name: {', '.join(sorted(names))}")


def examples_of(package: str) -> Document:
    """What a call may look like, by method and path: `request` and `answer`, from the package's `examples.json`."""
    found: Document = json.loads(files(package).joinpath("examples.json").read_text(encoding="utf-8"))
    return found


class DescribedApp(FastAPI):
    """An application whose document is true."""

    def __init__(
        self,
        *,
        examples: Mapping[str, Document] | None = None,
        schemas: Mapping[str, Document] | None = None,
        closed: Callable[[str, str], bool] | None = None,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.examples = {**_PROBED, **(examples or {})}
        self.schemas = dict(schemas or {})
        self.closed = closed

    def setup(self) -> None:
        """The document has a route like every other, under the rules of the application."""
        if self.openapi_url is None:
            return

        async def document() -> Response:
            return JSONResponse(self.openapi())

        self.add_api_route(self.openapi_url, document, include_in_schema=False)

    def openapi(self) -> Document:
        if not self.openapi_schema:
            made = get_openapi(
                title=self.title,
                version=self.version,
                openapi_version=self.openapi_version,
                routes=self.routes,
            )
            self.openapi_schema = described(made, self.examples, self.schemas)
            if self.closed is not None:
                _show_door(self.openapi_schema, self.closed)
        return self.openapi_schema


def described(document: Document, examples: Mapping[str, Document], own: Mapping[str, Document]) -> Document:
    """The framework's document, with the answers as they are, examples, and the schemas that they name."""
    from shared.contract.schema import http_event_schemas, problem_schema

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"] = _answers(path, operation["responses"])
            _show(operation, examples.get(f"{method.upper()} {path}", {}))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK:
        schemas.pop(name, None)
    problem = {key: value for key, value in problem_schema().items() if key != "$schema"}
    ours = {"Problem": problem | {"title": "Problem"}, **http_event_schemas(_COMPONENTS + "{name}")}
    if colliding := ours.keys() & own.keys():
        raise CollidingNamesError(colliding)
    ours |= own
    used = _used(document["paths"], ours | schemas)
    if colliding := used & ours.keys() & schemas.keys():
        raise CollidingNamesError(colliding)
    document["components"]["schemas"] = {
        name: schema for name, schema in (ours | schemas).items() if name in used
    }
    return document


def _show_door(document: Document, closed: Callable[[str, str], bool]) -> None:
    """Which calls ask for a token, and how they say that it does not open them."""
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    document["components"]["securitySchemes"] = {"token": bearer}
    refused = {
        "401": "No token, or one that is not valid",
        "403": "The caller's roles do not allow it",
        "429": "Too many requests of one caller; come again after Retry-After seconds",
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if closed(method.upper(), path):
                operation["security"] = [{"token": []}]
                for status, told in refused.items():
                    operation["responses"].setdefault(status, answer(told, PROBLEM, PROBLEM_TYPE))


def _show(operation: Document, example: Document) -> None:
    """Each body and each success with its example, beside the schema."""
    if "request" in example:
        for media in operation["requestBody"]["content"].values():
            media["example"] = example["request"]
    if "answer" in example:
        for status, told in operation["responses"].items():
            for media in told.get("content", {}).values() if status.startswith("2") else ():
                media["example"] = example["answer"]


def _used(node: Any, schemas: Mapping[str, Document]) -> set[str]:
    """The names of the schemas that a part of the document refers to, also by way of others."""
    found: set[str] = set()
    waiting = list(_refs(node))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _refs(schemas[name])
    return found


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _refs(item)
    elif isinstance(node, str) and node.startswith(_COMPONENTS):
        yield node.removeprefix(_COMPONENTS)


def _answers(path: str, told: Mapping[str, Document]) -> Document:
    answers = {status: _answer(status, one) for status, one in told.items()}
    if path in _PROBES:
        answers["200"] = answer("Well", _STATUS)
        answers["503"] = answer("Not well; `failing` says what and why", PROBLEM, PROBLEM_TYPE)
    elif path == "/metrics":
        answers["200"] = answer("Prometheus text", TEXT, "text/plain")
    return {**answers, "default": answer("A refusal", PROBLEM, PROBLEM_TYPE)}


def _answer(status: str, told: Document) -> Document:
    """A refusal is a problem document; what a route says of its success stays."""
    refused = status.isdigit() and int(status) >= 400
    description = "Bad input; `errors` names each field" if status == "422" else told["description"]
    return answer(description, PROBLEM, PROBLEM_TYPE) if refused else _without_empty_json(told)


def _without_empty_json(told: Document) -> Document:
    """Without the JSON of no shape that the framework adds where a route answers in another type."""
    content = told.get("content", {})
    kept = {kind: one for kind, one in content.items() if kind != JSON or one.get("schema")}
    return {**told, "content": kept} if kept else told
