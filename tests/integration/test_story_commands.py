"""`wirewatch stories`, and what the other commands say of stories, on archives that the real jobs made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.store.schema import articles, stories
from tests.support import commands
from tests.support.desk import Desk, item, page

LONG = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))
RAIN = " ".join(f"It will rain in province {n}, and the roads there will be closed." for n in range(12))


@pytest.fixture
def config(desk: Desk, tmp_path: Path) -> Path:
    """A wire report that three newsrooms carry, 20 minutes apart, and a report about the weather."""
    feeds = ["gazette", "herald", "courier"]
    desk.has(feeds)
    for feed in feeds:
        desk.publishes(feed)
    desk.run()
    for feed in feeds:
        desk.web.answers[f"https://{feed}.example/a/1"] = page("Committee hears witnesses", LONG)
    desk.web.answers["https://courier.example/a/2"] = page("Rain is coming", RAIN)
    desk.publishes("gazette", item(1, "Committee hears witnesses"))
    desk.later()
    desk.publishes("herald", item(1, "Witnesses before committee", site="herald"))
    desk.later()
    wire, rain = item(1, "Committee meets", site="courier"), item(2, "Rain is coming", site="courier")
    desk.publishes("courier", wire)
    desk.later()
    desk.publishes("courier", rain, wire)
    desk.later()
    return write_config(desk, tmp_path)


def write_config(desk: Desk, folder: Path) -> Path:
    """Write a configuration for commands that read the desk's database."""
    path = folder / "config.toml"
    zone = 'timezone = "Asia/Jerusalem"'
    path.write_text(f'[monitor]\ndatabase = "{desk.config.database}"\nrules = "rules"\n{zone}\n', "utf-8")
    return path


def stories_of(config: Path, *more: str) -> list[dict[str, Any]]:
    """Return what `stories list --json` prints."""
    done = commands.call("stories", "list", "--config", config, "--json", *more)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = done.json
    return found


def headlines(found: list[dict[str, Any]]) -> list[str]:
    """Return the headlines of stories, in order."""
    return [story["title"] for story in found]


# -- list ----------------------------------------------------------------------------------------


def test_list_counts_articles_newsrooms_and_languages(config: Path) -> None:
    """Three newsrooms with one text are one story, told once; its headline is that of its first article."""
    found = {story["title"]: story for story in stories_of(config)}

    wire, rain = found["Committee hears witnesses"], found["Rain is coming"]
    assert (wire["articles"], wire["newsrooms"], wire["languages"]) == (3, 1, {"en": 3})
    assert [(told["alert"], told["pack"], told["reason"]) for told in wire["told"]] == [
        ("al-1", "move", "first_report")
    ]
    assert (rain["articles"], rain["newsrooms"], rain["told"]) == (1, 1, [])


def test_list_is_narrowed_by_pack_newsrooms_time_and_number(config: Path, desk: Desk) -> None:
    """`--pack`, `--min-newsrooms`, `--since` and `--limit` each leave out what they say."""
    everything = stories_of(config)

    assert len(everything) == 2
    assert headlines(stories_of(config, "--pack", "move")) == ["Committee hears witnesses"]
    assert stories_of(config, "--pack", "talks") == []
    assert stories_of(config, "--min-newsrooms", "2") == [], "three copies are one voice"
    assert stories_of(config, "--since", "1h") == [], "the desk's clock stands in 2025"
    assert headlines(stories_of(config, "--limit", "1")) == headlines(everything)[:1]


def test_list_shows_times_of_the_desk(config: Path) -> None:
    """A person reads times in the desk's zone, the headline, and who was told in the last columns."""
    done = commands.call("stories", "list", "--config", config)

    line = next(line for line in done.out.splitlines() if "Committee hears witnesses" in line)
    assert "2025-03-10 10:20  2025-03-10 11:00" in line
    assert "en 3" in line
    assert "move al-1" in line


def test_list_says_what_a_wrong_time_should_be(config: Path) -> None:
    """A `--since` that is no duration is refused with an example, exit 2."""
    done = commands.call("stories", "list", "--since", "yesterday", "--config", config)

    assert done.code == 2
    assert "write 2d, 12h or 90m" in done.err


# -- show ----------------------------------------------------------------------------------------


