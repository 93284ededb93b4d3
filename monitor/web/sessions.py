"""Logging in: the password, the sessions it opens, the tokens of the API, and how often one may try."""

from __future__ import annotations

import asyncio
import hmac
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

import argon2

from monitor.store import sessions
from monitor.store.store import Connection
from monitor.web import access
from monitor.web.access import ALL, Visitor

T = TypeVar("T")

TRIES = 10
"""At the password in any minute, from one address and from all together."""
WINDOW = 60.0
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""The least that OWASP recommends, so that a login costs 19 MB for 30 ms and not 64.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html"""


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password, as `[web] password` takes it."""
    return _HASHER.hash(password)


def is_hash(password: str) -> bool:
    """Return whether a configured password is a hash of one."""
    return password.startswith("$argon2")


class Passwords:
    """Checks passwords in a thread, one at a time: several would take their memory together."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._hashed: tuple[str, str] | None = None

    async def fits(self, configured: str, given: str) -> bool:
        """Return whether `given` is the configured password; takes as long for a wrong one."""
        async with self._turn:
            return await asyncio.to_thread(self._verify, configured, given)

    def _verify(self, configured: str, given: str) -> bool:
        try:
            return _HASHER.verify(self._hash_of(configured), given[:1000])
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def _hash_of(self, configured: str) -> str:
        if is_hash(configured):
            return configured
        if self._hashed is None or not hmac.compare_digest(self._hashed[0].encode(), configured.encode()):
            self._hashed = configured, hash_password(configured)
        return self._hashed[1]


@dataclass(slots=True)
class Tries:
    """Counts tries at the password in a sliding window; `monotonic` gives seconds."""

    monotonic: Callable[[], float]
    _all: deque[tuple[float, str]] = field(default_factory=deque)

    def wait(self, address: str) -> float:
        """Return 0 and count the try, or the seconds until one is let through again."""
        now = self.monotonic()
        while self._all and self._all[0][0] <= now - WINDOW:
            self._all.popleft()
        own = [at for at, who in self._all if who == address]
        if len(own) >= TRIES or len(self._all) >= TRIES:
            first = own[0] if len(own) >= TRIES else self._all[0][0]
            return max(1.0, first + WINDOW - now)
        self._all.append((now, address))
        return 0.0


class Reader(Protocol):
    """A bounded way to the database, and one that writes (`Desk`)."""

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a query."""
        ...

    async def write(self, job: Callable[[Connection], T]) -> T:
        """Run a job that writes."""
        ...

    def now(self) -> datetime:
        """Return the time."""
        ...


class StoredKeys:
    """Sessions and tokens of the database, as the guard asks for them.

    Args:
        key: What marks of passwords are made with.
        password: Gives the configured password of the moment.
    """

    def __init__(self, desk: Reader, key: bytes, password: Callable[[], str | None]) -> None:
        self._desk = desk
        self._key = key
        self._password = password

    async def session(self, token: str) -> Visitor | None:
        """Return whose session it is; one that was opened with another password opens nothing."""
        now = self._desk.now()
        found = await self._desk.read(lambda c: sessions.find_session(c, access.hash_of(token), now))
        password = self._password()
        if found is None or password is None:
            return None
        if not hmac.compare_digest(found.mark, access.mark_of(self._key, password)):
            return None
        if now - found.seen_at >= sessions.SEEN_EVERY:
            await self._desk.write(lambda c: sessions.see_session(c, found.id, now))
        return Visitor("session", found.name, ALL, access.hash_of(token), found.id)

    async def api_token(self, token: str) -> Visitor | None:
        """Return whose token it is; one that writes reads, too."""
        now = self._desk.now()
        found = await self._desk.read(lambda c: sessions.find_token(c, access.hash_of(token), now))
        if found is None:
            return None
        if found.used_at is None or now - found.used_at >= sessions.SEEN_EVERY:
            await self._desk.write(lambda c: sessions.use_token(c, found.id, now))
        scopes = frozenset((*found.scopes, *(("read",) if "write" in found.scopes else ())))
        return Visitor("token", found.name, scopes, str(found.id))

    async def open(self, name: str, agent: str) -> str:
        """Open a session under the present password and return its secret."""
        secret, now = access.new_secret(), self._desk.now()
        mark = access.mark_of(self._key, self._password() or "")
        hashed = access.hash_of(secret)
        await self._desk.write(lambda c: sessions.open_session(c, hashed, name, mark, agent, now))
        return secret

    async def end(self, session_id: int) -> None:
        """End a session."""
        now = self._desk.now()
        await self._desk.write(lambda c: sessions.revoke_sessions(c, now, [session_id]))
