"""Where the demo's alerts arrive: a mail server and a chat service's webhook over TLS, both real, on loopback."""

from __future__ import annotations

import email
import email.policy
import json
import queue
import re
import secrets
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd import controller

READER = "desk@demo.example"
LARGEST = 5_000_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as its reader gets it. `channel` is `mail` or `chat`; `raw` is searched for links."""

    channel: str
    subject: str
    text: str
    raw: str


Arrivals = queue.Queue[Arrival]


class Authority:
    """A certificate authority of the demo's own; `file` is what the daemon trusts (SSL_CERT_FILE)."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA(organization_name="Wirewatch demo")
        self.file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    def server_context(self) -> ssl.SSLContext:
        """Return what a server on 127.0.0.1 shows its clients."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert("127.0.0.1").configure_cert(context)
        return context


# -- mail ----------------------------------------------------------------------------------------


class _Mailbox:
    def __init__(self, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        body = message.get_body(("plain",))
        text = body.get_content() if body is not None else ""
        self._arrivals.put(Arrival("mail", str(message["Subject"]), text, text))
        return "250 2.0.0 Ok: queued as DEMO"


class Inbox:
    """A mail server that takes everything for its reader."""

    def __init__(self, arrivals: Arrivals) -> None:
        self._controller = controller.Controller(_Mailbox(arrivals), hostname="127.0.0.1", port=free_port())

    @property
    def channel_url(self) -> str:
        """Return the URL of the channel in config.toml."""
        return f"mailto://127.0.0.1:{self._controller.port}/?to={READER}&from=wirewatch@demo.example"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take mail while the block runs."""
        with warnings.catch_warnings(action="ignore"):
            self._controller.start()
        try:
            yield
        finally:
            self._controller.stop()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- chat ----------------------------------------------------------------------------------------


class Webhook:
    """Takes payloads at an address that nobody can guess, and answers `ok` as the chat service does."""

    def __init__(self, arrivals: Arrivals, authority: Authority) -> None:
        self._path = f"/services/T0DEMO/B0DEMO/{secrets.token_hex(12)}"
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _hook(arrivals, self._path))
        # The handshake is left to the thread of each connection: a silent client must not hold the others.
        self._server.socket = authority.server_context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def channel_url(self) -> str:
        """Return the URL of the channel in config.toml."""
        return f"slack+https://127.0.0.1:{self._server.server_address[1]}{self._path}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take payloads while the block runs."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="demo-chat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def _hook(arrivals: Arrivals, path: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            if self.path != path or not 0 < length <= LARGEST:
                self._say(404, b"no_service")
                return
            arrivals.put(_chat(json.loads(self.rfile.read(length))))
            self._say(200, b"ok")

        def _say(self, status: int, word: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(word)))
            self.end_headers()
            self.wfile.write(word)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the terminal belongs to the alerts."""

    return Handler


def _chat(payload: dict[str, Any]) -> Arrival:
    shown = "\n".join(_visible(text) for text in _texts(payload.get("blocks", [])))
    return Arrival("chat", _visible(str(payload.get("text", ""))), shown, json.dumps(payload, ensure_ascii=False))


def _texts(node: Any) -> Iterator[str]:
    """Yield what a reader of the chat sees in blocks, in order."""
    if isinstance(node, dict):
        if isinstance(node.get("text"), str) and node.get("type") in ("mrkdwn", "plain_text", "text"):
            yield node["text"]
        for key in ("text", "elements", "fields", "accessory"):
            if not isinstance(node.get(key), str):
                yield from _texts(node.get(key))
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def _visible(mrkdwn: str) -> str:
    shown = re.sub(r"<([^|>]*)\|([^>]*)>", r"\2", mrkdwn)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
