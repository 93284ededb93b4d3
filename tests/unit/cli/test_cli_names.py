"""What routes and silences name and is not there: said with its place, before it keeps a pager or a desk silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.rules import live, load
from monitor.store import rulesets, silences, visit
from tests.support import commands

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
PACK = """\
format: 1
pack: us_aid
tags: [congress]
rules:
  - {id: core, any: [resettlement], tags: [army]}
"""
DATABASE = "sqlite:///{}/data/wirewatch.db"
FEEDS = """
[channels.pager]
url = "console://"
[[feeds]]
url = "https://a.example/feed"
newsroom = "Gazette"
lang = "en"
"""


def write(folder: Path, route: str = "", feeds: str = FEEDS, pack: str = PACK) -> Path:
    """Write a configuration with one further route, which begins on line 10."""
    config = commands.write_config(folder, f'default_route = ["pager"]{feeds}{route}', pack)
    assert not route or config.read_text().splitlines()[10] == "[[routes]]"
    return config


def route(line: str) -> str:
    """Return a route to the pager that names what `line` says, on line 13."""
    return f'[[routes]]\nchannels = ["pager"]\n{line}\n'


UNKNOWN = [
    ('pack = "us_adi"', "13:8: unknown_pack there is no pack `us_adi`", "did you mean `us_aid`?"),
    ('pack = "talks"', "13:8: unknown_pack there is no pack `talks`", "known: us_aid"),
    ('rule = "cor"', "13:8: unknown_rule there is no rule `cor` in any pack", "did you mean `core`?"),
    ('pack = "us_aid"\nrule = "x"', "14:8: unknown_rule there is no rule `x` in pack `us_aid`", "known: core"),
    ('tag = "amry"', "13:7: unknown_tag no rule in any pack has the tag `amry`", "did you mean `army`?"),
]


@pytest.mark.parametrize(("line", "said", "fix"), UNKNOWN)
def test_check_finds_what_a_route_names_that_no_rule_file_has(tmp_path: Path, line: str, said: str, fix: str) -> None:
    """A typing error would keep the pager silent: a fault with line, column and what was meant."""
    config = write(tmp_path, route(line))

    done = commands.call("check", "--config", config)

    assert done.code == 1
    assert f"config.toml:{said}: this route adds its channels to no alert ({fix})" in done.out


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('newsroom = "Gazete"', "13:12: W_unknown_newsroom no feed is of `Gazete`"),
        ('lang = "ar"', "13:8: W_unknown_lang no feed is in `ar`"),
    ],
)
def test_check_warns_of_what_only_feeds_could_bring(tmp_path: Path, line: str, said: str) -> None:
    """An aggregator may pass a newsroom on, and a feed bring another language: said, and no fault."""
    config = write(tmp_path, route(line))

    done = commands.call("check", "--config", config)

    assert done.code == 0
    assert f"config.toml:{said}: unless a feed brings it" in done.out


@pytest.mark.parametrize(
    "line",
    [
        'pack = "us_aid"\nrule = "core"\ntag = "congress"\nlang = "en"\nnewsroom = "gazette"',
        'tag = "army"',
        'severity = "urgent"',
    ],
)
def test_check_is_content_with_what_is_there(tmp_path: Path, line: str) -> None:
    """Packs, rules, tags of either, languages and newsrooms in any case are known."""
    done = commands.call("check", "--config", write(tmp_path, route(line)))

    assert (done.code, done.out) == (0, "ok: 1 feeds, 1 packs, 1 channels\n")


def test_check_asks_for_no_language_where_a_feed_does_not_say_its_own(tmp_path: Path) -> None:
    """A feed without `lang` may bring any: nothing is known to be wrong."""
    config = write(tmp_path, route('lang = "ar"'), FEEDS.replace('lang = "en"', 'side = "left"'))

    assert commands.call("check", "--config", config).out.startswith("ok: ")


def test_check_is_silent_about_names_that_a_broken_file_may_hold(tmp_path: Path) -> None:
    """What follows from a fault is no news: the broken pack is told, not that a route misses it."""
    config = write(tmp_path, route('pack = "us_aid"'), pack=PACK.replace("any:", "ayn:"))

    done = commands.call("check", "--config", config)

    assert done.code == 1
    assert "rules/packs/move.yaml:5" in done.out
    assert "unknown_pack" not in done.out


# -- silences ------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with the database of a monitor that ran with it."""
    made = write(tmp_path)
    assert commands.call("db", "upgrade", "--config", made).code == 0
    rules = live.next_live(None, {"packs/move.yaml": PACK.encode()}, load.Known())
    visit.write(DATABASE.format(tmp_path), lambda c: rulesets.record_live(c, rules.id, rules.source, "t", NOW))
    return made


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (("--pack", "us_adi"), "there is no pack `us_adi` (did you mean `us_aid`?)"),
        (("--rule", "cor"), "there is no rule `cor` in any pack (did you mean `core`?)"),
        (("--text", "…!"), "`…!` holds no word (write the words as the articles have them)"),
    ],
)
def test_silence_that_would_mute_nothing_is_refused(config: Path, named: tuple[str, str], said: str) -> None:
    """Whoever asks for quiet and mistypes is told, and nothing is stored."""
    done = commands.call("silence", "add", *named, "--for", "4h", "--config", config)

    assert (done.code, done.err) == (2, f"{said}\n")
    assert commands.call("silence", "list", "--json", "--config", config).json == []


def test_silence_of_a_newsroom_without_a_feed_is_made_and_said(config: Path) -> None:
    """An aggregator may pass it on: the silence stands, with a word about it."""
    done = commands.call("silence", "add", "--newsroom", "Gazete", "--for", "4h", "--config", config)

    assert done.code == 0
    assert done.out.startswith("si-1 mutes until ")
    assert done.err == "no feed is of `Gazete` (did you mean `Gazette`?): only what an aggregator passes on is muted\n"


def test_check_warns_of_silences_that_mute_nothing_any_more(config: Path) -> None:
    """A rule that was renamed since is no longer muted; what is over or ended is not looked at."""
    database = DATABASE.format(config.parent)
    later = NOW + timedelta(days=9999)
    visit.write(database, lambda c: silences.add(c, later, NOW, "known", pack="us_aid", rule="core"))
    visit.write(database, lambda c: silences.add(c, later, NOW, "known", pack="us_aid", rule="vote"))
    visit.write(database, lambda c: silences.end(c, silences.add(c, later, NOW, "known", rule="gone"), NOW))

    done = commands.call("check", "--config", config)

    assert done.code == 0
    assert done.out.splitlines()[0] == (
        "si-2: W_silence this silence mutes nothing: there is no rule `vote` in pack `us_aid` (known: core)"
    )
    assert done.out.splitlines()[1:] == ["ok: 1 feeds, 1 packs, 1 channels"]
