"""Parsing of other projects' test feeds and of real ones; `python -m tests.eval.feed_suites` prints the table."""

from __future__ import annotations

import ast
import collections
import gzip
import json
import re
import warnings
from collections.abc import Iterator

import pytest

from monitor import errors, model, urls
from monitor.feeds import fields, identity, opml, parse, plain, recall, sniff, wrapper
from tests.eval import feed_suites
from tests.support.corpora import DATA, SUITES, needs_data

pytestmark = [
    needs_data,
    pytest.mark.filterwarnings("ignore"),
]

URL = "http://127.0.0.1:8097/feed.xml"
EXPECTED = re.compile(r"Expect:.*?entries\[0\]\['(title|link|id|author)'\]\s*==\s*u?('[^']*'|\"[^\"]*\")")


def parse_or_code(body: bytes) -> model.ParsedFeed | str:
    try:
        return parse.parse_feed(body, URL)
    except errors.ParseError as error:
        return error.code


@pytest.fixture(scope="module")
def outcomes() -> list[feed_suites.Outcome]:
    """What becomes of every file of every suite."""
    return list(feed_suites.outcomes(SUITES))


def test_every_file_of_every_suite_is_read_or_refused(outcomes):
    """Of 2,701 files, pages, lists and packed ones among them, none raises anything but a refusal."""
    codes = collections.Counter(item.code for item in outcomes)

    assert [item for item in outcomes if item.raised] == []
    assert len(outcomes) == 2701
    assert codes == {"read": 2370, "list": 202, "json_page": 85, "not_a_feed": 23, "html_page": 19, "empty": 2}


def test_counts_are_feedparser_s_or_differ_for_a_reason(outcomes):
    """Each difference in the number of items follows from a rule that the feed's own report states."""
    reasons = collections.Counter(item.reason for item in outcomes if item.reason)

    assert [item for item in outcomes if item.reason == feed_suites.UNEXPLAINED] == []
    assert reasons == {
        "an item without title, text and link is left out": 616,
        "JSON Feed, which feedparser does not read": 3,
        "the item that the document's end interrupts is left out": 1,
    }


def test_refused_files_hold_nothing_for_feedparser_either(outcomes):
    """No file in which feedparser finds an item is refused."""
    assert [item for item in outcomes if item.ours is None and item.theirs] == []


def test_expected_titles_links_ids_and_authors():
    """Where feedparser's tests expect a value, its plain form comes out; links to non-web schemes do not."""
    outcomes: collections.Counter[bool] = collections.Counter()
    for _, body in feed_suites.members(SUITES / "feedparser-6.0.14-tests.tar.gz"):
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
    return got == plain.plain_title(value, fields.MAX_TITLE)


def test_an_item_alone_is_read_as_among_the_others():
    """Each item of each feed, taken as the only new one, is read without the others as it is with them."""
    counts: collections.Counter[str] = collections.Counter()
    for path in sorted(SUITES.glob("*.tar.gz")):
        for name, body in feed_suites.members(path):
            whole = parse_or_code(body)
            if isinstance(whole, model.ParsedFeed) and whole.memory and whole.items > 1:
                counts.update(read_alone(name, body, whole))

    assert counts["alone"] >= 500
    assert counts["as a whole"] <= 40


def read_alone(name: str, body: bytes, whole: model.ParsedFeed) -> Iterator[str]:
    memory = recall.unpack(whole.memory)
    assert memory
    hashes = recall.hashes_of(sniff.clear_feed(body))
    entries = iter(whole.entries)
    by_item = [None if memory.items[item].empty else next(entries) for item in hashes]
    for place, item in enumerate(hashes):
        others = [other for other in hashes if other != item]
        packed = recall.pack(memory.context, others, [memory.items[other] for other in others])
        part = parse.parse_feed(body, URL, None, packed)
        if not part.recalled:
            yield "as a whole"
            continue
        expected = [entry for entry, own in zip(by_item, hashes, strict=True) if own == item and entry]
        assert list(part.entries) == expected, (name, place)
        assert (part.items, part.listed, part.dropped) == (whole.items, len(whole.entries), whole.dropped), (
            name,
            place,
        )
        assert part.memory == whole.memory, (name, place)
        yield "alone"


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
    """Of each of 118 real lists every feed is read, also of the 22 that are not well-formed."""
    broken = 0
    for name, body in feed_suites.members(SUITES / "awesome-rss-feeds-opml.tar.gz"):
        found, told = opml.read_opml(body)
        repeated = sum("more than once" in sentence for sentence in told)
        broken += any("not well-formed" in sentence for sentence in told)
        assert len(found) + repeated == body.count(b"xmlUrl="), name

    assert broken == 22


def test_opml_oddities_do_no_harm():
    """Lists made to be difficult give feeds or problems, never an error."""
    for name, body in feed_suites.members(SUITES / "listparser-tests.tar.gz"):
        found, told = opml.read_opml(body)
        assert found or told or b"xmlUrl" not in body, name


def test_google_news_headlines_and_links():
    """Of 7,381 saved results no title keeps its publisher where it is the tail, and every old link holds its target."""
    with gzip.open(DATA / "googlenews-gaza-en" / "dev.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    wrapped = [row["url"] for row in rows if "news.google.com" in row["url"]]
    tails = [row for row in rows if row["title"].endswith(f" - {row['publisher']}")]

    assert (len(rows), len(wrapped)) == (7381, 1057)
    assert all(wrapper.target_of(url) for url in wrapped)
    assert len(tails) > 7000
    for row in tails:
        assert wrapper.without_publisher(row["title"], row["publisher"]) + f" - {row['publisher']}" == row["title"]
