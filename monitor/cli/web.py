"""`wirewatch web`: who is logged in to the dashboard, the tokens of its API, and the hash of a password."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common

if TYPE_CHECKING:
    from datetime import datetime

    from monitor.store.sessions import ApiToken, Session

group = typer.Typer(help="Logins of the dashboard and tokens of the API.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens of the API.", no_args_is_help=True)
group.add_typer(tokens, name="token")
common.app.add_typer(group, name="web")

SCOPES = ("read", "write", "feeds")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")]
Scope = Annotated[
    list[str] | None,
    typer.Option("--scope", help="read, write, or feeds (metrics and alert feeds); may be repeated. Default: read."),
]
For = Annotated[str | None, typer.Option("--for", metavar="TIME", help="How long it opens: 90d. Default: for ever.")]
Ids = Annotated[list[int] | None, typer.Argument(metavar="[ID]...", help="Numbers, as `wirewatch web sessions` has.")]
Every = Annotated[bool, typer.Option("--all", help="Every session.")]


@group.command("sessions")
def list_sessions(config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """List the browsers that are logged in, last used first.

    Example: wirewatch web sessions
    """
    from monitor.clock import SystemClock
    from monitor.store import sessions

    loaded = common.load_config(config)
    found: list[Session] = []
    with common.reading(loaded) as connection:
        if connection is not None:
            found = sessions.list_sessions(connection, SystemClock().now())
    if json:
        common.print_json([_session_json(one) for one in found])
        return
    zone = loaded.timezone
    common.print_table(
        ("ID", "SINCE", "LAST SEEN", "ENDS", "BROWSER"),
        [
            (one.id, common.when(one.created_at, zone), common.when(one.seen_at, zone),
             common.when(one.expires_at, zone), common.clean(one.agent))
            for one in found
        ],
    )  # fmt: skip


@group.command("logout")
def log_out(ids: Ids = None, every: Every = False, config: common.ConfigOption = None) -> None:
    """End sessions at once; a running daemon needs no restart.

    Example: wirewatch web logout --all
    """
    from monitor.clock import SystemClock
    from monitor.store import sessions, visit

    if bool(ids) == every:
        raise common.fail("name the sessions to end, or --all", 2)
    loaded, now = common.load_config(config), SystemClock().now()
    ended = visit.write(loaded.database, lambda c: sessions.revoke_sessions(c, now, None if every else ids))
    if not ended and not every:
        raise common.fail("no such session is open; `wirewatch web sessions` shows those that are")
    print(f"{ended} sessions ended" if ended != 1 else "1 session ended")


@group.command("hash")
def hash_password() -> None:
    """Read a password from standard input and print its argon2 hash, for `password` under [web].

    Example: wirewatch web hash
    """
    import getpass

    from monitor import config_values
    from monitor.web import sessions

    asked = sys.stdin.isatty()
    password = getpass.getpass("password: ") if asked else sys.stdin.readline(2000).rstrip("\r\n")
    if len(password) < config_values.MIN_PASSWORD_LENGTH:
        raise common.fail(f"write at least {config_values.MIN_PASSWORD_LENGTH} characters", 2)
    print(sessions.hash_password(password))


@tokens.command("add")
def add_token(
    name: Name,
    scope: Scope = None,
    lasts: For = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """Make a token and print it, this once: the database keeps its hash only.

    Example: wirewatch web token add newsroom-bot --scope read --scope write --for 90d
    """
    from monitor.clock import SystemClock
    from monitor.store import sessions, visit
    from monitor.web import access

    scopes = tuple(dict.fromkeys(scope or ["read"]))
    unknown = [one for one in scopes if one not in SCOPES]
    if unknown:
        raise common.fail(f"--scope: `{common.clean(unknown[0])}` is none; write {', '.join(SCOPES)}", 2)
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise common.fail("a token's name is a short line of text", 2)
    loaded, now, secret = common.load_config(config), SystemClock().now(), access.new_secret()
    ends = _end(lasts, now)
    made = visit.write(
        loaded.database, lambda c: sessions.add_token(c, name, access.hash_of(secret), scopes, now, ends)
    )
    if made is None:
        raise common.fail(f"there is a token {common.clean(name)} already; `wirewatch web token revoke` ends it")
    if json:
        common.print_json({"id": made, "name": name, "scopes": list(scopes), "expires_at": ends, "token": secret})
        return
    print(secret)
    print(f"shown this once; it opens: {', '.join(scopes)}", file=sys.stderr)


def _end(lasts: str | None, now: datetime) -> datetime | None:
    from monitor.config_values import parse_duration

    if lasts is None:
        return None
    try:
        return now + timedelta(seconds=parse_duration(lasts))
    except ValueError:
        raise common.fail(f"--for: `{common.clean(lasts)}` is not understood; write 12h or 90d", 2) from None


@tokens.command("list")
def list_tokens(config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """List the tokens with what they open and when they were used last.

    Example: wirewatch web token list
    """
    from monitor.clock import SystemClock
    from monitor.store import sessions

    loaded, now = common.load_config(config), SystemClock().now()
    found: list[ApiToken] = []
    with common.reading(loaded) as connection:
        if connection is not None:
            found = sessions.list_tokens(connection, now)
    if json:
        common.print_json([_token_json(one) for one in found])
        return
    zone = loaded.timezone
    common.print_table(
        ("ID", "OPENS", "MADE", "LAST USED", "ENDS", "NAME"),
        [
            (one.id, ",".join(one.scopes), common.when(one.created_at, zone), common.when(one.used_at, zone),
             common.when(one.expires_at, zone), common.clean(one.name))
            for one in found
        ],
    )  # fmt: skip


@tokens.command("revoke")
def revoke_token(name: Name, config: common.ConfigOption = None) -> None:
    """End a token at once.

    Example: wirewatch web token revoke newsroom-bot
    """
    from monitor.clock import SystemClock
    from monitor.store import sessions, visit
    from monitor.store.store import Connection

    loaded, now = common.load_config(config), SystemClock().now()

    def revoke(connection: Connection) -> bool:
        named = [one for one in sessions.list_tokens(connection, now) if one.name == name]
        return any(sessions.revoke_token(connection, one.id, now) for one in named)

    if not visit.write(loaded.database, revoke):
        raise common.fail(f"no token {common.clean(name)} is open; `wirewatch web token list` shows those that are")
    print(f"{common.clean(name)} opens nothing any more")


def _session_json(one: Session) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "agent": one.agent,
        "created_at": one.created_at,
        "seen_at": one.seen_at,
        "expires_at": one.expires_at,
    }


def _token_json(one: ApiToken) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "scopes": list(one.scopes),
        "created_at": one.created_at,
        "used_at": one.used_at,
        "expires_at": one.expires_at,
    }
