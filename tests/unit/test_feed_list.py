"""The shipped feed list: complete, consistent, and what docs/feeds.md says of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import defusedxml.ElementTree
import pytest

from monitor import config, urls
from monitor.feeds import wrapper

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/feeds.md").read_text("utf-8")
FEEDS: list[Mapping[str, str]] = [
    node.attrib
    for node in defusedxml.ElementTree.parse(ROOT / "feeds.opml").getroot().iter("outline")
    if "xmlUrl" in node.attrib
]
SEARCHES = [feed for feed in FEEDS if feed["side"] == "search"]
COUNTRIES = {"DE", "EG", "FR", "GB", "IL", "JO", "LB", "PS", "QA", "RU", "SA", "TR", "UN", "US"}
SUBJECTS = {"resettlement": "resettlement", "talks": "talks", "egypt-israel": "talks", "aid": "aid", "us-aid": "aid"}


def documented(heading: str) -> set[str]:
    """Return the words in the first column of the table of docs/feeds.md under this heading."""
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    return {word for row in table.splitlines()[2:] for word in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed["id"])
def test_every_feed_is_complete(feed: Mapping[str, str]) -> None:
    """Name, newsroom, language, country, side and tags are given, in known words; every feed is a candidate."""
    assert feed["text"].strip()
    assert feed["newsroom"].strip()
    assert feed["language"] in {"ar", "en", "fr", "he"}
    assert feed["country"] in COUNTRIES
    assert feed["side"] in documented("| `side` | newsrooms |")
    assert set(feed["tags"].split(",")) <= documented("| tag | is |")
    assert feed["candidate"] == "true"


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed["id"])
def test_every_address_is_written_as_it_is_fetched(feed: Mapping[str, str]) -> None:
    """An address is https, canonical, without fragment or login, and its percent-encoding is that of UTF-8."""
    url = feed["xmlUrl"]
    parts = urlsplit(url)

    assert (parts.scheme, parts.fragment, parts.username) == ("https", "", None)
    assert urls.safe_link(url) == url
    assert re.fullmatch(r"(?:[!-$&-~]|%[0-9A-F]{2})+", url)
    assert unquote(url, errors="strict").isprintable()


def test_no_feed_stands_twice() -> None:
    """Ids are unique, and so are addresses, whatever their scheme, `www.`, last slash or spelling."""
    plain = [re.sub(r"^https?://(www\.)?|/$", "", unquote(feed["xmlUrl"]).lower()) for feed in FEEDS]

    assert len({feed["id"] for feed in FEEDS}) == len(FEEDS) == len(set(plain))


def test_one_newsroom_has_one_name_one_country_and_one_side() -> None:
    """Independence is counted by newsroom: its name is spelled in one way, and all of its hosts carry it."""
    names, places, hosts = defaultdict(set), defaultdict(set), defaultdict(set)
    for feed in FEEDS:
        key = re.sub(r"^the|[\W_]", "", feed["newsroom"].casefold())
        names[key].add(feed["newsroom"])
        if feed not in SEARCHES:
            places[feed["newsroom"]].add((feed["country"], feed["side"]))
        hosts[urls.host_of(feed["xmlUrl"]).removeprefix("www.")].add(feed["newsroom"])

    assert [found for found in (*names.values(), *places.values(), *hosts.values()) if len(found) > 1] == []


@pytest.mark.parametrize("feed", SEARCHES, ids=lambda feed: feed["id"])
def test_searches_ask_the_edition_they_say(feed: Mapping[str, str]) -> None:
    """A search is an aggregator, asked each half hour for the last day, in the edition of its language and country."""
    asked = {key: values[0] for key, values in parse_qs(urlsplit(feed["xmlUrl"]).query, strict_parsing=True).items()}

    assert wrapper.is_aggregator(feed["xmlUrl"], feed["tags"].split(","))
    assert (feed["tags"], feed["every"]) == ("search", "30m")
    if "bing.com" in feed["xmlUrl"]:
        assert set(asked) == {"q", "format"}
        return
    assert asked["q"].endswith(" when:1d")
    assert asked["hl"].split("-")[0] == feed["language"]
    assert (asked["gl"], asked["ceid"]) == (feed["country"], f"{feed['country']}:{feed['language']}")


def test_searches_cover_every_subject_in_every_language() -> None:
    """Each subject of the three packs is searched in English, Arabic, Hebrew and French."""
    found = set()
    for feed in SEARCHES:
        name = re.fullmatch(r"google-(?!site)(.+?)-(ar|en|fr|he)(-eg)?|google-(aid)-(ar)", feed["id"])
        if name:
            found.add((SUBJECTS[name[1] or name[4]], name[2] or name[5]))

    assert found == {(subject, lang) for subject in SUBJECTS.values() for lang in ("ar", "en", "fr", "he")}


def test_shipped_list_is_taken_whole() -> None:
    """config.toml takes every feed of the list without a warning, and docs/feeds.md counts them."""
    loaded = config.load(ROOT / "config.toml", environ={})

    listed = [feed for feed in loaded.feeds if feed.place == "feeds.opml"]
    assert loaded.warnings == ()
    assert len(listed) == len(FEEDS)
    assert all(feed.candidate and feed.trusted for feed in listed)
    assert f"holds {len(FEEDS)} feeds" in PAGE
