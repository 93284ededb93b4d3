"""The dashboard's own style, script and icon: read once at start, found by name only: no path leads out (A13)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.web.faults import NotThere
from monitor.web.templating import STATIC, asset

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


def route() -> Route:
    """Return the route of the files; each has its content's mark in its address and may be kept for ever."""
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in KINDS}

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            raise NotThere("There is no such file.")
        mark = asset(name).rpartition("=")[2]
        headers = {
            "ETag": f'"{mark}"',
            "Cache-Control": _FOR_EVER if request.query_params.get("v") == mark else "no-cache",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(files[name], headers=headers, media_type=KINDS["." + name.rpartition(".")[2]])

    return Route("/static/{name}", answer, methods=["GET"])
