"""The heartbeat that goes out: an address is asked, and whoever answers there raises the alarm when nobody asks.

Source: https://healthchecks.io/docs/http_api/ (a GET that is answered with 2xx counts as a sign of life).
"""

from __future__ import annotations

import asyncio
import ssl

import aiohttp

from monitor.delivery import sender, wording
from monitor.http import names

DEADLINE = 10.0
"""Seconds for the whole of it, however the other side behaves."""


class Heart:
    """Asks an address; it keeps no connection, and looks up names in threads of its own, to disturb nothing."""

    def __init__(self, settings: sender.SenderSettings | None = None, deadline: float = DEADLINE) -> None:
        self._context: ssl.SSLContext = sender.tls_context(settings or sender.SenderSettings())
        self._resolver = names.SystemResolver()
        self._deadline = deadline

    async def beat(self, url: str) -> str:
        """Ask `url` once and return what is wrong, without the address; nothing if it answered with 2xx.

        Redirects are not followed: the address is the operator's word, another's is not.
        """
        try:
            async with asyncio.timeout(self._deadline):
                return await self._ask(url)
        except TimeoutError:
            return f"no answer within {self._deadline:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            return wording.service_words(f"{type(fault).__name__}: {fault}", (url,))

    async def _ask(self, url: str) -> str:
        headers = {"User-Agent": "Wirewatch", "Accept-Encoding": "identity"}
        async with (
            self._session() as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, force_close=True, resolver=self._resolver),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
