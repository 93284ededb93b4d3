"""A channel's template as a file: what `check` says of it, and what a reload does with a broken one (A12)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import config as configuration
from monitor import errors, reload, wiring
from monitor.delivery import console, template
from monitor.store import schema
from tests.support import databases, notices
from tests.support import desk as desks

CONFIG = """\
[monitor]
rules = "{rules}"
default_route = ["desk"]
ops_channel = "console"

[channels.desk]
url = "{url}"
template = "desk.txt"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a sound config.toml, template and pack."""
    (tmp_path / "rules" / "packs").mkdir(parents=True)
    (tmp_path / "rules" / "packs" / "move.yaml").write_text(desks.PACK)
    (tmp_path / "config.toml").write_text(CONFIG.format(rules=tmp_path / "rules", url="console://"))
    (tmp_path / "desk.txt").write_text("{title}\n{url}\n")
    return tmp_path


def checked(folder: Path) -> str:
    """Return what `wirewatch check` prints for the folder's config.toml."""
    command = [sys.executable, "-m", "monitor", "check"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


# -- check ---------------------------------------------------------------------------------------


def test_a12_check_shows_place_and_known_fields(folder: Path) -> None:
    """Faults of template and config.toml come together, each with its own file, line and column."""
    (folder / "desk.txt").write_text("{title}\n{titel.upper()} {0}\n")

    said = checked(folder)

    assert "desk.txt:2:1: unknown_field there is no field `{titel.upper()}` (did you mean {title}?" in said
    assert "desk.txt:2:17: unknown_field there is no field `{0}` (known here: title, newsroom, published" in said
    assert "ok" not in said


def test_a12_check_shows_what_cannot_be_read(folder: Path) -> None:
    """A template that is missing, or a folder, is a fault of the line that names it."""
    (folder / "desk.txt").unlink()
    missing = checked(folder)
    (folder / "desk.txt").mkdir()

    assert "config.toml:8:12: missing_template the template `desk.txt` cannot be read: No such file" in missing
    assert "config.toml:8:12: missing_template" in checked(folder)


def test_a12_check_refuses_a_template_for_slack(folder: Path) -> None:
    """A key that would do nothing is refused, not ignored."""
    (folder / "config.toml").write_text(CONFIG.format(rules=folder / "rules", url="slack://T0/B0/secret7"))

    said = checked(folder)

    assert "channel desk: Slack's messages have a layout of their own and take no template" in said
    assert "secret7" not in said


# -- reload --------------------------------------------------------------------------------------


class Running:
    """A monitor in this process whose files are looked at when asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.desk = desks.Desk(databases.Databases(folder).sqlite(), folder).has(["gazette"])
        assert self.desk.context is not None
        self.context = self.desk.context
        self._files = wiring.RuleFiles()
        config = replace(configuration.load(folder / "config.toml"), database=self.desk.config.database)
        self._reloader = reload.Reloader(self.context, self._files, config, lambda _: None)
        self.look()

    def look(self) -> None:
        """Look often enough for a saved file to be taken over."""

        async def look() -> None:
            for _ in range(4):
                await self._reloader.look()

        asyncio.run(look())

    def words(self) -> str:
        """Return what the channel says of the sample article now."""
        (sender,) = [o.sender for o in self.context.setup.outlets.values() if o.target.channel == "desk"]
        assert isinstance(sender, console.ConsoleSender)
        return template.body(notices.notice(), notices.item(), sender._template) or ""

    def told(self) -> list[str]:
        """Return the headlines of the monitor's own notices, and what they say."""
        query = sa.select(schema.messages.c.headline, schema.messages.c.body).where(schema.messages.c.kind == "ops")
        rows = self.context.store.read_now(lambda connection: connection.execute(query).all())
        return [f"{row.headline}: {row.body}" for row in rows]

    def close(self) -> None:
        """End it."""
        self._files.close()
        self.desk.close()


@pytest.fixture
def running(folder: Path) -> Iterator[Running]:
    """A running monitor with the sound template."""
    made = Running(folder)
    (folder / "desk.txt").write_text("Now: {title}\n")
    made.look()
    yield made
    made.close()


def test_a12_a_broken_template_leaves_the_last_good_one_and_is_told(running: Running) -> None:
    """Saved, broken, mended: the channel never speaks in a broken one's words, and the operator knows."""
    good = running.words()
    (running.folder / "desk.txt").write_text("Broken: {title.__class__}\n")
    running.look()
    kept, told = running.words(), running.told()
    (running.folder / "desk.txt").write_text("Mended: {title}\n")
    running.look()

    assert good == kept == "Now: Cabinet weighs plan to move residents"
    assert any("desk.txt:1:9: template_field" in notice for notice in told), told
    assert running.words() == "Mended: Cabinet weighs plan to move residents"
    assert any("sound again" in notice for notice in running.told())


def test_a12_a_template_named_anew_is_taken_once_it_is_mended(running: Running) -> None:
    """The refused configuration alone names it; saving the template is enough, config.toml need not be touched."""
    config = running.folder / "config.toml"
    (running.folder / "other.txt").write_text("{titel}\n")
    config.write_text(config.read_text().replace("desk.txt", "other.txt"))
    running.look()
    kept = running.words()
    (running.folder / "other.txt").write_text("Other: {title}\n")
    running.look()

    assert kept == "Now: Cabinet weighs plan to move residents"
    assert running.words() == "Other: Cabinet weighs plan to move residents"


def test_a12_every_fault_of_every_template_is_told_at_once(folder: Path) -> None:
    """Two channels with a broken template each: one look at the configuration names both."""
    text = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(text + '[channels.night]\nurl = "console://"\ntemplate = "night.txt"\n')
    (folder / "desk.txt").write_text("{a}")
    (folder / "night.txt").write_text("{b}")

    with pytest.raises(errors.ConfigError) as caught:
        configuration.load(folder / "config.toml")

    assert [Path(fault.file).name for fault in caught.value.faults] == ["desk.txt", "night.txt"]
