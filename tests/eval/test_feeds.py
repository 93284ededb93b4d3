"""Parsing of other projects' test feeds and of real ones; floors stand just under what is reached."""

from __future__ import annotations

import ast
import collections
import re
import tarfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import errors, model, urls
from monitor.feeds import identity, opml, parse, plain

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SUITES = DATA / "feeds-parser-suites"
pytestmark = [
    pytest.mark.skipif(not DATA.is_dir(), reason="the labelled corpora (../shared/data) are not here"),
    pytest.mark.filterwarnings("ignore"),
]

URL = "http://127.0.0.1:8097/feed.xml"
EXPECTED = re.compile(r"Expect:.*?entries\[0\]\['(title|link|id|author)'\]\s*==\s*u?('[^']*'|\"[^\"]*\")")
NOT_FEEDS = (".json", ".html", ".html-result", ".config", ".expected", ".gz", ".z", ".py", ".md", ".txt")


def members(suite: str, skipped: tuple[str, ...] = NOT_FEEDS) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file of a suite."""
    with tarfile.open(SUITES / f"{suite}.tar.gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream and not member.name.endswith(skipped):
                yield member.name, stream.read()


def parse_or_code(body: bytes) -> model.ParsedFeed | str:
    try:
        return parse.parse_feed(body, URL)
    except errors.ParseError as error:
        return error.code


def test_every_suite_is_read_without_a_crash():
    """Of 2,400 feeds made to be difficult each is read, or refused as no feed; nothing else is raised."""
    codes: collections.Counter[str] = collections.Counter()
    for path in sorted(SUITES.glob("*.tar.gz")):
        if "opml" in path.name or "listparser" in path.name:
            continue
        for _, body in members(path.name.removesuffix(".tar.gz")):
            result = parse_or_code(body)
            codes["read" if isinstance(result, model.ParsedFeed) else result] += 1

    assert codes["read"] >= 2290
    assert set(codes) <= {"read", "not_a_feed", "empty", "html_page", "json_page"}


def test_expected_titles_links_ids_and_authors():
    """Where feedparser's tests expect a value, its plain form comes out; links to non-web schemes do not."""
    outcomes: collections.Counter[bool] = collections.Counter()
    for _, body in members("feedparser-6.0.14-tests"):
        expected = EXPECTED.search(body.decode("utf-8", "replace"))
        result = parse_or_code(body)
        if expected and isinstance(result, model.ParsedFeed) and result.entries:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes[is_as_expected(result.entries[0], expected[1], ast.literal_eval(expected[2]))] += 1

    assert outcomes.total() >= 75
    assert outcomes[True] / outcomes.total() >= 0.95


def is_as_expected(entry: model.Entry, field: str, value: str) -> bool:
    if field == "link":
        return entry.url == urls.safe_link(value, URL)
    got = {"title": entry.title, "id": entry.guid or "", "author": entry.author or ""}[field]
    return got == plain.plain_title(value, parse.MAX_TITLE)


def test_two_polls_of_a_real_feed_without_guids():
    """Between two saved polls of one feed exactly the articles with new addresses are new; nothing repeats."""
    older, newer = (
        parse.parse_feed((DATA / "feeds-wild" / name).read_bytes(), "https://www.jpost.com/rss").entries
        for name in ("jpost-homepage-96431db.xml", "jpost-homepage-6048a8b.xml")
    )
    stored = [
        identity.KnownKeys(number, {kind: frozenset((value,)) for kind, value in identity.entry_keys(entry)})
        for number, entry in enumerate(older)
    ]

    decisions = [identity.decide_entry(entry, hits(entry, stored)) for entry in newer]

    new = {entry.url for entry, decision in zip(newer, decisions, strict=True) if isinstance(decision, identity.New)}
    assert {len(older), len(newer)} == {70, 75}
    assert new == {entry.url for entry in newer} - {entry.url for entry in older}


def hits(entry: model.Entry, stored: list[identity.KnownKeys]) -> list[identity.KnownKeys]:
    keys = identity.entry_keys(entry)
    return [known for known in stored if any(value in known.keys.get(kind, ()) for kind, value in keys)]


def test_opml_lists_of_countries_and_topics():
    """Of 118 real lists at least 96 are read; the others break XML by bare quotes, and say where."""
    lists = [opml.read_opml(body) for _, body in members("awesome-rss-feeds-opml")]

    assert sum(bool(feeds) for feeds, _ in lists) >= 96
    assert sum(len(feeds) for feeds, _ in lists) >= 1000
    assert all(feeds or "line" in told[0] for feeds, told in lists)


def test_opml_oddities_do_no_harm():
    """Lists made to be difficult give feeds or problems, never an error."""
    for name, body in members("listparser-tests"):
        found, told = opml.read_opml(body)
        assert found or told or b"xmlUrl" not in body, name
