"""An operation of the API as one value: from it come its route and its entry in the OpenAPI document.

```
class AlertPath(Model):
    id: Id

Operation("GET", "/alerts/{id}", "One alert with its evidence", show_alert, answer=AlertOut, path_model=AlertPath)

async def show_alert(call: Call) -> Answer:
    found = await call.desk.read(lambda c: alert_views.get(c, call.path(AlertPath).id))
    if found is None:
        raise NotThere("There is no such alert.")
    return Answer(AlertOut.of(found))
```

A GET gets its ETag and 304 here; faults become `application/problem+json` in `web/app.py`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.web import access
from monitor.web.desk import MOST_ID, Desk
from monitor.web.faults import NotThere, Refused, TooLarge, WebFault

BASE = "/api/v1"
MOST_BODY = 256 * 1024
PATIENCE = 20.0

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]
Id = Annotated[int, Field(ge=1, le=MOST_ID)]
"""A number of the archive."""


class Model(BaseModel):
    """What goes in or out: no unknown keys; frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def like(cls, found: object) -> Self:
        """Return what `found`, with its parts, holds under the names of the fields."""
        return cls.model_validate(found, from_attributes=True)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is no JSON: the media types that it may have, the first being the one that is documented."""

    media_types: tuple[str, ...]
    most: int = MOST_BODY


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gives back."""

    body: BaseModel | bytes | None = None
    """A model of ours, or bytes where the operation's `answer` is a media type; None for 204."""
    status: int | None = None
    """None: the operation's own."""
    headers: Mapping[str, str] = field(default_factory=dict)


class Invalid(WebFault):
    """What came does not fit the operation's models; `faults` names each place."""

    status = 422

    def __init__(self, faults: list[dict[str, str]]) -> None:
        first = faults[0] if faults else {"in": "request", "field": "", "message": "it cannot be read"}
        super().__init__(f"{first['in']} {first['field']}: {first['message']}".replace("  ", " "))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an operation, its parts already checked against the operation's models."""

    desk: Desk
    request: Request
    visitor: access.Visitor
    _path: BaseModel | None = None
    _query: BaseModel | None = None
    _body: BaseModel | bytes | None = None

    def path(self, model: type[M]) -> M:
        """Return the parameters of the path."""
        assert isinstance(self._path, model)
        return self._path

    def query(self, model: type[M]) -> M:
        """Return the parameters after the question mark."""
        assert isinstance(self._query, model)
        return self._query

    def body(self, model: type[M]) -> M:
        """Return the body."""
        assert isinstance(self._body, model)
        return self._body

    def raw(self) -> bytes:
        """Return the body of an operation that takes one which is no JSON."""
        assert isinstance(self._body, bytes)
        return self._body


Handle = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API.

    Args of the constructor: method; path below /api/v1 with `{name}` parts; a summary that fits a line; the handler.
    `scope`: `read` or `write`; None takes what the method says. `answer`: model, or media type, of a good answer; None
    for 204. `heavy`: at most two such at once, the others get 503.
    """

    method: Method
    path: str
    summary: str
    handle: Handle
    answer: type[BaseModel] | str | None = None
    path_model: type[BaseModel] | None = None
    query_model: type[BaseModel] | None = None
    body_model: type[BaseModel] | Raw | None = None
    status: int = 200
    scope: Literal["read", "write"] | None = None
    heavy: bool = False
    description: str = ""

    @property
    def needs(self) -> str:
        """Return the scope that a token needs."""
        return self.scope or ("read" if self.method == "GET" else "write")

    @property
    def tag(self) -> str:
        """Return the noun it belongs to."""
        return self.path.strip("/").partition("/")[0]

    @property
    def id(self) -> str:
        """Return a name for generated clients: `get_alerts_id`."""
        words = self.path.strip("/").replace("{", "").replace("}", "").replace("/", "_").replace("-", "_")
        return f"{self.method.lower()}_{words}"


def route(desk: Desk, operation: Operation) -> Route:
    """Return the route of an operation."""
    return Route(BASE + operation.path, Endpoint(desk, operation), methods=[operation.method])


class Endpoint:
    """Answers one operation: scope, CSRF, models, ETag."""

    def __init__(self, desk: Desk, operation: Operation) -> None:
        self._desk = desk
        self.operation = operation
        self.__name__ = operation.id

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as an ASGI application."""
        request = Request(scope, receive, send)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        visitor = self._desk.visitor(request)
        self._check(request, visitor)
        call = Call(
            self._desk,
            request,
            visitor,
            _path_of(request, self.operation.path_model),
            _query_of(request, self.operation.query_model),
            await _body_of(request, self.operation.body_model),
        )
        if self.operation.heavy:
            async with self._desk.heavy():
                answer = await self.operation.handle(call)
        else:
            answer = await self.operation.handle(call)
        return _respond(request, self.operation, answer, self._desk.mask)

    def _check(self, request: Request, visitor: access.Visitor) -> None:
        if self.operation.needs not in visitor.scopes:
            raise Refused(f"This needs a token with the scope `{self.operation.needs}`.")
        if request.method in ("GET", "HEAD") or visitor.kind == "token":
            return
        # A browser that is logged in, or sits on this machine: its own pages send the token, nobody else has it.
        is_browser = "cookie" in request.headers or "origin" in request.headers or "sec-fetch-site" in request.headers
        if visitor.kind == "local" and not is_browser:
            return
        if not access.csrf_fits(self._desk.csrf_key, visitor, request.headers.get(access.HEADER, "")):
            raise Refused("The header X-CSRF-Token is missing or out of date; or use an API token.")


