"""The operations of the API on sessions and tokens: seen and ended here, opened by password or command only."""

from __future__ import annotations

from datetime import datetime

from monitor.store import sessions as stored
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.desk import Desk
from monitor.web.faults import NotThere


class SessionOut(Model):
    """A browser that is logged in."""

    id: int
    name: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class SessionsOut(Model):
    """The open sessions, last used first; 100 at most."""

    sessions: list[SessionOut]


class TokenOut(Model):
    """A token of the API; its secret was shown once and is not kept."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None


class TokensOut(Model):
    """The open tokens, newest first."""

    tokens: list[TokenOut]


class NumberPath(Model):
    """Which one."""

    id: Id


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on sessions and tokens."""
    return [
        Operation("GET", "/sessions", "Browsers that are logged in", _sessions, answer=SessionsOut),
        Operation("DELETE", "/sessions/{id}", "End a session", _end_session, path_model=NumberPath),
        Operation("GET", "/tokens", "Tokens of the API", _tokens, answer=TokensOut),
        Operation("DELETE", "/tokens/{id}", "End a token", _end_token, path_model=NumberPath),
    ]


async def _sessions(call: Call) -> Answer:
    now = call.desk.now()
    found = await call.desk.read(lambda c: stored.list_sessions(c, now))
    return Answer(SessionsOut(sessions=[SessionOut.like(one) for one in found]))


async def _end_session(call: Call) -> Answer:
    now, number = call.desk.now(), call.path(NumberPath).id
    if not await call.desk.write(lambda c: stored.revoke_sessions(c, now, [number])):
        raise NotThere("No such session is open.")
    return Answer()


async def _tokens(call: Call) -> Answer:
    now = call.desk.now()
    found = await call.desk.read(lambda c: stored.list_tokens(c, now))
    return Answer(TokensOut(tokens=[TokenOut.like(one) for one in found]))


async def _end_token(call: Call) -> Answer:
    now, number = call.desk.now(), call.path(NumberPath).id
    if not await call.desk.write(lambda c: stored.revoke_token(c, number, now)):
        raise NotThere("No such token is open.")
    return Answer()