def test_show_tells_what_each_article_is_and_what_became_of_it(config: Path) -> None:
    """In the order of their coming: the first, then its twins with what makes them so, each with its decision."""
    number = stories_of(config, "--pack", "move")[0]["id"]

    found = commands.call("stories", "show", number, "--config", config, "--json").json

    assert [(report["newsroom"], report["after_first_seconds"]) for report in found["reports"]] == [
        ("Gazette", 0), ("Herald", 1200), ("Courier", 2400),
    ]  # fmt: skip
    first = found["reports"][0]["article"]
    assert [report["duplicate_of"] for report in found["reports"]] == [None, first, first]
    assert [report["decisions"][0]["decision"] for report in found["reports"]] == ["alert", "suppressed", "suppressed"]
    assert {"pack": "move", "decision": "suppressed", "reason": "same_text", "count": 2} in found["decisions"]


def test_show_reads_like_a_list_of_reports(config: Path) -> None:
    """For people: time after the first, newsroom, language, what it repeats, and what it was folded into."""
    number = stories_of(config, "--pack", "move")[0]["id"]

    out = commands.call("stories", "show", number, "--config", config).out

    assert "+0h20  art-2  Herald (en)  Witnesses before committee\n         same text as art-1" in out
    assert "move: suppressed, same text (al-1 was told)" in out
    assert "  1. Gazette: 3 articles (2 copies)" in out
    assert "move: alert al-1" in out


@pytest.mark.parametrize("written", ["s1", "st-1", "1", "S1"])
def test_show_takes_an_id_in_any_of_its_forms(config: Path, written: str) -> None:
    """`s1` as it is printed, `st-1`, or the plain number."""
    done = commands.call("stories", "show", written, "--config", config, "--json")

    assert done.json["id"] == "s1"


@pytest.mark.parametrize(("written", "code", "says"), [("s999", 1, "there is no story s999"), ("x1", 2, "write s12")])
def test_show_says_which_story_is_not_there(config: Path, written: str, code: int, says: str) -> None:
    """An unknown story is exit 1, a word that is no id exit 2."""
    done = commands.call("stories", "show", written, "--config", config)

    assert done.code == code
    assert says in done.err


def test_a_merged_story_is_shown_where_it_went(config: Path, desk: Desk) -> None:
    """Asked for a story that became part of another, `show` says so and shows the other."""
    by_title = {story["title"]: int(story["id"][1:]) for story in stories_of(config)}
    wire, rain = by_title["Committee hears witnesses"], by_title["Rain is coming"]

    def merge(connection: Any) -> None:
        connection.execute(stories.update().where(stories.c.id == rain).values(merged_into=wire))
        connection.execute(articles.update().where(articles.c.story_id == rain).values(story_id=wire))

    desk.write(merge)
    shown = commands.call("stories", "show", f"s{rain}", "--config", config)

    assert shown.out.startswith(f"s{rain} is part of s{wire} now\n")
    assert "4 articles" in shown.out
    assert headlines(stories_of(config)) == ["Committee hears witnesses"]


def test_show_of_a_large_story_is_bounded(config: Path, desk: Desk) -> None:
    """Of ten thousand articles the first hundred are shown, all are counted, and the rest is named."""

    def add(connection: Any) -> None:
        first = connection.execute(sa.select(articles).where(articles.c.id == 1)).mappings().one()
        from monitor.store.schema import revisions

        revision = connection.execute(sa.select(revisions).where(revisions.c.article_id == 1)).mappings().one()
        numbers = range(1000, 10_997)
        connection.execute(articles.insert(), [{**first, "id": n, "duplicate_of": 1} for n in numbers])
        connection.execute(revisions.insert(), [{**revision, "id": n, "article_id": n} for n in numbers])

    desk.write(add)
    done = commands.call("stories", "show", "s1", "--config", config)

    assert "10,000 articles" in done.out
    assert "9,900 more articles; `--limit 10000` shows them" in done.out
    assert done.out.count("art-") < 400


def test_an_empty_archive_is_no_fault(tmp_path: Path) -> None:
    """Before the first run there are no stories, and stderr says why."""
    config = commands.write_config(tmp_path)

    done = commands.call("stories", "list", "--config", config, "--json")

    assert (done.code, done.json) == (0, [])
    assert "the archive is empty" in done.err


