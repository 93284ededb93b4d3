"""A running monitor tells of routes that name no pack, rule or tag there is, and when all of them do again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import config as configuration
from monitor import reload, wiring
from monitor.store.schema import messages
from tests.support import databases, world
from tests.support.desk import Desk

CONFIG = """\
[monitor]
rules = "{rules}"
default_route = ["desk"]
ops_channel = "ops"
[channels]
desk = {{url = "console://"}}
ops = {{url = "console://"}}
[[routes]]
channels = ["ops"]
pack = "{pack}"
"""


@pytest.fixture
def looked(tmp_path: Path) -> Iterator[Looked]:
    """A monitor in this process whose files are looked at when asked."""
    made = Looked(tmp_path)
    yield made
    made.desk.close()
    made.files.close()


class Looked:
    """A desk, and what looks after its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = Desk(databases.Databases(folder).sqlite(), folder, {"packs/move.yaml": world.PACK})
        self.desk.has(["gazette"], ["desk", "ops"], ops="ops")
        self.files = wiring.RuleFiles()
        (folder / "rules" / "packs").mkdir(parents=True)

    def save(self, pack: str, rules: str) -> None:
        """Save config.toml with a route for `pack`, and the pack `move`."""
        (self.folder / "config.toml").write_text(CONFIG.format(rules=self.folder / "rules", pack=pack))
        (self.folder / "rules" / "packs" / "move.yaml").write_text(rules)

    def start(self) -> list[str]:
        """Look as a start does, then as after a save; return the monitor's own notices."""
        config = replace(configuration.load(self.folder / "config.toml"), database=self.desk.config.database)
        assert self.desk.context is not None
        self._reloader = reload.Reloader(self.desk.context, self.files, config, lambda _: None)
        self._reloader.ask()
        return self.look()

    def look(self) -> list[str]:
        """Let saved files be taken over; return the monitor's own notices, each with what it says."""

        async def look() -> None:
            for _ in range(4):
                await self._reloader.look()

        asyncio.run(look())
        query = sa.select(messages.c.headline, messages.c.body).where(messages.c.kind == "ops").order_by(messages.c.id)
        return [f"{row.headline}: {row.body}" for row in self.desk.read(lambda c: c.execute(query).all())]


def test_routes_that_lead_nowhere_are_told_and_told_again_when_mended(looked: Looked) -> None:
    """A mistyped pack is told with its place and what was meant, once; when it is mended, that is told too."""
    looked.save("moev", world.PACK)
    told = looked.start()
    looked.save("moev", world.PACK + "# saved again\n")
    again = looked.look()
    looked.save("move", world.PACK)
    after = looked.look()

    assert len(told) == 1
    assert told[0].startswith("Routes of config.toml name what is not there: ")
    assert "config.toml:10:8: unknown_pack there is no pack `moev`" in told[0]
    assert "did you mean `move`?" in told[0]
    assert again == told
    assert after[1:] == ["All that the routes of config.toml name is there again: "]


def test_routes_are_not_held_against_a_broken_rule_file(looked: Looked) -> None:
    """The pack that a route names may be the one whose file is broken: only the file is told of, and its repair."""
    looked.save("move", world.PACK.replace("any:", "ayn:"))
    told = looked.start()
    looked.save("move", world.PACK)
    after = looked.look()

    assert [one.partition(":")[0] for one in told] == ["Rule files are broken; the last good versions stay"]
    assert "packs/move.yaml:5:16" in told[0]
    assert after[1:] == ["The rule files are sound again: "]
