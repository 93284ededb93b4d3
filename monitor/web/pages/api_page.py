"""The API's document, `/api/v1/openapi.json`, and the same for people, `/api`."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor.web.api.operation import BASE, tagged
from monitor.web.desk import Desk


def routes(desk: Desk, document: dict[str, Any]) -> list[BaseRoute]:
    """Return the routes of the document."""
    text = json.dumps(document, ensure_ascii=False).encode()

    async def machine(request: Request) -> Response:
        return tagged(request, text, "application/json")

    async def people(request: Request) -> Response:
        return desk.render(request, "api.html", document=document)

    return [Route(BASE + "/openapi.json", machine, methods=["GET"]), Route("/api", people, methods=["GET"])]
