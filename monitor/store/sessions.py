"""Who is logged in to the dashboard, and which tokens open the API: by the hashes of their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.schema import api_tokens, sessions

LIFETIME = timedelta(days=30)
"""After which a session ends, however much it is used."""
IDLE = timedelta(days=7)
"""Without a request, after which it ends."""
SEEN_EVERY = timedelta(minutes=5)
"""How often the time of the last request is written down."""
KEPT = timedelta(days=30)
"""How long ended sessions are still listed."""
MOST_SESSIONS = 100
"""That are open at once; the one unused for longest ends when one more begins."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that is, or was, logged in."""

    id: int
    name: str
    mark: str
    """Of the password it was opened with."""
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Return whether it lets its browser in."""
        return self.revoked_at is None and now < self.expires_at and now - self.seen_at < IDLE


@dataclass(frozen=True, slots=True)
class ApiToken:
    """One token of the API."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        """Return whether it opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


# -- sessions ------------------------------------------------------------------------------------


def open_session(connection: sa.Connection, hashed: str, name: str, mark: str, agent: str, now: datetime) -> int:
    """Store a new session and return its id; those beyond the bound end."""
    values = {
        "hash": hashed,
        "name": name[:200],
        "mark": mark,
        "agent": agent[:200],
        "created_at": now,
        "seen_at": now,
        "expires_at": now + LIFETIME,
    }
    made = connection.execute(sessions.insert().returning(sessions.c.id), values).scalar_one()
    over = (
        sa.select(sessions.c.id)
        .where(sessions.c.revoked_at.is_(None))
        .order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())
        .offset(MOST_SESSIONS)
    )
    connection.execute(sessions.update().where(sessions.c.id.in_(over)).values(revoked_at=now))
    connection.execute(sessions.delete().where(sessions.c.expires_at < now - KEPT))
    return int(made)


def find_session(connection: sa.Connection, hashed: str, now: datetime) -> Session | None:
    """Return the open session of a secret."""
    row = connection.execute(sa.select(sessions).where(sessions.c.hash == hashed)).first()
    found = _session(row) if row is not None else None
    return found if found is not None and found.is_open(now) else None


def see_session(connection: sa.Connection, id: int, now: datetime) -> None:
    """Note that a session was used."""
    connection.execute(sessions.update().where(sessions.c.id == id).values(seen_at=now))


def list_sessions(connection: sa.Connection, now: datetime) -> list[Session]:
    """Return the open sessions, last used first."""
    query = (
        sa.select(sessions)
        .where(sessions.c.revoked_at.is_(None), sessions.c.expires_at > now, sessions.c.seen_at > now - IDLE)
        .order_by(sessions.c.seen_at.desc(), sessions.c.id.desc())
        .limit(MOST_SESSIONS)
    )
    return [_session(row) for row in connection.execute(query)]


def revoke_sessions(connection: sa.Connection, now: datetime, ids: Sequence[int] | None = None) -> int:
    """End sessions, all of them where `ids` is None; return how many were open."""
    query = sessions.update().where(sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
    if ids is not None:
        query = query.where(sessions.c.id.in_(ids))
    return connection.execute(query.values(revoked_at=now)).rowcount


def _session(row: sa.Row[tuple[object, ...]]) -> Session:
    r = row._mapping
    return Session(
        r["id"], r["name"], r["mark"], r["agent"], r["created_at"], r["seen_at"], r["expires_at"], r["revoked_at"]
    )


# -- tokens --------------------------------------------------------------------------------------


def add_token(
    connection: sa.Connection,
    name: str,
    hashed: str,
    scopes: Sequence[str],
    now: datetime,
    expires_at: datetime | None = None,
) -> int | None:
    """Store a new token and return its id; None where an open one has that name."""
    if any(token.name == name for token in list_tokens(connection, now)):
        return None
    values = {"name": name, "hash": hashed, "scopes": list(scopes), "created_at": now, "expires_at": expires_at}
    return int(connection.execute(api_tokens.insert().returning(api_tokens.c.id), values).scalar_one())


def find_token(connection: sa.Connection, hashed: str, now: datetime) -> ApiToken | None:
    """Return the open token of a secret."""
    row = connection.execute(sa.select(api_tokens).where(api_tokens.c.hash == hashed)).first()
    found = _token(row) if row is not None else None
    return found if found is not None and found.is_open(now) else None


def use_token(connection: sa.Connection, id: int, now: datetime) -> None:
    """Note that a token was used."""
    connection.execute(api_tokens.update().where(api_tokens.c.id == id).values(used_at=now))


def list_tokens(connection: sa.Connection, now: datetime) -> list[ApiToken]:
    """Return the open tokens, newest first."""
    lasts = sa.or_(api_tokens.c.expires_at.is_(None), api_tokens.c.expires_at > now)
    query = sa.select(api_tokens).where(api_tokens.c.revoked_at.is_(None), lasts).order_by(api_tokens.c.id.desc())
    return [_token(row) for row in connection.execute(query.limit(1000))]


def revoke_token(connection: sa.Connection, id: int, now: datetime) -> bool:
    """End a token; return whether it was open."""
    query = api_tokens.update().where(api_tokens.c.id == id, api_tokens.c.revoked_at.is_(None))
    return connection.execute(query.values(revoked_at=now)).rowcount > 0


def _token(row: sa.Row[tuple[object, ...]]) -> ApiToken:
    r = row._mapping
    return ApiToken(
        r["id"], r["name"], tuple(r["scopes"]), r["created_at"], r["used_at"], r["expires_at"], r["revoked_at"]
    )
