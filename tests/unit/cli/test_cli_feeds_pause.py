"""`feeds pause`, `feeds resume`, and what `feeds list` shows of troubles and moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.config import load
from monitor.store import feeds, troubles, visit
from tests.support import commands

NOW = datetime.now(UTC)
GAZETTE = feeds.Declared("gazette", "https://gazette.example/feed", "Gazette", "Gazette Ltd", 600.0, 0)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a database that knows one feed."""
    file = commands.write_config(tmp_path)
    visit.upgrade(load(file).database, NOW)
    visit.write(load(file).database, lambda connection: feeds.add(connection, [GAZETTE], NOW))
    return file


def listed(config: Path) -> dict[str, object]:
    """Return what the list says of the feed."""
    (row,) = commands.call("feeds", "list", "--config", config, "--json").json
    return row


def test_paused_feed_is_resumed(config: Path) -> None:
    """A feed that is paused says so until it is resumed, and is due at once then."""
    paused = commands.call("feeds", "pause", "gazette", "--config", config)
    state = listed(config)["state"]
    resumed = commands.call("feeds", "resume", "gazette", "--config", config)

    assert (paused.code, paused.out.strip()) == (0, "gazette is paused")
    assert state == "paused"
    assert (resumed.code, resumed.out.strip()) == (0, "gazette is polled from now on")
    assert listed(config)["state"] == "new"
    assert datetime.fromisoformat(str(listed(config)["next_check"])) <= datetime.now(UTC)


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_unknown_feed_is_named(config: Path, command: str) -> None:
    """An id that no feed has is an error that names it; the others are changed."""
    done = commands.call("feeds", command, "gazette", "nowhere", "--config", config)

    assert done.code == 1
    assert "gazette is p" in done.out
    assert "no feed with the id nowhere" in done.err
    assert "feeds list" in done.err


def test_list_shows_troubles_and_moves(config: Path) -> None:
    """Behind the state stand the codes, then their sentences and both addresses; `--json` has them in full."""

    def change(connection) -> None:
        standing = {"stale": (NOW.timestamp(), "It has brought nothing for long.")}
        troubles.record(connection, 1, standing)
        moved = {"url": "https://herald.example/rss", "declared_url": GAZETTE.url, "succeeded_at": NOW}
        connection.execute(feeds.feeds.update().values(**moved))

    visit.write(load(config).database, change)

    shown = commands.call("feeds", "list", "--config", config).out
    row = listed(config)

    assert "ok, stale" in shown
    assert "It has brought nothing for long" in shown
    assert "from https://gazette.example/feed to https://herald.example/rss" in shown
    (trouble,) = row["troubles"]
    assert (trouble["code"], trouble["sentence"]) == ("stale", "It has brought nothing for long.")
    assert abs(datetime.fromisoformat(trouble["since"]) - NOW) < timedelta(seconds=1)
    assert (row["url"], row["declared_url"]) == ("https://herald.example/rss", GAZETTE.url)
