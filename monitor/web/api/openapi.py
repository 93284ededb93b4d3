"""The OpenAPI 3.1 document of the operations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from monitor.web.api.operation import BASE, Model, Operation, Raw

_REF = "#/components/schemas/{model}"


class Problem(Model):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] | None = None


def document(operations: Sequence[Operation], version: str) -> dict[str, Any]:
    """Return the document."""
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(BASE + operation.path, {})[operation.method.lower()] = _entry(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wirewatch",
            "version": version,
            "description": "Everything that the dashboard shows and does. Lists go by cursor: ask again with"
            " `cursor=next` until `next` is null. Times are RFC 3339, UTC.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "`wirewatch web token add NAME`"},
                "session": {"type": "apiKey", "in": "cookie", "name": "wirewatch_session"},
            },
        },
    }


class _Schemas:
    """The models of all operations under one name each."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        given = [m for o in operations for m in (o.path_model, o.query_model, o.body_model) if _is_model(m)]
        wanted: list[Any] = [(model, "validation") for model in dict.fromkeys(given)]
        wanted += [(m, "serialization") for m in dict.fromkeys(o.answer for o in operations) if _is_model(m)]
        wanted.append((Problem, "serialization"))
        self._refs, found = models_json_schema(wanted, ref_template=_REF)
        self.definitions: dict[str, Any] = found.get("$defs", {})

    def ref(self, model: type[BaseModel], mode: str) -> dict[str, Any]:
        """Return the reference to a model."""
        return self._refs[(model, mode)]  # type: ignore[index]

    def properties(self, model: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
        """Return the properties of a model of parameters, and which are required."""
        name = self.ref(model, "validation")["$ref"].rpartition("/")[2]
        schema = self.definitions[name]
        return schema.get("properties", {}), set(schema.get("required", ()))


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseModel)


def _entry(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": list(_parameters(operation, schemas)),
        "responses": _responses(operation, schemas),
        "x-scope": operation.needs,
    }
    if operation.description:
        entry["description"] = operation.description
    if operation.body_model is not None:
        entry["requestBody"] = {"required": True, "content": _body(operation.body_model, schemas)}
    return entry


def _parameters(operation: Operation, schemas: _Schemas) -> Iterable[dict[str, Any]]:
    for model, place in ((operation.path_model, "path"), (operation.query_model, "query")):
        if model is None:
            continue
        properties, required = schemas.properties(model)
        for name, schema in properties.items():
            shown = {key: value for key, value in schema.items() if key not in ("title", "description")}
            entry = {"name": name, "in": place, "required": place == "path" or name in required, "schema": shown}
            if "description" in schema:
                entry["description"] = schema["description"]
            yield entry


def _body(model: type[BaseModel] | Raw, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(model, Raw):
        return {kind: {"schema": {"type": "string"}} for kind in model.media_types}
    return {"application/json": {"schema": schemas.ref(model, "validation")}}


_WORDS = {200: "What was asked for", 201: "Made", 202: "Begun", 204: "Done"}


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if operation.answer is None:
        found["204"] = {"description": _WORDS[204]}
    elif isinstance(operation.answer, str):
        content: dict[str, Any] = {operation.answer: {"schema": {"type": "string"}}}
        found[str(operation.status)] = {"description": _WORDS.get(operation.status, "Good"), "content": content}
    else:
        content = {"application/json": {"schema": schemas.ref(operation.answer, "serialization")}}
        found[str(operation.status)] = {"description": _WORDS.get(operation.status, "Good"), "content": content}
    if operation.method == "GET":
        found["304"] = {"description": "What the asker has, by If-None-Match, still stands"}
    problem = {"application/problem+json": {"schema": schemas.ref(Problem, "serialization")}}
    refused = {"401": "No token, or none of ours", "403": "The token may not do this"}
    if operation.path_model is not None:
        refused["404"] = "There is no such thing"
    if operation.query_model is not None or operation.body_model is not None:
        refused["422"] = "A parameter, or the body, does not fit"
    if operation.heavy:
        refused["503"] = "Too much heavy work at once; Retry-After says when"
    refused["default"] = "Anything else that went wrong"
    found.update({status: {"description": words, "content": problem} for status, words in refused.items()})
    return found