# -- what other commands say ---------------------------------------------------------------------


def test_an_alert_names_what_was_folded_into_it(config: Path) -> None:
    """`alerts show` lists the reports that were not told because the alert was, with the reason for each."""
    found = commands.call("alerts", "show", "al-1", "--config", config, "--json").json
    shown = commands.call("alerts", "show", "al-1", "--config", config).out

    folded = [(one["article"], one["newsroom"], one["reason"]) for one in found["folded"]["articles"]]
    assert folded == [("art-2", "Herald", "same_text"), ("art-3", "Courier", "same_text")]
    assert found["folded"]["count"] == 2
    assert "2 more reports of the story folded, not told:" in shown
    assert "art-2  same text: Witnesses before committee (Herald)" in shown


def test_explain_of_an_article_says_what_it_is_to_its_story(config: Path) -> None:
    """`explain ID` names the story, and of what the article is a twin."""
    first = commands.call("explain", "art-1", "--config", config).out
    second = commands.call("explain", "art-2", "--config", config)

    assert "story s1: first of the story" in first
    assert "story s1: same text as art-1" in second.out
    assert commands.call("explain", "art-2", "--config", config, "--json").json["duplicate_reason"] == "same_text"


# -- explain --story ------------------------------------------------------------------------------


def test_two_articles_are_compared(config: Path) -> None:
    """`explain --story A B` says whether they are one story, what was recorded, and what the texts share."""
    twins = commands.call("explain", "--story", "art-2", "art-1", "--config", config)
    others = commands.call("explain", "--story", "art-1", "https://courier.example/a/2", "--config", config)

    assert "one story (s1)" in twins.out
    assert "recorded of art-2: same text as art-1" in twins.out
    assert "two stories (s1 and s2)" in others.out
    assert "no copy: 0 of" in others.out


def test_a_comparison_is_data_too(config: Path) -> None:
    """`--json` has both articles, the earlier first, and the passages that both texts hold."""
    found = commands.call("explain", "--story", "2", "1", "--config", config, "--json").json

    assert (found["earlier"]["article"], found["later"]["article"], found["one_story"]) == ("art-1", "art-2", True)
    assert found["recorded"]["duplicate_of"] == "art-1"
    passages = found["copy"]["passages"]
    assert passages["earlier"] == passages["later"] == passages["in_common"] > 50
    assert (found["copy"]["same_text"], found["copy"]["share"]) == (True, 1.0)


def test_a_lead_inside_a_longer_report_is_explained_as_a_copy(desk: Desk, tmp_path: Path) -> None:
    """A report that stands whole in a longer one of another newsroom is a copy, though most of that is new."""
    desk.has(["gazette", "herald"])
    for feed in ("gazette", "herald"):
        desk.publishes(feed)
    desk.run()
    more = " ".join(f"Villager {n} of the valley told of the flood of year {1900 + n}." for n in range(30))
    desk.web.answers["https://gazette.example/a/1"] = page("Committee hears witnesses", LONG)
    desk.web.answers["https://herald.example/a/1"] = page("A valley remembers", LONG, more)
    desk.publishes("gazette", item(1, "Committee hears witnesses"))
    desk.later()
    desk.publishes("herald", item(1, "A valley remembers", site="herald"))
    desk.later()
    config = write_config(desk, tmp_path)

    done = commands.call("explain", "--story", "art-1", "art-2", "--config", config)
    found = commands.call("explain", "--story", "art-1", "art-2", "--config", config, "--json").json

    assert found["copy"]["copy"] is True
    assert found["copy"]["passages"]["later"] > 2 * found["copy"]["passages"]["earlier"]
    assert "a copy of art-1: " in done.out


STRIKE = (
    "Dock workers walked out at the port of Tarsa on Monday and no ship was unloaded, the harbour master said. "
    "The union wants higher pay for night shifts, and talks with the owners are to begin on Wednesday."
)
RETOLD = (
    "The harbour of Tarsa stood still on Monday after dock workers began a strike over the pay for night shifts. "
    "Twelve ships wait outside the port. The owners said that they would meet the union on Wednesday."
)
LIBRARY = (
    "The minister of culture opened a library in Orvan on Monday. It holds forty thousand books, most of them given by "
    "readers, and a reading room for children, the mayor said at the ceremony."
)


