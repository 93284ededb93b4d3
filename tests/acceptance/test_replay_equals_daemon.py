"""What `replay` says of articles is what the daemon decided about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.demo import stories, world
from monitor.demo.site import Site
from tests.support import commands

DECIDED = """
SELECT f.slug AS source, e.url, r.title, t.text, a.lang, d.pack, d.outcome, d.reason, d.detail, d.decided_seq AS seq
FROM decisions d JOIN revisions r ON r.id = d.revision_id JOIN articles a ON a.id = r.article_id
JOIN entries e ON e.id = a.entry_id JOIN feeds f ON f.id = a.feed_id JOIN texts t ON t.hash = r.text_hash
ORDER BY d.decided_seq, d.pack
"""


def config_for(folder: Path, site: Site, database_url: str) -> Path:
    """Write a configuration with the shipped rules over every newsroom of the demo."""
    feeds = "".join(
        f'[[feeds]]\nurl = "{site.address}/{room.key}/feed.xml"\nid = "{room.key}"\nname = "{room.name}"\n'
        for room in stories.NEWSROOMS
    )
    config = commands.write_config(
        folder, f'[polling]\nbackfill = 99\nallow_private = ["127.0.0.1:{site.port}"]\n{feeds}'
    )
    written = config.read_text().replace('rules = "rules"', f'rules = "{world.rules_folder()}"')
    config.write_text(written.replace("sqlite:///data/wirewatch.db", database_url))
    return config


def decided(database_url: str) -> list[dict[str, Any]]:
    """Return every decision that the daemon recorded, in its order."""
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(sa.text(DECIDED)).mappings()]
    engine.dispose()
    return found


def test_replay_gives_the_daemons_decisions(tmp_path: Path, database_url: str) -> None:
    """Texts as they were stored, in the order they were decided in: the same decision and reason for every pack."""
    site = Site()
    site.publish(stories.copy(), *stories.first_round(), *map(stories.later, range(5)))
    with site.running():
        config = config_for(tmp_path, site, database_url)
        ran = commands.process("run", "--once", "--config", config)
    rows = decided(database_url)
    own = ("source", "url", "title", "text", "lang")
    lines = {row["seq"]: {"id": str(row["seq"]), **{name: row[name] for name in own}} for row in rows}

    body = "\n".join(map(json.dumps, lines.values())).encode()
    done = commands.call("replay", "-", "--config", config, "--json", stdin=body)

    judged = {line["id"]: line for line in map(json.loads, done.out.splitlines())}
    recorded: dict[str, list[tuple[str, str, str]]] = {line["id"]: [] for line in lines.values()}
    for row in rows:
        if row["pack"] != "*":
            recorded[str(row["seq"])].append((row["pack"], row["outcome"], row["reason"]))
    replayed = {
        number: [(made["pack"], made["decision"], made["reason"]) for made in line["decisions"]]
        for number, line in judged.items()
    }
    assert ran.code == 0, ran.err
    assert len(lines) == 12
    assert sum(len(found) for found in recorded.values()) >= 10
    assert replayed == recorded
