"""Identity on real items: what it folds within one feed, and that a second poll of the same body brings nothing."""

from __future__ import annotations

import tarfile
from collections import Counter
from collections.abc import Iterator

from monitor import errors, model
from monitor.feeds import identity, parse
from tests.eval import identity as archive
from tests.support.corpora import ARCHIVE, SUITES, needs_data

URL = "https://gazette.example/feed"


@needs_data
def test_titles_with_more_than_one_link_are_folded_as_read_by_hand() -> None:
    """51 later items are the same article, each read; the others are articles of their own: none is lost."""
    feeds = archive.read_archive(ARCHIVE)

    verdicts = Counter(later.verdict for feed, items in feeds.items() for later in archive.judge_feed(feed, items))

    assert verdicts == {"same_text": 51, "headline_again": 75, "no_known_key": 93}


def bodies() -> Iterator[tuple[str, tuple[model.Entry, ...]]]:
    """Yield name and entries of every feed of the parser suites that has any."""
    for path in sorted(SUITES.glob("*.tar.gz")):
        with tarfile.open(path) as suite:
            for member in suite:
                handle = suite.extractfile(member) if member.isfile() and member.size < 1_000_000 else None
                if handle is None:
                    continue
                try:
                    entries = parse.parse_feed(handle.read(), URL).entries
                except errors.ParseError:
                    continue
                if entries:
                    yield member.name, entries


@needs_data
def test_second_poll_of_the_same_body_brings_nothing() -> None:
    """Whatever a feed of the suites lists is known when it is listed again, and nothing of it counts as changed."""
    restless: list[str] = []
    count = 0
    for name, entries in bodies():
        count += 1
        keys = [identity.entry_keys(entry) for entry in entries]
        first = identity.sort_listing(entries, keys, [])
        known = [
            as_known(n, entries[n], place) for n, place in enumerate(first) if isinstance(place.decision, identity.New)
        ]
        again = identity.sort_listing(entries, keys, known)
        if any(not isinstance(place.decision, identity.Known) for place in again):
            restless.append(name)

    assert count > 600
    assert restless == []


def as_known(number: int, entry: model.Entry, place: identity.Placed) -> identity.KnownKeys:
    """Return a new entry as the next poll knows it."""
    keys = {kind: frozenset(value for own, value in place.keys if own == kind) for kind, _ in place.keys}
    return identity.KnownKeys(number, keys, entry.title, entry.summary, entry.published)
