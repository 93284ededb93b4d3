"""`wirewatch health`: is the daemon alive; the container's HEALTHCHECK, so it imports next to nothing."""

from __future__ import annotations

import os
import socket
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli import common

PATIENCE = 4.0
"""Seconds for the whole answer."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}

Listen = Annotated[
    str | None,
    typer.Option("--listen", metavar="HOST:PORT", help="Ask there, where `run --listen` was told to answer."),
]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds to wait for the answer.")]


@common.app.command()
def health(config: common.ConfigOption = None, listen: Listen = None, timeout: Timeout = PATIENCE) -> None:
    """Ask the running daemon whether it is alive.

    Example: wirewatch health --timeout 2
    Example: wirewatch health --listen 127.0.0.1:8081
    """
    host, port = _address(config) if listen is None else _parse(listen, "--listen")
    try:
        answer = ask(host, port, timeout)
    except OSError as fault:
        raise common.fail(f"no daemon answers at {host}:{port}: {fault.strerror or fault}") from None
    status, _, body = answer.partition("\r\n\r\n")
    words = status.split(None, 2)
    if len(words) < 2 or words[1] != "200":
        raise common.fail(f"the daemon at {host}:{port} is not well: {' '.join(words[:2])} {body.strip()}".rstrip())
    print(f"ok: {host}:{port} {body.strip()}")


def ask(host: str, port: int, timeout: float) -> str:
    """Return the raw answer to GET /healthz. Raises: OSError."""
    with socket.create_connection((host, port), timeout) as connection:
        connection.settimeout(timeout)
        name = f"[{host}]" if ":" in host else host
        connection.sendall(f"GET /healthz HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode())
        pieces: list[bytes] = []
        while (piece := connection.recv(4096)) and len(pieces) < 16:
            pieces.append(piece)
    return b"".join(pieces).decode("latin-1")


def _address(config: Path | None) -> tuple[str, int]:
    """Return where the daemon of this configuration listens.

    Only `[web] listen` is looked at: a daemon keeps its old configuration where the saved one has a fault, and must
    not be called dead for it.
    """
    path = _file(config)
    try:
        web = tomllib.loads(path.read_text("utf-8-sig")).get("web", {})
        listen = str(web.get("listen", "127.0.0.1:8080")) if isinstance(web, dict) else ""
    except OSError as fault:
        raise common.fail(f"{path}: the file cannot be read: {fault.strerror}", 2) from None
    except ValueError as fault:
        raise common.fail(f"{path}: {fault}", 2) from None
    return _parse(os.path.expandvars(listen), f"{path}: [web] listen")


def _parse(listen: str, where: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise common.fail(f'{where} is not host:port; write "127.0.0.1:8080"', 2)
    host = host.strip("[]")
    return _EVERYWHERE.get(host, host), int(port)


def _file(config: Path | None) -> Path:
    """Return the file that `monitor.config.find` would; importing that module costs more than the question."""
    default = Path("config.toml")
    if config is not None or default.is_file():
        return config or default
    return Path(os.environ.get("WIREWATCH_CONFIG") or default)