def _path_of(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    if model is None:
        return None
    try:
        return model.model_validate(dict(request.path_params))
    except ValidationError:
        raise NotThere("Nothing of this archive has that address.") from None


def _query_of(request: Request, model: type[BaseModel] | None) -> BaseModel | None:
    pairs = request.query_params.multi_items()
    if model is None:
        if pairs:
            raise Invalid(
                [{"in": "query", "field": pairs[0][0][:100], "message": "this operation takes no parameters"}]
            )
        return None
    lists = {name for name, info in model.model_fields.items() if _is_list(info.annotation)}
    names = {info.alias or name: name for name, info in model.model_fields.items()}
    values: dict[str, Any] = {}
    for name, value in pairs:
        if names.get(name) in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise Invalid([{"in": "query", "field": name[:100], "message": "it is there twice"}])
        else:
            values[name] = value
    try:
        return model.model_validate(values)
    except ValidationError as fault:
        raise Invalid(_faults(fault, "query")) from None


def _is_list(annotation: Any) -> bool:
    text = str(annotation)
    return text.startswith(("list[", "tuple[", "typing.Annotated[list", "typing.Annotated[tuple"))


async def _body_of(request: Request, model: type[BaseModel] | Raw | None) -> BaseModel | bytes | None:
    if model is None:
        return None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    wanted = model.media_types if isinstance(model, Raw) else ("application/json",)
    if kind not in wanted:
        raise _Unsupported(f"The body must be {' or '.join(wanted)}: say so in Content-Type.")
    data = await _read_body(request, model.most if isinstance(model, Raw) else MOST_BODY)
    if isinstance(model, Raw):
        return data
    try:
        return model.model_validate_json(data)
    except ValidationError as fault:
        raise Invalid(_faults(fault, "body")) from None


async def _read_body(request: Request, most: int) -> bytes:
    data = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for chunk in request.stream():
                data += chunk
                if len(data) > most:
                    raise TooLarge(f"The body is larger than {most // 1024} kB.")
    except TimeoutError:
        raise WebFault("The body did not arrive in time.") from None
    return bytes(data)


def _faults(error: ValidationError, where: str) -> list[dict[str, str]]:
    return [
        {
            "in": where,
            "field": ".".join(str(step) for step in detail["loc"])[:200],
            "message": str(detail["msg"]).removeprefix("Value error, ")[:500],
        }
        for detail in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]


class _Unsupported(WebFault):
    status = 415


def _respond(request: Request, operation: Operation, answer: Answer, mask: Callable[[str], str]) -> Response:
    status = answer.status or (operation.status if answer.body is not None else 204)
    headers = dict(answer.headers)
    if answer.body is None:
        return Response(status_code=status, headers=headers)
    if isinstance(answer.body, bytes):
        data, kind = answer.body, operation.answer if isinstance(operation.answer, str) else "application/octet-stream"
    else:
        data, kind = mask(dump(answer.body).decode()).encode(), "application/json"
    return tagged(request, data, kind, status, headers)


def dump(model: BaseModel) -> bytes:
    """Return a model as JSON, lone surrogates of hostile texts replaced."""
    try:
        return model.model_dump_json(by_alias=True).encode()
    except (UnicodeEncodeError, ValueError):
        text = json.dumps(model.model_dump(mode="python", by_alias=True), default=str, ensure_ascii=False)
        return text.encode("utf-8", "replace")


def tagged(
    request: Request, data: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with its ETag; 304 where the asker has it already (RFC 9110 section 13.1.2)."""
    known = dict(headers or {})
    if request.method in ("GET", "HEAD") and status == 200:
        mark = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        known["ETag"] = mark
        known.setdefault("Cache-Control", "private, no-cache")
        if mark in _marks(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=known)
    return Response(data, status, known, media_type=kind)


def _marks(header: str) -> set[str]:
    return {mark.strip().removeprefix("W/") for mark in header.split(",")}
