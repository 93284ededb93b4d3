"""A network between a member and its database that can fall silent, be cut, or be slow.

```
with proxy.in_background(database_url) as network:
    member = cluster.member("worker", config=network.config(cluster.config))
    network.silent()      # takes every byte and gives none, in both directions
    network.deaf()        # what the client says arrives, what the server answers does not
    network.mend()        # what lost bytes is cut; new connections pass
    network.cut()         # every connection ends now; new ones pass
```
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

CHUNK = 65_536


class Proxy:
    """Forwards 127.0.0.1:port to the server of a database, over TCP or its unix socket."""

    def __init__(self, database_url: str) -> None:
        self._url = sa.make_url(database_url)
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], bool] = {}
        """Each connection, and whether it lost bytes."""
        self._silent = self._deaf = False
        self.delay = 0.0
        """Seconds by which every piece of a stream is late."""
        self.port = 0

    @property
    def database_url(self) -> str:
        """The database's URL by way of this proxy."""
        url = self._url.set(host="127.0.0.1", port=self.port, query={})
        return url.render_as_string(hide_password=False)

    def config(self, config: Path) -> Path:
        """Write a copy of config.toml beside it whose database is reached by way of this proxy."""
        direct = self._url.render_as_string(hide_password=False)
        made = config.with_name(f"{config.stem}-by-{self.port}.toml")
        text = config.read_text("utf-8")
        assert direct in text
        made.write_text(text.replace(direct, self.database_url), "utf-8")
        return made

    # -- the network ---------------------------------------------------------------------------------

    def silent(self) -> None:
        """Take every byte and give none, of connections that are there and of new ones."""
        self._silent = True

    def deaf(self) -> None:
        """Pass what clients say, and swallow what the server answers: a commit goes through, and nobody hears of it."""
        self._deaf = True

    def mend(self) -> None:
        """Pass bytes again; connections that lost some are cut, since a stream with a hole is none."""

        def mend() -> None:
            self._silent = self._deaf = False
            for task, lost in self._open.items():
                if lost:
                    task.cancel()

        self._loop.call_soon_threadsafe(mend)

    def cut(self) -> None:
        """End every connection."""

        def cut() -> None:
            for task in self._open:
                task.cancel()

        self._loop.call_soon_threadsafe(cut)

    @property
    def connections(self) -> int:
        """How many connections pass now."""
        return len(self._open)

    # -- its work ------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task: Any = asyncio.current_task()
        self._open[task] = self._silent
        streams = [writer]
        try:
            there, back = await self._dial()
            streams.append(back)
            ways = ((reader, back, False), (there, writer, True))
            both = [asyncio.create_task(self._pass(*way, task)) for way in ways]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in both:
                    one.cancel()
                await asyncio.gather(*both, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # the server is away, or the connection was cut: the client sees the end of its stream
        finally:
            self._open.pop(task, None)
            for stream in streams:
                stream.transport.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        folder = self._url.query.get("host")
        port = self._url.port or 5432
        if isinstance(folder, str) and folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._url.host or "127.0.0.1", port)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool, task: Any) -> None:
        while data := await reader.read(CHUNK):
            if self.delay:
                await asyncio.sleep(self.delay)
            if self._silent or (self._deaf and answers):
                self._open[task] = True
                continue
            writer.write(data)
            await writer.drain()

    def start(self) -> None:
        """Listen, in a thread of its own."""
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        opening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """End everything."""
        assert self._server is not None
        self._loop.call_soon_threadsafe(self._server.close)
        self.cut()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@contextlib.contextmanager
def in_background(database_url: str) -> Iterator[Proxy]:
    """A proxy to the server of `database_url` while the block runs."""
    made = Proxy(database_url)
    made.start()
    try:
        yield made
    finally:
        made.close()