@pytest.fixture
def retold(desk: Desk, tmp_path: Path) -> Path:
    """An event that two newsrooms tell in words of their own, and another event."""
    desk.has(["gazette", "herald", "courier"])
    told = {
        "gazette": ("Strike closes port of Tarsa", STRIKE),
        "herald": ("Port of Tarsa closed as dock workers strike", RETOLD),
        "courier": ("Minister opens library in Orvan", LIBRARY),
    }
    for feed in told:
        desk.publishes(feed)
    desk.run()
    for feed, (title, text) in told.items():
        desk.publishes(feed, item(1, title, text, site=feed))
        desk.later()
    return write_config(desk, tmp_path)


def test_a_retelling_is_explained_by_what_it_shares(retold: Path) -> None:
    """Why two reports are one story: the words that both use with their part, and what was recorded at the time."""
    done = commands.call("explain", "--story", "art-1", "art-2", "--config", retold)
    found = commands.call("explain", "--story", "art-1", "art-2", "--config", retold, "--json").json

    likeness = found["likeness"]
    assert found["one_story"]
    assert likeness["one_event"]
    assert likeness["score"] >= likeness["least"]
    assert "tarsa" in [one["term"] for one in likeness["shared"]]
    assert sum(one["part"] for one in likeness["shared"]) <= likeness["likeness"] + 0.01
    assert found["recorded"]["joined"]["article"] == 1
    assert "one story (s1)" in done.out
    assert "event: the same, by their words" in done.out
    assert "recorded of art-2: joined by art-1 (s1)" in done.out


def test_two_events_are_explained_by_what_each_has_alone(retold: Path) -> None:
    """Why two reports are two stories: too little in common, and the words that one of them alone has."""
    done = commands.call("explain", "--story", "art-1", "art-3", "--config", retold)
    found = commands.call("explain", "--story", "art-1", "art-3", "--config", retold, "--json").json

    assert not found["one_story"]
    assert not found["likeness"]["one_event"]
    assert found["likeness"]["score"] < found["likeness"]["least"]
    assert "library" in found["likeness"]["only"]["later"]
    assert "two stories (s1 and s2)" in done.out
    assert "event: two, by their words" in done.out


def test_quakes_of_other_magnitudes_are_explained_as_two(desk: Desk, tmp_path: Path) -> None:
    """What contradicts is named with what either report says, and how much it counts against them."""
    desk.has(["gazette", "herald"])
    for feed in ("gazette", "herald"):
        desk.publishes(feed)
    desk.run()
    quake = (
        "An earthquake of magnitude {} shook the island of Orvan on Monday; houses fell in three villages of the north."
    )
    for feed, magnitude in (("gazette", "5.1"), ("herald", "6.8")):
        desk.publishes(feed, item(1, "Earthquake shakes Orvan", quake.format(magnitude), site=feed))
        desk.later()

    done = commands.call("explain", "--story", "art-1", "art-2", "--config", write_config(desk, tmp_path))

    assert "quakes of other magnitudes, 5.1 / 6.8" in done.out


def test_show_says_by_what_a_retelling_joined(retold: Path) -> None:
    """In `stories show` a retelling names the article that it is nearest to and the words in common."""
    out = commands.call("stories", "show", "s1", "--config", retold).out

    assert "joined by art-1 (s1), " in out
    assert "2 independent newsrooms" in out


@pytest.mark.parametrize(
    ("pair", "code", "says"),
    [
        (("art-1",), 2, "write `wirewatch explain --story A B`"),
        (("art-1", "art-1"), 2, "are one article"),
        (("art-1", "art-99"), 1, "art-99 is not in the archive"),
        (("art-1", "-"), 2, "- is no article of the archive; `--story` compares two that are there"),
        ((__file__, "art-1"), 2, "by id (art-17) or URL"),
    ],
)
def test_a_comparison_says_what_is_missing(config: Path, pair: tuple[str, ...], code: int, says: str) -> None:
    """One article, the same twice, or an unknown one: what is wrong, and the exit code for it."""
    done = commands.call("explain", "--story", *pair, "--config", config)

    assert done.code == code
    assert says in done.err
